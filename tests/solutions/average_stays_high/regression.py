"""Would have caught average_stays_high."""

from contextlib import closing
from datetime import datetime, timedelta, timezone

from tests.desk import DeskTest

ADD = """INSERT INTO tickets (uuid, title, description, created_by, created_at, updated_at)
    VALUES (?, 'Login broken', 'Cannot get in', 'user-1', ?, ?)"""


class Average(DeskTest):
    def test_a_day_without_a_ticket_counts(self):
        now = datetime.now(timezone.utc)
        with closing(self.desk.open_database()) as database, database:
            for number, days in enumerate((2, 2, 2, 0, 0, 0)):
                day = f"{now - timedelta(days=days):%Y-%m-%d}T10:00:00.000Z"
                database.execute(ADD, (f"{number:036}", day, day))
        self.assertEqual(self.desk.get("/tickets/stats").json["avg_tickets_per_day"], 2.0)
