"""Runs one test module as `python3 -m unittest` does, and writes what happened as JSON into a file.

A program of its own: learner_test.py starts it with the file and the module as arguments, in the folder of a desk. It
imports nothing of the tool, and nothing of the desk but what the test imports.
"""

import json
import os
import re
import sys
import unittest


class Recorder(unittest.TextTestResult):
    """Counts what ran to its end without a skip, and keeps the last line of every failure and error."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


def _lines(reports, module):
    """[test, last line of its traceback, with the line of the module that it came from] of each."""
    found = []
    for test, report in reports:
        said = [line for line in report.strip().splitlines() if line and not line.startswith((" ", "\t", "~"))]
        errors = [line for line in said if line.split(":")[0].endswith(("Error", "Exception", "Exit", "Timeout"))]
        places = re.findall(rf'File ".*{module.rpartition(".")[2]}\.py", (line \d+)', report)
        at = f" ({places[-1]})" if places else ""
        found.append([str(test), (errors or said or ["?"])[-1][:300] + at])
    return found


def main(target: str, module: str) -> None:
    sys.path[0] = os.getcwd()  # as `python3 -m` has it
    runner = unittest.TextTestRunner(resultclass=Recorder, verbosity=2)
    result = unittest.main(None, argv=["python3 -m unittest", module], testRunner=runner, exit=False).result
    facts = {"run": result.testsRun, "passed": result.passed, "skipped": len(result.skipped)}
    facts |= {"failures": _lines(result.failures, module), "errors": _lines(result.errors, module)}
    with open(target, "w", encoding="utf-8") as file:
        json.dump(facts, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
