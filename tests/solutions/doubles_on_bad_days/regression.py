"""Would have caught doubles_on_bad_days."""

from contextlib import closing

from tests.desk import DeskTest


class Retry(DeskTest):
    def test_what_could_not_be_recognised_again_is_not_done(self):
        new, key = {"title": "x", "description": "y"}, {"Idempotency-Key": "k"}
        with closing(self.desk.open_database()) as database:
            full = "CREATE TRIGGER full BEFORE INSERT ON idempotency_keys BEGIN SELECT RAISE(ABORT, 'disk full'); END"
            database.execute(full)
            self.assertIn(self.desk.post("/tickets", new, key).status, (500, 503))
            database.execute("DROP TRIGGER full")
        self.assertEqual(self.desk.post("/tickets", new, key).status, 201)
        self.assertEqual(self.desk.count("tickets"), 1)
