"""--rebuild of a larger database: it tells how far it is, and what stops it half-way leaves nothing behind."""

import os
import signal
import subprocess
import sys
import tempfile
import unittest
from contextlib import closing
from pathlib import Path

from store import Store
from tests.desk import ROOT, clean_environment
from workflow import Caller

TICKETS = 10_500  # one event each; --rebuild tells of every 10,000
SMALL = 1_000_000  # bytes that a file may have on a "full disk"; the database has several times as many


class Stopped(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.old, cls.new = cls.folder / "old.sqlite3", cls.folder / "new.sqlite3"
        ticket = {"title": "Login broken", "description": "Cannot get in", "category": "account", "priority": "low"}
        with closing(Store(str(cls.old))) as store:
            with store.savepoint():
                for _ in range(TICKETS):
                    store.add_ticket(Caller("user-1"), ticket)
            store.commit()

    def start(self, **options):
        environ = {**clean_environment(), "SUPPORT_DESK_DB": str(self.old)}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [sys.executable, "app.py", "--rebuild", str(self.new)]
        return subprocess.Popen(command, cwd=ROOT, env=environ, text=True, encoding="utf-8", **pipes, **options)

    def assert_nothing_is_left(self, status, errors, word):
        self.assertEqual((status, errors.count("\n")), (2, 1), errors)
        self.assertIn(word, errors)
        there = {path.name for path in self.folder.iterdir()}
        self.assertEqual(there, {"old.sqlite3", "old.sqlite3.lock"}, "a stopped --rebuild leaves no file behind")

    @unittest.skipIf(os.name == "nt", "Windows has no SIGINT to send")
    def test_ctrl_c_and_sigterm_in_the_middle_leave_nothing_behind(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number.name), self.start() as process:
                self.assertIn(f"rebuild: 10000 of {TICKETS} events\n", iter(process.stdout.readline, ""))
                process.send_signal(number)
                _, errors = process.communicate(timeout=60)
                self.assert_nothing_is_left(process.returncode, errors, "new.sqlite3': stopped; nothing was made")

    @unittest.skipIf(os.name == "nt", "Windows has no limit for the size of a file")
    def test_a_full_disk_is_said_and_leaves_nothing_behind(self):
        import resource

        def fill_the_disk():
            resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, SMALL))

        with self.start(preexec_fn=fill_the_disk) as process:
            _, errors = process.communicate(timeout=60)
        self.assert_nothing_is_left(process.returncode, errors, f"cannot rebuild {self.old}: ")

    def test_a_reader_that_goes_away_leaves_nothing_behind(self):
        with self.start() as process:
            process.stdout.close()
            errors = process.stderr.read()
        self.assertEqual((process.returncode, errors), (2, ""))
        self.assertFalse(self.new.exists(), "without a reader nothing is made")


if __name__ == "__main__":
    unittest.main()
