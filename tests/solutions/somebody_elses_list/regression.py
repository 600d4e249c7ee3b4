"""Would have caught somebody_elses_list."""

from tests.desk import DeskTest


class Own(DeskTest):
    environ = {"SUPPORT_DESK_AUTH": "tokens", "DEBUG": "true"}

    def login(self, name):
        reply = self.desk.post("/api/debug/login", {"login": name, "roles": ["customer"]})
        return {"Authorization": f"Bearer {reply.json['token']}"}

    def test_each_customer_reads_the_own_list_one_behind_the_other(self):
        ann, bob = self.login("ann"), self.login("bob")
        self.desk.post("/tickets", {"title": "Login broken", "description": "Cannot get in"}, ann)
        totals = [self.desk.get("/tickets", who).json["total"] for who in (ann, bob, ann)]
        self.assertEqual(totals, [1, 0, 1])
