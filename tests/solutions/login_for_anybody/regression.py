"""Would have caught login_for_anybody."""

from tests.desk import DeskTest

ROOT = {"login": "root", "roles": ["admin"]}


class Off(DeskTest):
    environ = {"DEBUG": "no"}

    def test_where_debug_is_off_nobody_gets_a_token(self):
        self.assertEqual(self.desk.post("/api/debug/login", ROOT).status, 404)
