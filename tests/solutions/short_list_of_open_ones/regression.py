"""Would have caught short_list_of_open_ones."""

from tests.desk import DeskTest


class FilteredLists(DeskTest):
    def test_a_filter_that_fits_all_tickets_shows_all_tickets(self):
        for priority in ("high", "low", "critical", "low", "medium"):
            self.desk.new_ticket(priority=priority)
        page = self.desk.get("/tickets?status=open").json
        self.assertEqual([ticket["id"] for ticket in page["tickets"]], [5, 4, 3, 2, 1])
        self.assertEqual(len(page["tickets"]), page["total"])
