"""Every refusal that the API reference documents can be had, from an open desk and from a locked one."""

import re

from tests.desk import AGENT
from tests.test_locked import LIVE, LOCKED_LAB, bearer
from tests.test_openapi import ReferenceTest
from workflow import TRANSITIONS

FOR_ALL_ON_AN_OPEN_DESK = ("/tickets/{id}/draft", "/tickets/{id}/lock")
OF_AN_ACCOUNT = ("/user/logout", "/user/password")
REFUSED_TOKEN = {"Authorization": "Bearer not.a.token"}


class Refusals(ReferenceTest):
    """Each documented refusal, by the same few tricks for every operation that has it."""

    environ = {"DEBUG": "true", "CLASSIFIER": "openai"}  # without a key: its fallback is what strict callers get as 503
    agent, other = AGENT, {"X-User-Id": "eve", "X-User-Role": "customer"}

    def test_every_refusal_that_a_rule_documents_can_be_had(self):
        for method, route, operation in self.operations:
            for status in operation["x-statuses"]:
                trick = getattr(self, f"trick_{status}", None)
                if trick:
                    with self.subTest(f"{method} {route} {status}"):
                        reply = trick(method, route, operation)
                        if reply:
                            self.assertEqual(reply.status, status, reply.body)
                            self.assert_documented(reply, operation)

    def send(self, method, route, operation, **changed):
        """The example request, to a ticket in the right state, with `path`, `body`, `query` or `headers` changed."""
        name = route.rpartition("/")[2]
        number = self.ready(name if name in TRANSITIONS else None)
        body = self.body_of(operation)
        if body and "aggregate_id" in body:
            body = {**body, "aggregate_id": f"{number}"}
        path = changed.get("path") or self.path_of(route, number, operation)
        headers = changed["who"] if "who" in changed else self.boss
        if isinstance(changed.get("body"), dict):
            changed["body"] = {**body, **changed["body"]}
        sent = changed.get("body", body)
        return self.desk.request(
            method, path + changed.get("query", ""), sent, {**headers, **changed.get("headers", {})}
        )

    def trick_304(self, *operation):
        return self.send(*operation, headers={"If-None-Match": "*"})

    def trick_400(self, method, route, operation):
        if "requestBody" in operation:
            return self.send(method, route, operation, body={"no such field": 1})
        if "{version}" in route:
            return self.send(method, route, operation, path=self.path_of(route, 1, operation).replace("/at/1", "/at/0"))
        if route.startswith("/debug/snapshots/"):
            return self.send(method, route, operation, path=route.replace("{name}", "NOT.ALLOWED"))
        query = "?no_such_parameter=1" if self.parameters(operation, "query") else ""
        return self.send(method, route, operation, query=query, who={**self.boss, "X-User-Id": "two words"})

    def trick_401(self, method, route, operation):
        if route == "/user/login":
            return self.send(method, route, operation, body={"password": "not this one"})
        if self.environ.get("SUPPORT_DESK_AUTH") == "tokens" or [{}] != operation["security"][:1]:
            return self.send(method, route, operation, who=REFUSED_TOKEN)
        return self.send(method, route, operation, who=REFUSED_TOKEN, body=self.staff_only(operation))

    def trick_403(self, method, route, operation):
        body = self.staff_only(operation) if "requestBody" in operation else None
        if route in FOR_ALL_ON_AN_OPEN_DESK and 401 not in operation["x-statuses"]:
            return None
        if route in OF_AN_ACCOUNT:
            token = self.desk.post("/api/debug/login", {"login": "ghost", "roles": ["admin"]}).json["token"]
            return self.send(method, route, operation, who={"Authorization": f"Bearer {token}"})
        needs = TRANSITIONS.get(route.rpartition("/")[2])
        who = self.agent if needs and needs.role == "customer" else self.other
        return self.send(method, route, operation, who=who, body=body)

    def staff_only(self, operation):
        """A body for which an operation that has a gate inside needs staff."""
        fields = operation["requestBody"]["content"]["application/json"]["schema"]["properties"]
        if "internal" in fields and "$ref" not in fields["internal"]:
            return {"internal": True}
        return {"status": "in_progress"} if "status" in fields and "$ref" not in fields["status"] else {}

    def trick_404(self, method, route, operation):
        if route in ("/api/debug/login", "/ws/echo"):
            return None  # this desk has it
        if self.is_live(route):
            return self.send(method, route, operation, query="?after=999999")
        if route == "/audit-events":
            return self.send(method, route, operation, query="?ticket=999999")
        if "{" not in route:
            return self.send(method, route, operation, body={"aggregate_id": "999999"})
        return self.send(method, route, operation, path=re.sub(r"\{\w+\}", "999999", route))

    def is_live(self, route):
        return ("GET", route) in LIVE

    def trick_409(self, method, route, operation):
        if "/classify" in route or route.endswith("/draft"):
            return None  # only while the first one is at work: see test_idempotency.py
        if route.startswith("/debug/snapshots/"):
            return None  # a damaged file, or too many: see test_lab_state.py
        number, name = self.ready(), route.rpartition("/")[2]
        path, body = self.path_of(route, number, operation), self.body_of(operation)
        if route.startswith("/drafts/"):
            self.assertEqual(self.desk.post(f"/drafts/{number}/reject", {}, self.boss).status, 200)
            return self.desk.request(method, path, body, self.boss)
        if name == "transitions":
            return self.desk.post(path, {"transition": "close"}, self.boss)
        if name in TRANSITIONS:
            elsewhere = self.ready("assign" if name != "assign" else "close")
            return self.desk.post(path, {"aggregate_id": f"{elsewhere}"}, self.boss)
        self.desk.patch(path, {"status": "in_progress"}, self.boss)
        return self.desk.patch(path, {"status": "open"}, self.boss)

    def trick_412(self, *operation):
        return self.send(*operation, headers={"If-Match": '"999999"'})

    def trick_415(self, *operation):
        return self.send(*operation, body=b"{}", headers={"Content-Type": "text/plain"})

    def trick_422(self, method, route, operation):
        key = {"Idempotency-Key": f"{method} {route}".replace(" ", "-")}
        number = self.ready(route.rpartition("/")[2] if route.rpartition("/")[2] in TRANSITIONS else None)
        path, body = self.path_of(route, number, operation), self.body_of(operation)
        if "aggregate_id" in body:
            body = {**body, "aggregate_id": f"{number}"}
        self.assertLess(self.desk.request(method, path, body, {**self.boss, **key}).status, 300)
        fields = operation["requestBody"]["content"]["application/json"]["schema"]["properties"]
        other = next(name for name in ("created_at", "data") if name in fields)
        return self.desk.request(method, path, {**body, other: {}}, {**self.boss, **key})

    def trick_423(self, method, route, operation):
        name = route.rpartition("/")[2]
        number = self.ready(name if name in TRANSITIONS else None)
        self.assertEqual(self.desk.post(f"/tickets/{number}/lock", {}, self.agent).status, 200)
        body = {**(self.body_of(operation) or {}), **({"aggregate_id": f"{number}"} if name in TRANSITIONS else {})}
        path = self.path_of(route, number, operation)
        return self.desk.request(method, path, None if method == "DELETE" else body, self.boss)

    def trick_426(self, *operation):
        return self.send(*operation)

    def trick_503(self, method, route, operation):
        if route == "/ready":
            return None  # its database is there
        return self.send(method, route, operation, headers={"Prefer": "handling=strict"})


class LockedRefusals(Refusals):
    environ = {**LOCKED_LAB, **Refusals.environ}

    @property
    def boss(self):
        return bearer("root", "admin")

    @property
    def agent(self):
        return bearer("dan", "agent")

    @property
    def other(self):
        return bearer("root", "customer")  # by name the one whose tickets these are: else it would be 404
