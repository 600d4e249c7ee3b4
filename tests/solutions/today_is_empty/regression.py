"""Would have caught today_is_empty."""

import tempfile
import unittest
from pathlib import Path

from tests.desk import DeskProcess


class Today(unittest.TestCase):
    def test_a_ticket_of_now_is_in_the_last_bar_in_every_zone(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for zone in ("AAA12", "AAA-14"):
            desk = DeskProcess(Path(folder.name, f"{zone}.sqlite3"), Path.cwd(), TZ=zone)
            self.addCleanup(desk.stop)
            day = desk.new_ticket()["created_at"][:10]
            self.assertEqual(desk.get("/tickets/stats").json["daily"][-1], {"day": day, "tickets": 1})
