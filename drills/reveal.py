"""What a drill was: the difference that was planted, why it was wrong, and where it comes from."""

import difflib
from types import ModuleType

from drills import catalogue, plant


def explain(drill: ModuleType) -> list[str]:
    """The lines to print."""
    lines = [catalogue.name_of(drill), "", *difference(drill), "", drill.EXPLANATION.strip(), "", "Where it comes from:"]
    lines += [f"- {source}" for source in drill.PROVENANCE]
    relatives = [name for name in catalogue.on_board() if drill.FAMILY and _is_relative(catalogue.load(name), drill)]
    if relatives:
        lines += ["", f"The same symptom ({drill.FAMILY}), another cause: {', '.join(relatives)}"]
    return lines


def _is_relative(other, drill):
    return other is not drill and other.FAMILY == drill.FAMILY


def difference(drill: ModuleType) -> list[str]:
    """From the planted file to the clean one, as `diff -u` shows it: what mends the bug."""
    clean = (plant.ROOT / drill.FILE).read_text(encoding="utf-8").splitlines()
    planted = plant.planted_text(drill.FILE, [drill]).splitlines()
    return list(difflib.unified_diff(planted, clean, f"planted/{drill.FILE}", drill.FILE, n=2, lineterm=""))
