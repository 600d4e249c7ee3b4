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
import shutil
import sys
from datetime import datetime, timezone
from pathlib import Path
from secrets import token_hex

from drills.catalogue import Refused

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
        """Every entry that can be understood, by name. Refused where a newer desk has written the file."""
        return self._read()[0]

    def left_out(self) -> str:
        """What of the file cannot be understood, in words; "" where nothing."""
        return self._read()[1]

    def _read(self):
        """(the entries, what is left out)"""
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}, ""
        except (ValueError, RecursionError):
            data = None
        if (
            not isinstance(data, dict)
            or not isinstance(data.get("drills"), dict)
            or type(data.get("version")) is not int
        ):
            return {}, "everything"
        if data["version"] > VERSION:
            raise Refused(f"{self.path} was written by a newer desk; use that one, or move the file away")
        sound = {name: entry for name, entry in data["drills"].items() if _is_sound(entry)}
        return sound, ", ".join(sorted(ascii(name)[:80] for name in data["drills"].keys() - sound))

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
                entries, left_out = self._read()
                result = change(entries)
                if left_out:
                    self._keep_as_it_was(left_out)
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

    def _keep_as_it_was(self, left_out):
        aside = self.path.with_name(f"progress.broken-{datetime.now(timezone.utc):%Y%m%dT%H%M%S%fZ}.json")
        shutil.copyfile(self.path, aside)
        said = f"drills: {left_out} in {self.path} cannot be read and begins anew"
        print(f"{said}; the file as it was is kept: {aside.name}", file=sys.stderr)

    def _write(self, data):
        """The new file beside the old one, then in its place: whoever reads sees the one or the other."""
        new = self.garden / f".progress-{token_hex(8)}"
        try:
            with open(new, "x", encoding="utf-8") as file:
                file.write(json.dumps(data, indent=1, sort_keys=True) + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(new, self.path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise


def _is_sound(entry) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("earlier", []), list):
        return False
    counts = (entry.get(name, 0) for name in COUNTS)
    texts = (entry.get(name, "") for name in (*TIMES, "verdict", "name"))
    return all(type(count) is int and count >= 0 for count in counts) and all(isinstance(text, str) for text in texts)
