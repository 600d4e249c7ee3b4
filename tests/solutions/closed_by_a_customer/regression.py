"""Would have caught closed_by_a_customer."""

from tests.desk import AGENT, CUSTOMER, DeskTest


class Status(DeskTest):
    def test_a_status_needs_the_role_of_its_steps_and_leaves_their_events(self):
        self.desk.new_ticket()
        self.assertEqual(self.desk.patch("/tickets/1", {"status": "closed"}, CUSTOMER).status, 403)
        self.assertEqual(self.desk.patch("/tickets/1", {"status": "in_progress"}, AGENT).status, 200)
        types = [event["type"] for event in self.desk.get("/tickets/1/events").json["events"]]
        self.assertEqual(types, ["Created", "Assigned", "StartWorked"])
