"""Would have caught busy_tickets_twice."""

from tests.desk import AGENT, DeskTest


class Pages(DeskTest):
    def test_a_ticket_that_was_changed_is_on_one_page(self):
        ids = [self.desk.new_ticket()["id"] for _ in range(7)]
        for number in (4, 5, 6):
            self.desk.patch(f"/tickets/{number}", {"title": "Changed"}, AGENT)
        seen, before = [], ""
        while before is not None:
            page = self.desk.get(f"/tickets?limit=3&before={before}").json
            seen, before = seen + [ticket["id"] for ticket in page["tickets"]], page["next"]
        self.assertEqual(sorted(seen), ids)
