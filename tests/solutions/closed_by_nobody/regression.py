"""Would have caught closed_by_nobody."""

from tests.desk import CUSTOMER, DeskTest


class ReadOnly(DeskTest):
    def test_a_state_that_is_sent_with_an_edit_is_not_applied(self):
        self.desk.new_ticket()
        self.desk.patch("/tickets/1", {"state": "closed", "locked_by": "me"}, CUSTOMER)
        ticket = self.desk.get("/tickets/1").json
        self.assertEqual((ticket["state"], ticket["locked_by"], ticket["version"]), ("new", None, 1))
