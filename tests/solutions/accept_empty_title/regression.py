"""Would have caught accept_empty_title."""

from tests.desk import CUSTOMER, DeskTest


class Titles(DeskTest):
    def test_a_ticket_without_a_title_is_refused_and_leaves_no_row(self):
        for title in ("", " \t"):
            reply = self.desk.post("/tickets", {"title": title, "description": "Cannot get in"}, CUSTOMER)
            self.assertEqual(reply.status, 400, repr(title))
        self.assertEqual(self.desk.count("tickets"), 0)
