"""Keep a table of who does how much: made from the events alone, and right also after kill -9.

"Our team leader wants to see the work of each agent. Last year somebody kept such a list in a program of his own: it counted
in memory, and after each power cut it was wrong. Nobody noticed for months. This time it must follow from the audit log, and
there must be a way to prove it."
"""

ORDER = 12
STARS = 5
CONTRACT = """
GET /workload (staff only on a locked desk) → {"agents": [{"agent": "agent-1", "assigned": 2, "approved": 1, "rejected": 0},
…], "upto": 57}. `assigned` is how many tickets have this assignee now, in whatever state; the others are the drafts that this
agent has sent and rejected. Agents are in order of their ids; whoever has only zeros is left out. `upto` is the id of the
last event that is counted. It may be behind the audit log, but only for 5 seconds.
- The numbers are kept in the table `workload` (columns agent, assigned, approved, rejected) of the database, so that nobody
  counts a million events for each answer. It, too, is at most 5 seconds behind, also if nobody asks. You may add tables of your own.
- They follow from the audit log alone, event by event, each once: also after kill -9, also where a request failed and its
  events were rolled back. The next start catches up by itself.
- `python3 app.py --verify` compares the table with the events. If a number is wrong, it exits with 1, and a line that
  begins with NO names `workload`. A table that is right gives no such line.
- `python3 app.py --rebuild NEW.sqlite3` makes the table from the events, also if the old table was wrong or there was none.
"""
HINTS = (
    "Look at ticket_counts in schema.sql: it is such a table. Who keeps it right, who proves it (--verify), and who makes it "
    "anew (--rebuild)? Search for its name, and for RECOUNTS and DERIVED in store.py.",
    "There are two ways. In the transaction of the event, by a trigger or in Store._append: then it is never behind. Or later, "
    "with a cursor: a row that says which event was counted last. The cursor and the numbers must be in one transaction.",
    "The desk opens its database with trusted_schema = OFF. Then SQLite refuses json_type(), json_extract() and ->> in a "
    "trigger, and each write answers 500 (`unsafe use of json_type()`). json_each(NEW.data, '$.changes') is allowed there; the "
    "SQL of store.py may use all of them.",
    "For `assigned` you need the assignee of before. A trigger on tickets has OLD and NEW. Else ask for the last event of the "
    "ticket before this one whose data have changes.assignee. A reopened ticket has no assignee: its event says so.",
    "The event loop does work that can wait in _work_in_background of web/server.py: index_some is an example of a few steps at "
    "a time, in the same commit as the changes.",
    "--rebuild copies each table that it does not know. Then a wrong table stays wrong: name yours in DERIVED.",
)
EXPLANATION = """
A projection is a second copy of what the events say, in a form that is quick to read. It has one rule: it must be possible
to throw it away. So it needs a way to be made anew, and a way to be compared.

In the transaction of the event (a trigger) it is always right, and each write pays for it. With a cursor the writes stay as
they are, and the projection may be late; then the position belongs into the same transaction as the numbers. If it is saved
first, a crash loses events; if it is saved afterwards, a crash counts them twice: at least once is not exactly once. What is
only in memory is gone.

Nobody sees a wrong number by looking at it. That is why --verify must know the table: a check that compares is worth more
than code that is surely correct.
"""
FILES = ("schema.sql", "store.py", "app.py", "web/server.py", "web/response_schemas.py", "web/README.md")
