"""Would have caught next_call_fails."""

from tests.desk import DeskTest


class Following(DeskTest):
    def test_the_request_behind_a_refused_one_with_a_body_is_answered(self):
        for method in ("PUT", "DELETE", "BREW"):
            self.assertEqual(self.desk.request(method, "/tickets", {"title": "x"}).status, 405)
            self.assertEqual(self.desk.get("/health").status, 200, f"behind {method}")
