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
The event was written in the transaction of the change, but its failure was caught and ignored. So the transaction saw
no failure, and the change was kept without an event. The intention was good: a customer should not get an error
because of a log. But the audit log (who sent this, who closed that) is needed most when things fail. In real systems
the event is written over another connection, after the commit, or through a queue, and is lost in the same way. A
change and its event belong in one transaction: if the event fails, the change must fail, too, with an error.
"""
PROVENANCE = (
    "CWE-778: Insufficient Logging",
    "CWE-390: Detection of Error Condition Without Action",
    "xibosignage/xibo#2870 and teamhanko/hanko#683: audit entries outside the transaction of the change",
    "Veent_HRIS#324: 125 of 149 places wrote the audit entry outside the transaction",
)
ROW = "SELECT state, assignee, version FROM tickets WHERE id = ?"
HISTORY = "SELECT type FROM audit_events WHERE ticket_id = ? ORDER BY version"
STEPS = ["Created", "Assigned", "StartWorked", "Resolveed"]
AGENT = {"X-User-Id": "agent-1", "X-User-Role": "agent"}


def check(lab):
    desk = lab.desk()
    number = desk.new_ticket()["id"]
    desk.fire(number, "assign", "start_work", "resolve")
    path = f"/tickets/{number}"
    close = (f"{path}/transitions", {"transition": "close"}, AGENT)
    comment = (f"{path}/comments", {"body": "Hi"}, AGENT)
    (before,) = desk.rows(ROW, (number,))
    with desk.fault("audit-write"):
        when = "while the audit log cannot be written"
        yield f"{when}, POST {close[0]} fails", lab.one_of(500, 503), desk.post(*close).status
        yield f"{when}, POST {comment[0]} fails", lab.one_of(500, 503), desk.post(*comment).status
        shown = desk.get(path).json
    (after,) = desk.rows(ROW, (number,))
    yield "after that, state, assignee and version of the ticket are as before", before, after
    yield f"after that, GET {path} shows it resolved, as before", "resolved", shown["state"]
    yield f"after that, GET {path} shows no comment, as before", [], [one["body"] for one in shown["comments"]]
    when = "when the audit log can be written again"
    yield f"{when}, POST {close[0]} closes the ticket", 200, desk.post(*close).status
    yield f"{when}, POST {comment[0]} adds the comment", 201, desk.post(*comment).status
    yield f"a second POST {close[0]}, for the closed ticket, is refused", 409, desk.post(*close).status
    history = [kind for kind, in desk.rows(HISTORY, (number,))]
    yield "the history begins with the four steps to resolved", STEPS, history[:4]
    yield "the history ends with the close and the comment, once each", ["Closeed", "Commented"], history[4:]
    ((state, assignee, version),) = desk.rows(ROW, (number,))
    yield "the ticket is closed, and agent-1 still has it", ("closed", "agent-1"), (state, assignee)
    yield "the ticket has as many versions as its history has entries", len(history), version
