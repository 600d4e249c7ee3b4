"""`python3 -m tests.drills_proof [NAME…] [--times N] [--others]`: proves every claim about every drill. Takes minutes.

For each drill:

- Its check says OK on the clean desk, and NO on the planted one, by failed expectations only. The verdict is the same
  each time. Planting and check take less than 5 s of CPU (median).
- Another correct fix is OK, also for the test of the suite that is named, and with --others for the checks of all other
  drills, which takes twice as long. Wrong ones are not: a lazy one, an incomplete one, one that switches the feature
  off.
- A regression test is accepted, and an always-true one is rejected (tests.proofs.test_drill_tool tries an empty one).
- The copy's own suite fails, in the test that is named.

Nine in ten of the repeated checks use forked desks; all others start desks as a learner does. What is needed is in
tests/solutions/NAME/:

fixes.py       OTHER, and the wrong fixes LAZY, INCOMPLETE and SWITCHED_OFF: (file, text in the planted copy,
               replacement), …; perhaps more wrong ones: WRONG_…
               SEEN_BY: the test of the suite that passes without the bug, and with it fails by an assertion and
               without an error;
               KEPT_BY, if a correct fix may fail that test because it looks at one layer only: another test of the
               suite, which every correct fix passes; "" if there is none. `check` runs it after its OK
regression.py  a model regression test
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import unittest
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from itertools import islice, repeat
from pathlib import Path
from runpy import run_path
from statistics import median
from unittest import mock

from drills import catalogue, plant, stages
from drills.judge import judge
from drills.lab import Lab
from drills.learner_test import TIMEOUT, judge_test, run_module
from tests import forked_desks

SOLUTIONS = Path(__file__).with_name("solutions")
WRONG_FIXES = ("LAZY", "INCOMPLETE", "SWITCHED_OFF")
MAX_SECONDS = 5  # of CPU for planting and one check, of this process and of the desks
WORKERS = 3  # more than there are processors: a check waits for its desk most of the time
ALWAYS_TRUE = """from tests.desk import DeskTest
class T(DeskTest):
    def test_it(self):
        pass
"""


def cpu_seconds() -> float:
    """Seconds of CPU that this process and those that it has waited for have taken: a busy machine changes little."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Proof(unittest.TestCase):
    """The claims about one drill, as methods; `folder` is for its copies. `clean_results` are (drill name, results)
    of every check that ran on a desk without its bug."""

    def __init__(self, name: str, folder: Path, times: int, with_others: bool):
        super().__init__()
        self.name, self.folder, self.times, self.clean_results = name, folder, times, []
        self.with_others = with_others
        self.drill, self.solution = catalogue.load(name), run_path(str(SOLUTIONS / name / "fixes.py"))

    def runTest(self):
        since = cpu_seconds()
        self.copy = plant.plant(self.name, self.folder / "copies")
        self.planting = cpu_seconds() - since
        self.assert_verdict(self.name, self.copy, "NO")
        self.same_verdict_each_time()
        self.fixes()
        self.regression_tests()
        self.suite_detects_it()

    def assert_verdict(self, name: str, folder: Path, result: str) -> tuple:
        """Run the check of a drill in a folder; its verdict must be `result`, without an error. Its test results."""
        verdict = judge(catalogue.load(name), folder)
        self.assertEqual((verdict.result, verdict.error), (result, None), f"{name}: {verdict.tests}")
        results = tuple((test["name"], test["status"]) for test in verdict.tests)
        if result == "OK":
            self.clean_results.append((name, results))
        return results

    def same_verdict_each_time(self):
        """On the planted desk. For clean desks main() compares: to this check all other copies are clean."""
        self.assert_verdict(self.name, plant.ROOT, "OK")
        verdicts, seconds = set(), []
        for number in range(self.times):
            start = forked_desks.start if number % 10 else subprocess.Popen
            with mock.patch.object(Lab, "start", staticmethod(start)):
                since = cpu_seconds()
                verdicts.add(self.assert_verdict(self.name, self.copy, "NO"))
                seconds.append(cpu_seconds() - since)
        self.assertLess(self.planting + median(seconds), MAX_SECONDS)
        self.assertEqual(len(verdicts), 1, f"not the same each time: {verdicts}")
        self.assertIn("pass", {status for _, status in verdicts.pop()}, "every expectation fails: is it the bug?")

    def fixes(self):
        kinds = {"OTHER": "OK", **dict.fromkeys(WRONG_FIXES, "NO")}
        kinds |= {kind: "NO" for kind in self.solution if kind.startswith("WRONG_")}
        for kind, result in kinds.items():
            folder = plant.plant(self.name, self.folder / kind)
            for file, old, new in self.solution[kind]:
                text = (folder / file).read_text(encoding="utf-8")
                self.assertEqual(text.count(old), 1, f"{kind}: {old}")
                self.assertNotEqual(new, self.drill.CLEAN, kind)
                (folder / file).write_text(text.replace(old, new), encoding="utf-8", newline="\n")
            self.assert_verdict(self.name, folder, result)
            if kind == "OTHER":
                wanted = None if self.with_others else 1
                for stage in islice(stages.after_ok(self.drill, folder, with_suite=False), wanted):
                    self.assertEqual(stage.broken, [], f"another correct fix: {stage.message}")

    def regression_tests(self):
        results = judge_test(self.drill, SOLUTIONS / self.name / "regression.py")
        self.assertEqual([result for result in results if not result.is_ok], [])
        path = self.folder / "useless.py"
        path.write_text(ALWAYS_TRUE, encoding="utf-8")
        self.assertIn("does not detect the bug", judge_test(self.drill, path)[-1].message)

    def suite_detects_it(self):
        test = self.solution["SEEN_BY"]
        facts = run_module(test, self.folder / "suite", [self.drill], TIMEOUT)
        self.assertEqual((bool(facts.get("failures")), facts.get("errors")), (True, []), f"{test}: {facts}")


def prove(name: str, times: int, with_others: bool) -> tuple[str, list]:
    """Prove the claims about one drill and print a line; returns why they are wrong, and Proof.clean_results."""
    since, clean_results = time.monotonic(), []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        result = unittest.TestResult()
        try:
            proof = Proof(name, Path(folder), times, with_others)
            proof.run(result)
            why = "\n".join(report for _, report in result.failures + result.errors)
            clean_results = proof.clean_results
        except (OSError, KeyError) as problem:
            why = f"{SOLUTIONS.name}/{name}: {problem!r}"
    print(f"{'FAIL' if why else 'ok  '}  {name} ({time.monotonic() - since:.0f} s)\n{why}".rstrip(), flush=True)
    return why, clean_results


def pass_without_bugs(names: list[str]) -> bool:
    """Whether the tests of the suite that must detect these bugs pass in a copy without any bug."""
    tests = {run_path(str(SOLUTIONS / name / "fixes.py"))["SEEN_BY"] for name in names}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        plant.copy_desk(Path(folder, "desk"))
        done = subprocess.run([sys.executable, "-m", "unittest", *tests], cwd=Path(folder, "desk"))
    return done.returncode == 0


def run_on_clean_desk(name: str, number: int) -> list[tuple]:
    """Run a check on the clean desk this many times."""
    verdicts = [judge(catalogue.load(name), plant.ROOT) for _ in range(number)]
    return [(name, tuple((test["name"], test["status"]) for test in verdict.tests)) for verdict in verdicts]


def differ_on_clean_desks(names: list[str], clean_results: dict[str, list], times: int, workers) -> set[str]:
    """The drills whose check does not have the same result each time, in at least `times` runs without its bug."""
    missing = [max(0, times - len(clean_results[name])) for name in names]
    for runs in workers.map(run_on_clean_desk, names, missing):
        for name, results in runs:
            clean_results[name].append(results)
    differ = {name for name in names if len(set(clean_results[name])) > 1}
    for name in differ:
        print(f"FAIL  {name}: not the same each time without its bug: {set(clean_results[name])}", flush=True)
    return differ


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tests.drills_proof")
    parser.add_argument("names", nargs="*", metavar="NAME", help="drills to prove; none: all of them")
    parser.add_argument("--times", type=int, default=5, help="how often each check is run in each direction")
    parser.add_argument("--others", action="store_true", help="run the other drills' checks on correct fixes, too")
    options = parser.parse_args(argv)
    names, clean_results, failed = options.names or catalogue.by_difficulty(), defaultdict(list), set()
    with ProcessPoolExecutor(WORKERS) as workers:
        same = repeat(options.times), repeat(options.others)
        for name, (why, found) in zip(names, workers.map(prove, names, *same)):
            failed |= {name} if why else set()
            for other, results in found:
                clean_results[other].append(results)
        failed |= differ_on_clean_desks(names, clean_results, options.times, workers)
    if not pass_without_bugs(names):
        failed |= set(names)
    proved, missing = len(names) - len(failed), "".join(f"; not {name}" for name in sorted(failed))
    print(f"{proved} of {len(names)} drills proved, each check at least {options.times} times each way{missing}")
    return int(proved < len(names))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
