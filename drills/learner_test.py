"""Judges a learner's regression test: it must pass on the clean desk and fail, by assertion, on the planted desk.

Each run has a new temporary copy, which does not say whether it is clean or planted. The learner's copy is not used.
"""

import contextlib
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
from drills.catalogue import DrillError
from drills.lab import environment
from drills.untrusted import read_bytes, read_json

TIMEOUT = 60  # seconds for each run
MODULE = "test_of_yours"
MAX_CHARS = 400  # of the name of a test, and of a line that it printed
MAX_LOG = 100_000  # bytes of the end of what it printed
PLACE = rf'File ".*{MODULE}\.py", (line \d+)'  # in a traceback; runner.py has the same, as it imports nothing of ours
RUNNER = Path(__file__).with_name("runner.py")
EMPTY = "no test was run: a test is a method test_… of a class of unittest.TestCase (or DeskTest of tests.desk)"
SKIPPED = "every test was skipped, or expected to fail: nothing was tested"


class RunResult(NamedTuple):
    """The result of one run, on the clean or on the planted desk: whether it is as required, and one line about it."""

    desk: str
    is_ok: bool
    message: str


def judge_test(drill: ModuleType, test: Path, seconds: float = TIMEOUT) -> list[RunResult]:
    """The results of both runs; of the clean run only, if it has no tests or does not end.

    DrillError if the file `test` cannot be read.
    """
    try:
        text = read_bytes(test)
    except OSError as problem:
        raise DrillError(f"cannot read {test}: {problem.strerror}; say which file your test is in") from None
    with tempfile.TemporaryDirectory(prefix="learner-test-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        facts = _run(text, folder / token_hex(4), [], seconds)
        clean = _judge_clean_run(facts)
        if clean.message == EMPTY or "unfinished" in facts:
            return [clean]
        return [clean, _judge_planted_run(_run(text, folder / token_hex(4), [drill], seconds))]


def _judge_clean_run(facts) -> RunResult:
    def rejected(why):
        return RunResult("clean", False, why)

    if "unfinished" in facts:
        return rejected(f"on the clean desk {facts['unfinished']}")
    if facts["errors"]:
        return rejected(f"on the clean desk it ends with an error: {_first(facts['errors'])}")
    if facts["failures"]:
        return rejected(f"it fails on the clean desk, which has no bug: {_first(facts['failures'])}")
    if not facts["run"] and not facts["skipped"]:
        return rejected(EMPTY)
    if not facts["passed"]:
        return rejected(SKIPPED)
    return RunResult("clean", True, f"{_tests(facts['passed'])} on the clean desk")


def _judge_planted_run(facts) -> RunResult:
    def rejected(why):
        return RunResult("planted", False, why)

    if "unfinished" in facts:
        return rejected(f"on the planted desk {facts['unfinished']}; a test must fail by an assertion")
    if facts["failures"]:
        return RunResult("planted", True, f"fails on the planted desk: {_first(facts['failures'])}")
    if facts["errors"]:
        why = "on the planted desk it ends with an error, not with a failed assertion"
        return rejected(f"{why}: {_first(facts['errors'])}; assert the expected value before you use it")
    return rejected("it passes on the planted desk, too: it does not detect the bug" if facts["passed"] else SKIPPED)


def _tests(number):
    return "1 test passes" if number == 1 else f"{number} tests pass"


def _first(reports):
    test, line = reports[0]
    return f"{test.partition(' ')[0][:MAX_CHARS]}: {line[:MAX_CHARS]}"


def _run(text: bytes, folder: Path, bugs: list, seconds: float) -> dict:
    """Run the test in a new copy with these bugs; the result of run_module()."""
    return run_module(f"tests.{MODULE}", folder, bugs, seconds, {f"tests/{MODULE}.py": text})


def run_module(module: str, folder: Path, bugs: list, seconds: float, files: dict[str, bytes] = {}) -> dict:
    """Run a test module in `folder`, a new copy of the desk with these bugs and files: {run, passed, failures,
    errors, …}, or {"unfinished": why} if the tests did not run to their end."""
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
            return {"unfinished": f"it did not end within {seconds} s"}
        finally:
            _kill(process)
    facts = _read_result(target)
    if facts is None:
        text = _end_of(log)
        lines, places = text.strip().splitlines() or ["it printed nothing"], re.findall(PLACE, text)
        last = lines[-1][:200] + (f" ({places[-1]})" if places else "")
        return {"unfinished": f"its process exited with status {status} before the tests were done: {last}"}
    return facts


def _read_result(path):
    """What runner.py wrote; None if there is nothing, or something else: a learner's code ran in its process."""
    try:
        facts = read_json(path)
    except (OSError, ValueError):
        return None
    is_result = (
        isinstance(facts, dict)
        and all(type(facts.get(name)) is int for name in ("run", "passed", "skipped"))
        and all(_are_reports(facts.get(name)) for name in ("failures", "errors"))
    )
    return facts if is_result else None


def _are_reports(found):
    """Whether this is a list of [test, line]."""
    if not isinstance(found, list) or not all(isinstance(report, list) for report in found):
        return False
    return all(len(report) == 2 and all(isinstance(part, str) for part in report) for report in found)


def _end_of(log):
    with open(log, "rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - MAX_LOG))
        return file.read(MAX_LOG).decode("utf-8", "replace")


def _kill(process):
    """Kill the process; on POSIX also every desk that its tests have left running."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
