"""Would have caught half_a_save."""

from contextlib import closing

from tests.desk import AGENT, DeskTest

FAULT = """CREATE TRIGGER fault BEFORE UPDATE ON tickets WHEN NEW.title <> OLD.title
    BEGIN SELECT RAISE(ABORT, 'full'); END"""


class OneTransaction(DeskTest):
    def test_a_change_of_status_and_title_happens_wholly_or_not_at_all(self):
        self.desk.new_ticket()
        with closing(self.desk.open_database()) as database, database:
            database.execute(FAULT)
        reply = self.desk.patch("/tickets/1", {"status": "in_progress", "title": "Changed"}, AGENT)
        self.assertGreaterEqual(reply.status, 500)
        self.assertEqual(self.desk.rows("SELECT title, state, version FROM tickets"), [("Login broken", "new", 1)])
