"""Would have caught guesses_without_end."""

from tests.desk import DeskTest


class Guesses(DeskTest):
    def test_a_client_cannot_say_that_it_is_somebody_else(self):
        login = {"email": "ann@example.com", "password": "wrong"}
        statuses = [
            self.desk.post("/user/login", login, {"X-Forwarded-For": f"192.0.2.{number}"}).status
            for number in range(11)
        ]
        self.assertEqual(statuses, [401] * 10 + [429])
