"""Would have caught search_finds_it_sometimes."""

from tests.desk import DeskTest


class Search(DeskTest):
    def test_each_search_sees_the_newest_tickets(self):
        for number in range(1, 4):
            self.desk.new_ticket(title=f"Printer {number}")
            totals = [self.desk.get(f"/tickets?search=printer&limit={limit}").json["total"] for limit in range(10, 20)]
            self.assertEqual(totals, [number] * 10)
