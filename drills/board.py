"""What the tool shows of progress: the board, the export, and the table of a class. Plain text, in columns."""

import json
import shutil
import sys
import textwrap
from pathlib import Path

from drills import catalogue, plant
from drills.progress import STATES, VERSION, Progress, state, utc_now


def rows(garden: Path) -> dict[str, dict]:
    """Every drill and every mystery that was begun, by name: {stars, state, hints, of, symptom, …facts}.

    A mystery that is solved counts for the drill that it was, too.
    """
    entries = Progress(garden).entries()
    found = {name: _row(catalogue.load(name), entries.get(name, {})) for name in catalogue.on_board()}
    for label, entry in entries.items():
        if label not in found and label.startswith(plant.MYSTERY) and set(entry) - {"earlier"}:
            name = entry.get("name")
            known = catalogue.load(name) if name in catalogue.names() else None
            found[label] = {**_row(known, entry), "symptom": _of_mystery(name, entry)}
            if known and state(entry) == "solved":
                found[name]["state"] = "solved"
    return found


def _of_mystery(name, entry):
    if not name:
        return "a bug without a name"
    return f"it was {name}" if state(entry) == "solved" else f"it is {name}, as you asked to know"


def _row(drill, entry):
    facts = {name: value for name, value in entry.items() if name != "earlier"}
    row = {**facts, "state": state(entry), "hints": entry.get("hints", 0)}
    if not drill:
        return {**row, "stars": 0, "of": 0, "symptom": ""}
    return {**row, "stars": drill.STARS, "of": len(drill.HINTS), "symptom": catalogue.symptom(drill)}


def columns(table: list[tuple]) -> list[str]:
    """The rows of a table, each cell as wide as its column."""
    widths = [max(map(len, column)) for column in zip(*table)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in table]


def show(garden: Path) -> None:
    """The board."""
    table = [("name", "stars", "state", "hints", "symptom")]
    for name, row in rows(garden).items():
        hints = f"{row['hints']}/{row['of'] or '?'}"
        table.append((name, "*" * row["stars"] or "?", row["state"], hints, row["symptom"]))
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 10_000
    print(*_fitted(table, width), sep="\n")


def _fitted(table, width):
    """The lines of the board; where they are too long, each symptom stands below its name."""
    lines = columns(table)
    if max(map(len, lines)) <= width:
        return lines
    heads = columns([row[:-1] for row in table])
    below = [textwrap.wrap(row[-1], max(width, 40), initial_indent="  ", subsequent_indent="  ") for row in table]
    return [line for head, symptom in zip(heads, [[], *below[1:]]) for line in (head, *symptom)]


def export(garden: Path) -> str:
    """All progress as one JSON text."""
    facts = {"version": VERSION, "exported": utc_now(), "drills": rows(garden)}
    return json.dumps(facts, indent=1, ensure_ascii=False)


def class_table(files: list[Path]) -> tuple[list[str], list[str]]:
    """A Markdown table of many exports, drills down and learners across; and why files are not in it."""
    learners, problems = {}, []
    stems = [path.stem for path in files]
    for path in files:
        name = path.stem if stems.count(path.stem) == 1 else str(path)
        try:
            learners[_unused(name, learners)] = _exported(path)
        except OSError as problem:
            problems.append(f"{path}: {problem.strerror}")
        except (ValueError, RecursionError):
            problems.append(f"{path}: this is no file that `export` made")
    drills = list(dict.fromkeys(name for drills in learners.values() for name in drills))
    table = [("drill", *learners)]
    table.append(tuple("-" * len(cell) for cell in table[0]))
    for name in drills:
        table.append((name, *(_cell(drills.get(name)) for drills in learners.values())))
    totals = (sum(row["state"] == "solved" for row in drills.values()) for drills in learners.values())
    table.append(("solved", *map(str, totals)))
    return [f"| {line} |" for line in _lined(table)] if learners else [], problems


def _unused(name, taken):
    name = name.replace("|", "/")
    return next(one for one in (name, *(f"{name}-{n}" for n in range(2, len(taken) + 3))) if one not in taken)


def _exported(path):
    drills = json.loads(path.read_text(encoding="utf-8"))
    drills = drills.get("drills") if isinstance(drills, dict) else None
    if not isinstance(drills, dict) or not all(
        isinstance(row, dict) and row.get("state") in STATES and isinstance(row.get("hints"), int)
        for row in drills.values()
    ):
        raise ValueError
    return drills


def _cell(row):
    if not row:
        return ""
    hints = f", {row['hints']} hints" if row["hints"] > 1 else ", 1 hint" if row["hints"] else ""
    return f"{row['state']}{hints}"


def _lined(table):
    widths = [max(map(len, column)) for column in zip(*table)]
    return [" | ".join(cell.ljust(width) for cell, width in zip(row, widths)) for row in table]


def places(garden: Path) -> list[Path]:
    """The copies that stand in the garden."""
    found = sorted(garden.iterdir()) if garden.exists() else []
    return [path for path in found if not path.name.startswith(".") and _is_marked(path)]


def _is_marked(path):
    return any((path / mark).exists() for mark in (plant.MARK, plant.LABEL))
