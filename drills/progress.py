"""What a learner has done, in one readable file: planted/progress.json. Writes are atomic, so it is never half-written.

The file keeps facts. The state of a drill follows from them:

new          nothing yet
started      a copy was planted
reproduced   the bug was shown: an expectation of `check` failed, or the learner's own test failed on the planted desk
fixed        the last `check` said OK
solved       fixed, nothing else is broken by the fix, and the learner's own regression test was accepted. It stays
             solved until a reset. The test is required because a fix without a test gets lost again.

An exercise is never *reproduced*. It is *fixed* if all its tests pass, and *solved* if the suite of the copy passes,
too; then `test` is the hash of its tests.

*solved* is believed only with its evidence: the hashes of the fix and of the accepted test, the times, and a seal over
all of them. That is no lock (who reads this file can make a seal): it keeps a line that somebody typed from counting.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
from datetime import datetime, timezone
from pathlib import Path
from secrets import token_hex

from drills import catalogue
from drills.catalogue import DrillError
from drills.untrusted import print_error, read_json, replace_file

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

STATES = ("new", "started", "reproduced", "fixed", "solved")
VERSION = 1
TIMES = ("started", "reproduced", "tested", "solved", "revealed")  # when each thing happened first
COUNTS = ("hints", "checks")
# results of the last check (of its own check, of the other stages), of the accepted test, the seal; how many tests of
# an exercise pass, as in 3/7
RESULTS = ("verdict", "stages", "fix", "identical", "test", "shipped", "seal", "tests")
TEXTS = (*TIMES, *RESULTS, "name")
SEALED = ("started", "tested", "solved", "fix", "test")  # the evidence
UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
HASH = re.compile("[0-9a-f]{64}")
MAX_COUNT = 1_000_000
MAX_ENTRIES = 1000


def utc_now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def state(entry: dict) -> str:
    """The state, one of STATES, that follows from an entry."""
    if entry.get("solved"):
        return "solved"
    if entry.get("verdict") == "OK" and entry.get("stages") != "NO":
        return "fixed"
    return "reproduced" if entry.get("reproduced") else "started" if entry.get("started") else "new"


def marks(entry: dict) -> list[str]:
    """What else the board says about an entry: how the solution was found."""
    found = ["gave up"] if entry.get("revealed") else []
    if entry.get("revealed") and entry.get("identical") and state(entry) in ("fixed", "solved"):
        found.append("fix is the revealed one")
    return found + (["test is the shipped one"] if entry.get("shipped") else [])


def fails_now(entry: dict) -> bool:
    """Whether it is solved, and yet the last check said NO: it stays solved, but its copy is red again."""
    return state(entry) == "solved" and "NO" in (entry.get("verdict"), entry.get("stages"))


def is_proven(name: str, entry: dict) -> bool:
    """Whether the entry of this name has the evidence that it is solved."""
    texts = [str(entry.get(fact, "")) for fact in SEALED]
    started, tested, solved, fix, test = texts
    if not all(map(UTC_TIME.fullmatch, (started, tested, solved))) or not started <= tested <= solved:
        return False
    return bool(HASH.fullmatch(fix) and HASH.fullmatch(test)) and entry.get("seal") == _seal(name, entry)


def _seal(name, entry):
    return hashlib.sha256("\0".join([name, *(str(entry.get(fact, "")) for fact in SEALED)]).encode()).hexdigest()


class Progress:
    """The progress file in `copies_dir`. An entry has the name of a copy: the name of a drill or of a mystery."""

    def __init__(self, copies_dir: Path):
        self.copies_dir, self.path = copies_dir, copies_dir / "progress.json"

    def entries(self) -> dict[str, dict]:
        """Every valid entry, by name; each has only known facts. DrillError if a newer desk wrote the file."""
        return self._read()[0]

    def unproven(self) -> list[str]:
        """The names of the entries that say "solved" without its evidence. It is not believed: see is_proven()."""
        return sorted(self._read()[2])

    def unreadable(self) -> str:
        """The names of the entries that cannot be read, as text; "" if all can be read."""
        return self._read()[1]

    def _read(self):
        """(the entries, the names of those that cannot be read, as text, and of those that are not proven)"""
        try:
            data = read_json(self.path)
        except FileNotFoundError:
            return {}, "", set()
        except ValueError:
            data = None
        if (
            not isinstance(data, dict)
            or not isinstance(data.get("drills"), dict)
            or len(data["drills"]) > MAX_ENTRIES
            or type(data.get("version")) is not int
        ):
            return {}, "everything", set()
        if data["version"] > VERSION:
            raise DrillError(f"{self.path} was written by a newer desk; use that one, or move the file away")
        labels, drills = catalogue.labels(data["drills"]), data["drills"]
        valid = {name: _known(entry) for name, entry in drills.items() if name in labels and _is_valid(entry)}
        unproven = {name for name, entry in valid.items() if "solved" in entry and not is_proven(name, entry)}
        for name in unproven:
            valid[name] = {fact: value for fact, value in valid[name].items() if fact not in ("solved", "seal")}
        return valid, catalogue.quoted(drills.keys() - valid), unproven

    def entry(self, name: str) -> dict:
        return self.entries().get(name, {})

    def record(self, label: str, /, **facts) -> dict:
        """Save facts and return the entry. For TIMES the first value is kept; COUNTS are added up.

        If the disk is full, a warning is printed and the old file stays.
        """

        def change(entries):
            entry = entries.setdefault(label, {})
            before = dict(entry)
            for fact, value in facts.items():
                if fact in COUNTS:
                    entry[fact] = entry.get(fact, 0) + value
                elif fact not in TIMES or fact not in entry:
                    entry[fact] = value
            is_news = {"stages", "test"} & facts.keys()  # of a check, or of a test, and not of a hint
            is_done = entry.get("verdict") == entry.get("stages") == "OK" and entry.get("test")
            if is_news and is_done and "solved" not in entry:
                entry["solved"] = utc_now()
                entry["seal"] = _seal(label, entry)
            elif "solved" in entry:
                entry |= {fact: before[fact] for fact in SEALED}  # the evidence is that of the first time
            return entry

        return self._change(change) or {}

    def reset(self, name: str) -> None:
        """Start a drill again. The old entry stays in the file, under `earlier`."""

        def change(entries):
            entry = entries.pop(name, {})
            earlier = entry.pop("earlier", [])
            if entry or earlier:
                entries[name] = {"earlier": [*earlier, entry] if entry else earlier}

        self._change(change)

    def _change(self, change):
        try:
            self.copies_dir.mkdir(exist_ok=True)
            with self._locked():
                entries, unreadable, _ = self._read()
                result = change(entries)
                if unreadable:
                    self._back_up(unreadable)
                self._write({"version": VERSION, "drills": entries})
                return result
        except OSError as problem:
            print_error(f"drills: could not save this in {self.path}: {problem.strerror or problem}")

    @contextlib.contextmanager
    def _locked(self):
        """Hold the file lock. The operating system releases it when the process ends, in whatever way."""
        with open(self.copies_dir / "progress.lock", "a+b") as lock:
            if fcntl:
                fcntl.flock(lock, fcntl.LOCK_EX)
            else:
                lock.seek(0)
                msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)
            yield

    def _back_up(self, unreadable):
        backup = self.path.with_name(f"progress.broken-{datetime.now(timezone.utc):%Y%m%dT%H%M%S%fZ}.json")
        shutil.copyfile(self.path, backup)
        problem = f"drills: {unreadable} in {self.path} cannot be read and starts again"
        print_error(f"{problem}; the old file is saved as {backup.name}")

    def _write(self, data):
        """Write a new file and rename it over the old one, so that a reader sees one or the other."""
        new = self.copies_dir / f".progress-{token_hex(8)}"
        try:
            with open(new, "x", encoding="utf-8") as file:
                file.write(json.dumps(data, indent=1, sort_keys=True) + "\n")
                file.flush()
                os.fsync(file.fileno())
            replace_file(new, self.path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise


def _is_valid(entry) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("earlier", []), list):
        return False
    return all(isinstance(one, dict) and _has_valid_facts(one) for one in (entry, *entry.get("earlier", [])))


def _has_valid_facts(entry):
    counts = [entry.get(name, 0) for name in COUNTS]
    are_counts = all(type(count) is int and 0 <= count <= MAX_COUNT for count in counts)
    return are_counts and all(isinstance(entry.get(name, ""), str) for name in TEXTS)


def facts_of(entry: object) -> dict | None:
    """The facts of an entry that another person may have written, without what was earlier; None if one is wrong."""
    return _facts(entry) if _is_valid(entry) else None


def _known(entry):
    """The entry with only the facts that this module knows, and has checked."""
    earlier = {"earlier": [_facts(one) for one in entry["earlier"]]} if "earlier" in entry else {}
    return {**_facts(entry), **earlier}


def _facts(entry):
    return {name: entry[name] for name in (*COUNTS, *TEXTS) if name in entry}
