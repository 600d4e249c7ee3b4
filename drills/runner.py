"""Runs test modules, as `python3 -m unittest` does, and writes the results as JSON into a file.

This is a separate program. learner_test.py starts it in the folder of a desk, with the file and the modules as
arguments. It imports nothing from the drill tool, and nothing from the desk except what the test imports.
"""

import json
import os
import re
import sys
import unittest

TO_DO = re.compile("(AssertionError: )?(add to|remove from) ")
ANY_PLACE = r'File ".*?([^/\\"]+)", (line \d+)'  # in a traceback
OWN_TEST = "test_of_yours.py"  # the name that learner_test.py gives to a learner's own test: it needs no saying
MAX_CHARS = 600  # of the last line of a traceback; it may have a text to paste


class CountingResult(unittest.TextTestResult):
    """A test result that also keeps the tests that passed."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.succeeded = []

    def addSuccess(self, test):
        super().addSuccess(test)
        self.succeeded.append(str(test))


def _summaries(reports, modules):
    """[test, last line of its traceback, with its file and line] for each report."""
    files = "|".join(module.rpartition(".")[2] for module in modules)
    summaries = []
    for test, report in reports:
        lines = [line for line in report.strip().splitlines() if line and not line.startswith((" ", "\t", "~"))]
        errors = [line for line in lines if line.split(":")[0].endswith(("Error", "Exception", "Exit", "Timeout"))]
        at = _place(report, files)
        to_do = [line for line in lines if TO_DO.match(line)]  # one failure may name several texts to paste
        summary = to_do or [(errors or lines or ["?"])[-1][:MAX_CHARS] + at]
        summaries += [[str(test), line[:MAX_CHARS]] for line in summary]
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
    runner = unittest.TextTestRunner(resultclass=CountingResult, verbosity=2)
    program = unittest.main(None, argv=["python3 -m unittest", *modules], testRunner=runner, exit=False)
    result = program.result
    facts = {"run": result.testsRun, "passed": len(result.succeeded), "skipped": len(result.skipped)}
    facts["succeeded"] = result.succeeded
    facts |= {"failures": _summaries(result.failures, modules), "errors": _summaries(result.errors, modules)}
    facts["foreign"] = _foreign_tests(program.test, modules)
    with open(target, "w", encoding="utf-8") as file:
        json.dump(facts, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
