"""Add a ticket status for work that stands still until a spare part arrives: waiting_for_parts.

Half of the printer tickets are "in progress" for weeks. In truth nobody works on them: a part is on its way. The
manager wants to see these tickets in a list of their own. And because parts cost money, only a supervisor may order one.
"""

ORDER = 2
STARS = 2
CONTRACT = """
- There is a state `waiting_for_parts`, and a status with the same name: in the list's filters and in the statistics.
- The transition `order_parts` leads there from `in_progress`. It needs the role supervisor.
- The transition `receive_parts` leads back to `in_progress`. It needs the role agent. No other transition leads out.
- Like all transitions they work with `POST /tickets/{id}/transitions`, and with `POST /api/order_parts` and
  `POST /api/receive_parts`. They are refused with 409 in every other state, with 403 for every other role. Each adds one
  event. The types of the two events are words of your choice.
- In the order of statuses it stands between `in_progress` and `resolved`. So `PATCH` with `"status": "waiting_for_parts"`
  moves a new ticket there, and with `"status": "resolved"` it finds the way out. `PATCH` goes forward only: from it
  `"status": "in_progress"` is a 409 (that is what `receive_parts` is for), and so is the way to it from a closed ticket.
- The history can be replayed: `GET /tickets/{id}/at/{version}` shows a waiting ticket as such, and `--verify` agrees.
- `python3 app.py --rebuild NEW.sqlite3` carries the tickets of today over.
"""
FILES = ("schema.sql", "workflow.py", "README.md", "web/README.md")
HINTS = (
    "Two files know the states. In workflow.py look at the table TRANSITIONS and at STATUS; in schema.sql at the CHECKs "
    "of tickets.state and tickets.status, and at the types of audit_events.",
    "Each transition is one row: its name, the state before it, the state after it, the type of its event, and a role. "
    "The routes /api/NAME and the documents are made from that table.",
    "A type of event is a word of your choice, but schema.sql lists all of them. The column status is made by a CASE: "
    "see what its ELSE does with your state before you add a line.",
    "What is 'forward'? Look at where FORWARD comes from, and what path_to_status() does with it. The place of your line "
    "in STATUS matters.",
    "The suite of the copy asks for two lines in the diagram of README.md and two rows in the table of endpoints. Its "
    "messages say what to paste, and where.",
)
EXPLANATION = """
A workflow that is a table grows by rows: no endpoint, no check of roles and no line of the replay has to change. What
is easy to forget is everything that lists the same values a second time. Here these are the CHECKs of schema.sql, which
keep a wrong value out of the database even when the program is wrong.

The trap is the order. PATCH moves a ticket forward only, and 'forward' is the order in which STATUS first names each
status. With the new line at the end of the table all transitions work, and yet a waiting ticket cannot be resolved by
PATCH, while a closed one can be set to wait for parts. The first solution puts the line at its place; the second one
writes the order down where it is used, so nobody has to know that the order of a table has a meaning.

Two roles: who spends the money is not who works. An agent may take the part from the postman, but may not order it.
"""
