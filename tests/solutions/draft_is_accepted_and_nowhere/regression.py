"""Would have caught draft_is_accepted_and_nowhere."""

from contextlib import closing

from tests.desk import AGENT, DeskTest


class Retry(DeskTest):
    def test_a_draft_that_failed_is_written_when_it_is_asked_for_again(self):
        key = {**AGENT, "Idempotency-Key": "k"}
        self.desk.new_ticket()
        with closing(self.desk.open_database()) as database:
            database.execute("CREATE TRIGGER full BEFORE INSERT ON drafts BEGIN SELECT RAISE(ABORT, 'disk full'); END")
            self.assertEqual(self.desk.post("/tickets/1/draft", {}, key).status, 500)
            database.execute("DROP TRIGGER full")
        self.assertEqual(self.desk.post("/tickets/1/draft", {}, key).status, 201)
        self.assertEqual(self.desk.count("drafts"), 1)
