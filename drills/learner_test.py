"""Judges a learner's regression test: it must pass on the clean desk and fail, by assertion, on the planted one.

Each half is a throw-away copy, freshly made, that does not say which one it is; the learner's copy is not touched.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from secrets import token_hex
from types import ModuleType
from typing import NamedTuple

from drills import plant
from drills.catalogue import Refused
from drills.lab import environment

LIMIT = 60  # seconds for each half
MODULE = "test_of_yours"
PLACE = rf'File ".*{MODULE}\.py", (line \d+)'  # in a traceback; runner.py, which imports nothing of ours, has it too
RUNNER = Path(__file__).with_name("runner.py")
EMPTY = "no test was run: a test is a method test_… of a class of unittest.TestCase (or DeskTest of tests.desk)"
SKIPPED = "every test was skipped, or expected to fail: nothing was tested"


class Half(NamedTuple):
    """One half of the trial: whether it is as it should be, and why (not), in one line."""

    name: str
    is_fine: bool
    why: str


def judge_test(drill: ModuleType, test: Path, seconds: float = LIMIT) -> list[Half]:
    """Both halves; only the clean one where there is nothing to run, or where it does not come to its end.

    Refused where `test` is no file to read.
    """
    try:
        text = test.read_bytes()
    except OSError as problem:
        raise Refused(f"cannot read {test}: {problem.strerror}; say which file your test is in") from None
    with tempfile.TemporaryDirectory(prefix="learner-test-", ignore_cleanup_errors=True) as workshop:
        room = Path(workshop)
        facts = _run(text, room / token_hex(4), [], seconds)
        clean = _clean_half(facts)
        if clean.why == EMPTY or "trouble" in facts:
            return [clean]
        return [clean, _planted_half(_run(text, room / token_hex(4), [drill], seconds))]


def _clean_half(facts) -> Half:
    def no(why):
        return Half("clean", False, why)

    if "trouble" in facts:
        return no(f"on the clean desk {facts['trouble']}")
    if facts["errors"]:
        return no(f"on the clean desk it ends in an error: {_first(facts['errors'])}")
    if facts["failures"]:
        return no(f"it fails on the clean desk, which keeps the promise: {_first(facts['failures'])}")
    if not facts["run"] and not facts["skipped"]:
        return no(EMPTY)
    if not facts["passed"]:
        return no(SKIPPED)
    return Half("clean", True, f"{_tests(facts['passed'])} on the clean desk")


def _planted_half(facts) -> Half:
    def no(why):
        return Half("planted", False, why)

    if "trouble" in facts:
        return no(f"on the planted desk {facts['trouble']}; a test says by an assertion what is wrong")
    if facts["failures"]:
        return Half("planted", True, f"fails on the planted desk: {_first(facts['failures'])}")
    if facts["errors"]:
        why = "on the planted desk it ends in an error, not in a failed assertion"
        return no(f"{why}: {_first(facts['errors'])}; assert what should be before you work with it")
    return no("it passes on the planted desk, too: it does not see the bug" if facts["passed"] else SKIPPED)


def _tests(number):
    return "1 test passes" if number == 1 else f"{number} tests pass"


def _first(reports):
    test, line = reports[0]
    return f"{test.split()[0]}: {line}"


def _run(text: bytes, folder: Path, bugs: list, seconds: float) -> dict:
    """What the runner says about the test in a new copy with these bugs."""
    return run_module(f"tests.{MODULE}", folder, bugs, seconds, {f"tests/{MODULE}.py": text})


def run_module(module: str, folder: Path, bugs: list, seconds: float, files: dict[str, bytes] = {}) -> dict:
    """Run tests in `folder`, a new copy of the desk with these bugs and files: {run, passed, failures, errors, …},
    or {"trouble": why} where they did not come to an end."""
    plant.copy_desk(folder, bugs)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    target, log = folder.with_name(f"{folder.name}.json"), folder.with_name(f"{folder.name}.log")
    command = [sys.executable, str(RUNNER), str(target), module]
    streams = {"stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
    with open(log, "wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment(), stdout=output, start_new_session=True, **streams
        )
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            return {"trouble": f"it did not end within {seconds} s"}
        finally:
            _end(process)
    try:
        return json.loads(target.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        text = log.read_text(encoding="utf-8", errors="replace")
        said, places = text.strip().splitlines() or ["it said nothing"], re.findall(PLACE, text)
        last = said[-1][:200] + (f" ({places[-1]})" if places else "")
        return {"trouble": f"its process ended with status {status} before the tests were done: {last}"}


def _end(process):
    """End the process, and on POSIX every desk that its tests have left running."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
