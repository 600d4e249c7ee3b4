"""Would have caught approval_bypass."""

from tests.desk import AGENT, CUSTOMER, DeskTest


class Approval(DeskTest):
    def test_only_an_agent_approves_a_draft(self):
        self.desk.new_ticket()
        self.desk.post("/tickets/1/draft", {}, AGENT)
        for headers in (CUSTOMER, {"X-User-Id": "user-1", "X-User-Role": "user"}, {}):
            self.assertEqual(self.desk.post("/drafts/1/approve", {}, headers).status, 403, headers)
        self.assertEqual(self.desk.post("/drafts/1/approve", {}, AGENT).status, 200)
