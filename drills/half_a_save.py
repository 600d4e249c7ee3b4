"""Saving a ticket failed with an error page, but half of the form was saved.

"I set a ticket to in progress and corrected its title in one save. The desk said that there was an error, so I
thought that nothing had happened, and did it again an hour later. By then the ticket was in progress, with me as its
assignee and with the old title, and a colleague asked why I do nothing about it."
"""

STARS = 5
FAMILY = ""
SECTION = "Transactions and audit"
FILE = "store.py"
CLEAN = """        return self._change(caller, ticket, "Edited", changes)
"""
PLANTED = """        self.db.execute("SAVEPOINT request")
        ticket = self._change(caller, ticket, "Edited", changes)
        self.db.execute("RELEASE request")
        return ticket
"""
HINTS = (
    "The disk failed at that moment. Simulate it: `python3 -m drills fault title-change` while the copy runs, then "
    "PATCH a new ticket as an agent with a status and a title together. Which half of it is in the row?",
    "All changes of one request should be in one savepoint: Store.savepoint in store.py rolls them back when "
    "something fails. Put self.db.set_trace_callback(print) at the end of Store.__init__, send the PATCH again, and "
    "read every statement from the first SAVEPOINT to the COMMIT. How many savepoints begin, and how many end?",
    "SQLite allows two savepoints with the same name. To which of them does ROLLBACK TO go back, and which one does "
    "RELEASE end? Try it in `sqlite3 :memory:`. What does the COMMIT at the end of the turn do with the other one?",
    "Read Store.edit_ticket in store.py: which of its lines still run when _change raises an exception?",
)
EXPLANATION = """
Somebody gave the edit a savepoint of its own, inside the request's savepoint and with the same name. As long as all
goes well that is harmless. But when the edit failed, the exception left the function before the RELEASE, so two
savepoints named "request" were open. The rollback for the whole request then went back to the inner one only: the
edit was undone, the transitions before it were not, and the commit at the end of the turn stored them. The client got
an error for a request that was half done. So always end a savepoint on the error path, too (a `with` block does that:
Store.savepoint() can be used inside itself), or give it another name: libraries number their savepoints for this
reason. Other ways to the same half of a save are a commit in the middle, a call that commits by itself
(executescript(), DDL in some databases), and an error that is caught inside the transaction and returned as a
response. Test with a failure at the last step, not at the first.
"""
PROVENANCE = (
    "CWE-460: Improper Cleanup on Thrown Exception",
    "CWE-459: Incomplete Cleanup",
    "SQLite's documentation of SAVEPOINT: names need not be unique, and ROLLBACK TO takes the most recent one",
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
