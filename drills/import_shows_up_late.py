"""Tickets that our import script writes are not in the list until somebody creates a ticket by hand.

"The script writes into the database every five minutes, beside the running desk. GET /metrics counts its tickets at
once. But the list does not have them, for a while: then somebody answers a customer, and all of them are there. At
night, when nobody works, they are missing for hours. After a restart of the desk they are there, too."
"""

from uuid import uuid4

STARS = 3
FAMILY = ""
SECTION = "Cache, queries, resources"
FILE = "store.py"
CLEAN = """                self._stamp = self._commits, *self.db.execute("PRAGMA data_version").fetchone().values()
"""
PLANTED = """                self._stamp = (self._commits,)
"""
HINTS = (
    "Run the copy, ask for GET /tickets, insert a ticket with another program (sqlite3, or Python's module sqlite3), "
    "and ask again. Then create a ticket with curl, and ask a third time. Which of the three lists is wrong?",
    "The desk keeps answers in memory until the database changes. How does it know that the database has changed? "
    "Which changes does it know of?",
    "Read ResponseCache.find in web/response_cache.py, and then Store.begin_read in store.py, which makes the stamp. "
    "The docstring says when it must differ.",
)
EXPLANATION = """
The cache of responses is emptied when a stamp changes, and the stamp was the number of commits of this process. A
commit of another program did not change it, so the desk went on with its old answers, until a change of its own emptied
the cache by chance. Cache invalidation begins with one question: who can change the data that the cache has a copy of?
As soon as there is a second writer (a script, a second server, an administrator with a shell) a counter of one's own is
not enough. Ask the database itself: SQLite has data_version, others have a sequence, a trigger that notifies, or a
version column.
"""
PROVENANCE = (
    "CWE-372: Incomplete Internal State Distinction",
    "ruvnet/ruflo#3361: cached values that another process had changed; repaired with PRAGMA data_version",
    "vlcn-io/cr-sqlite#108: the cached version did not see what other processes changed",
    "jamie8johnson/cqs#1718: a cache that does not see what is in the write-ahead log",
)
ADD = """INSERT INTO tickets (uuid, title, description, priority, created_by, created_at, updated_at)
    VALUES (?, ?, ?, 'high', 'import', '2026-01-01T10:00:00.000Z', '2026-01-01T10:00:00.000Z')"""
CHANGE = "UPDATE tickets SET title = ? WHERE id = ?"


def check(lab):
    desk, word = lab.desk(), lab.word()
    desk.new_ticket(title=word)
    lists = {
        "GET /tickets": "/tickets",
        "GET /tickets with a filter": "/tickets?priority=high",
        "a search": f"/tickets?search={word}",
        "GET /api/tickets": "/api/tickets",
    }

    def numbers(path):
        found = desk.get(path).json
        return [ticket["id"] for ticket in (found.get("tickets", ()) if isinstance(found, dict) else found)]

    missing = {name: [] for name in lists}
    for number in range(2, 5):
        for path in lists.values():
            numbers(path)
            numbers(path)
        inserted = desk.rows(ADD, (str(uuid4()), f"{word} {number}", lab.word()))
        for name, path in lists.items():
            if number not in numbers(path):
                missing[name].append(number)
    yield "another program may write tickets into the database", ([], 4), (inserted, desk.count("tickets"))
    for name, lost in missing.items():
        yield f"{name} has each of three tickets at once, after another program has written it", [], lost
    before = desk.get("/tickets/2").json.get("title")
    desk.rows(CHANGE, (f"{word} changed", 2))
    yield "GET /tickets/2 shows the old title before another program changes it", True, before == f"{word} 2"
    seen = desk.get("/tickets/2").json.get("title")
    yield "GET /tickets/2 shows the new title once another program has changed it", True, seen == f"{word} changed"
    tag = desk.get("/tickets").headers.get("ETag", "")
    same = desk.get("/tickets", {"If-None-Match": tag}).status
    desk.rows(CHANGE, (f"{word} again", 3))
    changed = desk.get("/tickets", {"If-None-Match": tag}).status
    yield "with its ETag a list is a 304 before a change by another program, and a 200 after it", (304, 200), (
        same,
        changed,
    )
    desk.new_ticket()
    yield "a ticket that the desk itself creates is there at once", [5, 4, 3, 2, 1], numbers("/tickets")
