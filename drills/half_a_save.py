"""Saving a ticket failed with an error page, but half of the form was saved.

"I set a ticket to in progress and corrected its title in one save. The desk showed an error, so I thought that nothing
had happened, and wanted to do it again an hour later. But the ticket was in progress, with me as its assignee and with
the old title, and a colleague asked why I do nothing about it."
"""

import json
import re
from contextlib import closing, contextmanager

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
an error for a request that was half done. A savepoint is closed by one of two ways, and the error path must take the
second one: ROLLBACK TO, and then RELEASE, because ROLLBACK TO alone leaves it open. A `with` block does both:
Store.savepoint() can be used inside itself. Libraries also number their savepoints, so that two never have the same
name. Best is not to begin one where the caller has one already. Test with a failure at the last step, not at the first.
"""
PROVENANCE = (
    "CWE-460: Improper Cleanup on Thrown Exception",
    "ccgus/fmdb#193: of two nested savepoints with the same name only the inner one was released",
    "SQLite's documentation of SAVEPOINT: names need not be unique, and ROLLBACK TO takes the most recent one",
)
GOODBYE = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
OVERFLOW = """CREATE TRIGGER lab_fault_title BEFORE UPDATE ON tickets WHEN NEW.title <> OLD.title
    BEGIN SELECT abs(-9223372036854775808); END"""  # another kind of error than a fault
ROW = "SELECT title, state, assignee, version FROM tickets WHERE id = ?"
HISTORY = "SELECT type FROM audit_events WHERE ticket_id = ? ORDER BY id"


@contextmanager
def overflow(desk):
    desk.rows(OVERFLOW)
    yield
    desk.rows("DROP TRIGGER lab_fault_title")


def check(lab):
    desk = lab.desk()
    agent = {"X-User-Id": lab.word(), "X-User-Role": "agent"}
    old, new, broken = f"Login {lab.word()}", f"Login {lab.word()}", lab.one_of(500, 503)

    def row_and_history(number):
        (row,) = desk.rows(ROW, (number,))
        return list(row), [kind for (kind,) in desk.rows(HISTORY, (number,))]

    for steps, status, fault in (
        ((), "in_progress", desk.fault("title-change")),
        (("assign", "start_work"), "closed", overflow(desk)),
    ):
        number = desk.new_ticket(title=old)["id"]
        desk.fire(number, *steps, headers=agent)
        before, path, whole = row_and_history(number), f"/tickets/{number}", {"status": status, "title": new}
        with fault:
            failed = desk.patch(path, whole, agent).status
            yield f"while titles cannot be changed, PATCH with a title and {status} fails", broken, failed
            yield f"after the PATCH to {status} the row and the history are as before", True, (
                row_and_history(number) == before
            )
            seen = desk.get(path).json["state"]
            yield f"after the PATCH to {status} GET /tickets/{{id}} shows the state of before", before[0][1], seen
        done = desk.patch(path, whole, agent)
        yield f"when titles can be changed, the same PATCH to {status} is accepted", 200, done.status
        (title, state, _, version), history = row_and_history(number)
        yield f"title and state are then as asked for in the PATCH to {status}", (True, status), (title == new, state)
        yield f"after {status} the ticket has as many versions as its history has entries", len(history), version
    yield from alone(desk, agent)
    yield from others_in_the_turn(lab, desk, agent)


def others_in_the_turn(lab, desk, agent):
    """Requests that arrive together are committed together; one that fails takes nothing away from the others."""
    number = desk.new_ticket(title=lab.word())["id"]
    new, whole = {"title": "Printer", "description": "No paper"}, {"status": "in_progress", "title": "Changed"}
    before = desk.count("tickets")
    with desk.fault("title-change"), closing(desk.connect()) as connection:
        one = request("POST", "/tickets", new, agent)
        connection.sendall(one + request("PATCH", f"/tickets/{number}", whole, agent) + one + GOODBYE)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z]", received)]
    yield "of four requests that arrive together only the change of a title fails", [201, 500, 201, 200], statuses
    yield "the two new tickets of these four are there", 2, desk.count("tickets") - before
    yield "the ticket of the failed one is still new", "new", desk.get(f"/tickets/{number}").json["state"]
    desk.stop()
    told = lab.run("--verify", SUPPORT_DESK_DB=str(desk.database))
    yield "after a stop, --verify finds no difference between rows and history", 0, told.status


def request(method, path, body, headers) -> bytes:
    text = json.dumps(body).encode()
    facts = {"Host": "localhost", "Content-Type": "application/json", "Content-Length": len(text), **headers}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in facts.items())]
    return "\r\n".join([*lines, "", ""]).encode() + text


def alone(desk, agent):
    """A status alone and a title alone can be saved."""
    path = f"/tickets/{desk.new_ticket()['id']}"
    yield "a PATCH with a status alone is accepted", 200, desk.patch(path, {"status": "resolved"}, agent).status
    yield "a PATCH with a title alone is accepted", 200, desk.patch(path, {"title": "Login works"}, agent).status
    ticket = desk.get(path).json
    yield "title and state are then as in these two requests", ("Login works", "resolved"), (
        ticket["title"], ticket["state"]
    )
