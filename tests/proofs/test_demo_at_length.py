"""The demo tickets are the same on each machine, and come whole or not at all."""

import tempfile
import unittest
from contextlib import closing
from pathlib import Path

from llm import PLUGINS
from store import Store
from web import demo
from workflow import text_time


class FillingADesk(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def filled(self, name: str) -> list[dict]:
        """All tickets of a database that demo.fill() made at a fixed time."""
        with closing(Store(str(self.folder / name))) as store:
            store.clock = clock = lambda: "2026-03-01T00:10:00.000Z"
            demo.fill(store, text_time, PLUGINS["rules"].write)
            self.assertIs(store.clock, clock)
            return store.tickets({"limit": 1000})["tickets"]

    def test_the_demo_tickets_are_the_same_every_time(self):
        self.assertEqual(self.filled("one.sqlite3"), self.filled("two.sqlite3"))

    def test_the_demo_desk_is_filled_by_one_commit(self):
        statements = []
        with closing(Store(str(self.folder / "quick.sqlite3"))) as store:
            store.db.set_trace_callback(statements.append)
            demo.fill(store, text_time, PLUGINS["rules"].write)
        self.assertEqual(statements.count("COMMIT"), 1)
