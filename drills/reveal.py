"""Explains a drill: the diff between the planted and the clean file, why the bug happens, and where it comes from."""

import difflib
from types import ModuleType

from drills import catalogue, plant


def explain(drill: ModuleType) -> list[str]:
    """The lines to print."""
    name, explanation = catalogue.name_of(drill), drill.EXPLANATION.strip()
    lines = [name, "", *diff(drill), "", explanation, "", "Where it comes from:"]
    lines += [f"- {source}" for source in drill.PROVENANCE]
    names = catalogue.by_difficulty()
    relatives = [other for other in names if drill.FAMILY and _same_family(catalogue.load(other), drill)]
    if relatives:
        lines += ["", f"Same symptom ({drill.FAMILY}), different cause: {', '.join(relatives)}"]
    return lines


def _same_family(other, drill):
    return other is not drill and other.FAMILY == drill.FAMILY


def diff(drill: ModuleType) -> list[str]:
    """The diff from the planted file to the clean one, in the format of `diff -u`: the fix of the bug."""
    clean = (plant.ROOT / drill.FILE).read_text(encoding="utf-8").splitlines()
    planted = plant.planted_text(drill.FILE, [drill]).splitlines()
    return list(difflib.unified_diff(planted, clean, f"planted/{drill.FILE}", drill.FILE, n=2, lineterm=""))
