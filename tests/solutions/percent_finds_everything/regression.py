"""Would have caught percent_finds_everything."""

from tests.desk import DeskTest


class Search(DeskTest):
    def test_what_is_typed_is_found_as_it_is_typed(self):
        for title in ("100% cpu", "a_b", "axb"):
            self.desk.new_ticket(title=title)
        for needle, numbers in (("%25", [1]), ("_", [2]), ("0%25", [1])):
            page = self.desk.get(f"/tickets?search={needle}").json
            self.assertEqual([ticket["id"] for ticket in page["tickets"]], numbers, needle)
