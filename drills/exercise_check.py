"""Judges an exercise: runs its tests on a learner's copy, and the copy's own suite.

Each run is in a temporary copy of the learner's copy, so nothing is left there, and the desk that runs there goes on.
"""

import re
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Callable, NamedTuple

from drills import exercises, plant
from drills.learner_test import run_in, stop_runs
from drills.output import grouped, with_more
from drills.stages import SUITE, SUITE_TIMEOUT, Stage, broken_in

MODULE, SHARED = "tests.test_exercise", "exercise.py"
TIMEOUT = 300  # seconds for the tests of the exercise; on a busy machine those that wait in vain take two minutes
GROUPS = 3  # of the suite's modules, which run at the same time: most of them wait for their desks
SAYS = re.compile(r"^AssertionError: (?:promised: [^;]*; )?")  # a failure; the name of its test has the promise
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.sqlite3*", exercises.TEST)


class Outcome(NamedTuple):
    """What the tests of an exercise say: {name, status, message} of each; `problem` if they did not run."""

    tests: list[dict]
    problem: str = ""

    @property
    def passed(self) -> int:
        return sum(test["status"] == "pass" for test in self.tests)

    @property
    def result(self) -> str:
        return "OK" if self.tests and self.passed == len(self.tests) and not self.problem else "NO"


def run_exercise(
    exercise: ModuleType, folder: Path, seconds: float = TIMEOUT, report: Callable[[dict], None] = lambda test: None
) -> Outcome:
    """Run the tests of the exercise on this copy; `report` gets each test of the outcome as soon as it has run."""
    test = exercises.test_of(exercise).read_bytes()
    names, came = re.findall(r"^    def (test_\w+)", test.decode(), re.M), []

    def report_all(facts):
        for one in _outcome(facts, names).tests:
            came.append(one)
            report(one)

    with tempfile.TemporaryDirectory(prefix="exercise-", ignore_cleanup_errors=True) as name:
        copy = Path(name, "desk")
        _copy(folder, copy)
        (copy / "tests" / exercises.TEST).write_bytes(test)
        shutil.copyfile(plant.ROOT / "tests" / SHARED, copy / "tests" / SHARED)  # of the same version as the tests
        facts = run_in(copy, MODULE, seconds, report_all, CLEAN_DESK=str(plant.ROOT))
    return Outcome(came, facts["unfinished"]) if "unfinished" in facts else _outcome(facts, names)


def _copy(folder, target):
    """Copy what a learner edits; the names of all other files in the folder are left out."""
    target.mkdir()
    for path in folder.iterdir():
        is_source = path.name in plant.COPIED or path.suffix in (".py", ".sql")
        if is_source and path.name != plant.LAUNCHER_FILE:
            if path.is_dir():
                shutil.copytree(path, target / path.name, ignore=LEFT_OUT)
            else:
                shutil.copyfile(path, target / path.name)
    (target / "tests").mkdir(exist_ok=True)


def _outcome(facts, names):
    problems, others = {}, []
    for test, line in facts["failures"] + facts["errors"]:
        name = test.partition(" ")[0]
        if name in names:
            problems.setdefault(name, []).append((_status(test, facts), SAYS.sub("", line)))
        else:
            others.append(line)  # the module, or its setUp, did not run
    passed = {test.partition(" ")[0] for test in facts["succeeded"]} - problems.keys()
    tests = []
    for name in names:
        (status, message), *more = problems.get(name, [("pass" if name in passed else "", "")])
        if status:
            message = with_more(message, len(more), "case")
            tests.append({"name": sentence(name), "status": status, "message": message})
    return Outcome(tests, others[0] if others else "" if tests else "no test was run")


def _status(test, facts):
    return "fail" if test in [failed for failed, _ in facts["failures"]] else "error"


def sentence(name: str) -> str:
    """What a test promises, which is its name."""
    return name.removeprefix("test_").replace("_", " ")


def _names_of_the_suite() -> set[str]:
    """The modules of the suite that every copy has."""
    names = [path.name for path in (plant.ROOT / "tests").glob("test_*.py")]
    return set(names) - plant.NOT_COPIED("", names)


def run_suite(folder: Path) -> Stage:
    """Run the copy's own suite: is everything else as it was?"""
    since = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="suite-", ignore_cleanup_errors=True) as name:
        first = Path(name, "desk-0")
        _copy(folder, first)
        there = {path.name for path in first.glob("tests/test_*.py")}
        results = _run_groups(first, [f"tests.{name.removesuffix('.py')}" for name in sorted(there)])
    gone = [f"tests/{name} is gone: put it back" for name in sorted(_names_of_the_suite() - there)]
    broken = list(dict.fromkeys([*gone, *(line for facts in results for line in broken_in(facts))]))
    run, failed = sum(facts.get("run", 0) for facts in results), len({line.partition(":")[0] for line in broken})
    broken = grouped(broken)
    message = f"{failed} of the copy's {run} own tests fail" if broken else f"all {run} tests of the copy pass"
    return Stage(SUITE, message, broken, time.monotonic() - since)


def _run_groups(first, modules):
    """The results of run_in() of GROUPS groups of these modules, each in a copy of its own."""
    groups = [group for group in (modules[number::GROUPS] for number in range(GROUPS)) if group]
    copies = [first, *(first.with_name(f"desk-{number}") for number in range(1, len(groups)))]
    for copy in copies[1:]:
        shutil.copytree(first, copy)
    with ThreadPoolExecutor(GROUPS) as pool:
        try:
            return list(pool.map(lambda copy, group: run_in(copy, group, SUITE_TIMEOUT), copies, groups))
        except KeyboardInterrupt:
            stop_runs()  # else the pool waits for their end
            raise
