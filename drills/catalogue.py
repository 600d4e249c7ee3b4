"""The drills that there are, in the order of the board, and what to say of a name that is none of them."""

import difflib
import importlib
import pkgutil
from types import ModuleType

import drills

TOOLS = set(
    "catalogue plant progress lab clients faults judge learner_test runner debug_log board reveal commands".split()
)  # modules that are no drill
PARTS = "STARS FAMILY SECTION FILE CLEAN PLANTED HINTS EXPLANATION PROVENANCE check".split()


class Refused(Exception):
    """The tool cannot do it; str() is one line that says what to do instead."""


def names() -> list[str]:
    there = (module.name for module in pkgutil.iter_modules(drills.__path__))
    return [name for name in there if name not in TOOLS and not name.startswith("_")]


def load(name: str) -> ModuleType:
    """The drill of that name; Refused where there is none."""
    if name not in names():
        raise unknown("drill", name, names())
    return importlib.import_module(f"drills.{name}")


def on_board() -> list[str]:
    """Every name, the easy ones first."""
    return sorted(names(), key=lambda name: (load(name).STARS, name))


def name_of(drill: ModuleType) -> str:
    return drill.__name__.rpartition(".")[2]


def symptom(drill: ModuleType) -> str:
    """One line of it; the whole story is the docstring."""
    return drill.__doc__.strip().splitlines()[0]


def unknown(kind: str, given: str, valid) -> Refused:
    """One line with what is valid, the likeliest first."""
    near = difflib.get_close_matches(given.lower(), valid, 1)
    guess = f"; did you mean {near[0]}?" if near else "."
    return Refused(f"there is no {kind} {given!r}{guess} There are: {', '.join(valid) or 'none'}")
