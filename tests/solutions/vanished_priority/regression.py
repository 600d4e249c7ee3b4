"""Would have caught vanished_priority."""

from tests.desk import AGENT, DeskTest


class TwoAgents(DeskTest):
    def test_a_form_that_was_read_before_a_change_cannot_undo_it(self):
        self.desk.new_ticket(priority="medium")
        tag = {"If-Match": self.desk.get("/tickets/1").headers["ETag"]}
        self.desk.patch("/tickets/1", {"priority": "critical"}, AGENT)
        late = self.desk.patch("/tickets/1", {"priority": "medium", "title": "Better"}, {**AGENT, **tag})
        self.assertEqual(late.status, 412)
        self.assertEqual(self.desk.get("/tickets/1").json["priority"], "critical")
