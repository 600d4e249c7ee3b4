"""Would have caught page_of_a_stranger."""

from tests.desk import DeskTest

ALLOW = "Access-Control-Allow-Origin"


class Pages(DeskTest):
    def test_a_foreign_page_may_not_read_and_one_of_ours_may(self):
        self.assertNotIn(ALLOW, self.desk.get("/tickets", {"Origin": "https://evil.example"}).headers)
        friend = "http://localhost:3000"
        self.assertEqual(self.desk.get("/tickets", {"Origin": friend}).headers[ALLOW], friend)
