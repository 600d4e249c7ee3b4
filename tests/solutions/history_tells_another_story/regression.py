"""Would have caught history_tells_another_story."""

from tests.desk import CUSTOMER, DeskTest

ADMIN = {"X-User-Id": "root", "X-User-Role": "admin"}


class History(DeskTest):
    def test_the_last_version_of_a_reopened_ticket_is_the_ticket(self):
        self.desk.new_ticket()
        for name in ("assign", "start_work", "resolve", "close", "reopen"):
            self.desk.post("/tickets/1/transitions", {"transition": name}, ADMIN)
        now = self.desk.get("/tickets/1", CUSTOMER).json
        then = self.desk.get(f"/tickets/1/at/{now['version']}").json
        self.assertEqual(then, {column: now[column] for column in then})
