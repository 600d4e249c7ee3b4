"""Would have caught scanner_rings_the_pager."""

from tests.desk import AGENT, DeskTest


class Numbers(DeskTest):
    def test_a_number_that_no_ticket_can_have_is_not_found(self):
        for number in (2**63 - 1, 2**63, 10**20, "9" * 5000):
            self.assertEqual(self.desk.get(f"/tickets/{number}").status, 404, number)
            self.assertEqual(self.desk.post(f"/drafts/{number}/approve", {}, AGENT).status, 404, number)
