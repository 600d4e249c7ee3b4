"""`python3 app.py --demo`: a desk that looks used, made by the same changes that a used one is made of."""

import unittest
from datetime import datetime, timedelta, timezone

import app
from workflow import text_time
from tests.desk import Desk, run_tool
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
