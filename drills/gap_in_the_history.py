"""A ticket is closed, and its history ends before that: the audit log knows nobody who closed it.

"The auditors compared forty tickets with their history. Three are closed, their history ends with Resolveed, and the
check of the whole log finds nothing wrong with it. All three are from the night when the disk was full for a while;
our agents say that they got no error that night."
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
    "Play the full disk: `python3 -m drills fault audit-write` while the copy runs, then change a ticket. What is the "
    "answer, what is in the row, and what is in the log? `fault --off` ends it.",
    "Two things belong to every change: the row and its entry in the log. Who sees to it that there are both or "
    "neither, and by what does it notice that something has failed?",
    "Read Store._change to its end, then Store.savepoint: what must reach savepoint() for it to take the row back?",
)
EXPLANATION = """
The entry in the audit log was written inside the change's transaction, but its failure was caught and dropped, so
the transaction saw none and the change stayed, without an entry. Somebody meant well: a customer should not suffer
because of a log. But what the log is for (who sent this, who closed that) is needed exactly on the nights when things
fail. In real systems the entry is written over another connection, after the commit, or by a queue, and goes missing
in the same way. A change and its record are one transaction: if the record fails, so does the change, aloud.
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
        yield f"{when}, POST {close[0]} says that it failed", lab.one_of(500, 503), desk.post(*close).status
        yield f"{when}, POST {comment[0]} says that it failed", lab.one_of(500, 503), desk.post(*comment).status
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
