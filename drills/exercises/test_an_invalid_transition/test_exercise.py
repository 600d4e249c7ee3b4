"""The tests of the exercise: they run the learner's tests on correct and on broken desks.

A desk is made of the sources of the clean desk, with some texts replaced, and of the learner's folder `tests`.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.desk import ROOT, clean_environment
from tests.exercise import ExerciseTest, clean_desk

NAME = "test_invalid_transition"
SOURCES = ("app.py", "llm.py", "schema.sql", "store.py", "workflow.py", "web")
READS = r"\bread_text\b|\bread_bytes\b|\bopen\(|\binspect\b|\blinecache\b"
TIMEOUT = 60  # seconds for one run
OTHER_WORDS = {
    "workflow.py": {'f"cannot {name} a ticket that is {state}"': 'f"{name}: not possible yet, as this one is {state}"'}
}
OTHER_PLACE = {"workflow.py": {"    if transition.source != state:": "    if name not in enabled(state):"}}
WITHOUT_THE_RULE = {
    "workflow.py": {
        "    if transition.source != state:": "    if state not in PLACES:",
        '        if row["state"] != transition.source:': '        if row["state"] not in PLACES:',
    }
}
FIRES = (
    '    ticket = context.store.fire(request.caller, ticket, request.fields["transition"], '
    'request.fields.get("data", {}))\n'
)
IS_ILLEGAL = (
    '    step = workflow.TRANSITIONS[request.fields["transition"]]\n'
    '    if ticket["state"] != step.source:\n'
)
REFUSES = (
    '        error = {"error": "Conflict", "code": "TRANSITION_FAILED", "message": "not allowed", "details": {}}\n'
    '        error |= {"state": ticket["state"], "allowed": ["assign"]}\n'
    '        return reply(409, {**error, "request_id": request.caller.request_id})\n'
)


def late_rule(changes: str) -> dict:
    """A handler that saves these changes first, and then looks at the rule."""
    saves = f"        context.store.edit_ticket(request.caller, ticket, {changes})\n"
    return {"app.py": {FIRES: f"{IS_ILLEGAL}{saves}{REFUSES}{FIRES}"}}


CHANGES_AND_REFUSES = late_rule('{"state": step.target}')
CHANGES_ANOTHER_FIELD = late_rule('{"assignee": "nobody"}')
SAYS_YES = {"app.py": {FIRES: f"{IS_ILLEGAL}        return reply(200, ticket, etag(ticket))\n{FIRES}"}}
DESKS = {
    "clean": {},
    "other words": OTHER_WORDS,
    "other place": OTHER_PLACE,
    "no rule": WITHOUT_THE_RULE,
    "late rule": CHANGES_AND_REFUSES,
    "says yes": SAYS_YES,
    "other field": CHANGES_ANOTHER_FIELD,
}


class Run(NamedTuple):
    """How many of the learner's tests ran, failed by an assertion, and ended with an error; and the last line."""

    ran: int
    failures: int
    errors: int
    last: str


@cache
def run_on(desk: str) -> Run:
    """Run the learner's tests on one of DESKS."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name, "desk")
        copy.mkdir()
        for source in SOURCES:
            copy_one(clean_desk() / source, copy / source)
        copy_one(ROOT / "tests", copy / "tests")
        for file, texts in DESKS[desk].items():
            text = (copy / file).read_text(encoding="utf-8")
            for old, new in texts.items():
                if text.count(old) != 1:
                    raise RuntimeError(f"{file} of the clean desk has this text {text.count(old)} times: {old}")
                text = text.replace(old, new)
            (copy / file).write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "unittest", f"tests.{NAME}"]
        streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True, "encoding": "utf-8"}
        said = subprocess.run(command, cwd=copy, env=clean_environment(), timeout=TIMEOUT, **streams).stderr
    counts = {what: re.search(rf"^FAILED \(.*{what}=(\d+)", said, re.M) for what in ("failures", "errors")}
    ran = re.search(r"^Ran (\d+) test", said, re.M)
    errors = re.findall(r"^\w*(?:Error|Exception)\b.*", said, re.M)
    numbers = [int(found[1]) if found else 0 for found in (ran, counts["failures"], counts["errors"])]
    return Run(*numbers, errors[0][:200] if errors else "")


def copy_one(source, target):
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "proofs", "data"))
    else:
        shutil.copyfile(source, target)


class YourTests(ExerciseTest):
    def setUp(self):
        """These tests start no desk of their own."""

    def run_yours(self, desk) -> Run:
        there = (ROOT / "tests" / f"{NAME}.py").exists()
        self.assertEqual(there, True, f"create tests/{NAME}.py; tests/README.md shows a test")
        text = (ROOT / "tests" / f"{NAME}.py").read_text(encoding="utf-8")
        self.assertNotRegex(text, READS, "ask a running desk; a test that reads its files refuses honest changes, too")
        run = run_on(desk)
        self.assertGreater(run.ran, 0, "add a method test_… to a class of DeskTest")
        return run

    def assert_passes(self, desk, why):
        run = self.run_yours(desk)
        self.assertEqual((run.failures, run.errors), (0, 0), f"{why}; it says: {run.last}")

    def assert_fails(self, desk, what):
        run = self.run_yours(desk)
        self.assertEqual(run.failures + run.errors > 0, True, what)
        self.assertGreater(run.failures, 0, f"assert the status before you use the rest; now it ends with {run.last}")

    def test_your_tests_pass_on_the_clean_desk(self):
        self.assert_passes("clean", "compare with what the desk promises")

    def test_your_tests_pass_on_a_desk_that_refuses_in_other_words(self):
        self.assert_passes("other words", "do not compare the message of the error")

    def test_your_tests_pass_on_a_desk_with_the_rule_at_another_place(self):
        self.assert_passes("other place", "ask what the desk does, not how")

    def test_your_tests_fail_on_a_desk_that_closes_new_tickets(self):
        self.assert_fails("no rule", "close a new ticket and assert that this is refused")

    def test_your_tests_fail_on_a_desk_that_answers_409_and_closes_the_ticket_all_the_same(self):
        self.assert_fails("late rule", "look at the ticket or its events after the refusal, too")

    def test_your_tests_fail_on_a_desk_that_answers_200_and_does_nothing(self):
        self.assert_fails("says yes", "assert the status of the answer")

    def test_your_tests_fail_on_a_desk_that_answers_409_and_changes_another_field(self):
        self.assert_fails("other field", "assert that the audit log has no new event")


if __name__ == "__main__":
    unittest.main()
