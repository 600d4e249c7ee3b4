"""Would have caught retry_never_gets_through."""

from tests.desk import AGENT, DeskTest


class Retry(DeskTest):
    def test_a_refused_step_can_be_taken_with_the_same_key_once_it_is_possible(self):
        self.desk.new_ticket()
        start, key = {"transition": "start_work"}, {**AGENT, "Idempotency-Key": "k"}
        self.assertEqual(self.desk.post("/tickets/1/transitions", start, key).status, 409)
        self.assertEqual(self.desk.post("/tickets/1/transitions", {"transition": "assign"}, AGENT).status, 200)
        self.assertEqual(self.desk.post("/tickets/1/transitions", start, key).status, 200)
