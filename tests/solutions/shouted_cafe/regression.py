"""Would have caught shouted_cafe."""

from urllib.parse import quote

from tests.desk import DeskTest


class Search(DeskTest):
    def test_capitals_make_no_difference_in_any_language(self):
        for title in ("café", "CAFÉ", "cafe\u0301"):
            self.desk.new_ticket(title=title)
        for needle in ("café", "CAFÉ", "cafe\u0301"):
            page = self.desk.get(f"/tickets?search={quote(needle)}").json
            self.assertEqual([ticket["id"] for ticket in page["tickets"]], [3, 2, 1], needle)
