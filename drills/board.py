"""Shows progress as plain text in columns: the board, and the export."""

import json
import shutil
import sys
import textwrap
from pathlib import Path

from drills import catalogue, exercises, plant
from drills.progress import VERSION, Progress, fails_now, marks, state, utc_now
from drills.untrusted import one_line, print_lines

SHOWN = {"fixed": "passes"}  # the state of an exercise whose tests pass, before its suite has run


def rows(copies_dir: Path) -> dict[str, dict]:
    """Every drill, and every mystery that was started, by name: {stars, state, hints, of, symptom, …facts}.

    A solved mystery also counts as solved for its drill.
    """
    entries = Progress(copies_dir).entries()
    drills = {name: catalogue.load(name) for name in catalogue.by_difficulty()}
    found = {name: _row(drill, entries.get(name, {})) for name, drill in drills.items()}
    for label, entry in entries.items():
        if label not in found and label.startswith(catalogue.MYSTERY) and set(entry) - {"earlier"}:
            name = entry.get("name") if entry.get("name") in drills else ""
            found[label] = {**_row(drills.get(name), entry), "symptom": _mystery_symptom(name, entry)}
            if name and state(entry) == "solved":
                found[name] |= {"state": "solved", "as": label}
    return found


def exercise_rows(copies_dir: Path) -> dict[str, dict]:
    """Every exercise by name, in the order of the path: {order, stars, state, hints, of, symptom, …facts}."""
    entries, found = Progress(copies_dir).entries(), {}
    for name in exercises.names():
        exercise = exercises.load(name)
        found[name] = {"order": exercise.ORDER, **_row(exercise, entries.get(name, {}))}
    return found


def _mystery_symptom(name, entry):
    if not name:
        return "a bug without a name"
    return f"it was {name}" if state(entry) == "solved" else f"it is {name} (you gave up)"


def _row(drill, entry):
    facts = {name: value for name, value in entry.items() if name != "earlier"}
    row = {**facts, "state": state(entry), "hints": entry.get("hints", 0)}
    if not drill:
        return {**row, "stars": 0, "of": 0, "symptom": ""}
    return {**row, "stars": drill.STARS, "of": len(drill.HINTS), "symptom": catalogue.symptom(drill)}


def align(table: list[tuple]) -> list[str]:
    """The lines of a table, with aligned columns; no cell can forge a line."""
    return ["  ".join(row).rstrip() for row in _padded([tuple(map(one_line, row)) for row in table])]


def _padded(table):
    """The rows, with all cells of a column equally long."""
    widths = [max(map(len, column)) for column in zip(*table)]
    return [[cell.ljust(width) for cell, width in zip(row, widths)] for row in table]


def show(copies_dir: Path) -> None:
    """Print the board."""
    table = [("name", "stars", "state", "hints", "symptom")]
    for name, row in rows(copies_dir).items():
        hints = f"{row['hints']}/{row['of'] or '?'}"
        table.append((name, "*" * row["stars"] or "?", _shown_state(row), hints, row["symptom"]))
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 10_000
    print_lines(*_fit(table, width))
    path = [("exercise", "stars", "state", "tests", "hints", "what to build")]
    for name, row in exercise_rows(copies_dir).items():
        now = ", ".join([SHOWN.get(row["state"], row["state"]), *shown_marks(row)])
        hints = f"{row['hints']}/{row['of']}"
        path.append((name, "*" * row["stars"], now, row.get("tests", ""), hints, row["symptom"]))
    print_lines("", *_fit(path, width))


def _shown_state(row):
    """The state, and how it was reached: "solved, gave up"."""
    return ", ".join([row["state"], *shown_marks(row)])


def shown_marks(row: dict) -> list[str]:
    """What the board says beside the state. The class tables leave out the last one: it is no news for a teacher."""
    return marks(row) + (["the copy fails now"] if fails_now(row) else [])


def _fit(table, width):
    """The lines of the board; if they are too long for the terminal, each symptom is below its name."""
    lines = align(table)
    if max(map(len, lines)) <= width:
        return lines
    heads = align([row[:-1] for row in table])
    below = [textwrap.wrap(row[-1], max(width, 40), initial_indent="  ", subsequent_indent="  ") for row in table]
    return [line for head, symptom in zip(heads, [[], *below[1:]]) for line in (head, *symptom)]


def export(copies_dir: Path) -> str:
    """All progress as JSON text."""
    facts = {"version": VERSION, "exported": utc_now(), "drills": rows(copies_dir)}
    facts["exercises"] = exercise_rows(copies_dir)  # an older desk reads the drills only
    return json.dumps(facts, indent=1)  # ASCII: `>` of a shell may write it in any encoding


def copies(copies_dir: Path) -> list[Path]:
    """The folders of all copies. A folder with another name is somebody's own, even if it looks like a copy."""
    return [path for path in _like_copies(copies_dir) if plant.is_copy_name(path.name)]


def foreign_copies(copies_dir: Path) -> list[Path]:
    """The folders that look like copies and do not have the name of one."""
    return [path for path in _like_copies(copies_dir) if not plant.is_copy_name(path.name)]


def _like_copies(copies_dir):
    found = sorted(copies_dir.iterdir()) if copies_dir.exists() else []
    return [path for path in found if not path.name.startswith(".") and _is_copy(path)]


def _is_copy(path):
    return any((path / name).exists() for name in (plant.BUG_MODE_FILE, plant.METADATA_FILE))
