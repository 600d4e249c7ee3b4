"""Shows progress as plain text in columns: the board, the export, and the table of a class."""

import json
import shutil
import sys
import textwrap
from pathlib import Path

from drills import catalogue, plant
from drills.progress import STATES, VERSION, Progress, state, utc_now


def rows(copies_dir: Path) -> dict[str, dict]:
    """Every drill, and every mystery that was started, by name: {stars, state, hints, of, symptom, …facts}.

    A solved mystery also counts as solved for its drill.
    """
    entries = Progress(copies_dir).entries()
    found = {name: _row(catalogue.load(name), entries.get(name, {})) for name in catalogue.by_difficulty()}
    for label, entry in entries.items():
        if label not in found and label.startswith(plant.MYSTERY) and set(entry) - {"earlier"}:
            name = entry.get("name")
            known = catalogue.load(name) if name in catalogue.names() else None
            found[label] = {**_row(known, entry), "symptom": _mystery_symptom(name, entry)}
            if known and state(entry) == "solved":
                found[name]["state"] = "solved"
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
    """The lines of a table, with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*table)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in table]


def show(copies_dir: Path) -> None:
    """Print the board."""
    table = [("name", "stars", "state", "hints", "symptom")]
    for name, row in rows(copies_dir).items():
        hints = f"{row['hints']}/{row['of'] or '?'}"
        table.append((name, "*" * row["stars"] or "?", row["state"], hints, row["symptom"]))
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 10_000
    print(*_fit(table, width), sep="\n")


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
    return json.dumps(facts, indent=1, ensure_ascii=False)


def class_table(files: list[Path]) -> tuple[list[str], list[str]]:
    """A Markdown table of many exports, one row per drill and one column per learner; and the files left out, why."""
    learners, problems = {}, []
    stems = [path.stem for path in files]
    for path in files:
        name = path.stem if stems.count(path.stem) == 1 else str(path)
        try:
            learners[_unique(name, learners)] = _read_export(path)
        except OSError as problem:
            problems.append(f"{path}: {problem.strerror}")
        except (ValueError, RecursionError):
            problems.append(f"{path}: this is not an export")
    drills = list(dict.fromkeys(name for drills in learners.values() for name in drills))
    table = [("drill", *learners)]
    table.append(tuple("-" * len(cell) for cell in table[0]))
    for name in drills:
        table.append((name, *(_cell(drills.get(name)) for drills in learners.values())))
    totals = (sum(row["state"] == "solved" for row in drills.values()) for drills in learners.values())
    table.append(("solved", *map(str, totals)))
    return [f"| {line} |" for line in _markdown_rows(table)] if learners else [], problems


def _unique(name, used):
    name = name.replace("|", "/")
    return next(one for one in (name, *(f"{name}-{n}" for n in range(2, len(used) + 3))) if one not in used)


def _read_export(path):
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


def _markdown_rows(table):
    widths = [max(map(len, column)) for column in zip(*table)]
    return [" | ".join(cell.ljust(width) for cell, width in zip(row, widths)) for row in table]


def copies(copies_dir: Path) -> list[Path]:
    """The folders of all copies."""
    found = sorted(copies_dir.iterdir()) if copies_dir.exists() else []
    return [path for path in found if not path.name.startswith(".") and _is_copy(path)]


def _is_copy(path):
    return any((path / name).exists() for name in (plant.BUG_MODE_FILE, plant.METADATA_FILE))
