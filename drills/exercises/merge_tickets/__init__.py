"""Merge two tickets about the same thing, in one transaction, with events that replay.

"The same customer writes three times about one broken printer, and three agents answer. We want to say: this ticket goes
on over there. The history must tell it, half a merge must never happen, and our auditor rebuilds the database from its
events once a month: after that a merged ticket must still be merged."
"""

ORDER = 9
STARS = 4
CONTRACT = """
POST /tickets/{id}/merge {"into": "2"} merges a ticket into another one. Each can be named by its number or its uuid; `into`
is a text. Agents only (403). The answer is 200 with the merged ticket, as it is then:
- Its status is `closed` and its new member `merged_into` is the number of the other ticket. Every answer with a ticket has
  `merged_into`; for tickets that are not merged it is null. Its newest event is `Merged`, and its data contain the number, too.
- Its pending drafts are rejected, each with its event. Its comments stay where they are: what was said is never changed.
- It stays closed: reopen is a 409 TRANSITION_FAILED by each way (/transitions, PATCH of the status, /api/reopen), with
  `allowed` []. GET /tickets/{id} and GET /api/support-ticket/{uuid} show `enabled_transitions` [] for it.
- The other ticket keeps its state. Its newest comment is an internal one of the agent that names the merged ticket as
  "ticket 1" (its number).
- A ticket in any state but `closed` can be merged, and into any such ticket.
- Refused, and then nothing is changed: `into` is the ticket itself (400), or there is none (404); one of the two is closed
  already (409 TRANSITION_FAILED); somebody else has locked one of them (423); If-Match has another version (412).
- All of it or nothing is saved. With an Idempotency-Key, a retry gets the same answer and merges nothing again.
- `--verify` agrees, and `python3 app.py --rebuild NEW.sqlite3` takes everything along, also tickets from before your
  change.
"""
HINTS = (
    "Begin with schema.sql: a column that says where a ticket went, and a type of event. Then a route, an endpoint, and one "
    "method of store.py that makes all changes.",
    "Every change goes through Store._change: it needs the ticket at its newest version. To reject a draft changes the "
    "version of its ticket, so read the ticket again after that.",
    "fold() in workflow.py makes the row from `changes` in the data of an event: state and merged_into can both be there. "
    "CHANGE_TICKET in store.py lists the columns that it writes. INITIAL has what a new ticket begins with.",
    "To reopen, all ways end in Store.fire. What does it know about the ticket? workflow.illegal_step makes an error of the "
    "right kind, but it lists what the net allows in a state: a merged ticket needs an empty list. "
    "`enabled_transitions` is made in get_ticket of app.py and in web/petri_net.py.",
    "The tests of the desk name what is missing elsewhere: words for the event on the page, a row of a table in a README. In "
    'tests/test_locked.py the body of the new cell must work: (("into", "1"),).',
)
EXPLANATION = """
A merge touches several rows, so the first question is what one transaction holds. Here a request is one savepoint, and a
turn is one commit: if the method raises in the middle, nothing is left. So check everything first, and write then, but rely
on the savepoint, not on the order.

The second question is what the events say. A row that was changed without an event looks right until somebody rebuilds.
If the event carries its changes, replay is free; if it carries only a fact (`into`), fold() must know what follows from it.
The first is simpler, the second keeps the meaning in one place.

The third is what to move. Comments are never changed here, so they cannot be moved, and copies would have another author and
another time. A reference says the same without a lie. Drafts are different: a pending one could still be sent from a ticket
that nobody looks at, so it is rejected. Decided drafts are history.
"""
FILES = ("schema.sql", "workflow.py", "store.py", "app.py", "web/bodies.py", "web/petri_net.py", "web/static/format.js", "web/README.md")
