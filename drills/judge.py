"""Judges a copy of the desk: runs a drill's check against it and reports what was expected and what happened."""

import traceback
from pathlib import Path
from typing import Callable, NamedTuple

from drills import lab as lab_module
from drills.lab import CheckError, Lab, RecordedRequest, Step

MAX_CHARS = 160  # of a value in a message


class Expectation(NamedTuple):
    """One expectation of a check, the actual value, and how many requests and steps were recorded before it."""

    name: str
    expected: object
    actual: object
    position: int = 0

    @property
    def is_met(self) -> bool:
        if isinstance(self.expected, int) and isinstance(self.expected, bool) != isinstance(self.actual, bool):
            return False  # in Python True == 1, but in JSON they differ
        return self.expected == self.actual

    @property
    def message(self) -> str:
        return f"expected {_shortened(self.expected)}, got {_shortened(self.actual)}"

    @property
    def as_json(self) -> dict:
        status, message = ("pass", "") if self.is_met else ("fail", self.message)
        return {"name": self.name, "status": status, "message": message}


class Verdict(NamedTuple):
    """The result of a check. `error` says why the check stopped before its end; None if it did not."""

    expectations: list[Expectation]
    error: CheckError | None
    recorded: list[RecordedRequest | Step]
    log: str  # of the desk that was started last, if the verdict is NO

    @property
    def failed(self) -> list[Expectation]:
        return [expectation for expectation in self.expectations if not expectation.is_met]

    @property
    def result(self) -> str:
        return "NO" if self.failed or self.error else "OK"

    @property
    def tests(self) -> list[dict]:
        """One {name, status, message} for each expectation; status is pass, fail, or the kind of the error."""
        tests = [one.as_json for one in self.expectations]
        if self.error:
            tests.append({"name": "the check runs to its end", "status": self.error.kind, "message": str(self.error)})
        return tests

    @property
    def reproduction(self) -> list[RecordedRequest | Step]:
        """What was recorded before the first failed expectation."""
        return self.recorded[: self.failed[0].position] if self.failed else self.recorded


def judge(
    drill,
    folder: Path,
    seconds: float = lab_module.CHECK_TIMEOUT,
    seed: int | None = None,
    report: Callable[[Expectation], None] = lambda expectation: None,
) -> Verdict:
    """Run the drill's check against the desks in `folder`. It ends in time, even if the desks hang.

    The check uses names and numbers that differ in each run, unless `seed` is given. `report` is called with each
    expectation as soon as it is known.
    """
    expectations, error = [], None
    with Lab(folder, seconds, seed) as lab:
        try:
            for name, expected, actual in drill.check(lab):
                expectations.append(Expectation(name, expected, actual, len(lab.recorded)))
                report(expectations[-1])
            if not expectations:
                error = CheckError("error", "the check has no expectations")
        except CheckError as problem:
            error = problem
        except Exception as problem:
            error = _unexpected(problem, expectations, lab)
        if lab.timed_out:
            error = CheckError("timeout", f"the check did not end within {seconds} s{_after(expectations)}")
        verdict = Verdict(expectations, error, lab.recorded, "")
        needs_log = verdict.result == "NO" and lab.desks
        return verdict._replace(log=lab.desks[-1].final_log()) if needs_log else verdict


def _unexpected(problem, expectations, lab):
    frames = reversed(traceback.extract_tb(problem.__traceback__))
    line = next((f"line {frame.lineno}: {frame.line}" for frame in frames), "")
    responses = [f"{one.status} to {one.method} {one.path}" for one in lab.recorded if isinstance(one, RecordedRequest)]
    last = f"; the last response was {responses[-1]}" if responses else ""
    what = f"{type(problem).__name__}: {problem}".splitlines()[0]
    why = f"what it needs next is not there{last} (in the check: {what} at {line})"
    return CheckError("error", f"the check could not go on{_after(expectations)}: {why}")


def _after(expectations):
    return f" after '{expectations[-1].name}'" if expectations else ""


def _shortened(value):
    text = repr(value)
    return text if len(text) <= MAX_CHARS else f"{text[:MAX_CHARS]}…"
