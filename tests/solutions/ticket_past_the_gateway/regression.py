"""Would have caught ticket_past_the_gateway."""

from tests.desk import DeskTest


class Lengths(DeskTest):
    def test_two_lengths_are_refused(self):
        body = b'{"title": "x", "description": "y"}'
        for lengths in ((34, 36), (36, 34), (34, 34, 36)):
            lines = "".join(f"Content-Length: {length}\r\n" for length in lengths)
            head = f"POST /tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{lines}\r\n"
            self.assertTrue(self.desk.raw(head.encode() + body + b"..").startswith(b"HTTP/1.1 400 "), lengths)
        self.assertEqual(self.desk.count("tickets"), 0)
