"""What a learner has done: one readable file, planted/progress.json, that is never half-written and never lost.

It keeps facts, and the state of a drill follows from them:

new          nothing yet
started      a copy was planted
reproduced   the bug was shown: `check` found a broken promise, or a test of the learner's own saw it
mended       the last `check` said OK
solved       mended, and a regression test of the learner's own was accepted: it stays solved until a reset,
             because a mend without a test comes back
"""

import contextlib
import json
import os
import sys
from datetime import datetime, timezone
from pathlib import Path
from secrets import token_hex

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

STATES = ("new", "started", "reproduced", "mended", "solved")
VERSION = 1
TIMES = ("started", "reproduced", "tested", "solved", "revealed")  # when something was first so
COUNTS = ("hints", "checks")


def utc_now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def state(entry: dict) -> str:
    """Which of STATES these facts make."""
    if entry.get("solved"):
        return "solved"
    if entry.get("verdict") == "OK":
        return "mended"
    return "reproduced" if entry.get("reproduced") else "started" if entry.get("started") else "new"


class Progress:
    """The progress file in the folder `garden`. Entries go by the name of a copy: a drill's or a mystery's."""

    def __init__(self, garden: Path):
        self.garden, self.path = garden, garden / "progress.json"

    def entries(self) -> dict[str, dict]:
        """Every entry, by name. A file that cannot be understood is set aside with a message, not lost."""
        if not self.path.exists():
            return {}
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
            if _is_sound(data):
                return data["drills"]
        except (ValueError, RecursionError):
            pass
        aside = self.path.with_name(f"progress.broken-{datetime.now(timezone.utc):%Y%m%dT%H%M%S%fZ}.json")
        with contextlib.suppress(FileNotFoundError):  # a second drill tool was quicker
            os.replace(self.path, aside)
            print(f"drills: {self.path} cannot be read; it is kept as {aside.name}", file=sys.stderr)
        return {}

    def entry(self, name: str) -> dict:
        return self.entries().get(name, {})

    def note(self, label: str, /, **facts) -> dict:
        """Remember facts, and give the entry back. Of TIMES the first counts; COUNTS are added.

        A full disk is told of and does no harm: what was remembered before stays.
        """

        def change(entries):
            entry = entries.setdefault(label, {})
            for fact, value in facts.items():
                if fact in COUNTS:
                    entry[fact] = entry.get(fact, 0) + value
                elif fact not in TIMES or fact not in entry:
                    entry[fact] = value
            if entry.get("verdict") == "OK" and "tested" in entry:
                entry.setdefault("solved", utc_now())
            return entry

        return self._change(change) or {}

    def forget(self, name: str) -> None:
        """Begin anew with a drill; what was done before stays in the file, under `earlier`."""

        def change(entries):
            entry = entries.pop(name, {})
            earlier = entry.pop("earlier", [])
            if entry or earlier:
                entries[name] = {"earlier": [*earlier, entry] if entry else earlier}

        self._change(change)

    def _change(self, change):
        try:
            self.garden.mkdir(exist_ok=True)
            with self._alone():
                entries = self.entries()
                result = change(entries)
                self._write({"version": VERSION, "drills": entries})
                return result
        except OSError as problem:
            print(f"drills: this was not noted in {self.path}: {problem.strerror or problem}", file=sys.stderr)

    @contextlib.contextmanager
    def _alone(self):
        """Nobody else changes the file meanwhile; the lock ends with the process, however that ends."""
        with open(self.garden / "progress.lock", "a+b") as lock:
            if fcntl:
                fcntl.flock(lock, fcntl.LOCK_EX)
            else:
                lock.seek(0)
                msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)
            yield

    def _write(self, data):
        """The new file beside the old one, then in its place: whoever reads sees the one or the other."""
        new = self.garden / f".progress-{token_hex(8)}"
        try:
            with open(new, "x", encoding="utf-8") as file:
                file.write(json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(new, self.path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise


def _is_sound(data) -> bool:
    if not isinstance(data, dict) or data.get("version") != VERSION or not isinstance(data.get("drills"), dict):
        return False
    entries = data["drills"].values()
    if not all(isinstance(entry, dict) for entry in entries):
        return False
    counts = [entry.get(name, 0) for entry in entries for name in COUNTS]
    texts = [entry.get(name, "") for entry in entries for name in (*TIMES, "verdict", "name")]
    lists = [entry.get("earlier", []) for entry in entries]
    kinds = ((counts, int), (texts, str), (lists, list))
    return all(isinstance(value, kind) for values, kind in kinds for value in values)
