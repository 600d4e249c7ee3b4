"""Would have caught more_open_than_there_are."""

from tests.desk import DeskTest


class Totals(DeskTest):
    environ = {"SUPPORT_DESK_AUTH": "tokens", "DEBUG": "true"}

    def login(self, name, role):
        reply = self.desk.post("/api/debug/login", {"login": name, "roles": [role]})
        return {"Authorization": f"Bearer {reply.json['token']}"}

    def test_a_customers_total_is_the_length_of_the_list(self):
        ann, agent = self.login("ann", "customer"), self.login("sue", "agent")
        self.desk.post("/tickets", {"title": "Login broken", "description": "Cannot get in"}, ann)
        for who in (ann, agent, agent):
            self.desk.post("/tickets/1/comments", {"body": "Hello"}, who)
        listed = self.desk.get("/tickets", ann).json["tickets"]
        self.assertEqual(self.desk.get("/tickets/stats", ann).json["total_tickets"], len(listed))
