"""Would have caught ticket_on_no_page."""

from tests.desk import DeskTest


class Pages(DeskTest):
    def test_every_ticket_is_on_one_page(self):
        ids = [self.desk.new_ticket()["id"] for _ in range(7)]
        seen, before = [], ""
        while before is not None:
            page = self.desk.get(f"/tickets?limit=3&before={before}").json
            seen, before = seen + [ticket["id"] for ticket in page["tickets"]], page["next"]
        self.assertEqual(seen, ids[::-1])
