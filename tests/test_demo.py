"""`python3 app.py --demo`: a desk that looks used, made by the same changes that a used one is made of."""

import tempfile
import unittest
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import app
import workflow
from llm import PLUGINS
from store import Store
from workflow import text_time
from tests.desk import Desk, run_app, run_tool
from tests.test_workflow import NET
from web import demo

CHOICES = {  # what the demo desk shows; what a learner adds need not be there
    "state": {place for place, _ in NET},
    "category": {"billing", "technical", "account", "general"},
    "priority": {"low", "medium", "high", "critical"},
}


class DemoDesk(unittest.TestCase):
    """One desk filled as --demo fills it; the tests look at it. tests/test_in_memory.py gives the option itself."""

    @classmethod
    def setUpClass(cls):
        cls.before = text_time(datetime.now(timezone.utc))
        cls.desk = Desk(on_open=app.fill_with_demo)
        cls.addClassCleanup(cls.desk.stop)
        cls.times = [row[0] for row in cls.desk.rows("SELECT at FROM audit_events ORDER BY id")]
        cls.tickets = cls.desk.get("/tickets?limit=1000").json["tickets"]

    def values(self, sql: str) -> list:
        return [row[0] for row in self.desk.rows(sql)]

    def test_the_demo_desk_serves_sixty_tickets_of_the_last_thirty_days(self):
        created = [ticket["created_at"] for ticket in self.tickets]
        month_ago = datetime.now(timezone.utc) - timedelta(days=30)
        self.assertGreaterEqual(len(created), 60)
        self.assertLess(min(created), text_time(month_ago + timedelta(days=1)))
        self.assertGreater(min(created), text_time(month_ago - timedelta(minutes=1)))
        self.assertGreaterEqual(len({moment[:10] for moment in created}), 25)

    def test_every_state_category_and_priority_is_there(self):
        for column, choices in CHOICES.items():
            self.assertLessEqual(choices, {ticket[column] for ticket in self.tickets})

    def test_drafts_of_every_kind_are_there(self):
        self.assertEqual(set(self.values("SELECT status FROM drafts")), {"pending", "sent", "rejected"})
        self.assertGreaterEqual(self.values("SELECT status FROM drafts").count("pending"), 3)
        self.assertIn("DraftEdited", self.values("SELECT type FROM audit_events"))

    def test_comments_are_for_the_customer_or_internal(self):
        self.assertEqual(set(self.values("SELECT internal FROM comments")), {0, 1})

    def test_several_people_work_and_one_of_them_is_the_supervisor(self):
        self.assertGreaterEqual(len({ticket["created_by"] for ticket in self.tickets}), 5)
        self.assertGreaterEqual(len({ticket["assignee"] for ticket in self.tickets} - {None}), 3)
        deciders = self.values("SELECT DISTINCT actor FROM audit_events WHERE type = 'ResolveEscalated'")
        self.assertEqual(deciders, [demo.SUPERVISOR.id])

    def test_every_transition_was_fired(self):
        fired = set(self.values("SELECT type FROM audit_events"))
        self.assertLessEqual({event for _, event, _ in NET.values()}, fired)

    def test_titles_hold_what_a_careless_page_would_garble(self):
        titles = "\n".join(ticket["title"] for ticket in self.tickets)
        for text in ("Café", "É", "😩", "<b>bold</b>", "100%", "O'Brien", "O&#39;Brien"):
            self.assertIn(text, titles)

    def test_time_never_runs_backwards_and_ends_before_the_start(self):
        self.assertEqual(self.times, sorted(self.times))
        self.assertLess(self.times[-1], text_time(datetime.now(timezone.utc)))
        self.assertGreater(self.times[-1], text_time(datetime.now(timezone.utc) - timedelta(hours=6)))
        ids = self.values("SELECT id FROM tickets ORDER BY created_at")
        self.assertEqual(ids, sorted(ids))

    def test_new_tickets_get_the_time_of_today(self):
        ticket = self.desk.new_ticket()
        self.assertGreaterEqual(ticket["created_at"], self.before)

    def test_verify_finds_no_difference(self):
        done = run_tool("--verify", SUPPORT_DESK_DB=str(self.desk.database))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class FillingADesk(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

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
