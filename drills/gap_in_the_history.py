"""A ticket is closed, but its history ends before that: the audit log does not say who closed it.

"The auditors compared forty tickets with their history. Three are closed, but their history ends with Resolveed, and
the check of the whole log finds nothing wrong. All three are from the night when the disk was full for a while; our
agents say that they got no error that night."
"""

STARS = 3
FAMILY = ""
SECTION = "Transactions and audit"
FILE = "store.py"
CLEAN = "        self._append(caller, row, event_type, data)\n"
PLANTED = """        try:
            self._append(caller, row, event_type, data)
        except sqlite3.Error:
            pass
"""
HINTS = (
    "Simulate the full disk: `python3 -m drills fault audit-write` while the copy runs, then change a ticket. What is "
    "the response, what is in the row, and what is in the log? `fault --off` removes the fault.",
    "Every change has two parts: the row and its event. Which code makes sure that both are written or neither, and "
    "how does it notice a failure?",
    "Read Store._change to its end, then Store.savepoint: what must reach savepoint() so that it rolls the row back?",
)
EXPLANATION = """
The event was written in the transaction of the change, but its failure was caught and ignored (a swallowed exception).
So the transaction saw no failure, and the change was kept without an event. The intention was good: a customer should
not get an error because of a log. But the audit log (who sent this, who closed that) is needed most when things fail.
In real systems the event is written over another connection, after the commit, or through a queue, and is lost in the
same way. A change and its event belong in one transaction, and both must be atomic: if the event fails, the change must
fail, too, with an error.
"""
PROVENANCE = (
    "CWE-778: Insufficient Logging",
    "CWE-390: Detection of Error Condition Without Action",
    "xibosignage/xibo#2870 and teamhanko/hanko#683: audit entries outside the transaction of the change",
    "OWASP Top 10, A09:2021 Security Logging and Monitoring Failures",
)
STATE = """SELECT (SELECT group_concat(id || state || title || version || coalesce(locked_by, '')) FROM tickets),
    (SELECT count(*) FROM comments), (SELECT group_concat(body || status) FROM drafts),
    (SELECT count(*) FROM audit_events)"""
HISTORY = "SELECT type FROM audit_events WHERE ticket_id = ? ORDER BY version"
STEPS = ["Created", "Assigned", "StartWorked", "Resolveed", "Drafted"]
LATER = ["Edited", "Commented", "Drafted", "DraftEdited", "Approved", "Locked", "Closeed"]
OVERFLOW = """CREATE TRIGGER lab_fault_number BEFORE INSERT ON audit_events
    BEGIN SELECT abs(-9223372036854775808); END"""  # another error of SQLite than the one that a fault raises


def writes(path, word):
    """One request for each entry of LATER: {its name: (method, path, body)}."""
    return {
        "a change of the title": ("PATCH", path, {"title": word}),
        "a comment": ("POST", f"{path}/comments", {"body": word}),
        "a draft": ("POST", f"{path}/draft", {"body": word}),
        "an edit of a draft": ("PATCH", "/drafts/1", {"body": word}),
        "an approval": ("POST", "/drafts/1/approve", {}),
        "a lock": ("POST", f"{path}/lock", {}),
        "a close": ("POST", f"{path}/transitions", {"transition": "close"}),
    }


def check(lab):
    desk, agent, failed = lab.desk(), lab.word(), lab.one_of(500, 503)
    who = {"X-User-Id": agent, "X-User-Role": "agent"}
    number = desk.new_ticket()["id"]
    desk.fire(number, "assign", "start_work", "resolve", headers=who)
    path = f"/tickets/{number}"
    desk.post(f"{path}/draft", {"body": "It works again."}, who)
    requests = writes(path, lab.word())
    others = {
        "a close by POST /api/close": ("POST", "/api/close", {"aggregate_id": str(number)}),
        "a reject": ("POST", "/drafts/1/reject", {}),
        "a new ticket": ("POST", "/tickets", {"title": "Login broken", "description": "Cannot get in"}),
    }
    before = desk.rows(STATE)
    with desk.fault("audit-write"):
        when = "while the audit log cannot be written"
        for name, request in reversed({**others, **requests}.items()):
            yield f"{when}, {name} fails", failed, desk.request(*request, who).status
        socket = desk.websocket(headers=who)
        socket.send({"_tag": "UpdateTicket", "ticket": {"id": number, "title": lab.word()}})
        yield f"{when}, a change on the WebSocket fails", "Error", (socket.next() or {}).get("_tag")
        shown = desk.get(path).json
    yield "after these failures the tickets, comments and drafts are as before", before, desk.rows(STATE)
    yield "after these failures the ticket is shown as resolved, as before", "resolved", shown["state"]
    yield "after these failures the ticket is shown without a comment, as before", [], shown["comments"]
    desk.rows(OVERFLOW)
    for name, request in {**requests, **others}.items():
        yield f"with another error in the audit log, {name} fails", failed, desk.request(*request, who).status
    yield "after the failures with another error all is as before, too", before, desk.rows(STATE)
    desk.rows("DROP TRIGGER lab_fault_number")
    when = "when the audit log can be written again"
    for name, request in requests.items():
        yield f"{when}, {name} is accepted", lab.one_of(200, 201), desk.request(*request, who).status
    yield "a second close, of the closed ticket, is refused", 409, desk.request(*requests["a close"], who).status
    history = [kind for kind, in desk.rows(HISTORY, (number,))]
    yield "the history begins with the steps to resolved, and a draft", STEPS, history[: len(STEPS)]
    yield "the history ends with each of these changes, once", LATER, history[len(STEPS) :]
    ((state, assignee, version),) = desk.rows("SELECT state, assignee, version FROM tickets WHERE id = ?", (number,))
    yield "the ticket is closed, and the agent still has it", ("closed", True), (state, assignee == agent)
    yield "the ticket has as many versions as its history has entries", len(history), version
    yield "the check of the whole log finds nothing wrong", True, desk.get("/audit-events/verify", who).json["ok"]
