"""Runs test modules, as `python3 -m unittest` does, and writes the results as JSON into a file.

This is a separate program. learner_test.py starts it in the folder of a desk, with the file and the modules as
arguments. It imports nothing from the drill tool, and nothing from the desk except what the test imports. A second
file, with the ending .lines, gets the result of each test when it has ended.
"""

import contextlib
import json
import os
import re
import sys
import unittest

LOG_LINE = "  | "  # begins the lines of the desk's log in a failure: see tests/exercise.py
MAX_LOG_LINES = 12
TO_DO = re.compile("(AssertionError: )?(add to|remove from) ")
ANY_PLACE = r'File ".*?([^/\\"]+)", (line \d+)'  # in a traceback
OWN_TEST = "test_of_yours.py"  # the name that learner_test.py gives to a learner's own test: it needs no saying
MAX_CHARS = 600  # of the last line of a traceback; it may have a text to paste


class CountingResult(unittest.TextTestResult):
    """A test result that also keeps the tests that passed, and writes down each result at once."""

    lines, modules = "", ()  # the file for that, and the modules that run

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.succeeded = []

    def addSuccess(self, test):
        super().addSuccess(test)
        self.succeeded.append(str(test))

    def startTest(self, test):
        super().startTest(test)
        self._before = self._lengths()

    def stopTest(self, test):
        super().stopTest(test)
        with contextlib.suppress(OSError), open(self.lines, "a", encoding="utf-8") as file:  # main() writes all of them
            file.write(json.dumps(self.facts(*self._before)) + "\n")

    def _lengths(self):
        return len(self.succeeded), len(self.failures), len(self.errors)

    def facts(self, succeeded=0, failures=0, errors=0):
        """What the tests said, without the first few results of each kind."""
        found = {"succeeded": self.succeeded[succeeded:], "foreign": []}
        failed = {"failures": self.failures[failures:], "errors": self.errors[errors:]}
        return found | {kind: _summaries(reports, self.modules) for kind, reports in failed.items()}


def _summaries(reports, modules):
    """[test, last line of its traceback, with its file and line] for each report; lines of the desk's log follow it."""
    files = "|".join(module.rpartition(".")[2] for module in modules)
    summaries = []
    for test, report in reports:
        every = report.strip().splitlines()
        lines = [line for line in every if line and not line.startswith((" ", "\t", "~"))]
        log = [line[:MAX_CHARS] for line in every if line.startswith(LOG_LINE)][-MAX_LOG_LINES:]
        errors = [line for line in lines if line.split(":")[0].endswith(("Error", "Exception", "Exit", "Timeout"))]
        at = _place(report, files)
        to_do = [line for line in lines if TO_DO.match(line)]  # one failure may name several texts to paste
        summary = to_do or [(errors or lines or ["?"])[-1][:MAX_CHARS] + at]
        summaries += [[str(test), "\n".join([line[:MAX_CHARS], *log])] for line in summary]
    return summaries


def _place(report, files):
    """Where a test failed: the last place of the traceback that is in one of these files, else the last one."""
    places = re.findall(rf'File ".*\b((?:{files})\.py)", (line \d+)', report) or re.findall(ANY_PLACE, report)
    if not places:
        return ""
    file, number = places[-1]
    return f" ({number})" if file == OWN_TEST else f" ({file}, {number})"


def _foreign_tests(suite, modules):
    """The tests in a suite whose method is from none of these modules: an imported class has them."""
    found = []
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            found += _foreign_tests(test, modules)
        elif test is not None and type(test).__module__ != "unittest.loader":  # that is a test which was not loaded
            method = getattr(type(test), test._testMethodName, None)
            if getattr(method, "__module__", modules[0]) not in modules:
                found.append(test.id())
    return found


class KeepingSuite(unittest.TestSuite):
    """A suite that keeps its tests after they have run, so that they can be looked at."""

    _cleanup = False


def main(target: str, *modules: str) -> None:
    sys.path[0] = os.getcwd()  # as `python3 -m` does
    unittest.TestLoader.suiteClass = KeepingSuite
    CountingResult.modules, CountingResult.lines = modules, os.path.splitext(target)[0] + ".lines"
    runner = unittest.TextTestRunner(resultclass=CountingResult, verbosity=2)
    program = unittest.main(None, argv=["python3 -m unittest", *modules], testRunner=runner, exit=False)
    result = program.result
    facts = {"run": result.testsRun, "passed": len(result.succeeded), "skipped": len(result.skipped)}
    facts |= {**result.facts(), "foreign": _foreign_tests(program.test, modules)}
    with open(target, "w", encoding="utf-8") as file:
        json.dump(facts, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
