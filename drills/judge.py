"""Judges a copy of the desk: runs a drill's check against it and says what was wanted and what was seen."""

import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.desk import DeskProcess


class Expectation(NamedTuple):
    """One thing a check asked for, and what the desk did."""

    promise: str
    wanted: object
    seen: object

    @property
    def is_met(self) -> bool:
        return self.wanted == self.seen


def judge(drill, folder: Path) -> list[Expectation]:
    """What the drill's check finds at the desk in `folder`, run on a free port with its own database."""
    with tempfile.TemporaryDirectory() as lab:
        desk = DeskProcess(Path(lab, "lab.sqlite3"), folder)
        try:
            return [Expectation(*found) for found in drill.check(desk)]
        finally:
            desk.stop()
