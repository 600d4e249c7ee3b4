"""Would have caught former_agent_still_reads."""

from tests.desk import DeskTest


class Tokens(DeskTest):
    environ = {"SUPPORT_DESK_AUTH": "tokens", "DEBUG": "true"}

    def login(self, *roles):
        reply = self.desk.post("/api/debug/login", {"login": "ann", "roles": roles})
        return {"Authorization": f"Bearer {reply.json['token']}"}

    def test_a_token_that_was_used_ends_after_a_day(self):
        agent, admin = self.login("agent"), self.login("admin")
        self.assertEqual(self.desk.get("/tickets", agent).status, 200)
        self.desk.request("PUT", "/debug/clock", {"advance": "25h"}, admin)
        self.assertEqual(self.desk.get("/tickets", agent).status, 401)
