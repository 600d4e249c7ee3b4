"""Saving a ticket failed with an error page; what was saved all the same is half of the form.

"I set a ticket to in progress and corrected its title in one go. The desk said that it had made a mistake, so I took
it that nothing had happened, and did it again an hour later: by then the ticket was at work, with me as its assignee
and with the old title, and a colleague asked why I do nothing about it."
"""

STARS = 5
FAMILY = ""
SECTION = "Transactions and audit"
FILE = "app.py"
CLEAN = "    ticket = desk.store.edit_ticket(request.caller, ticket, fields)\n"
PLANTED = """    ticket = yield desk.store.slow_read(Store.ticket, request.references[0])
    ticket = desk.store.edit_ticket(request.caller, ticket, fields)
"""
HINTS = (
    "The disk failed at that moment. Play it: `python3 -m drills fault title-change` while the copy runs, then PATCH a "
    "new ticket as an agent with a status and a title at once. Which half of it is in the row?",
    "All that one request changes should stand inside one savepoint: Store.savepoint in store.py takes back what is in "
    "it when something fails. Print the stack where it begins (the search index has one of its own). Who comes there "
    "for one POST of a comment, and who for this PATCH?",
    "Door._work in web/door.py opens the savepoint around one step of an endpoint: up to its end, or up to its next "
    "`yield`, which hands a job to the slow lane. So what is saved already when the second step of this PATCH begins?",
    "Read edit_ticket in app.py: which of its changes stand before its `yield`, and which after it?",
)
EXPLANATION = """
One request, one savepoint: that holds as long as an endpoint runs through. A `yield` hands a job to the slow lane, and
there the savepoint ends: what was changed by then is committed with the beat, and what comes after the `yield` is
another savepoint. Here somebody read the ticket once more between firing the transitions and writing the fields, so
a failure in the second half took back the second half alone. Every await inside a transaction is such a seam, and so
is every call that commits by itself (executescript(), DDL in some databases, an ORM's save()). Read first, wait
first, and then change everything in one go; and test with a failure at the last step, not at the first.
"""
PROVENANCE = (
    "CWE-460: Improper Cleanup on Thrown Exception",
    "CWE-459: Incomplete Cleanup",
    "Python's documentation of sqlite3: executescript() commits a pending transaction first",
)
AGENT = {"X-User-Id": "agent-1", "X-User-Role": "agent"}
ROW = "SELECT title, state, assignee, version FROM tickets"
HISTORY = "SELECT type FROM audit_events ORDER BY id"
SAVED = "SELECT title, state FROM tickets"
TOLD = "SELECT version, (SELECT count(*) FROM audit_events) FROM tickets"


def check(lab):
    desk = lab.desk()
    path = f"/tickets/{desk.new_ticket(title='Login brken')['id']}"
    whole = {"status": "in_progress", "title": "Login broken"}
    with desk.fault("title-change"):
        failed = desk.patch(path, whole, AGENT)
        yield "while titles cannot be changed, PATCH with a status and a title says that it failed", lab.one_of(
            500, 503
        ), failed.status
        (row,) = desk.rows(ROW)
        yield "title, state, assignee and version are then as before", ("Login brken", "new", None, 1), row
        yield "the history has no new entry then", ["Created"], [kind for kind, in desk.rows(HISTORY)]
        yield f"GET {path} shows it new then, as before", "new", desk.get(path).json["state"]
    yield "when titles can be changed, the same PATCH is taken", 200, desk.patch(path, whole, AGENT).status
    yield "title and state are then as it said", [("Login broken", "in_progress")], desk.rows(SAVED)
    ((versions, entries),) = desk.rows(TOLD)
    yield "the ticket has as many versions as the history has entries", entries, versions
    yield "a PATCH with a status alone is taken", 200, desk.patch(path, {"status": "resolved"}, AGENT).status
    yield "a PATCH with a title alone is taken", 200, desk.patch(path, {"title": "Login works"}, AGENT).status
    yield "title and state are then as these two said", [("Login works", "resolved")], desk.rows(SAVED)
