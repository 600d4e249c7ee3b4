"""`python3 -m tests.drills_proof [NAME…] [--times N]`: every claim about every drill, tried out. Minutes, not seconds.

For each drill: its check says OK on the clean desk and NO, by broken promises alone, on the planted one, the same
each time and, planting included, half of them in less than 5 s; no other drill's check but its family's sees the
bug; another honest mend is OK and a lazy one is not; a regression test is accepted, an always-true one is refused
(an empty one never meets the bug: tests.test_drill_tool has it); the copy's own suite fails in the test that names
the promise. The checks of others, and nine in ten of the repeated ones, meet desks that were forked; all else
desks as a learner starts them. tests/solutions/NAME/ holds what is needed:

mends.py       OTHER and LAZY: (file, text in the planted copy, text in its place), …; SEEN_BY: the test of the suite
               that passes without the bug, and under it fails by an assertion and without an error;
               ALSO_SEEN_BY, where the bug takes a whole feature away: the drills of another symptom whose checks
               ask whether the feature is there, as they must
regression.py  a model regression test
"""

import argparse
import subprocess
import sys
import tempfile
import time
import unittest
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from runpy import run_path
from statistics import median
from unittest import mock

from drills import catalogue, plant
from drills.judge import judge
from drills.lab import Lab
from drills.learner_test import LIMIT, judge_test, run_module
from tests import forked_desks

SOLUTIONS = Path(__file__).with_name("solutions")
MOST_SECONDS = 5
WORKERS = 3  # a check waits for its desk most of the time
ALWAYS_TRUE = """from tests.desk import DeskTest
class T(DeskTest):
    def test_it(self):
        pass
"""


class Proof(unittest.TestCase):
    """The claims about one drill, as methods; `where` is a folder of its own. `kept` are (name of a drill, what its
    check found) of every run against a desk without its bug."""

    def __init__(self, name: str, where: Path, times: int):
        super().__init__()
        self.name, self.where, self.times, self.kept = name, where, times, []
        self.drill, self.solution = catalogue.load(name), run_path(str(SOLUTIONS / name / "mends.py"))

    def runTest(self):
        since = time.monotonic()
        self.copy = plant.plant(self.name, self.where / "garden")
        self.planting = time.monotonic() - since
        self.found(self.name, self.copy, "NO")
        self.same_verdict_each_time()
        self.mends()
        self.regression_tests()
        self.suite_sees_it()
        with mock.patch.object(Lab, "start", staticmethod(forked_desks.start)):
            self.only_its_family_sees_it()

    def found(self, name: str, folder: Path, word: str) -> tuple:
        """What the check of a drill finds in a folder: it has to be `word`, in time, and nothing kept it from it."""
        verdict = judge(catalogue.load(name), folder)
        self.assertEqual((verdict.word, verdict.trouble), (word, None), f"{name}: {verdict.tests}")
        facts = tuple((test["name"], test["status"]) for test in verdict.tests)
        if word == "OK":
            self.kept.append((name, facts))
        return facts

    def same_verdict_each_time(self):
        """On the planted desk. On clean ones main() compares: all the others' copies are clean to this check."""
        self.found(self.name, plant.ROOT, "OK")
        seen, seconds = set(), []
        for number in range(self.times):
            start = forked_desks.start if number % 10 else subprocess.Popen
            with mock.patch.object(Lab, "start", staticmethod(start)):
                since = time.monotonic()
                seen.add(self.found(self.name, self.copy, "NO"))
                seconds.append(time.monotonic() - since)
        self.assertLess(self.planting + median(seconds), MOST_SECONDS)  # one alone may be late on a busy machine
        self.assertEqual(len(seen), 1, f"not the same each time: {seen}")
        self.assertIn("pass", {status for _, status in seen.pop()}, "every promise is broken: is it the bug?")

    def only_its_family_sees_it(self):
        wrong = []
        for other in map(catalogue.load, catalogue.names()):
            if other is not self.drill and not (other.FAMILY and other.FAMILY == self.drill.FAMILY):
                name = catalogue.name_of(other)
                word = "NO" if name in self.solution.get("ALSO_SEEN_BY", ()) else "OK"
                try:
                    self.found(name, self.copy, word)
                except AssertionError as problem:
                    wrong.append(str(problem))
        self.assertEqual(wrong, [])

    def mends(self):
        for kind, word in (("OTHER", "OK"), ("LAZY", "NO")):
            folder = plant.plant(self.name, self.where / kind)
            for file, old, new in self.solution[kind]:
                text = (folder / file).read_text(encoding="utf-8")
                self.assertEqual(text.count(old), 1, f"{kind}: {old}")
                self.assertNotEqual(new, self.drill.CLEAN, kind)
                (folder / file).write_text(text.replace(old, new), encoding="utf-8", newline="\n")
            self.found(self.name, folder, word)

    def regression_tests(self):
        halves = judge_test(self.drill, SOLUTIONS / self.name / "regression.py")
        self.assertEqual([half.is_fine for half in halves], [True, True], halves)
        path = self.where / "useless.py"
        path.write_text(ALWAYS_TRUE, encoding="utf-8")
        self.assertIn("does not see the bug", judge_test(self.drill, path)[-1].why)

    def suite_sees_it(self):
        test = self.solution["SEEN_BY"]
        facts = run_module(test, self.where / "suite", [self.drill], LIMIT)
        self.assertEqual((bool(facts.get("failures")), facts.get("errors")), (True, []), f"{test}: {facts}")


def prove(name: str, times: int) -> tuple[str, list]:
    """Try out the claims about one drill and print a line; why they do not hold, and what Proof.kept has."""
    since, kept = time.monotonic(), []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as where:
        result = unittest.TestResult()
        try:
            proof = Proof(name, Path(where), times)
            proof.run(result)
            why, kept = "\n".join(report for _, report in result.failures + result.errors), proof.kept
        except (OSError, KeyError) as problem:
            why = f"{SOLUTIONS.name}/{name}: {problem!r}"
    print(f"{'FAIL' if why else 'ok  '}  {name} ({time.monotonic() - since:.0f} s)\n{why}".rstrip(), flush=True)
    return why, kept


def pass_without_bugs(names: list[str]) -> bool:
    """Whether the tests that have to see these bugs pass in a copy without any."""
    tests = {run_path(str(SOLUTIONS / name / "mends.py"))["SEEN_BY"] for name in names}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as where:
        plant.copy_desk(Path(where, "desk"))
        done = subprocess.run([sys.executable, "-m", "unittest", *tests], cwd=Path(where, "desk"))
    return done.returncode == 0


def rest(name: str, number: int) -> list[tuple]:
    """So many more runs of a check against the clean desk."""
    verdicts = [judge(catalogue.load(name), plant.ROOT) for _ in range(number)]
    return [(name, tuple((test["name"], test["status"]) for test in verdict.tests)) for verdict in verdicts]


def same_on_clean_desks(names: list[str], kept: dict[str, list], times: int, workers) -> set[str]:
    """The drills whose check does not find the same each time, in at least so many runs without its bug."""
    for facts in workers.map(rest, names, [max(0, times - len(kept[name])) for name in names]):
        for name, found in facts:
            kept[name].append(found)
    differ = {name for name in names if len(set(kept[name])) > 1}
    for name in differ:
        print(f"FAIL  {name}: not the same each time without its bug: {set(kept[name])}", flush=True)
    return differ


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tests.drills_proof")
    parser.add_argument("names", nargs="*", metavar="NAME", help="drills to prove; none: all of them")
    parser.add_argument("--times", type=int, default=20, help="how often each check is run in each direction")
    options = parser.parse_args(argv)
    names, kept, failed = options.names or catalogue.on_board(), defaultdict(list), set()
    with ProcessPoolExecutor(WORKERS) as workers:
        for name, (why, found) in zip(names, workers.map(prove, names, [options.times] * len(names))):
            failed |= {name} if why else set()
            for other, facts in found:
                kept[other].append(facts)
        failed |= same_on_clean_desks(names, kept, options.times, workers)
    if not pass_without_bugs(names):
        failed |= set(names)
    proved = len(names) - len(failed)
    print(f"{proved} of {len(names)} drills proved, each check at least {options.times} times in each direction")
    return int(proved < len(names))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
