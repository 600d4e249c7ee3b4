"""Snapshots of the database, for labs: make one, change what you like, restore it. And the reset to an empty desk.

What copies the whole database runs between two turns of the event loop: see between_turns() in routes.py.
"""

import re
import shutil
import weakref
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from tempfile import mkdtemp

from web.http1 import BadRequest
from workflow import Invalid, NotFound, Unavailable, text_time

NAME = "[a-z0-9-]{1,40}"
MOST = 20
END = ".sqlite3"  # of a snapshot's file
SCRATCH = "_scratch"  # begins the name of a file that is no snapshot: theirs have no underscore


class Snapshots:
    """The snapshots of one desk: private files in a folder beside its database. on_replaced() is called after each
    restore and reset. Those of a database in memory end with the process."""

    def __init__(self, store, on_replaced):
        self._store, self._on_replaced, self._folder = store, on_replaced, Path(f"{store.path.absolute()}-snapshots")
        if store.in_memory:
            self._folder = Path(mkdtemp(prefix="desk-snapshots-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._remove_scratch()  # of a desk that was killed

    def all(self) -> list[dict]:
        return [self._facts(path) for path in self._paths()]

    def make(self, name: str) -> dict:
        """Copy the database; an older snapshot of this name is replaced. Raises BadRequest (409) if there are MOST."""
        path, others = self._path(name), [path for path in self._paths() if path.stem != name]
        if len(others) >= MOST:
            delete = f"DELETE /debug/snapshots/{others[0].stem}"
            raise BadRequest(409, "TOO_MANY_SNAPSHOTS", f"there are {MOST} snapshots, the most; first {delete}")
        with _file_errors():
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._store.save_to(path)
            return self._facts(path)

    def find(self, name: str) -> Path:
        """The file of a snapshot. Raises Invalid for a name that is not allowed, NotFound if there is none."""
        path = self._path(name)
        if not path.exists():
            raise NotFound(f"no snapshot {name}; GET /debug/snapshots lists those there are")
        return path

    def restore(self, name: str) -> dict:
        """Give every table the rows of a snapshot. Raises BadRequest (409) for a file that the desk cannot use."""
        path = self.find(name)
        try:
            self._store.restore_from(path)
        except ValueError as problem:
            why = f"snapshot {name} cannot be restored: {problem}; nothing was changed"
            raise BadRequest(409, "SNAPSHOT_UNUSABLE", why) from None
        self._on_replaced()
        return self._facts(path)

    def delete(self, name: str) -> dict:
        path = self.find(name)
        with _file_errors():
            facts = self._facts(path)
            path.unlink()
            return facts

    @contextmanager
    def scratch(self):
        """The path of a copy that is thrown away at the end; one at a time."""
        try:
            with _file_errors():
                self._folder.mkdir(mode=0o700, exist_ok=True)
                yield self._folder / f"{SCRATCH}.copy"
        finally:
            self._remove_scratch()

    def _remove_scratch(self):
        with suppress(OSError):
            for path in self._folder.glob(f"{SCRATCH}*"):  # also what SQLite has beside it
                path.unlink()

    def reset(self, fill) -> dict:
        """Empty every table but that of the users. fill(store) may write into the new database before all see it."""
        self._store.reset(fill)
        self._on_replaced()
        return self._store.count_rows()

    def _path(self, name):
        check_name(name)
        return self._folder / f"{name}{END}"

    def _paths(self):
        found = self._folder.glob(f"*{END}")
        return sorted(path for path in found if path.is_file() and re.fullmatch(NAME, path.stem))

    def _facts(self, path):
        about = path.stat()
        made_at = text_time(datetime.fromtimestamp(about.st_mtime, timezone.utc))
        tickets = self._store.tickets_in(path)
        return {"name": path.stem, "bytes": about.st_size, "tickets": tickets, "made_at": made_at}


def check_name(name: str) -> None:
    if not re.fullmatch(NAME, name):
        raise Invalid("the name of a snapshot has 1 to 40 characters of a-z, 0-9 and the hyphen")


@contextmanager
def _file_errors():
    try:
        yield
    except OSError as problem:
        raise Unavailable(f"the snapshot's file cannot be used: {problem.strerror}") from problem
