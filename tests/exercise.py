"""What the tests of an exercise share: failures that say what to do next, and a database of the desk before the change.

`python3 -m drills check` runs such tests in a copy of the desk. By hand: `python3 -m unittest tests.test_exercise`.
"""

import functools
import os
import re
import tempfile
import time
from pathlib import Path
from typing import Callable

from tests.desk import LAST_500, ROOT, DeskProcess, DeskTest, Reply, run_app

MISTAKE = "repair the desk: the traceback below is from its log"
FRAMES = 2  # of the desk's traceback, from its end
LOG_WAIT = 2  # seconds: a desk answers first, and writes its log then
LOG_LINE = "  | "  # begins the lines of the desk's log in a failure; drills/runner.py finds them by it
NEXT_ENTRY = re.compile(r"^(?:INFO|WARN|ERROR) *\|", re.M)  # of a log
UNDERLINE = re.compile(r"[\s^~]+")  # below a line of code, since Python 3.11


def clean_desk() -> Path:
    """The folder of the desk that this copy was made from."""
    given, above = os.environ.get("CLEAN_DESK"), ROOT.parent.parent
    return Path(given) if given else above if (above / "drills" / "exercises").is_dir() else ROOT


def traceback_of_the_desk() -> list[str]:
    """The end of the traceback behind the last 500 of this test, as lines to show; [] if there was none."""
    for desk, number in LAST_500:
        ends = time.monotonic() + LOG_WAIT
        while not (report := _report(desk.read_log(), number)) and time.monotonic() < ends:
            time.sleep(0.02)
        lines = [line.replace(f"{ROOT}{os.sep}", "") for line in report if not UNDERLINE.fullmatch(line)]
        frames = [place for place, line in enumerate(lines) if line.startswith("  File ")]
        shown = lines[frames[-FRAMES:][0] :] if frames else lines
        return [f"{LOG_LINE}{line}" for line in ("the log of the desk says:", *shown)] if shown else []
    return []


def _report(log, number):
    """The lines of a log about this request, without its number."""
    _, found, rest = log.partition(f"| {number} Traceback ")
    return NEXT_ENTRY.split(rest, 1)[0].rstrip().splitlines()[1:] if found else []


class ExerciseTest(DeskTest):
    """A failure says: promised …; seen …; next: …. The last part is the message of the assertion.

    If the desk has answered 500, its traceback follows, from its log.
    """

    def run(self, result=None):
        LAST_500.clear()
        method = getattr(self, self._testMethodName)

        @functools.wraps(method)
        def explained():
            try:
                method()
            except (LookupError, TypeError, AttributeError) as problem:  # of a test that uses what is not there
                if not LAST_500:
                    raise
                seen = f"500, and then {type(problem).__name__}: {problem}"
                raise self.failureException(self._formatMessage(MISTAKE, seen)) from problem

        setattr(self, self._testMethodName, explained)
        return super().run(result)

    def _formatMessage(self, msg, standardMsg):
        first, line_break, rest = super()._formatMessage(None, standardMsg).partition("\n")
        said = f"{first}; next: {msg}{line_break}{rest}" if msg else f"{first}{line_break}{rest}"
        return "\n".join([said, *traceback_of_the_desk()])

    def assert_status(self, reply: Reply, status: int, what_next: str) -> None:
        """The reply has this status; a failure shows the message of a refusal, too."""
        if reply.status == status == 500:
            LAST_500.clear()  # it was asked for
        if reply.status != status:
            message = reply.json.get("message", "") if isinstance(reply.json, dict) and reply.status != 500 else ""
            seen = f"{reply.status}{message and f' ({message})'} instead of {status}"
            raise self.failureException(self._formatMessage(MISTAKE if reply.status == 500 else what_next, seen))

    def assert_error(self, reply: Reply, status: int, code: str, what_next: str) -> None:
        """The reply is an error with this status and this code."""
        self.assert_status(reply, status, what_next)
        self.assertEqual(reply.json and reply.json.get("code"), code, what_next)

    def carried_over(self, fill: Callable, **environ: str) -> tuple:
        """What `fill(desk)` returns for a clean desk, and a desk of this copy with the same data and these settings.

        The data comes over with `python3 app.py --rebuild`, as a learner carries it over; the test fails if it cannot.
        """
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        old, new = Path(folder.name, "old.sqlite3"), Path(folder.name, "new.sqlite3")
        before = DeskProcess(old, folder=clean_desk())
        try:
            filled = fill(before)
        finally:
            before.stop()
        for arguments in (["--rebuild", str(new)], ["--verify"]):
            database = old if "--rebuild" in arguments else new
            done = run_app(*arguments, SUPPORT_DESK_DB=str(database))
            said = " ".join((done.stdout + done.stderr).split())[-300:]
            self.assertEqual(done.returncode, 0, f"make `python3 app.py {arguments[0]}` work; it says: {said}")
        desk = DeskProcess(new, **environ)
        self.addCleanup(desk.stop)
        return filled, desk
