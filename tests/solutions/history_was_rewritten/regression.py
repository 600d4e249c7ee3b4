"""Would have caught history_was_rewritten."""

from contextlib import closing

from tests.desk import DeskTest

DROP = "DROP TRIGGER IF EXISTS audit_events_are_never_changed"
CHANGES = {"actor": "'nobody'", "at": "'2020-01-01T00:00:00.000Z'", "request_id": "'mine'", "type": "'Closeed'"}


class Chain(DeskTest):
    def test_a_change_of_any_column_shows(self):
        for number, (column, value) in enumerate(CHANGES.items(), 1):
            self.desk.new_ticket()
            with closing(self.desk.open_database()) as database, database:
                database.execute(DROP)
                (was,) = database.execute(f"SELECT {column} FROM audit_events WHERE id = ?", (number,)).fetchone()
                database.execute(f"UPDATE audit_events SET {column} = {value} WHERE id = ?", (number,))
            with self.subTest(column):
                self.assertFalse(self.desk.get("/audit-events/verify").json["ok"])
            with closing(self.desk.open_database()) as database, database:
                database.execute(f"UPDATE audit_events SET {column} = ? WHERE id = ?", (was, number))
