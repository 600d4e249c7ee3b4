"""Would have caught monitoring_runs_full."""

from tests.desk import DeskTest


class Series(DeskTest):
    def lines(self):
        return len(self.desk.get("/metrics").body.splitlines())

    def test_nonsense_makes_no_new_series(self):
        seen = []
        for number in range(4):
            self.desk.get(f"/tickets/{number + 1}")
            self.desk.get(f"/wp-admin-{number}.php")
            seen.append(self.lines())
        self.assertEqual(seen[1:], [seen[1]] * 3)
