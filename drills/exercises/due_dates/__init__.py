"""Give tickets a due date, and the list a filter for those that are overdue.

Some customers pay for an answer by a certain time. Today the agents keep these times on paper, and once a week they miss
one. They want to write the time into the ticket, and to see in the morning which tickets are overdue.
"""

ORDER = 6
STARS = 3
CONTRACT = """
- A ticket has `due_at`: a time as the desk writes it, `2026-11-20T10:00:00.000Z`, or null, which is the default.
  `POST /tickets` and `PATCH /tickets/{id}` take it. Any other text is refused with 400, and `details` names `due_at`:
  another time zone, too, and a time without Z or milliseconds. Spaces around the time are cut off, as of every text.
- `GET /tickets?overdue=true` lists the tickets whose time is over and that are neither resolved nor closed; the total,
  the pages and the other filters work as always, and so does `GET /tickets.csv?overdue=true`. A ticket whose `due_at` is
  exactly now is not overdue yet. `overdue=false` filters nothing, as if it were not there.
- "Now" is the desk's clock, which `PUT /debug/clock` moves on a desk with DEBUG=true. A ticket becomes overdue although
  nobody writes anything, and without a move of the clock: who asks again sees it.
- The history has each change of `due_at`; a ticket at an old version has the old time; `--verify` compares it.
- `python3 app.py --rebuild NEW.sqlite3` carries the tickets of today over.
"""
FILES = ("schema.sql", "store.py", "web/bodies.py", "app.py", "web/handler.py")
HINTS = (
    "A new column has a way through the desk: schema.sql, the two statements ADD_TICKET and CHANGE_TICKET in store.py, "
    "and the bodies in web/bodies.py that name the fields of a client. Follow `assignee`.",
    "What happens if a client sends due_at 'tomorrow'? The CHECK of the other times keeps it out of the database, but a "
    "client must get a 400 that names the field. Who else raises Invalid with details? A parser may take more than the "
    "desk's own form: write the time that it read as the desk does, and compare.",
    "The filters of the list are in TICKET_FILTERS (what a client may send), ticket_filters() in app.py (what the caller "
    "may see) and FILTERS in store.py (the SQL). `mine` goes through all three; `overdue` can, too.",
    "Which clock? store.clock() is the desk's. SQL functions such as datetime('now') ask the machine.",
    "Ask for the list, move the clock, ask again: the same answer? See which responses the handler keeps, and until when. "
    "A response that depends on the time must not be kept like the others.",
)
EXPLANATION = """
Time is an input. A filter that asks the machine for the time cannot be tested without waiting, and differs from the
desk's other times in a lab; the clock of the store is one clock for everything that is stored.

Two things are easy to overlook. A CHECK protects the database, but a client that sends nonsense deserves a 400 with the
name of the field, not a 500. And a cache which is emptied by every write knows nothing of the time: the list of overdue
tickets changes without a write. So the response must not be kept. The first solution asks in the handler whether this
request has the filter. The second one says it in the table of routes, beside is_cacheable: which query parameters
depend on the time. That costs a column and can be read by whoever adds the next such filter.

Neither stores "overdue" as a column: it follows from two facts and the time, and a stored copy would be wrong soon.
"""
