"""Would have caught taken_and_gone."""

from contextlib import closing

from tests.desk import DeskTest

BROKEN = (
    "CREATE TABLE debts (owed INTEGER REFERENCES tickets (id) DEFERRABLE INITIALLY DEFERRED)",
    "CREATE TRIGGER owe AFTER INSERT ON tickets BEGIN INSERT INTO debts VALUES (-1); END",
)


class Promises(DeskTest):
    def test_what_is_taken_is_there(self):
        with closing(self.desk.open_database()) as database, database:
            for statement in BROKEN:
                database.execute(statement)
        reply = self.desk.post("/tickets", {"title": "Login broken", "description": "Cannot get in"})
        self.assertEqual((reply.status, self.desk.count("tickets")), (503, 0))
