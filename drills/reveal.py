"""Explains a drill: the diff between the planted and the clean file, why the bug happens, and where it comes from."""

import difflib
import re
from itertools import zip_longest
from types import ModuleType

from drills import catalogue, plant

CONTEXT = 2  # lines above and below a difference
NEW_FILE = re.compile(r"\+\+\+ (?:b/)?(\S+).*")  # in a patch
HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@.*")
SIDES = {"-": 0, "+": 1}


def explain(drill: ModuleType) -> list[str]:
    """The lines to print."""
    name, explanation = catalogue.name_of(drill), drill.EXPLANATION.strip()
    lines = [name, "", *diff(drill), "", explanation, "", "Where it comes from:"]
    lines += [f"- {source}" for source in drill.PROVENANCE]
    if others := relatives(drill):
        lines += ["", f"Same symptom ({drill.FAMILY}), different cause: {', '.join(others)}"]
    return lines


def relatives(drill: ModuleType) -> list[str]:
    """The other drills with the same symptom."""
    names = catalogue.by_difficulty() if drill.FAMILY else ()
    return [name for name in names if _same_family(catalogue.load(name), drill)]


def _same_family(other, drill):
    return other is not drill and other.FAMILY == drill.FAMILY


def diff(drill: ModuleType) -> list[str]:
    """The diff from the planted file to the clean one, in the format of `diff -u`: the fix of the bug."""
    sides = _both_sides(drill)
    return list(difflib.unified_diff(*sides, f"planted/{drill.FILE}", drill.FILE, n=CONTEXT, lineterm=""))


def _both_sides(drill):
    """The lines of the planted file, and of the clean one."""
    clean = (plant.ROOT / drill.FILE).read_text(encoding="utf-8")
    return plant.planted_text(drill.FILE, [drill]).splitlines(), clean.splitlines()


def side_by_side(drill: ModuleType) -> list[dict]:
    """The same as rows for two columns: {kind, left, right}, each side [number, line] or None.

    The kind is same, changed, or gap: there are lines between, that are the same.
    """
    planted, clean = _both_sides(drill)
    rows = []
    for group in difflib.SequenceMatcher(None, planted, clean, autojunk=False).get_grouped_opcodes(CONTEXT):
        rows += [{"kind": "gap", "left": None, "right": None}] if rows else []
        for tag, start, end, other_start, other_end in group:
            left = [[number + 1, planted[number]] for number in range(start, end)]
            right = [[number + 1, clean[number]] for number in range(other_start, other_end)]
            kind = "same" if tag == "equal" else "changed"
            rows += [{"kind": kind, "left": one, "right": other} for one, other in zip_longest(left, right)]
    return rows


def side_by_side_of(patch: str) -> list[dict]:
    """A patch as such rows: {file, rows} for each file that it changes."""
    files, hunk = [], None
    for line in patch.splitlines():
        if hunk and hunk.is_open:
            hunk.take(line[:1], line[1:])
        elif found := NEW_FILE.fullmatch(line):
            files.append({"file": found[1], "rows": []})
        elif found := HUNK.fullmatch(line):
            rows = files[-1]["rows"]
            rows += [{"kind": "gap", "left": None, "right": None}] if rows else []
            hunk = _Hunk(rows, *(int(number or 1) for number in found.groups()))
    return files


class _Hunk:
    """One part of a patch. A removed line of SQL may begin with `--`, as a head does: so the lines are counted."""

    def __init__(self, rows, left, left_count, right, right_count):
        self.rows, self.numbers, self.ends = rows, [left, right], [left + left_count, right + right_count]
        self.changed = ([], [])

    @property
    def is_open(self):
        return self.numbers != self.ends

    def take(self, sign, text):
        if sign == " ":
            self._end_of_change()
            self.rows.append({"kind": "same", "left": self._cell(0, text), "right": self._cell(1, text)})
        elif sign in SIDES:
            side = SIDES[sign]
            self.changed[side].append(self._cell(side, text))
        if not self.is_open:
            self._end_of_change()

    def _cell(self, side, text):
        self.numbers[side] += 1
        return [self.numbers[side] - 1, text]

    def _end_of_change(self):
        self.rows += [{"kind": "changed", "left": one, "right": other} for one, other in zip_longest(*self.changed)]
        self.changed = ([], [])
