"""Would have caught gap_in_the_history."""

from contextlib import closing

from tests.desk import AGENT, DeskTest


class Audit(DeskTest):
    def test_a_change_that_cannot_be_recorded_does_not_happen(self):
        self.desk.new_ticket()
        with closing(self.desk.open_database()) as database, database:
            database.execute("CREATE TRIGGER f BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'full'); END")
        reply = self.desk.patch("/tickets/1", {"title": "Changed"}, AGENT)
        self.assertGreaterEqual(reply.status, 500)
        self.assertEqual(self.desk.rows("SELECT title, version FROM tickets"), [("Login broken", 1)])
