"""Would have caught backup_ends_too_early."""

from contextlib import closing
from pathlib import Path

from store import Store
from tests.desk import DeskTest


class Backup(DeskTest):
    def test_a_backup_has_the_ticket_that_was_just_created(self):
        with closing(self.desk.open_database()) as report:  # as long as it reads, SQLite cannot move the newest rows
            report.execute("BEGIN")
            report.execute("SELECT count(*) FROM tickets").fetchall()
            self.desk.new_ticket(title="The last one")
            copy = Path(self.desk.database).with_name("copy.sqlite3")
            with closing(Store(str(self.desk.database), read_only=True)) as store:
                store.backup(str(copy), lambda done, pages: None)
        with closing(Store(str(copy), read_only=True)) as store:
            self.assertEqual(store.count_rows()["tickets"], 1)
