"""What comes after the OK of a drill's own check: does the fix break anything else?

A fix can keep all promises of its drill and break others: it switches a feature off, or refuses too much. So the
desk's own test of this bug, the checks of all other drills and, if asked for, the whole suite run against the copy.
"""

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Callable, Iterator, NamedTuple

from drills import catalogue, plant, solutions
from drills.judge import judge
from drills.learner_test import run_in
from drills.output import with_more
from drills.runner import TO_DO

WORKERS = 3  # checks at the same time; a check waits for its desks most of the time
TEST_TIMEOUT = 60  # seconds for the test of the suite
SUITE_TIMEOUT = 600  # seconds for the whole suite
ALL_TESTS = "discover"
MAX_BROKEN = 10  # promises that are shown of one stage
SUITE_TEST, OTHER_CHECKS, SUITE = "suite test", "other checks", "whole suite"


class Stage(NamedTuple):
    """One stage: its name, one line about it, the promises that the fix breaks, and how long it took.

    `is_skipped` if this drill does not have what the stage needs.
    """

    name: str
    message: str
    broken: list[str]
    seconds: float
    is_skipped: bool = False

    @property
    def is_ok(self) -> bool:
        return not self.broken

    @property
    def as_json(self) -> dict:
        status = "skip" if self.is_skipped else "pass" if self.is_ok else "fail"
        facts = {"name": self.name, "status": status, "message": self.message, "broken": self.broken}
        return {**facts, "seconds": round(self.seconds, 1)}


def after_ok(
    drill: ModuleType, folder: Path, with_suite: bool, report: Callable[[int, int], None] = lambda done, of: None
) -> Iterator[Stage]:
    """The stages after the first one, one after the other; later ones also run if one of them fails.

    `report` is called after each check of another drill, with the number of those that are done, and of all.
    """
    yield _timed(SUITE_TEST, _suite_test, drill, folder)
    yield _timed(OTHER_CHECKS, _other_checks, drill, folder, report)
    if with_suite:
        yield _timed(SUITE, _suite, drill, folder)


def _timed(name, function, *given):
    since = time.monotonic()
    message, broken, *is_skipped = function(*given)
    return Stage(name, message, broken, time.monotonic() - since, *is_skipped)


def _suite_test(drill, folder):
    facts = solutions.fixes(catalogue.name_of(drill))
    test = facts.get("KEPT_BY", facts.get("SEEN_BY"))
    if not test:
        return "this drill names no test of the desk that every correct fix passes", [], True
    facts = _run(folder, test, TEST_TIMEOUT)
    broken = broken_in(facts)
    return "the desk's own test of this bug fails" if broken else "the desk's own test of this bug passes", broken


def _suite(drill, folder):
    facts = _run(folder, ALL_TESTS, SUITE_TIMEOUT)
    broken = broken_in(facts)
    failed = f"{len(broken)} of the desk's {facts.get('run', 0)} tests fail"
    return failed if broken else f"all {facts['run']} tests of the desk pass", broken


def _run(folder, module, seconds):
    """Run tests of the desk with the learner's sources, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="stages-", ignore_cleanup_errors=True) as name:
        target = Path(name, "desk")
        plant.copy_work(folder, target)
        return run_in(target, module, seconds)


def broken_in(facts):
    """The promises that tests found broken; DeskTest begins its message with the promise."""
    if "unfinished" in facts:
        return [f"the tests do not run: {facts['unfinished']}"]
    found = {}
    for test, line in facts["failures"] + facts["errors"]:
        found.setdefault(_place(test), []).append(line)
    return [f"{place}: {line}" for place, lines in found.items() for line in _of_one_test(lines)]


def _of_one_test(lines):
    """Each text to paste, and the first of the other messages: a test with subtests may have hundreds."""
    lines = list(dict.fromkeys(lines))
    others = [line for line in lines if not TO_DO.match(line)]
    shown = [with_more(others[0], len(others) - 1, "case")] if others else []
    return [line for line in lines if TO_DO.match(line)] + shown


def _place(test):
    """Where a test is: "test_it (tests.test_a.Class.test_it)" becomes "tests/test_a.py, test_it"."""
    name, _, path = test.partition(" (")
    module = ".".join(path.split(".")[:2]).rstrip(")")
    return f"{module.replace('.', '/')}.py, {name}" if module.startswith("tests.") else name


def _other_checks(drill, folder, report):
    others = [other for other in map(catalogue.load, catalogue.by_difficulty()) if other is not drill]
    pool, verdicts = ThreadPoolExecutor(WORKERS), []
    try:
        for verdict in pool.map(lambda other: judge(other, folder), others):
            verdicts.append(verdict)
            report(len(verdicts), len(others))
    finally:
        pool.shutdown(cancel_futures=True)  # after Ctrl-C only the running checks go on to their end
    failed = [other for other, verdict in zip(others, verdicts) if verdict.result == "NO"]
    again = [judge(other, folder) for other in failed]  # alone: a busy machine is no broken promise
    broken = [line for verdict in again for line in _broken_promises(verdict)]
    return f"the checks of the other drills say {'NO' if broken else 'OK'}", broken


def _broken_promises(verdict):
    return [f"{test['name']}: {test['message']}" for test in verdict.tests if test["status"] != "pass"]
