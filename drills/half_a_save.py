"""Saving a ticket failed with an error page, but half of the form was saved.

"I set a ticket to in progress and corrected its title in one save. The desk said that there was an error, so I
thought that nothing had happened, and did it again an hour later. By then the ticket was in progress, with me as its
assignee and with the old title, and a colleague asked why I do nothing about it."
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
    "The disk failed at that moment. Simulate it: `python3 -m drills fault title-change` while the copy runs, then "
    "PATCH a new ticket as an agent with a status and a title together. Which half of it is in the row?",
    "All changes of one request should be in one savepoint: Store.savepoint in store.py rolls them back when "
    "something fails. Print the stack where it begins (the search index has one of its own). How often does it begin "
    "for one POST of a comment, and how often for this PATCH?",
    "Door._work in web/door.py opens a savepoint around one step of an endpoint: up to its end, or up to its next "
    "`yield`, which sends a job to the worker pool. So what is saved already when the second step of this PATCH "
    "begins?",
    "Read edit_ticket in app.py: which of its changes are before its `yield`, and which are after it?",
)
EXPLANATION = """
One request, one savepoint: that is true as long as an endpoint runs without a break. A `yield` sends a job to the
worker pool, and the savepoint ends there: the changes so far are committed at the end of this turn of the event loop,
and what comes after the `yield` is in another savepoint. Here somebody read the ticket again between firing the
transitions and writing the fields, so a failure in the second part rolled back only the second part. Every await
inside a transaction splits it in the same way, and so does every call that commits by itself (executescript(), DDL in
some databases, an ORM's save()). Read first, wait first, and then make all changes together; and test with a failure
at the last step, not at the first.
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
VERSIONS = "SELECT version, (SELECT count(*) FROM audit_events) FROM tickets"


def check(lab):
    desk = lab.desk()
    path = f"/tickets/{desk.new_ticket(title='Login brken')['id']}"
    whole = {"status": "in_progress", "title": "Login broken"}
    with desk.fault("title-change"):
        failed = desk.patch(path, whole, AGENT)
        yield "while titles cannot be changed, PATCH with a status and a title fails", lab.one_of(
            500, 503
        ), failed.status
        (row,) = desk.rows(ROW)
        yield "title, state, assignee and version are then as before", ("Login brken", "new", None, 1), row
        yield "the history has no new entry then", ["Created"], [kind for kind, in desk.rows(HISTORY)]
        yield f"GET {path} shows it new then, as before", "new", desk.get(path).json["state"]
    yield "when titles can be changed, the same PATCH is accepted", 200, desk.patch(path, whole, AGENT).status
    yield "title and state are then as requested", [("Login broken", "in_progress")], desk.rows(SAVED)
    ((versions, entries),) = desk.rows(VERSIONS)
    yield "the ticket has as many versions as the history has entries", entries, versions
    yield "a PATCH with a status alone is accepted", 200, desk.patch(path, {"status": "resolved"}, AGENT).status
    yield "a PATCH with a title alone is accepted", 200, desk.patch(path, {"title": "Login works"}, AGENT).status
    yield "title and state are then as in these two requests", [("Login works", "resolved")], desk.rows(SAVED)
