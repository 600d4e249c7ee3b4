"""The list of drills, in the order of the board, and the error message for an unknown name."""

import difflib
import importlib
import pkgutil
import re
from types import ModuleType

import drills

TOOL_MODULES = set(  # the modules of this folder that are not drills
    """catalogue plant progress lab clients faults judge learner_test runner debug_log board reveal commands
    untrusted traces parting solutions stages test_rules""".split()
)
MYSTERY = "mystery-"  # and a number: the name of a copy that does not show the name of its bug
MYSTERY_LABEL = re.compile(f"{MYSTERY}[0-9]{{1,9}}")
ONLY_LABELS = f"only names of drills and {MYSTERY}<number> are taken"
PARTS = "STARS FAMILY SECTION FILE CLEAN PLANTED HINTS EXPLANATION PROVENANCE check".split()


class DrillError(Exception):
    """The tool cannot do what was asked; str() is one line that says what to do instead."""


def names() -> list[str]:
    found = (module.name for module in pkgutil.iter_modules(drills.__path__))
    return [name for name in found if name not in TOOL_MODULES and not name.startswith("_")]


def labels(found) -> set[str]:
    """Those of these names that an entry may have: the names of drills, and mystery-<number>. Others may be paths."""
    known = set(names())
    return {name for name in found if name in known or MYSTERY_LABEL.fullmatch(name)}


def quoted(found) -> str:
    """The first few of these names, sorted, for a message."""
    shown = [ascii(name)[:80] for name in sorted(found)]
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")


def load(name: str) -> ModuleType:
    """The drill with this name; DrillError if there is none."""
    if name not in names():
        raise unknown("drill", name, names())
    return importlib.import_module(f"drills.{name}")


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
