"""Would have caught old_status_on_the_screen."""

from tests.desk import DeskTest


class Freshness(DeskTest):
    def test_a_browser_asks_each_time(self):
        self.desk.new_ticket()
        for path in ("/tickets", "/tickets/1", "/tickets/stats"):
            self.assertIn("no-cache", self.desk.get(path).headers["Cache-Control"], path)
