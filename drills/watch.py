"""`python3 -m drills watch`: runs the check, or the learner's own test, again whenever a file of the copy changes.

It shows what is new since the last run. It records nothing: `check` and `test` do that.
"""

import os
import random
import re
import time
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Iterator

from drills.catalogue import DrillError
from drills.debug_log import NAME as LOG_NAME
from drills.exercise_check import run_exercise
from drills.exercise_commands import refuse_exercise
from drills.judge import judge
from drills.learner_test import judge_test
from drills.output import TOOL, check_marks, grouped, print_next, result_lines, short_path
from drills.session import session_of
from drills.untrusted import one_line, print_lines, read_bytes

POLL_SECONDS = 0.5
IGNORED_FOLDER = re.compile(r"__pycache__|\..*")
# databases, logs, and the files that editors write beside the one that is edited
IGNORED_FILE = re.compile(rf"[.#].*|.*~|{re.escape(LOG_NAME)}|.*\.(log|pyc|swp|swx|tmp|bak|sqlite3?|db)(-\w+)?")
MAX_SHOWN = 3  # names of changed files
VARYING = re.compile(r"(exercise-|tmp)\w+|[0-9a-f]{8}[0-9a-f-]*|\d{4,}")  # folders, ids and times in a message
END = "the check runs to its end"


def watch(args, copies_dir):
    """The command."""
    session = session_of(args, copies_dir)
    if "--test" in args.flags:
        refuse_exercise(session, "test")
    test = Path(args.flags["--test"]).absolute() if "--test" in args.flags else None
    watched = Watched(session.folder, test)
    run = _own_test(session, test) if test else _check(session)
    what = f"your test {short_path(test)}" if test else "the check"
    where = short_path(session.folder)
    print_lines(f"{session.label}: {what} runs when a file in {where} changes. Ctrl-C ends it.", "")
    try:
        for changed in watched.changes():
            if not session.folder.exists():
                raise DrillError(f"{where} is not there any more")
            if changed:
                print_lines(one_line(f"{time.strftime('%H:%M:%S')} changed: {_some(changed)}"))
            print_lines(*(watched.syntax_errors() or run()), "")
    except KeyboardInterrupt:
        print_lines("", "stopped; nothing was recorded")
    command = f"test {session.label} {short_path(test)}" if test else f"check {session.label}"
    print_next(command, f"hint {session.label}")
    return 0


def _some(names):
    more = f" and {len(names) - MAX_SHOWN} more" if len(names) > MAX_SHOWN else ""
    return ", ".join(names[:MAX_SHOWN]) + more


class Watched:
    """The files of a copy, and perhaps a test elsewhere. A file is known by its time and its size."""

    def __init__(self, folder: Path, test: Path | None):
        self.folder, self.test = folder.absolute(), test

    def changes(self) -> Iterator[list[str]]:
        """An empty list at first; then, as often as files have changed, the names of those that did.

        What changes while the caller is at work comes as one change afterwards. A file may be gone for a moment, or
        be half there, while an editor writes it: a change is over when a look finds the same as the one before it.
        """
        known = self.look()
        yield []
        while True:
            now, before = self.look(), known
            while now != before or now == known:
                time.sleep(POLL_SECONDS)
                now, before = self.look(), now
            changed = [path for path in sorted(known.keys() | now.keys()) if known.get(path) != now.get(path)]
            known = now
            yield [self.name(path) for path in changed]

    def name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else path.name

    def look(self) -> dict[Path, tuple]:
        """{path: (time, size)} of all files that matter."""
        found = {self.test} if self.test else set()
        for root, folders, names in os.walk(self.folder):
            folders[:] = [name for name in folders if not IGNORED_FOLDER.fullmatch(name)]
            found |= {Path(root, name) for name in names if not IGNORED_FILE.fullmatch(name)}
        stamps = {path: _stamp(path) for path in found}
        return {path: stamp for path, stamp in stamps.items() if stamp}

    def syntax_errors(self) -> list[str]:
        """One line for each Python file of the desk, and the test, that cannot be compiled: its name and line."""
        errors = []
        for path, stamp in sorted(self.look().items()):
            is_desk = not path.is_relative_to(self.folder / "tests")
            error = _syntax_error(path, stamp) if path.suffix == ".py" and (is_desk or path == self.test) else ""
            errors += [_line(False, f"{self.name(path)}{error}")] if error else []
        return errors


def _stamp(path):
    try:
        facts = path.stat()
    except OSError:  # it is gone
        return None
    return facts.st_mtime_ns, facts.st_size


@lru_cache(4096)
def _syntax_error(path, stamp):
    """What is wrong with a Python file, and in which line; "" if nothing is. It is compiled, not run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(read_bytes(path), path.name, "exec", dont_inherit=True)
    except SyntaxError as problem:
        return f", line {problem.lineno}: {problem.msg}"
    except (ValueError, RecursionError, MemoryError, OSError) as problem:
        return f": {problem}"
    return ""


# -- what runs ------------------------------------------------------------------------------------


def _check(session):
    """Runs the check, without what it does after its first OK."""
    news, run_tests = News(), _exercise_tests if session.is_exercise else _drill_tests
    seed = random.randrange(2**32)

    def run():
        tests, what = run_tests(session, seed)
        result = _result_of_a_test if session.is_exercise else _result
        results = [(one["name"], result(one), _expectation(one)) for one in tests]
        is_whole = END not in [one["name"] for one in tests]
        results += [(END, True, _line(True, END))] * is_whole
        asked = [one for one in tests if one["name"] != END]
        met = sum(one["status"] == "pass" for one in asked)
        new = news.of(results)
        lines = [*(grouped(new) if session.is_exercise else new), f"{met} of {len(asked)} {what}"]
        if is_whole and met == len(asked):
            lines += ["OK", f"Does the change break anything else? {TOOL} check {session.label}"]
        return lines

    return run


def _drill_tests(session, seed):
    """The results of a drill's own check; always with the same names and numbers, so that a change is a change."""
    return judge(session.drill, session.folder, seed=seed).tests, "expectations are met"


def _exercise_tests(session, seed):
    outcome = run_exercise(session.drill, session.folder)
    problem = [{"name": END, "status": "error", "message": outcome.problem}] if outcome.problem else []
    return outcome.tests + problem, "tests pass"


def _result(facts):
    """True or False; or why the check stopped. The message of an expectation can have a number that differs always."""
    return facts["message"] if facts["name"] == END else facts["status"] == "pass"


def _result_of_a_test(facts):
    """True, or what an exercise says about a failed test: another message is a step on the way, so it is new."""
    return facts["status"] == "pass" or VARYING.sub("#", facts["message"])


def _expectation(facts):
    is_met = facts["status"] == "pass"
    return _line(is_met, facts["name"] if is_met else f"{facts['name']}: {facts['message']}")


def _own_test(session, test):
    """Runs the learner's own test on clean and planted desks."""
    news = News()

    def run():
        is_fixed = session.entry.get("verdict") == "OK"
        try:
            results = judge_test(session.drill, test, fixed=session.folder if is_fixed else None)
        except DrillError as problem:  # the file is not there, perhaps not yet
            return [_line(False, problem)]
        facts = [(one.desk, one.is_ok or one.message, _line(one.is_ok, one.message)) for one in results]
        lines = news.of(facts, shows_passed=True)
        is_accepted = all(result.is_ok for result in results)
        how = f"Accepted; to record it: {TOOL} test {session.label} {short_path(test)}"
        return [*lines, how if is_accepted else "Not accepted"]

    return run


class News:
    """Remembers the results of the last run, and tells what is new."""

    def __init__(self):
        self.known = {}

    def of(self, results: list[tuple], shows_passed: bool = False) -> list[str]:
        """The lines of those (name, result, line) that are new. A result is True if it is as it should be.

        At first that is not new, unless `shows_passed`. What was not reached this time keeps its last result.
        """
        is_first, usual = not self.known, None if shows_passed else True
        lines = [line for name, result, line in results if result != self.known.get(name, usual)]
        self.known |= {name: result for name, result, _ in results}
        return lines if lines or is_first else ["nothing new"]


def _line(is_ok, text):
    tick, cross = check_marks()
    return "\n".join(result_lines(f"{tick if is_ok else cross} {text}"))
