"""Would have caught forty_closed_twelve_open."""

from tests.desk import AGENT, DeskTest


class Statuses(DeskTest):
    def test_what_cannot_be_done_is_a_conflict(self):
        uuid = self.desk.new_ticket()["uuid"]
        for name in ("start_work", "escalate", "resolve", "close"):
            self.assertEqual(self.desk.post(f"/api/{name}", {"aggregate_id": uuid}, AGENT).status, 409)
