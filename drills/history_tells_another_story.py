"""The history of a ticket does not match the ticket: in the history it still has an assignee.

"The auditor has rebuilt last month's tickets from their history, as your manual says. Some reopened tickets have an
agent there, but no agent in the list. Now she doubts all of it. And --verify ends with 1."
"""

STARS = 4
FAMILY = ""
SECTION = "Transactions and audit"
FILE = "store.py"
CLEAN = "        self._append(caller, row, event_type, data)\n"
PLANTED = """        if changes:
            data["changes"] = {column: value for column, value in changes.items() if value is not None}
        self._append(caller, row, event_type, data)
"""
HINTS = (
    "Take a ticket to closed, reopen it, and compare GET /tickets/1 with GET /tickets/1/at/N for its last version. "
    "What does `python3 app.py --verify` say?",
    "Compare the data of the event Reopened with that of Assigned. What should be in it?",
    "Store._change applies an event to the row. Is the event that it stores the same one?",
)
EXPLANATION = """
The desk can rebuild each ticket from its events (event sourcing). But the row was made from one event, and another
event was stored: columns that became empty were left out of it, to keep the log short. Clearing a field is a change,
too, so rebuilding the ticket from its events gave the old value: after a reopen the old assignee, after an unlock the
old lock. "Absent" and "null" are different, in events, in PATCH bodies, in caches. Store exactly what was applied, and
let a job rebuild everything and compare: --verify detected the bug, but nobody ran it.
"""
PROVENANCE = (
    "CWE-778: Insufficient Logging",
    "nocodb/nocodb#11415: the audit log has no entry when a field becomes null",
    "thepirat000/Audit.NET#405: the new value is missing in the audit log if it is null",
    "RFC 7396, JSON Merge Patch: null removes, absent leaves alone",
)


ASSIGNED = [False, *[True] * 4, False, *[True] * 3, False]  # new, then after each of the nine changes
MEMBERS = {"assignee", "locked_by", "lock_expires_at"}


def check(lab):
    desk = lab.desk()
    who = lab.word()
    admin, new = {"X-User-Id": who, "X-User-Role": "admin"}, desk.new_ticket()
    number, seen = new["id"], [desk.get(f"/tickets/{new['id']}").json]

    def do(method, path, body=None):
        desk.request(method, f"/tickets/{number}{path}", body, admin)
        seen.append(desk.get(f"/tickets/{number}").json)

    for name in ("assign", "start_work", "resolve", "close", "reopen", "assign"):
        do("POST", "/transitions", {"transition": name})
    do("POST", "/lock", {})
    do("DELETE", "/lock")
    do("PATCH", "", {"assignee": None, "priority": "low"})
    yield "each of nine changes creates one version", list(range(1, 11)), [ticket["version"] for ticket in seen]
    expected = [who if is_assigned else None for is_assigned in ASSIGNED]
    yield "after each change the ticket has the right assignee", expected, [ticket["assignee"] for ticket in seen]
    for ticket in seen:
        rebuilt = desk.get(f"/tickets/{number}/at/{ticket['version']}").json
        expected = {column: ticket[column] for column in rebuilt}
        differs = sorted(column for column in expected if expected[column] != rebuilt[column])
        address = f"GET /tickets/{number}/at/{ticket['version']}"
        yield f"{address} and the ticket as it was then differ in no field", [], differs
        yield f"{address} has the assignee and the lock", True, MEMBERS <= set(rebuilt)
    history = desk.get(f"/tickets/{number}/events", admin).json["events"]
    yield "its history has one event for each version", list(range(1, 11)), [event["version"] for event in history]
    verified = lab.run("--verify", SUPPORT_DESK_DB=str(desk.database))
    yield "python3 app.py --verify finds nothing wrong with the history (exit status)", 0, verified.status
