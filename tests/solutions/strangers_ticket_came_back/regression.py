"""Would have caught strangers_ticket_came_back."""

from tests.desk import DeskTest


class Scope(DeskTest):
    def test_two_users_with_one_key_have_a_ticket_each(self):
        new = {"title": "Cannot log in", "description": "Since this morning"}
        for who in ("alice", "bob"):
            reply = self.desk.post("/tickets", new, {"X-User-Id": who, "Idempotency-Key": "1"})
            self.assertEqual((reply.status, reply.json["created_by"]), (201, who))
        self.assertEqual(self.desk.count("tickets"), 2)
