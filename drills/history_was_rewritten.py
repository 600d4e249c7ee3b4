"""Somebody changed in the database who closed a ticket, and when; the check of the audit log finds nothing wrong.

"We promise our customers that nobody can rewrite the history without a trace. The new auditor made a test: with a
database tool she wrote another name and another day into a row of the log. GET /audit-events/verify says that all is
well, and so does --verify. With the text of a comment she did the same, and there the check found it."
"""

from drills.lab import AGENT

STARS = 3
FAMILY = ""
SECTION = "Transactions and audit"
FILE = "workflow.py"
CLEAN = 'names = ("previous_hash", "id", "ticket_id", "version", "type", "actor", "at", "request_id")'
PLANTED = 'names = ("previous_hash", "id", "ticket_id", "version", "type", "request_id")'
HINTS = (
    "Create two tickets in the copy. Drop the trigger audit_events_are_never_changed with a database tool, change one "
    "column of one row of audit_events, and ask GET /audit-events/verify. Set the value back, and try the next one.",
    "Each row has a hash. From which text is it made? If a value is not in that text, nobody can see that it changed.",
    "Compare the columns of audit_events in schema.sql with the names in event_hash, in workflow.py.",
)
EXPLANATION = """
The hash of a row was made from most of its columns, but not from the actor and the time: the two that a person who
wants to hide something changes first. The hash chain was whole, because nothing that it covers had changed. A checksum,
a signature or an HMAC protects only what goes into it, and a column that is added later is easily forgotten: the list
of names is somewhere else than the table. Make the hash from all columns, in a fixed order and in a form that is the
same for equal values (a canonical form), and test each column by changing it.
"""
PROVENANCE = (
    "CWE-354: Improper Validation of Integrity Check Value",
    "CWE-345: Insufficient Verification of Data Authenticity",
    "theam/facility#225: the hash chain does not cover created_at, so an event with another date passes the check",
    "OWASP A08:2021 Software and Data Integrity Failures",
)
DROP = "DROP TRIGGER audit_events_are_never_changed"


def check(lab):
    desk, ann = lab.desk(), lab.word()
    agent = {**AGENT, "X-User-Id": ann}
    for _ in range(2):
        number = desk.new_ticket(headers={"X-User-Id": lab.word()})["id"]
        desk.fire(number, "assign", "start_work", "resolve", headers=agent)
    desk.post(f"/tickets/{number}/comments", {"body": lab.word()}, agent)
    events = desk.count("audit_events")
    desk.rows(DROP)

    def told():
        reply = desk.get("/audit-events/verify").json
        return reply["ok"], (reply.get("broken") or {}).get("id")

    def told_after(column, value, event):
        ((was,),) = desk.rows(f"SELECT {column} FROM audit_events WHERE id = ?", (event,))
        desk.rows(f"UPDATE audit_events SET {column} = ? WHERE id = ?", (value, event))
        answers.append(told() == (False, event))
        if event == events:
            verified.append(lab.run("--verify", SUPPORT_DESK_DB=str(desk.database)).status)
        desk.rows(f"UPDATE audit_events SET {column} = ? WHERE id = ?", (was, event))

    yield "the check of the audit log finds nothing in a log that nobody touched", (True, None), told()
    values = {
        "actor": lab.word(),
        "at": f"2020-01-01T00:00:00.{lab.random.randrange(100, 999)}Z",
        "request_id": lab.word(),
        "type": "Edited",
        "version": 1000 + lab.random.randrange(1000),
        "data": '{"body":"%s"}' % lab.word(),
        "previous_hash": "0" * 63 + "1",
    }
    for column, value in values.items():
        answers, verified = [], []
        last = events if column == "at" else lab.random.randrange(2, events)
        for event in (1, last):
            told_after(column, value, event)
        yield f"the check names the event after somebody has changed its {column}, of the first and a later one", [
            True
        ] * 2, answers
        if verified:
            yield "--verify finds the change of the last event, too", [1], verified
    yield "after all values are as before, it finds nothing wrong", (True, None), told()
    desk.new_ticket()
    yield "the log goes on, and is whole", (True, None), told()
