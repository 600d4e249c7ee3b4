"""Would have caught chart_has_holes_in_march."""

from tests.desk import Desk, DeskTest


class Chart(DeskTest):
    def test_a_chart_has_thirty_days_in_every_month(self):
        desk = Desk(DEBUG="true")
        self.addCleanup(desk.stop)
        for month in range(1, 13):
            desk.request("PUT", "/debug/clock", {"at": f"2027-{month:02}-28T12:00:00Z"})
            with self.subTest(month=month):
                self.assertEqual(len(desk.get("/tickets/stats").json["daily"]), 30)
