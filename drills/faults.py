"""Fault injection: makes writes fail in the database of a running desk, with temporary triggers.

The desk compares only its own tables with schema.sql and ignores other triggers. So a fault also survives a restart.
"""

import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path

from drills.catalogue import DrillError

APPLICATION_ID = 0x4465736B  # the application_id that schema.sql writes into a desk's database
PREFIX = "lab_fault_"
TIMEOUT = 5  # seconds to wait while the desk is writing
FAULTS = {  # name: (the event of the trigger, what fails)
    "ticket-write": ("INSERT ON tickets", "new tickets cannot be written"),
    "ticket-change": ("UPDATE ON tickets", "changes of tickets cannot be written"),
    "title-change": ("UPDATE ON tickets WHEN NEW.title <> OLD.title", "changes of titles cannot be written"),
    "comment-write": ("INSERT ON comments", "comments cannot be written"),
    "draft-write": ("INSERT ON drafts", "new drafts cannot be written"),
    "draft-change": ("UPDATE ON drafts", "decisions about drafts cannot be written"),
    "audit-write": ("INSERT ON audit_events", "audit events cannot be written"),
    "key-write": ("INSERT ON idempotency_keys", "responses cannot be stored under their Idempotency-Key"),
}


def connect(database: Path) -> sqlite3.Connection:
    """A connection to a desk's database; DrillError if the file is something else."""
    try:
        db = sqlite3.connect(f"{database.resolve().as_uri()}?mode=rw", uri=True, timeout=TIMEOUT, isolation_level=None)
    except sqlite3.Error:
        raise DrillError(f"there is no database {database}; start its desk once, or name another with --db") from None
    try:
        if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise sqlite3.DatabaseError
    except sqlite3.DatabaseError:
        db.close()
        raise DrillError(f"{database} is not a desk's database, or cannot be read now; nothing was changed") from None
    return db


def inject(database: Path, name: str) -> None:
    """Make this kind of write fail in this database, until remove_all()."""
    event = FAULTS[name][0]
    error = f"RAISE(ABORT, 'disk I/O error (fault {name})')"
    with closing(connect(database)) as db:
        db.execute(f"CREATE TRIGGER IF NOT EXISTS {_trigger(name)} BEFORE {event} BEGIN SELECT {error}; END")


def _trigger(name):
    return f"{PREFIX}{name.replace('-', '_')}"


def injected(database: Path) -> list[str]:
    """The faults that this database has now."""
    with closing(connect(database)) as db:
        triggers = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")}
    return [name for name in FAULTS if _trigger(name) in triggers]


def remove_all(database: Path) -> list[str]:
    """Remove every fault; the names of those that there were."""
    found = injected(database)
    with closing(connect(database)) as db:
        for name in found:
            db.execute(f"DROP TRIGGER IF EXISTS {_trigger(name)}")
    return found


@contextmanager
def fault(database: Path, name: str):
    """Inject the fault for the length of a `with` block."""
    inject(database, name)
    try:
        yield
    finally:
        remove_all(database)
