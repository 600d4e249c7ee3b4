"""The history of a ticket tells another story than the ticket: it still has an assignee there.

"The auditor has rebuilt last month's tickets from their history, as your manual says. Some that were reopened have
an agent there whom they do not have in the list. Now she doubts all of it. And --verify ends with 1."
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
    "What says `python3 app.py --verify`?",
    "Read the data of the event Reopened, beside that of Assigned. What should stand in it?",
    "Store._change makes the row by folding an event. Is the event that it writes down the same?",
)
EXPLANATION = """
A ticket's row is folded from an event, and the event that was written down was another one: columns that became empty
were left out of it, as a way to keep the log tidy. To clear a field is a change as well, so whoever folded the log got
the old value back: after a reopening the old assignee, after an unlock the old lock. "Absent" and "null" are not the
same, in events, in PATCH bodies, in caches. Write down exactly what was applied, and let a machine fold everything and
compare: --verify did see it, nobody ran it.
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

    def does(method, path, body=None):
        desk.request(method, f"/tickets/{number}{path}", body, admin)
        seen.append(desk.get(f"/tickets/{number}").json)

    for name in ("assign", "start_work", "resolve", "close", "reopen", "assign"):
        does("POST", "/transitions", {"transition": name})
    does("POST", "/lock", {})
    does("DELETE", "/lock")
    does("PATCH", "", {"assignee": None, "priority": "low"})
    yield "each of nine changes makes one version", list(range(1, 11)), [ticket["version"] for ticket in seen]
    assignees = [ticket["assignee"] for ticket in seen]
    yield "after each change the ticket has the right assignee", ASSIGNEES, assignees
    for ticket in seen:
        then = desk.get(f"/tickets/{number}/at/{ticket['version']}").json
        wanted = {column: ticket[column] for column in then}
        differs = sorted(column for column in wanted if wanted[column] != then[column])
        address = f"GET /tickets/{number}/at/{ticket['version']}"
        yield f"{address} and the ticket as it was then differ in no field", [], differs
        yield f"{address} has the assignee and who locked it", True, {"assignee", "locked_by"} <= set(then)
    verified = lab.run("--verify", SUPPORT_DESK_DB=str(desk.database))
    yield "python3 app.py --verify finds nothing wrong with the history (exit status)", 0, verified.status
