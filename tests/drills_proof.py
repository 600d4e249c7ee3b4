"""`python3 -m tests.drills_proof [NAME…] [--times N]`: every claim about every drill, tried out. Minutes, not seconds.

For each drill: its check says OK on the clean desk and NO, by broken promises alone, on the planted one, the same
each time and in less than 5 s; no other drill's check but its family's sees the bug; another honest mend is OK and
a lazy one is not; a regression test is accepted, an always-true and an empty one are refused; the copy's own suite
fails in the test that names the promise. tests/solutions/NAME/ holds what is needed for that:

mends.py       OTHER and LAZY: (file, text in the planted copy, text in its place), …; SEEN_BY: the test of the suite;
               ALSO_SEEN_BY, where the bug takes a whole feature away: the drills of another symptom whose checks
               ask whether the feature is there, as they must
regression.py  a model regression test
"""

import argparse
import sys
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from runpy import run_path

from drills import plant, shelf
from drills.judge import judge
from drills.trial import LIMIT, run_module, trial

SOLUTIONS = Path(__file__).with_name("solutions")
MOST_SECONDS = 5
CORES = 2
ALWAYS_TRUE = """from tests.desk import DeskTest
class T(DeskTest):
    def test_it(self):
        pass
"""
USELESS = {"an empty test": "", "a test that is always true": ALWAYS_TRUE}


class Proof(unittest.TestCase):
    """The claims about one drill, as methods; `where` is a folder of its own."""

    def __init__(self, name: str, where: Path, times: int):
        super().__init__()
        self.name, self.where, self.times = name, where, times
        self.drill, self.solution = shelf.load(name), run_path(str(SOLUTIONS / name / "mends.py"))

    def runTest(self):
        self.same_verdict_each_time()
        self.only_its_family_sees_it()
        self.mends()
        self.regression_tests()
        self.suite_sees_it()

    def planted(self, garden: str = "garden") -> Path:
        return plant.plant(self.name, self.where / garden)

    def same_verdict_each_time(self):
        for folder, word in ((plant.ROOT, "OK"), (None, "NO")):
            seen = set()
            for number in range(self.times):
                since = time.monotonic()
                verdict = judge(self.drill, folder or self.planted(f"garden-{number}"))
                self.assertLess(time.monotonic() - since, MOST_SECONDS)
                self.assertIsNone(verdict.trouble, verdict.trouble)
                self.assertEqual(verdict.word, word, verdict.broken)
                seen.add(tuple((test["name"], test["status"]) for test in verdict.tests))
            self.assertEqual(len(seen), 1, f"not the same each time: {seen}")
        self.assertTrue([one for one in verdict.found if one.is_met], "every promise is broken: is it the bug?")

    def only_its_family_sees_it(self):
        for other in map(shelf.load, shelf.names()):
            if other is not self.drill and not (other.FAMILY and other.FAMILY == self.drill.FAMILY):
                verdict, name = judge(other, self.planted()), shelf.name_of(other)
                word = "NO" if name in self.solution.get("ALSO_SEEN_BY", ()) else "OK"
                self.assertEqual((verdict.word, verdict.trouble), (word, None), f"{name}: {verdict.tests}")

    def mends(self):
        for kind, word in (("OTHER", "OK"), ("LAZY", "NO")):
            folder = plant.plant(self.name, self.where / kind)
            for file, old, new in self.solution[kind]:
                text = (folder / file).read_text(encoding="utf-8")
                self.assertEqual(text.count(old), 1, f"{kind}: {old}")
                self.assertNotEqual(new, self.drill.CLEAN, kind)
                (folder / file).write_text(text.replace(old, new), encoding="utf-8", newline="\n")
            verdict = judge(self.drill, folder)
            self.assertIsNone(verdict.trouble, f"{kind}: {verdict.trouble}")
            self.assertEqual(verdict.word, word, f"{kind}: {verdict.tests}")

    def regression_tests(self):
        halves = trial(self.drill, SOLUTIONS / self.name / "regression.py")
        self.assertEqual([half.is_fine for half in halves], [True, True], halves)
        for kind, text in USELESS.items():
            path = self.where / "useless.py"
            path.write_text(text, encoding="utf-8")
            self.assertFalse(trial(self.drill, path)[-1].is_fine, kind)

    def suite_sees_it(self):
        test = self.solution["SEEN_BY"]
        for bugs in ([], [self.drill]):
            facts = run_module(test, self.where / f"suite-{len(bugs)}", bugs, LIMIT)
            self.assertEqual((bool(facts.get("failures")), facts.get("errors")), (bool(bugs), []), f"{test}: {facts}")


def prove(name: str, times: int) -> bool:
    """Try out every claim about one drill and print a line; whether all hold."""
    since = time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as where:
        result = unittest.TestResult()
        try:
            Proof(name, Path(where), times).run(result)
            why = "\n".join(report for _, report in result.failures + result.errors)
        except (OSError, KeyError) as problem:
            why = f"{SOLUTIONS.name}/{name}: {problem!r}"
    print(f"{'FAIL' if why else 'ok  '}  {name} ({time.monotonic() - since:.0f} s)\n{why}".rstrip(), flush=True)
    return not why


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tests.drills_proof")
    parser.add_argument("names", nargs="*", metavar="NAME", help="drills to prove; none: all of them")
    parser.add_argument("--times", type=int, default=20, help="how often each check is run in each direction")
    options = parser.parse_args(argv)
    names = options.names or shelf.on_board()
    with ThreadPoolExecutor(CORES) as workers:
        proved = sum(workers.map(lambda name: prove(name, options.times), names))
    print(f"{proved} of {len(names)} drills proved, each check {options.times} times in each direction")
    return int(proved < len(names))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
