"""Faults that are armed in a lab's database from outside, as temporary triggers, while a desk runs on it.

The desk holds its own tables to schema.sql and overlooks what else is there, so a fault also survives a restart.
"""

import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path

from drills.catalogue import Refused

APPLICATION_ID = 0x4465736B  # what schema.sql stamps a desk's database with
PREFIX = "lab_fault_"
PATIENCE = 5  # seconds for a desk that is just writing
FAULTS = {  # name: (before what, what it is like)
    "ticket-write": ("INSERT ON tickets", "new tickets cannot be written"),
    "ticket-change": ("UPDATE ON tickets", "changes of tickets cannot be written"),
    "title-change": ("UPDATE ON tickets WHEN NEW.title <> OLD.title", "changes of titles cannot be written"),
    "comment-write": ("INSERT ON comments", "comments cannot be written"),
    "draft-write": ("INSERT ON drafts", "new drafts cannot be written"),
    "draft-change": ("UPDATE ON drafts", "decisions about drafts cannot be written"),
    "audit-write": ("INSERT ON audit_events", "audit events cannot be written"),
    "key-write": ("INSERT ON idempotency_keys", "answers cannot be kept under their Idempotency-Key"),
}


def connect(database: Path) -> sqlite3.Connection:
    """A second program's connection to a desk's database; Refused where the file is something else."""
    try:
        db = sqlite3.connect(f"{database.resolve().as_uri()}?mode=rw", uri=True, timeout=PATIENCE, isolation_level=None)
    except sqlite3.Error:
        raise Refused(
            f"there is no database {database}; start the desk that makes it, or name another with --db"
        ) from None
    try:
        if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise sqlite3.DatabaseError
    except sqlite3.DatabaseError:
        db.close()
        raise Refused(f"{database} is no database of a desk, or cannot be read now; nothing was changed") from None
    return db


def arm(database: Path, name: str) -> None:
    """From now on the desk on this database fails so, until disarm()."""
    event = FAULTS[name][0]
    trigger = f"{PREFIX}{name.replace('-', '_')}"
    said = f"RAISE(ABORT, 'disk I/O error (fault {name})')"
    with closing(connect(database)) as db:
        db.execute(f"CREATE TRIGGER IF NOT EXISTS {trigger} BEFORE {event} BEGIN SELECT {said}; END")


def armed(database: Path) -> list[str]:
    """The faults that this database has now."""
    with closing(connect(database)) as db:
        found = db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger' ORDER BY rowid").fetchall()
    return [name.removeprefix(PREFIX).replace("_", "-") for (name,) in found if name.startswith(PREFIX)]


def disarm(database: Path) -> list[str]:
    """Take every fault away; which there were."""
    found = armed(database)
    with closing(connect(database)) as db:
        for name in found:
            db.execute(f"DROP TRIGGER IF EXISTS {PREFIX}{name.replace('-', '_')}")
    return found


@contextmanager
def fault(database: Path, name: str):
    """Armed inside the block."""
    arm(database, name)
    try:
        yield
    finally:
        disarm(database)
