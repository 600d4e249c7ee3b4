"""Would have caught import_shows_up_late."""

from contextlib import closing

from tests.desk import DeskTest


class Import(DeskTest):
    def test_a_change_by_another_program_is_in_the_next_list(self):
        self.desk.new_ticket()
        self.desk.get("/tickets")
        with closing(self.desk.open_database()) as database, database:
            database.execute("UPDATE tickets SET title = 'From outside'")
        self.assertEqual(self.desk.get("/tickets").json["tickets"][0]["title"], "From outside")
