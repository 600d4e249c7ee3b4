"""Runs one test module, as `python3 -m unittest` does, and writes the results as JSON into a file.

This is a separate program. learner_test.py starts it in the folder of a desk, with two arguments: the file and the
module. It imports nothing from the drill tool, and nothing from the desk except what the test imports.
"""

import json
import os
import re
import sys
import unittest


class CountingResult(unittest.TextTestResult):
    """A test result that also counts the tests that passed."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


def _summaries(reports, module):
    """[test, last line of its traceback, with the line number in the module] for each report."""
    summaries = []
    for test, report in reports:
        lines = [line for line in report.strip().splitlines() if line and not line.startswith((" ", "\t", "~"))]
        errors = [line for line in lines if line.split(":")[0].endswith(("Error", "Exception", "Exit", "Timeout"))]
        places = re.findall(rf'File ".*{module.rpartition(".")[2]}\.py", (line \d+)', report)
        at = f" ({places[-1]})" if places else ""
        summaries.append([str(test), (errors or lines or ["?"])[-1][:300] + at])
    return summaries


def _foreign_tests(suite, module):
    """The tests in a suite whose method is from another module: an imported class has them."""
    found = []
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            found += _foreign_tests(test, module)
        elif test is not None and type(test).__module__ != "unittest.loader":  # that is a test which was not loaded
            method = getattr(type(test), test._testMethodName, None)
            if getattr(method, "__module__", module) != module:
                found.append(test.id())
    return found


class KeepingSuite(unittest.TestSuite):
    """A suite that keeps its tests after they have run, so that they can be looked at."""

    _cleanup = False


def main(target: str, module: str) -> None:
    sys.path[0] = os.getcwd()  # as `python3 -m` does
    unittest.TestLoader.suiteClass = KeepingSuite
    runner = unittest.TextTestRunner(resultclass=CountingResult, verbosity=2)
    program = unittest.main(None, argv=["python3 -m unittest", module], testRunner=runner, exit=False)
    result = program.result
    facts = {"run": result.testsRun, "passed": result.passed, "skipped": len(result.skipped)}
    facts |= {"failures": _summaries(result.failures, module), "errors": _summaries(result.errors, module)}
    facts["foreign"] = _foreign_tests(program.test, module)
    with open(target, "w", encoding="utf-8") as file:
        json.dump(facts, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
