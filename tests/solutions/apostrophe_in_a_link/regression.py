"""Would have caught apostrophe_in_a_link."""

from tests.desk import DeskTest


class References(DeskTest):
    def test_what_stands_in_a_path_is_a_name_and_nothing_else(self):
        self.desk.new_ticket()
        for reference in ("O%27Brien", "x%27%20OR%20id=1%20--"):
            self.assertEqual(self.desk.get(f"/tickets/{reference}").status, 404, reference)
        self.assertEqual(self.desk.get("/tickets/1").status, 200)
