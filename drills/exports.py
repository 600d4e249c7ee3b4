"""Reads the exports that students hand in: what each of them did, in each drill and exercise.

An export is data that another person wrote. A file of another shape is left out and named; a drill counts as solved
only with its evidence; and no text of a file or of its name can control a terminal, or forge a row or a cell.
"""

from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from unicodedata import combining, east_asian_width

from drills import catalogue
from drills.progress import MAX_COUNT, MAX_ENTRIES, STATES, UTC_TIME, VERSION, is_proven, marks, state
from drills.untrusted import one_line, read_json

MAX_ROWS = 2 * MAX_ENTRIES  # of an export: it has the new drills, too
MAX_NAME = 40  # columns of a student's name
MAX_MINUTES = 99_999
NOT_PROVEN = "not proven"  # it says "solved", without the evidence
RANKS = (*STATES[:-1], NOT_PROVEN, STATES[-1])  # what counts if one drill was done twice, the best last
HARMLESS = str.maketrans("|<>[]`", "/‹›()'")  # what means something in Markdown or HTML, and what is shown instead


class Work(NamedTuple):
    """What one student did with one drill or exercise. `name` is mystery-<number> until the export names its drill."""

    student: str
    name: str
    state: str  # one of RANKS
    gave_up: bool
    hints: int
    checks: int
    minutes: int | None  # from start to solved
    notes: tuple[str, ...]  # how it was solved: with the revealed fix, with the test that is shipped
    test: str  # the hash of the accepted test

    @property
    def is_solved(self) -> bool:
        return self.state == STATES[-1]

    @property
    def is_started(self) -> bool:
        return self.state != STATES[0]


class Class(NamedTuple):
    """The students, their work on drills that they started or gave up, and one line for each thing left out."""

    students: list[str]
    works: list[Work]
    problems: list[str]

    def of(self, student: str) -> list[Work]:
        return [work for work in self.works if work.student == student]

    def on(self, name: str) -> list[Work]:
        return [work for work in self.works if work.name == name]


def read_class(files: list[Path]) -> Class:
    """All exports that can be read. A student has the name of the file, or its path if two files have that name."""
    found = Class([], [], [])
    stems = [path.stem for path in files]
    for path in files:
        try:
            rows, foreign = _read_export(path)
        except OSError as problem:
            found.problems.append(f"{path}: {problem.strerror}")
            continue
        except ValueError as problem:
            found.problems.append(f"{path}: {problem}")
            continue
        if foreign:
            found.problems.append(f"{catalogue.quoted(foreign)} of {path}: {catalogue.ONLY_LABELS}")
        student = _unique(path.stem if stems.count(path.stem) == 1 else str(path.with_suffix("")), found.students)
        found.students.append(student)
        found.works.extend(_works(student, rows))
    return found


def _unique(name, used):
    """The name in at most MAX_NAME columns, without the middle if it is long; with a number if it is used already."""
    name = " ".join(one_line(name[:1000]).translate(HARMLESS).split()) or "?"
    if columns(name) > MAX_NAME - 5:
        name, start, end = "", name, name
        while columns(start) > MAX_NAME // 2 - 3:
            start = start[:-1]
        while columns(end) > MAX_NAME // 2 - 3:
            end = end[1:]
        name = f"{start}…{end}"
    return next(one for one in (name, *(f"{name}-{n}" for n in range(2, len(used) + 3))) if one not in used)


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: a Chinese or Japanese character takes two, an accent none."""
    return sum(2 if east_asian_width(one) in "WF" else 0 if combining(one) else 1 for one in text)


def _read_export(path):
    """(the rows by name, the names that no row may have). ValueError, with the reason, if it is not an export."""
    try:
        export = read_json(path)
    except ValueError:
        export = None
    rows = export.get("drills") if isinstance(export, dict) else None
    built = export.get("exercises", {}) if isinstance(rows, dict) else None  # an older desk exports none
    if not isinstance(built, dict):
        raise ValueError("this is not an export")
    rows = {**rows, **built}
    if len(rows) > MAX_ROWS or not all(map(_is_row, rows.values())):
        raise ValueError("this is not an export")
    version = export.get("version", VERSION)
    if type(version) is not int or version > VERSION:
        raise ValueError("this was written by a newer desk")
    labels = catalogue.labels(rows)
    return {name: row for name, row in rows.items() if name in labels}, rows.keys() - labels


def _is_row(row):
    if not isinstance(row, dict) or row.get("state") not in STATES:
        return False
    counts = (row.get("hints"), row.get("checks", 0))
    return all(type(count) is int and 0 <= count <= MAX_COUNT for count in counts)


def _works(student, rows):
    """The work of one student. A drill that was also done as a mystery is there once."""
    found = {}
    drills = set(catalogue.names())
    for label, row in rows.items():
        drill = str(row.get("name"))
        name = drill if label not in drills and drill in drills else label
        work = _work(student, name, label, row, rows)
        found[name] = _both(found[name], work) if name in found else work
    return [work for work in found.values() if work.is_started or work.gave_up or work.hints]


def _work(student, name, label, row, rows):
    reached = _state(name, label, row, rows)
    is_solved = reached == STATES[-1]
    notes = [note for note in marks(row) if note != "gave up"]
    test = row["test"] if is_solved else ""
    minutes = minutes_of(row) if is_solved else None
    counts = (row["hints"], row.get("checks", 0))
    return Work(student, name, reached, bool(row.get("revealed")), *counts, minutes, tuple(notes), test)


def _state(name, label, row, rows):
    """The state of one row. "solved" needs its evidence: its own, or that of the mystery as which it was solved."""
    if row["state"] != STATES[-1]:
        return row["state"]
    other = row.get("as")
    if not isinstance(other, str) or other not in rows:
        return STATES[-1] if _is_evident(label, row) else NOT_PROVEN
    is_same = rows[other].get("name") == name and _is_evident(other, rows[other])
    return state({fact: row[fact] for fact in row if fact != "solved"} | _own(name, row)) if is_same else NOT_PROVEN


def _own(name, row):
    return {"solved": row["solved"]} if "solved" in row and _is_evident(name, row) else {}


def _is_evident(label, row):
    return is_proven(label, row) and minutes_of(row) is not None


def minutes_of(row: dict) -> int | None:
    """From start to solved; None if it is not solved, or these are no times."""
    times = [row.get(fact) for fact in ("started", "solved")]
    if not all(isinstance(time, str) and UTC_TIME.fullmatch(time) for time in times):
        return None
    try:
        started, solved = (datetime.strptime(time, "%Y-%m-%dT%H:%M:%SZ") for time in times)
    except ValueError:  # the 31st of February
        return None
    return min(round((solved - started).total_seconds() / 60), MAX_MINUTES)


def _both(one, other):
    """The work on a drill that was done twice, by its name and as a mystery."""
    best = max(one, other, key=lambda work: RANKS.index(work.state))
    return best._replace(
        gave_up=one.gave_up or other.gave_up,
        hints=one.hints + other.hints,
        checks=one.checks + other.checks,
        notes=tuple(dict.fromkeys(one.notes + other.notes)),
    )
