"""Judges a learner's regression test: it must pass on every correct desk and fail, by assertion, on the planted one.

It runs on the clean desk and on the planted one, twice, because a test that gives two answers proves nothing. Then it
must pass on a clean desk whose files have other comments, with another correct fix, and with the learner's own fix: a
test asks what a desk does, not how its files look. The order of these runs is another one each time, and each has a
new folder, which does not say which desk it is, and new folders for temporary files and as home.
"""

import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from secrets import token_hex
from types import ModuleType
from typing import Callable, Iterator, NamedTuple

from drills import catalogue, plant, solutions, test_rules
from drills.catalogue import DrillError
from drills.lab import environment
from drills.untrusted import read_bytes, read_json

TIMEOUT = 60  # seconds for each run
REPORT_SECONDS = 0.2  # between two looks for new results
MODULE = "test_of_yours"
MAX_CHARS = 400  # of the name of a test, and of a line that it printed
MAX_LOG = 100_000  # bytes of the end of what it printed
ANY_PLACE = r'File ".*?([^/\\"]+)", (line \d+)'
PLACE = rf'File ".*{MODULE}\.py", (line \d+)'  # in a traceback; runner.py has the same, as it imports nothing of ours
RUNNER = Path(__file__).with_name("runner.py")
EMPTY = "no test was run: a test is a method test_… of a class of unittest.TestCase (or DeskTest of tests.desk)"
DESKS = {  # where it must pass, too
    "comments": "on a clean desk with other comments in its files",
    "other": "with another correct fix",
    "fixed": "with your own fix",
}
_running = set()  # the processes of run_in()
SKIPPED = "every test was skipped, or expected to fail: nothing was tested"


class RunResult(NamedTuple):
    """The result of one or two runs: on which desk, whether it is as required, and one line about it."""

    desk: str
    is_ok: bool
    message: str


def judge_test(
    drill: ModuleType, test: Path, seconds: float = TIMEOUT, fixed: Path | None = None
) -> list[RunResult]:
    """The results, until one is not as required; the first two are those of the clean and of the planted desk.

    A test that looks at files, or is not the learner's own, is refused before it runs. `fixed` is the folder of the
    learner's copy if the drill is fixed there. DrillError if the file `test` cannot be read.
    """
    return list(results_of_test(drill, test, seconds, fixed))


def results_of_test(
    drill: ModuleType, test: Path, seconds: float = TIMEOUT, fixed: Path | None = None
) -> Iterator[RunResult]:
    """The results of judge_test(), each as soon as it is known."""
    try:
        content = read_bytes(test)
    except OSError as problem:
        raise DrillError(f"cannot read {test}: {problem.strerror}; say which file your test is in") from None
    refusal = test_rules.refusal(content.decode("utf-8", "replace"))
    if refusal:
        yield RunResult("none", False, refusal)
        return
    with tempfile.TemporaryDirectory(prefix="learner-test-", ignore_cleanup_errors=True) as name:
        yield from _Runs(drill, content, Path(name), seconds).judge(fixed)


class _Runs:
    """The runs of one test; each in a new folder in `folder`."""

    def __init__(self, drill, content, folder, seconds):
        self.drill, self.content, self.folder, self.seconds = drill, content, folder, seconds

    def judge(self, fixed) -> Iterator[RunResult]:
        facts = self.run([])
        clean = _judge_clean_run(facts)
        yield clean
        if clean.message == EMPTY or "unfinished" in facts or facts["foreign"]:
            return
        planted = _judge_planted_run(self.run([self.drill]))
        yield planted
        if clean.is_ok and planted.is_ok:
            yield from self.judge_again(fixed)

    def judge_again(self, fixed):
        """The results of the other runs. They run in a random order, so a test that counts its runs is found out."""
        other = solutions.fixes(catalogue.name_of(self.drill)).get("OTHER")
        runs = {
            "clean": lambda: self.run([]),
            "planted": lambda: self.run([self.drill]),
            "comments": lambda: self.run([], change=_add_comments),
            **({"other": lambda: self.run([self.drill], lambda copy: solutions.apply(other, copy))} if other else {}),
            **({"fixed": lambda: self.run_in_work(fixed)} if fixed else {}),
        }
        facts = {desk: runs[desk]() for desk in random.sample(list(runs), len(runs))}
        again = [_judge_clean_run(facts["clean"]), _judge_planted_run(facts["planted"])]
        return [_judge_repetition(again), *(_judge_correct_desk(desk, facts[desk]) for desk in DESKS if desk in facts)]

    def run(self, bugs, change=lambda copy: None):
        """Run the test in a new copy with these bugs and this change; the result of run_in()."""
        copy = self.folder / token_hex(4)
        plant.copy_desk(copy, bugs)
        change(copy)
        return self.run_in(copy)

    def run_in_work(self, fixed):
        copy = self.folder / token_hex(4)
        plant.copy_work(fixed, copy)
        return self.run_in(copy)

    def run_in(self, copy):
        (copy / "tests" / f"{MODULE}.py").write_bytes(self.content)
        return run_in(copy, f"tests.{MODULE}", self.seconds)


def _add_comments(copy):
    """Change how the sources of a copy look, and nothing that they do."""
    for path in [*copy.glob("*.py"), *copy.glob("web/*.py"), *copy.glob("*.sql")]:
        sign = "--" if path.suffix == ".sql" else "#"
        path.write_bytes(path.read_bytes() + f"\n{sign} {token_hex(4)}\n".encode())


def _judge_repetition(again) -> RunResult:
    """Whether the second pair of runs is like the first one, in which both were as required."""
    for result in again:
        if not result.is_ok:
            what = f"flaky: the first time all was well on the {result.desk} desk, but the second time"
            return RunResult("again", False, f"{what} {result.message}")
    return RunResult("again", True, "gives the same answers the second time")


def _judge_correct_desk(desk, facts) -> RunResult:
    where = DESKS[desk]
    result = _judge_clean_run(facts)
    if result.is_ok:
        return RunResult(desk, True, f"passes {where}")
    problems = facts.get("failures", []) + facts.get("errors", [])
    what = facts.get("unfinished") or (_first(problems) if problems else result.message)
    why = {"comments": "it looks at files", "other": "test what the desk does, not how it does it"}.get(desk)
    return RunResult(desk, False, f"does not pass {where}{f' ({why})' if why else ''}: {what}")


def _judge_clean_run(facts) -> RunResult:
    def rejected(why):
        return RunResult("clean", False, why)

    if "unfinished" in facts:
        return rejected(f"on the clean desk {facts['unfinished']}")
    if facts["errors"]:
        return rejected(f"on the clean desk it ends with an error: {_first(facts['errors'])}")
    if facts["failures"]:
        return rejected(f"it fails on the clean desk, which has no bug: {_first(facts['failures'])}")
    if facts["foreign"]:
        return rejected(f"{facts['foreign'][0][:MAX_CHARS]} is not a test of your own: the class you import has it")
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


def run_module(module: str, folder: Path, bugs: list, seconds: float, files: dict[str, bytes] = {}) -> dict:
    """Run a test module in `folder`, a new copy of the desk with these bugs and files; the result of run_in()."""
    plant.copy_desk(folder, bugs)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return run_in(folder, module, seconds)


def run_in(
    folder: Path,
    modules: str | list[str],
    seconds: float,
    report: Callable[[dict], None] = lambda facts: None,
    **environ: str,
) -> dict:
    """Run test modules in this desk: {run, passed, failures, errors, …}, or {"unfinished": why} if the tests did not
    run to their end. Temporary files and the home folder are new, so nothing is left for another run.

    `report` is called with {succeeded, failures, errors} of each test, soon after its end.
    """
    home = folder.with_name(f"{folder.name}-home")
    home.mkdir()
    places = dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP"), str(home))
    target, log = folder.with_name(f"{folder.name}.json"), folder.with_name(f"{folder.name}.log")
    names = [modules] if isinstance(modules, str) else modules
    results = target.with_suffix(".lines")  # the runner appends to it
    results.touch()
    command = [sys.executable, str(RUNNER), str(target), *names]
    streams = {"stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
    with open(log, "wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment(**places, **environ), stdout=output, start_new_session=True, **streams
        )
        _running.add(process)
        try:
            status = _wait(process, seconds, results, report)
        except subprocess.TimeoutExpired:
            return {"unfinished": f"it did not end within {seconds} s"}
        finally:
            _kill(process)
            _running.discard(process)
    facts = _read_result(target)
    if facts is None:
        text = _end_of(log)
        lines = text.strip().splitlines() or ["it printed nothing"]
        places = re.findall(PLACE, text) or [f"{file}, {line}" for file, line in re.findall(ANY_PLACE, text)]
        last = lines[-1][:200] + (f" ({places[-1]})" if places else "")
        return {"unfinished": f"its process exited with status {status} before the tests were done: {last}"}
    return facts


def _wait(process, seconds, path, report):
    """The exit status; `report` gets the results that runner.py appends to the file `path`, each when it is there.

    The waits are short, because on Windows nothing can interrupt a long one.
    """
    ends, rest, has_ended = time.monotonic() + seconds, b"", False
    with open(path, "rb") as file:
        while not has_ended:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(REPORT_SECONDS)
            has_ended = process.poll() is not None
            *lines, rest = (rest + file.read()).split(b"\n")
            for facts in filter(_is_result, map(_value, lines)):
                report(facts)
            if not has_ended and time.monotonic() > ends:
                raise subprocess.TimeoutExpired(process.args, seconds)
    return process.returncode


def _value(line):
    """The value of a line of JSON; None if it is not JSON."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def stop_runs() -> None:
    """End the runs of all threads, after Ctrl-C."""
    for process in list(_running):
        _kill(process)


def _read_result(path):
    """What runner.py wrote; None if there is nothing, or something else: a learner's code ran in its process."""
    try:
        facts = read_json(path)
    except (OSError, ValueError):
        return None
    is_whole = _is_result(facts) and all(type(facts.get(name)) is int for name in ("run", "passed", "skipped"))
    return facts if is_whole else None


def _is_result(facts):
    return (
        isinstance(facts, dict)
        and all(isinstance(facts.get(name), list) for name in ("foreign", "succeeded"))
        and all(isinstance(name, str) for name in facts["foreign"] + facts["succeeded"])
        and all(_are_reports(facts.get(name)) for name in ("failures", "errors"))
    )


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
    """Kill the process and every desk that its tests have started; on POSIX also those that it has left running."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        elif process.poll() is None:
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True)
            process.kill()
    process.wait()
