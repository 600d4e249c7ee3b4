"""What the tests of an exercise share: failures that say what to do next, and a database of the desk before the change.

`python3 -m drills check` runs such tests in a copy of the desk. By hand: `python3 -m unittest tests.test_exercise`.
"""

import os
import tempfile
from pathlib import Path
from typing import Callable

from tests.desk import ROOT, DeskProcess, DeskTest, Reply, run_app


def clean_desk() -> Path:
    """The folder of the desk that this copy was made from."""
    given, above = os.environ.get("CLEAN_DESK"), ROOT.parent.parent
    return Path(given) if given else above if (above / "drills" / "exercises").is_dir() else ROOT


class ExerciseTest(DeskTest):
    """A failure says: promised …; seen …; next: …. The last part is the message of the assertion."""

    def _formatMessage(self, msg, standardMsg):
        first, line_break, rest = super()._formatMessage(None, standardMsg).partition("\n")
        return f"{first}; next: {msg}{line_break}{rest}" if msg else f"{first}{line_break}{rest}"

    def assert_status(self, reply: Reply, status: int, what_next: str) -> None:
        """The reply has this status; a failure shows the message of a refusal, too."""
        if reply.status != status:
            said = f" ({reply.json.get('message')})" if isinstance(reply.json, dict) and "message" in reply.json else ""
            raise self.failureException(self._formatMessage(what_next, f"{reply.status}{said} instead of {status}"))

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
