"""The search finds a ticket, and a minute later the same search does not find it; the list has it all the time.

"After the restart at seven all was well. Ticket 812 came at nine: I searched for it and found it, my colleague did not,
and then I did not either. What came after ten is found by nobody. The history of a ticket stops in the same way: an
edit of this morning is in it or not, as you press reload. And the file that ends with -wal has four gigabytes."
"""

from functools import partial
from uuid import uuid4

STARS = 4
FAMILY = ""
SECTION = "Cache, queries, resources"
FILE = "store.py"
CLEAN = """            finally:
                store.commit()
                if self._is_closed:
"""
PLANTED = """            finally:  # a reader has nothing to commit
                if self._is_closed:
"""
HINTS = (
    "Start the copy, create a ticket with a rare word, and search for it with GET /tickets?search=WORD&limit=10, then "
    "with limit=11 and so on to 15: so no kept response is used. Create a second ticket with this word, and send the "
    "six searches once more. Which of them find it? What does GET /tickets show?",
    "The searches, the history and the export run on worker threads; the list runs on the event loop. What has each "
    "thread of its own? Who begins a transaction there, and who ends it?",
    "In WAL mode a transaction sees the database as it was at its first read, until it ends. Read Store.reader, "
    "Store.begin_read and Store.commit in store.py: what happens after the `yield`?",
)
EXPLANATION = """
Each worker thread reads with a connection of its own, in a transaction, so that one response shows one state of the
database. Somebody removed the commit after it, because a reader changes nothing. But a transaction that only reads must
end, too: until then its connection sees the state of its first read (a stale snapshot). So each of the four threads
showed the moment of its first search, and chance decided which thread answers. And a checkpoint cannot empty the
write-ahead log (the -wal file) while a snapshot needs it, so the file grew. Every database with snapshot isolation can
have this bug: PostgreSQL calls such a connection "idle in transaction". End each transaction in a `finally`, also one
that only reads, and test with two reads on the same connection and a write between them.
"""
PROVENANCE = (
    "CWE-772: Missing Release of Resource after Effective Lifetime",
    "TencentCloud/TencentDB-Agent-Memory pull request #997: a transaction that nobody ended, so reads see an old state",
    "ohdearquant/khive#580: an old snapshot stops the checkpoint, and the -wal file grows to 15.5 GB",
    "SQLite's documentation, sqlite.org/wal.html: checkpoint starvation",
)
TIMES = 8  # more than there are threads that read
ADD = """INSERT INTO tickets (uuid, title, description, created_by, created_at, updated_at)
    VALUES (?, ?, 'From the old desk', 'import', '2026-01-01T10:00:00.000Z', '2026-01-01T10:00:00.000Z')"""
MUCH = """WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 300)
    INSERT INTO comments (ticket_id, author, body, created_at)
    SELECT ?, 'import', hex(zeroblob(5000)), '2020-01-01T00:00:00.000Z' FROM numbers"""  # three megabytes
MANY, MOST = 8, 12_000_000  # how often MUCH is written; bytes of the -wal file


def check(lab):
    desk, words = lab.desk(), [lab.word() for _ in range(4)]
    limits = iter(range(10, 900))  # each search is another question, so no kept response answers it

    def searched(word) -> list:
        """The numbers of the tickets that several searches for this word find, one list for each search."""
        pages = [desk.get("/tickets", search=word, limit=next(limits)).json for _ in range(TIMES)]
        return [[ticket["id"] for ticket in page.get("tickets", ())] for page in pages]

    first = desk.new_ticket(title=f"Printer {words[0]}")["id"]
    yield "a ticket is found by each of eight searches", [[first]] * TIMES, searched(words[0])
    second = desk.new_ticket(title=f"Scanner {words[0]}")["id"]
    both = [[second, first]] * TIMES
    yield "a second ticket with its word is found by each of the next eight", both, searched(words[0])
    desk.patch(f"/tickets/{first}", {"title": f"Printer {words[1]}"})
    yield "after an edit each search for the new word finds the ticket", [[first]] * TIMES, searched(words[1])
    yield "no search for its old word finds it", [[second]] * TIMES, searched(words[0])
    desk.rows(ADD, (str(uuid4()), f"Mouse {words[2]}"))
    third = desk.count("tickets")
    yield "a ticket that another program has written is found", [[third]] * TIMES, searched(words[2])
    asked = [partial(desk.get, "/tickets", search=words[2], limit=next(limits)) for _ in range(TIMES)]
    totals = [reply.json.get("total") for reply in lab.in_parallel(*asked)]
    yield "eight searches for it at the same time have the right total", [1] * TIMES, totals
    yield from other_readers(lab, desk, first, words[3])
    yield from log_of_writes(desk, first, partial(searched, words[3]))


def other_readers(lab, desk, number, word):
    """The history, an old version, the export and the audit log are read on these threads, too."""
    seen = {"history": [], "version": [], "export": [], "audit log": []}
    for place in range(TIMES):
        title = f"{word} {place}"
        desk.patch(f"/tickets/{number}", {"title": title})
        version = desk.get(f"/tickets/{number}").json["version"]
        events = desk.get(f"/tickets/{number}/events", limit=100).json.get("events", ())
        seen["history"].append(version in [event["version"] for event in events])
        seen["version"].append(desk.get(f"/tickets/{number}/at/{version}").json.get("title") == title)
        seen["export"].append(f'"{title}"'.encode() in desk.get("/tickets.csv", timeout=5).body)
        checked = desk.get("/audit-events/verify").json
        seen["audit log"].append(checked.get("events") == desk.count("audit_events"))
    for what, is_new in {
        "the history of a ticket has": seen["history"],
        "the newest version of a ticket has": seen["version"],
        "the export has": seen["export"],
        "the check of the audit log counts": seen["audit log"],
    }.items():
        yield f"{what} the newest of eight edits, at once after each of them", [True] * TIMES, is_new


def log_of_writes(desk, number, search):
    """SQLite moves what is written from the -wal file into the database as soon as no reader needs the old state."""
    search()
    for _ in range(MANY):
        desk.rows(MUCH, (number,))
    size = desk.database.with_name(f"{desk.database.name}-wal").stat().st_size
    yield "the -wal file stays small while another program writes and nobody reads", True, size < MOST
    yield "after these writes each search finds the ticket by its last title", [[number]] * TIMES, search()
