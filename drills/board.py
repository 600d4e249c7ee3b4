"""Shows progress as plain text in columns: the board, the export, and the table of a class."""

import json
import shutil
import sys
import textwrap
from pathlib import Path

from drills import catalogue, exercises, plant
from drills.progress import MAX_COUNT, MAX_ENTRIES, STATES, VERSION, Progress, is_proven, marks, state, utc_now
from drills.untrusted import one_line, print_lines, read_json

SHOWN = {"fixed": "passes"}  # the state of an exercise whose tests pass, before its suite has run
MAX_ROWS = 2 * MAX_ENTRIES  # of an export: it has the new drills, too


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
        now = ", ".join([SHOWN.get(row["state"], row["state"]), *marks(row)])
        hints = f"{row['hints']}/{row['of']}"
        path.append((name, "*" * row["stars"], now, row.get("tests", ""), hints, row["symptom"]))
    print_lines("", *_fit(path, width))


def _shown_state(row):
    """The state, and how it was reached: "solved, gave up"."""
    return ", ".join([row["state"], *marks(row)])


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
    return json.dumps(facts, indent=1, ensure_ascii=False)


def class_table(files: list[Path]) -> tuple[list[str], list[str]]:
    """A Markdown table of many exports, one row per drill and one column per learner; and what was left out, why."""
    learners, problems = _read_exports(files)
    if not learners:
        return [], problems
    exports = learners.values()
    head = ("drill", *learners)
    names = dict.fromkeys(name for export in exports for name in export)
    body = [(name, *(_cell(export.get(name)) for export in exports)) for name in names]
    solved = ("solved", *(str(_solved(export)) for export in exports))
    return _markdown([head, tuple("-" * len(cell) for cell in head), *body, solved]), problems


def _read_exports(files):
    """({learner: rows by name}, problems): a learner has the name of the file, or its path if two have that name."""
    learners, problems = {}, []
    stems = [path.stem for path in files]
    for path in files:
        try:
            rows, foreign = _read_export(path)
        except OSError as problem:
            problems.append(f"{path}: {problem.strerror}")
            continue
        except ValueError:
            problems.append(f"{path}: this is not an export")
            continue
        if foreign:
            problems.append(f"{catalogue.quoted(foreign)} of {path}: {catalogue.ONLY_LABELS}")
        learners[_unique(path.stem if stems.count(path.stem) == 1 else str(path), learners)] = rows
    return learners, problems


def _unique(name, used):
    name = one_line(name).replace("|", "/")
    return next(one for one in (name, *(f"{name}-{n}" for n in range(2, len(used) + 3))) if one not in used)


def _read_export(path):
    """(the rows by name, the names that no row may have). ValueError if it is not an export."""
    export = read_json(path)
    rows = export.get("drills") if isinstance(export, dict) else None
    built = export.get("exercises", {}) if isinstance(rows, dict) else None  # an older desk exports none
    if not isinstance(built, dict):
        raise ValueError
    rows = {**rows, **built}
    if len(rows) > MAX_ROWS or not all(map(_is_row, rows.values())):
        raise ValueError
    labels = catalogue.labels(rows)
    for name, row in rows.items():
        if row["state"] == "solved" and not _is_proven_row(name, rows):
            row["state"] = "not proven"
    return {name: row for name, row in rows.items() if name in labels}, rows.keys() - labels


def _is_proven_row(name, rows):
    """Whether the export has the evidence that this drill is solved, perhaps as a mystery."""
    label = rows[name].get("as")
    if isinstance(label, str) and label in rows and rows[label].get("name") == name:
        name = label
    return is_proven(name, rows[name])


def _is_row(row):
    if not isinstance(row, dict) or row.get("state") not in STATES:
        return False
    return type(row.get("hints")) is int and 0 <= row["hints"] <= MAX_COUNT


def _solved(export):
    return sum(row["state"] == "solved" for row in export.values())


def _cell(row):
    if not row:
        return ""
    hints = f", {row['hints']} hints" if row["hints"] > 1 else ", 1 hint" if row["hints"] else ""
    return f"{_shown_state(row)}{hints}"


def _markdown(table):
    return [f"| {' | '.join(row)} |" for row in _padded(table)]


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
