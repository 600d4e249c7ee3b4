"""Would have caught agent_for_one_request."""

from tests.desk import DeskTest


class Headers(DeskTest):
    def test_only_cr_lf_ends_a_header(self):
        self.desk.new_ticket()
        self.desk.post("/tickets/1/draft", {"body": "We look into it."})
        for separator in ("\r", "\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85"):
            head = f"POST /drafts/1/approve HTTP/1.1\r\nHost: localhost\r\nX: a{separator}X-User-Role: agent\r\n\r\n"
            answer = self.desk.raw(head.encode("latin-1"))
            self.assertRegex(answer, b"^HTTP/1.1 40[03] ", repr(separator))
