"""Would have caught created_again_after_the_move."""

from contextlib import closing

from store import Store
from tests.desk import CUSTOMER, DeskTest

KEY = {**CUSTOMER, "Idempotency-Key": "once"}


class Move(DeskTest):
    def test_a_rebuilt_file_has_the_keys(self):
        self.desk.post("/tickets", {"title": "Hi", "description": "Hello"}, KEY)
        keys = "SELECT caller, method, path, key, status FROM idempotency_keys"
        before, old, new = self.desk.rows(keys), self.desk.database, self.desk.database.with_name("new.sqlite3")
        copy = old.with_name("copy.sqlite3")
        with closing(Store(str(old), read_only=True)) as store:
            store.backup(str(copy), lambda done, pages: None)
        with closing(Store(str(new))) as store:
            list(store.rebuild_from(str(copy), "a test", lambda done, events: None))
            found = [tuple(row.values()) for row in store.db.execute(keys)]
        self.assertEqual(found, before)
