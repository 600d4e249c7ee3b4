"""Would have caught duplicate_idempotency. It starts its desk by itself: that is fine, too."""

import tempfile
import unittest
from pathlib import Path

from tests.desk import DeskProcess


class Retry(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.desk = DeskProcess(Path(folder.name, "desk.sqlite3"), Path.cwd())
        self.addCleanup(self.desk.stop)

    def test_a_retry_with_the_same_key_makes_no_second_ticket(self):
        new, key = {"title": "Login broken", "description": "Cannot get in"}, {"Idempotency-Key": "demo-1"}
        answers = [self.desk.post("/tickets", new, key).body for _ in range(2)]
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(self.desk.count("tickets"), 1)
