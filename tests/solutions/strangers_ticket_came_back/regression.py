"""Would have caught strangers_ticket_came_back."""

from tests.desk import DeskTest


class Scope(DeskTest):
    def test_a_user_and_a_key_are_two_things(self):
        new = {"title": "Cannot log in", "description": "Since this morning"}
        for who, key in (("shop-12", "3"), ("shop-1", "23")):
            reply = self.desk.post("/tickets", new, {"X-User-Id": who, "Idempotency-Key": key})
            self.assertEqual((reply.status, reply.json["created_by"]), (201, who))
        self.assertEqual(self.desk.count("tickets"), 2)
