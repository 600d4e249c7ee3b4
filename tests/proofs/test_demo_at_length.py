"""The demo tickets are the same on each machine, and come whole or not at all."""

import tempfile
import unittest
from contextlib import closing
from pathlib import Path

import workflow
from llm import PLUGINS
from store import Store
from tests.desk import run_app
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

    def test_a_trouble_on_the_way_leaves_the_database_empty(self):
        def write(ticket):
            raise ZeroDivisionError

        with closing(Store(str(self.folder / "empty.sqlite3"))) as store:
            clock = store.clock
            with self.assertRaises(ZeroDivisionError):
                demo.fill(store, text_time, write)
            self.assertTrue(store.is_empty())
            self.assertIs(store.clock, clock)

    def test_a_database_with_a_ticket_is_refused_and_stays_as_it_was(self):
        database = self.folder / "used.sqlite3"
        with closing(Store(str(database))) as store:
            with store.savepoint():
                fields = {"title": "Mine", "description": "Keep it", "category": "general", "priority": "low"}
                store.add_ticket(workflow.Caller("user-1"), fields)
            store.commit()
        before = database.read_bytes()
        done = run_app("--demo", SUPPORT_DESK_DB=str(database), PORT="0")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(done.stderr, f"app.py: --demo: {database} has tickets already; use another SUPPORT_DESK_DB\n")
        self.assertEqual(database.read_bytes(), before)
