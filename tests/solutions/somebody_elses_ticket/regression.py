"""Would have caught somebody_elses_ticket."""

from tests.desk import DeskTest


class Owners(DeskTest):
    environ = {"SUPPORT_DESK_AUTH": "tokens", "DEBUG": "true"}

    def login(self, who, role):
        token = self.desk.post("/api/debug/login", {"login": who, "roles": [role]}).json["token"]
        return {"Authorization": f"Bearer {token}"}

    def test_nothing_of_a_ticket_is_shown_to_another_customer(self):
        alice, bob, agent = self.login("alice", "customer"), self.login("bob", "customer"), self.login("dan", "agent")
        self.assertEqual(self.desk.post("/tickets", {"title": "x", "description": "y"}, alice).status, 201)
        for part in ("", "/comments", "/events", "/at/1"):
            statuses = [self.desk.get(f"/tickets/1{part}", who).status for who in (alice, bob, agent)]
            self.assertEqual(statuses, [200, 404, 200], part)
