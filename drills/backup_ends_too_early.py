"""The backup is there and it opens, but the tickets of the hours before it are missing.

"The disk died at noon. The backup ran at eleven, while the desk was busy as always; its log says that it was done. We
started the desk with it: everything from yesterday is there, and nothing of this morning. --verify finds no fault."
"""

from contextlib import closing

from drills.faults import connect
from drills.lab import AGENT

STARS = 2
FAMILY = ""
SECTION = "Backup and migration"
FILE = "store.py"
CLEAN = """                self.db.execute("BEGIN")
                self.db.execute("SELECT 1 FROM daily_counts").fetchall()
                self.db.backup(copy, pages=1000, progress=lambda _, left, pages: progress(pages - left, pages))
"""
PLANTED = """                Path(path).write_bytes(self.path.read_bytes())
"""
HINTS = (
    "Start the copy, create five tickets one after the other, and run `python3 app.py --backup copy.sqlite3` at once, "
    "in a second terminal. How many tickets are in the desk, and how many in the backup?",
    "Look at the files beside the database while the desk runs: there is one that ends with -wal. What does SQLite "
    "write there, and when does it move it?",
    "Read Store.backup in store.py. Which of the files does it copy? The module sqlite3 of Python has a method that "
    "copies a database, not a file.",
)
EXPLANATION = """
The backup copied one file. But in WAL mode a commit goes into a second file, the write-ahead log, and SQLite moves it
into the first one later. So the copy was a sound database of some time ago: it opens, every check is green, and the
newest rows are not there. `cp`, rsync and snapshots of a single file all do this, and a copy in the middle of a
checkpoint can even be corrupt. Ask the database for a copy while it runs (an online backup: the backup API of SQLite,
VACUUM INTO, pg_dump), and test a backup by restoring it and looking for the row that was written last.
"""
PROVENANCE = (
    "CWE-664: Improper Control of a Resource Through its Lifetime",
    "senigami/audiobook-studio#246: the backup before a migration copies the file and misses the -wal",
    "praeclarum/sqlite-net#792: an export that copied the database file had no recent data once WAL was the default",
    "vavallee/bindery#900 and ellanetworks/core#890: the same, repaired with VACUUM INTO",
)



def check(lab):
    desk = lab.desk()
    titles = [lab.word() for _ in range(4)]
    desk.new_ticket(title=titles[0])
    with closing(connect(desk.database)) as report:  # another program, which reads for long
        report.execute("BEGIN")
        report.execute("SELECT count(*) FROM tickets").fetchall()
        for title in titles[1:]:
            number = desk.new_ticket(title=title)["id"]
        desk.post(f"/tickets/{number}/comments", {"body": "Hello"}, AGENT)
        made, kept = lab.temp_dir / "made.sqlite3", lab.temp_dir / "kept.sqlite3"
        done = lab.run("--backup", str(made), SUPPORT_DESK_DB=str(desk.database))
    yield "--backup of a desk that runs succeeds", 0, done.status
    yield "--backup makes the file", True, made.exists()
    if not made.exists():
        return
    made.rename(kept)  # a backup is one file, which is carried to another machine
    restored = lab.desk(database=kept)
    there = restored.get("/tickets").json["tickets"]
    yield "a desk that starts with the backup has every ticket", titles[::-1], [ticket["title"] for ticket in there]
    comments = restored.get(f"/tickets/{number}/comments")
    yield "the backup has the comment that was written last", 1, len(comments.json.get("comments", ()))
    yield "the audit log of the backup is whole", True, restored.get("/audit-events/verify").json["ok"]
    yield "the audit log of the backup has every event", 5, restored.count("audit_events")
    yield "the desk itself has all four tickets", 4, desk.get("/tickets").json["total"]
