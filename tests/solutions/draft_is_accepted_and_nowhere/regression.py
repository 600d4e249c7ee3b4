"""Would have caught draft_is_accepted_and_nowhere."""

from contextlib import closing

from tests.desk import AGENT, DeskTest

FULL = "CREATE TRIGGER full BEFORE INSERT ON idempotency_keys BEGIN SELECT RAISE(ABORT, 'disk full'); END"


class Retry(DeskTest):
    def test_a_draft_whose_key_could_not_be_kept_is_written_when_it_is_asked_for_again(self):
        key = {**AGENT, "Idempotency-Key": "k"}
        self.desk.new_ticket()
        with closing(self.desk.open_database()) as database:
            database.execute(FULL)
            self.assertEqual(self.desk.post("/tickets/1/draft", {}, key).status, 500)
            database.execute("DROP TRIGGER full")
        self.assertEqual(self.desk.post("/tickets/1/draft", {}, key).status, 201)
        self.assertEqual(self.desk.count("drafts"), 1)
