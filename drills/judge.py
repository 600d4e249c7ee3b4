"""Judges a copy of the desk: runs a drill's check against it and says what was wanted and what was seen."""

import traceback
from pathlib import Path
from typing import NamedTuple

from drills import lab as laboratory
from drills.lab import Deed, Exchange, Lab, Trouble

SHOWN = 160  # characters of a value


class Expectation(NamedTuple):
    """One thing a check asked for, what the desk did, and how many exchanges and deeds there had been by then."""

    promise: str
    wanted: object
    seen: object
    done: int = 0

    @property
    def is_met(self) -> bool:
        if isinstance(self.wanted, int) and isinstance(self.wanted, bool) != isinstance(self.seen, bool):
            return False  # to Python True is 1, to a client it is not
        return self.wanted == self.seen

    @property
    def message(self) -> str:
        return f"wanted {_shown(self.wanted)}, saw {_shown(self.seen)}"


class Verdict(NamedTuple):
    """What a check found. `trouble` is what kept it from going on to its end, None where nothing did."""

    found: list[Expectation]
    trouble: Trouble | None
    exchanges: list[Exchange | Deed]
    log: str  # of the desk that was started last, where something is wrong

    @property
    def broken(self) -> list[Expectation]:
        return [expectation for expectation in self.found if not expectation.is_met]

    @property
    def word(self) -> str:
        return "NO" if self.broken or self.trouble else "OK"

    @property
    def tests(self) -> list[dict]:
        """One {name, status, message} for each promise; status is pass, fail, or the kind of trouble."""
        tests = [
            {
                "name": one.promise,
                "status": "pass" if one.is_met else "fail",
                "message": "" if one.is_met else one.message,
            }
            for one in self.found
        ]
        if self.trouble:
            tests.append(
                {"name": "the check comes to its end", "status": self.trouble.kind, "message": str(self.trouble)}
            )
        return tests

    @property
    def reproduction(self) -> list[Exchange | Deed]:
        """What was done up to the first promise that was broken."""
        return self.exchanges[: self.broken[0].done] if self.broken else self.exchanges


def judge(drill, folder: Path, seconds: float = laboratory.CHECK) -> Verdict:
    """What the drill's check finds at the desks in `folder`. It ends in time, whatever those desks do."""
    found, trouble = [], None
    with Lab(folder, seconds) as lab:
        try:
            for promise, wanted, seen in drill.check(lab):
                found.append(Expectation(promise, wanted, seen, len(lab.exchanges)))
            if not found:
                trouble = Trouble("error", "the check asked for nothing")
        except Trouble as problem:
            trouble = problem
        except Exception as problem:
            trouble = _unexpected(problem, found, lab)
        if lab.is_late:
            trouble = Trouble("timeout", f"the check did not come to its end within {seconds} s{_after(found)}")
        verdict = Verdict(found, trouble, lab.exchanges, "")
        needs_log = verdict.word == "NO" and lab.desks
        return verdict._replace(log=lab.desks[-1].say_the_rest()) if needs_log else verdict


def _unexpected(problem, found, lab):
    line = next((f"line {at.lineno}: {at.line}" for at in reversed(traceback.extract_tb(problem.__traceback__))), "")
    answers = [one.status for one in lab.exchanges if isinstance(one, Exchange)]
    last = f"; the last answer was {answers[-1]}" if answers else ""
    what = f"{type(problem).__name__}: {problem}".splitlines()[0]
    return Trouble("error", f"the check could not go on{_after(found)}: {what} at {line}{last}")


def _after(found):
    return f" after '{found[-1].promise}'" if found else ""


def _shown(value):
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
