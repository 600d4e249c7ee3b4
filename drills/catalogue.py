"""The list of drills, in the order of the board, and the error message for an unknown name."""

import difflib
import importlib
import pkgutil
import re
import traceback
from pathlib import Path
from types import ModuleType

import drills

TOOL_MODULES = set(  # the modules of this folder that are not drills
    """catalogue plant progress lab clients faults judge learner_test runner debug_log board reveal commands
    untrusted traces parting solutions stages test_rules output session choice lab_commands steps
    exercise_check exercise_commands running job board_api serve
    exports class_report class_page diffs watch hand_in grade plan""".split()
)
EXERCISES = Path(drills.__path__[0]) / "exercises"
MYSTERY = "mystery-"  # and a number: the name of a copy that does not show the name of its bug
MYSTERY_LABEL = re.compile(f"{MYSTERY}[0-9]{{1,9}}")
ONLY_LABELS = f"only names of drills and exercises, and {MYSTERY}<number> are taken"
TEXT_PARTS = "__doc__ SECTION FILE CLEAN PLANTED EXPLANATION".split()
PARTS = {  # the parts of a drill, and whether a value is one
    "STARS": lambda value: value in range(1, 6),
    "FAMILY": lambda value: isinstance(value, str),
    **dict.fromkeys(TEXT_PARTS, lambda value: isinstance(value, str)),
    "HINTS": lambda value: are_texts(value) and len(value) >= 3,
    "PROVENANCE": lambda value: are_texts(value),
    "check": callable,
}


def are_texts(value):
    return isinstance(value, (list, tuple)) and all(isinstance(text, str) for text in value)


class DrillError(Exception):
    """The tool cannot do what was asked; str() is one line that says what to do instead."""


def names() -> list[str]:
    found = (module.name for module in pkgutil.iter_modules(drills.__path__) if not module.ispkg)
    return [name for name in found if name not in TOOL_MODULES and not name.startswith("_")]


def exercise_names() -> list[str]:
    """The names of the exercises, sorted; drills/exercises/__init__.py has them in the order of the path."""
    return [module.name for module in pkgutil.iter_modules([str(EXERCISES)]) if module.ispkg]


def labels(found) -> set[str]:
    """Those of these names that an entry may have: of drills and exercises, mystery-<number>. Others may be paths."""
    known = {*names(), *exercise_names()}
    return {name for name in found if name in known or MYSTERY_LABEL.fullmatch(name)}


def quoted(found) -> str:
    """The first few of these names, sorted, for a message."""
    shown = [ascii(name)[:80] for name in sorted(found)]
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")


def load(name: str) -> ModuleType:
    """The drill with this name; DrillError if there is none."""
    if name not in names():
        raise unknown("drill", name, names())
    try:
        drill = importlib.import_module(f"drills.{name}")
    except Exception as problem:
        raise DrillError(f"{_place_of(name, problem)}: {type(problem).__name__}: {problem}") from None
    wrong = [part for part, is_right in PARTS.items() if not is_right(getattr(drill, part, None))]
    if wrong:
        _require_parts(name, drill, wrong)
    return drill


def _path_of(name):
    return Path(drills.__path__[0]) / f"{name}.py"


def _place_of(name, problem):
    """The file and line of a drill that cannot be imported."""
    path = _path_of(name)
    if isinstance(problem, SyntaxError) and problem.filename == str(path):
        return f"drills/{name}.py, line {problem.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(problem.__traceback__) if frame.filename == str(path)]
    return f"drills/{name}.py, line {lines[-1] if lines else 1}"


def _require_parts(name, drill, wrong):
    """DrillError for a drill that is half-written: what it lacks, or the line of a part that has a wrong value."""
    text = _path_of(name).read_text(encoding="utf-8")
    missing = [part for part in wrong if getattr(drill, part, None) is None]
    if missing:
        last = len(text.splitlines())
        what = ", ".join("a docstring" if part == "__doc__" else part for part in missing)
        raise DrillError(f"drills/{name}.py, line {last}: the file ends, and there is no {what}")
    found = re.search(rf"^(?:def )?{wrong[0]}\b", text, re.M)
    line = text[: found.start()].count("\n") + 1 if found else 1
    rules = "`python3 -m pydoc drills` has the rules"
    raise DrillError(f"drills/{name}.py, line {line}: {wrong[0]} has a wrong value; {rules}")


def by_difficulty() -> list[str]:
    """Every name, the easy drills first."""
    return sorted(names(), key=lambda name: (load(name).STARS, name))


def name_of(drill: ModuleType) -> str:
    return drill.__name__.rpartition(".")[2]


def symptom(drill: ModuleType) -> str:
    """The symptom in one line; the whole story is the docstring."""
    return drill.__doc__.strip().splitlines()[0]


def unknown(kind: str, given: str, valid) -> DrillError:
    """The error for an unknown name: one line with the best guess and all valid names."""
    near = difflib.get_close_matches(given.lower(), valid, 1)
    guess = f"; did you mean {near[0]}?" if near else "."
    return DrillError(f"there is no {kind} {given!r}{guess} There are: {', '.join(valid) or 'none'}")
