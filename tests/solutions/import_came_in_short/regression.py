"""Would have caught import_came_in_short."""

from tests.desk import DeskTest


class Fingerprint(DeskTest):
    def test_another_ticket_under_a_used_key_is_refused(self):
        key = {"X-User-Id": "import", "Idempotency-Key": "k"}
        statuses = [
            self.desk.post("/tickets", {"title": title, "description": "y"}, key).status for title in ("One", "Two")
        ]
        self.assertEqual(statuses, [201, 422])
