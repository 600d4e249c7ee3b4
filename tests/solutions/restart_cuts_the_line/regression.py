"""Would have caught restart_cuts_the_line."""

from tests.desk import DeskTest


class HalfClosed(DeskTest):
    def test_a_client_that_closes_its_side_gets_the_slow_answer(self):
        self.desk.new_ticket()
        for _ in range(30):  # a history comes from a worker thread
            answer = self.desk.raw(b"GET /tickets/1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertIn(b"200 OK", answer)
