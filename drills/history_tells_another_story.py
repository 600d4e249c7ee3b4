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
The row was made from one event, but another event was stored: columns that became empty were left out of it, to keep
the log short. Clearing a field is a change, too, so rebuilding the ticket from its events gave the old value: after a
reopen the old assignee, after an unlock the old lock. "Absent" and "null" are different, in events, in PATCH bodies,
in caches. Store exactly what was applied, and let a job rebuild everything and compare: --verify detected the bug,
but nobody ran it.
"""
PROVENANCE = (
    "CWE-778: Insufficient Logging",
    "CWE-841: Improper Enforcement of Behavioral Workflow",
    "RFC 7396, JSON Merge Patch: null removes, absent leaves alone",
)


ASSIGNEES = [None, *["root"] * 4, None, *["root"] * 3, None]  # new, then after each of the nine changes


def check(lab):
    desk = lab.desk()
    admin = {"X-User-Id": "root", "X-User-Role": "admin"}
    number = desk.new_ticket()["id"]
    seen = [desk.get(f"/tickets/{number}").json]

    def do(method, path, body=None):
        desk.request(method, f"/tickets/{number}{path}", body, admin)
        seen.append(desk.get(f"/tickets/{number}").json)

    for name in ("assign", "start_work", "resolve", "close", "reopen", "assign"):
        do("POST", "/transitions", {"transition": name})
    do("POST", "/lock", {})
    do("DELETE", "/lock")
    do("PATCH", "", {"assignee": None, "priority": "low"})
    yield "each of nine changes creates one version", list(range(1, 11)), [ticket["version"] for ticket in seen]
    assignees = [ticket["assignee"] for ticket in seen]
    yield "after each change the ticket has the right assignee", ASSIGNEES, assignees
    for ticket in seen:
        rebuilt = desk.get(f"/tickets/{number}/at/{ticket['version']}").json
        expected = {column: ticket[column] for column in rebuilt}
        differs = sorted(column for column in expected if expected[column] != rebuilt[column])
        address = f"GET /tickets/{number}/at/{ticket['version']}"
        yield f"{address} and the ticket as it was then differ in no field", [], differs
        yield f"{address} has the assignee and who locked it", True, {"assignee", "locked_by"} <= set(rebuilt)
    verified = lab.run("--verify", SUPPORT_DESK_DB=str(desk.database))
    yield "python3 app.py --verify finds nothing wrong with the history (exit status)", 0, verified.status
