"""The Petri net over HTTP: the transitions, the roles they need, and a ticket at every version."""

from itertools import product
from urllib.parse import quote

from tests.desk import AGENT, CUSTOMER, DeskTest
from workflow import PLACES, TRANSITIONS

# Copied by hand from the published table, to find mistakes in the desk's own table. What a learner adds to the desk is
# not in here: the published part must stay as it is.
NET = {
    ("new", "assign"): ("assigned", "Assigned", "agent"),
    ("assigned", "start_work"): ("in_progress", "StartWorked", "agent"),
    ("in_progress", "escalate"): ("escalated", "Escalateed", "agent"),
    ("in_progress", "request_info"): ("pending_customer", "RequestInfoed", "agent"),
    ("pending_customer", "customer_reply"): ("in_progress", "CustomerReplyed", "customer"),
    ("in_progress", "resolve"): ("resolved", "Resolveed", "agent"),
    ("escalated", "resolve_escalated"): ("resolved", "ResolveEscalated", "supervisor"),
    ("resolved", "close"): ("closed", "Closeed", "agent"),
    ("closed", "reopen"): ("new", "Reopened", "customer"),
}
PATHS = {  # the transitions that bring a new ticket into each state
    "new": (),
    "assigned": ("assign",),
    "in_progress": ("assign", "start_work"),
    "escalated": ("assign", "start_work", "escalate"),
    "pending_customer": ("assign", "start_work", "request_info"),
    "resolved": ("assign", "start_work", "resolve"),
    "closed": ("assign", "start_work", "resolve", "close"),
}
PERMISSIONS = {  # the roles whose permissions each X-User-Role has
    "customer": {"customer"},
    "agent": {"agent"},
    "supervisor": {"agent", "supervisor"},
    "admin": {"customer", "agent", "supervisor"},
    "agent, customer": {"agent", "customer"},
    "user": set(),
    "Agent": set(),
    "": {"customer"},  # a caller with an id and no role is a customer
}
ROLE_NEEDED = {transition: role for (_, transition), (_, _, role) in NET.items()}
ADMIN = {"X-User-Id": "root", "X-User-Role": "admin"}


def marking(place: str) -> dict:
    return {other: int(other == place) for other in PLACES}


class NetTest(DeskTest):
    def ticket_in(self, state: str) -> str:
        uuid = self.desk.new_ticket()["uuid"]
        for transition in PATHS[state]:
            reply = self.desk.post(f"/api/{transition}", {"aggregate_id": uuid}, ADMIN)
            self.assertEqual(reply.status, 200)
        return uuid

    def fire(self, route: str, uuid: str, transition: str, headers):
        if route == "/api":
            return self.desk.post(f"/api/{transition}", {"aggregate_id": uuid, "data": {}}, headers)
        return self.desk.post(f"/tickets/{uuid}/transitions", {"transition": transition}, headers)


class Anonymous(NetTest):
    """tests/proofs/test_net.py asks in every state."""

    STATES = ("pending_customer", "closed")  # where a customer may do something

    def test_a_request_without_an_identity_is_401_on_the_published_routes_and_acts_as_a_customer_on_the_others(self):
        for state, transition in product(self.STATES, ROLE_NEEDED):
            uuid = self.ticket_in(state)
            for headers in ({}, {"Authorization": "Bearer <token>"}):
                reply = self.desk.post(f"/api/{transition}", {"aggregate_id": uuid}, headers)
                self.assert_refused(reply, 401, "UNAUTHORIZED")
                self.assertIn("WWW-Authenticate", reply.headers)
            if ROLE_NEEDED[transition] != "customer":
                expected = 403
            else:
                expected = 200 if (state, transition) in NET else 409
            self.assertEqual(self.fire("/tickets", uuid, transition, {}).status, expected, f"{transition} of {state}")


class Net(NetTest):
    def test_a_refusal_on_a_published_route_has_the_status_of_a_refusal(self):
        uuid = self.desk.new_ticket()["uuid"]
        self.assertEqual(self.desk.post("/api/close", {"aggregate_id": uuid}, AGENT).status, 409)
        self.desk.post(f"/tickets/{uuid}/lock", {}, {**AGENT, "X-User-Id": "agent-2"})
        self.assertEqual(self.desk.post("/api/assign", {"aggregate_id": uuid}, AGENT).status, 423)

    def test_the_answer_of_a_published_route_has_its_members(self):
        uuid = self.ticket_in("new")
        reply = self.desk.post("/api/assign", {"aggregate_id": uuid, "data": {"assignee": "agent-7"}}, AGENT)
        members = {"success", "aggregate_id", "version", "state", "enabled_transitions"}
        self.assertLessEqual(members, set(reply.json))
        self.assertEqual((reply.json["success"], reply.json["aggregate_id"], reply.json["version"]), (True, uuid, 2))
        self.assertEqual(self.desk.get(f"/tickets/{uuid}").json["assignee"], "agent-7")

    def test_assign_without_an_assignee_takes_the_caller_and_reopen_clears_the_assignee(self):
        uuid = self.ticket_in("new")
        self.assertEqual(self.fire("/tickets", uuid, "assign", AGENT).json["assignee"], "agent-1")
        uuid = self.ticket_in("new")
        self.desk.post("/api/assign", {"aggregate_id": uuid, "data": {"assignee": None}}, AGENT)
        self.assertEqual(self.desk.get(f"/tickets/{uuid}").json["assignee"], "agent-1")
        closed = self.ticket_in("closed")
        self.assertEqual(self.fire("/tickets", closed, "reopen", CUSTOMER).json["assignee"], None)

    def test_bad_bodies_are_refused_and_change_nothing(self):
        uuid = self.ticket_in("new")
        for path, body, status in (
            ("/api/assign", {}, 400),
            ("/api/assign", {"aggregate_id": 1}, 400),
            ("/api/assign", {"aggregate_id": "no-such-ticket"}, 404),
            ("/api/assign", {"aggregate_id": uuid, "data": []}, 400),
            ("/api/assign", {"aggregate_id": uuid, "data": {"assignee": 7}}, 400),
            ("/api/assign", {"aggregate_id": uuid, "data": {"assignee": "x" * 65}}, 400),
            ("/api/assign", {"aggregate_id": uuid, "data": {"note": "x" * 20_001}}, 400),
            ("/api/assign", {"aggregate_id": uuid, "who": "me"}, 400),
            ("/tickets/1/transitions", {}, 400),
            ("/tickets/1/transitions", {"transition": "explode"}, 400),
            ("/tickets/1/transitions", {"transition": ["assign"]}, 400),
            ("/tickets/99/transitions", {"transition": "assign"}, 404),
        ):
            with self.subTest(f"{path} {str(body)[:60]}"):
                self.assertEqual(self.desk.post(path, body, AGENT).status, status)
        self.assertEqual(self.desk.get("/tickets/1").json["version"], 1)
        self.assertEqual(self.desk.post("/api/explode", {"aggregate_id": uuid}, AGENT).status, 404)

    def test_every_change_of_a_ticket_checks_if_match(self):
        self.desk.new_ticket()
        self.desk.post("/tickets/1/draft", {})
        uuid = self.desk.get("/tickets/1").json["uuid"]
        for method, path, body in (
            ("PATCH", "/tickets/1", {"title": "x"}),
            ("POST", "/tickets/1/comments", {"body": "x"}),
            ("POST", "/tickets/1/draft", {}),
            ("PATCH", "/drafts/1", {"body": "x"}),
            ("POST", "/drafts/1/approve", {}),
            ("POST", "/drafts/1/reject", {}),
            ("POST", "/tickets/1/transitions", {"transition": "assign"}),
            ("POST", "/api/assign", {"aggregate_id": uuid}),
        ):
            with self.subTest(path):
                reply = self.desk.request(method, path, body, {**ADMIN, "If-Match": '"1"'})
                self.assert_refused(reply, 412, "PRECONDITION_FAILED")
                self.assertEqual(reply.headers["ETag"], '"2"')
        self.assertEqual(self.desk.get("/tickets/1").json["version"], 2)
        reply = self.desk.post("/api/%61ssign", {"aggregate_id": uuid}, {**ADMIN, "If-Match": '"2"'})
        self.assertEqual((reply.status, reply.headers["ETag"]), (200, '"3"'))

    def test_the_net_is_served_at_api_schema(self):
        schema = self.desk.get("/api/schema").json
        self.assertEqual(schema["places"], list(PLACES))
        steps = {
            (step["from"], step["name"]): (step["to"], step["event"], step["role"]) for step in schema["transitions"]
        }
        self.assertEqual({step: steps.get(step) for step in NET}, NET)
        added = [t for t in TRANSITIONS.values() if (t.source, t.name) not in NET]
        self.assertEqual(steps, {**NET, **{(t.source, t.name): (t.target, t.event, t.role) for t in added}})
        self.assertEqual({role["name"] for role in schema["roles"]}, {"customer", "agent", "supervisor", "admin"})


class Flows(DeskTest):
    """Six paths through the net, which together use every transition."""

    FLOWS = (
        "assign start_work resolve close",
        "assign start_work escalate resolve_escalated close",
        "assign start_work request_info customer_reply resolve close",
        "assign start_work resolve close reopen",
        "assign start_work request_info customer_reply escalate resolve_escalated close reopen assign",
        "assign start_work request_info customer_reply request_info customer_reply resolve"
        " close reopen assign start_work",
    )
    environ = {"DEBUG": "true"}

    def run_flow(self, flow, headers_for):
        created = self.desk.post("/api/support-ticket", None, {"Content-Type": "application/json"})
        uuid, version = created.json["aggregate_id"], 1
        for transition in flow.split():
            reply = self.desk.post(f"/api/{transition}", {"aggregate_id": uuid}, headers_for(transition))
            version += 1
            self.assertEqual((reply.status, reply.json.get("version")), (200, version), reply.body)
            self.assertEqual(sum(reply.json["state"].values()), 1)
        types = [event["type"] for event in self.desk.get(f"/api/support-ticket/{uuid}/events").json["events"]]
        self.assertEqual(types, ["Created", *(TRANSITIONS[transition].event for transition in flow.split())])

    def test_every_flow_works_with_one_token_that_has_all_four_roles(self):
        roles = ["customer", "agent", "supervisor", "admin"]
        login = self.desk.post("/api/debug/login", {"login": "tester", "roles": roles})
        self.assertEqual(login.status, 200)
        bearer = {"Authorization": f"Bearer {login.json['token']}"}
        for flow in self.FLOWS:
            with self.subTest(flow):
                self.run_flow(flow, lambda transition: bearer)

    def test_every_flow_works_with_a_different_user_for_every_role(self):
        tokens = {
            role: self.desk.post("/api/debug/login", {"login": f"{role}-1", "roles": [role]}).json["token"]
            for role in ("customer", "agent", "supervisor", "admin")
        }
        for flow in self.FLOWS:
            with self.subTest(flow):
                self.run_flow(flow, lambda transition: {"Authorization": f"Bearer {tokens[ROLE_NEEDED[transition]]}"})


class TimeTravel(DeskTest):
    def test_a_ticket_can_be_read_as_it_was_at_every_version(self):
        seen = [self.desk.new_ticket()]
        for method, path, body in (
            ("PATCH", "/tickets/1", {"title": "New title", "category": "billing"}),
            ("POST", "/tickets/1/comments", {"body": "Hello"}),
            ("POST", "/tickets/1/transitions", {"transition": "assign", "data": {"assignee": "agent-2"}}),
            ("POST", "/tickets/1/draft", {}),
            ("POST", "/drafts/1/approve", {}),
            ("PATCH", "/tickets/1", {"assignee": None}),
        ):
            self.assertLess(self.desk.request(method, path, body, ADMIN).status, 300)
            ticket = self.desk.get("/tickets/1").json
            seen.append({column: ticket[column] for column in seen[0]})
        for version, ticket in enumerate(seen, 1):
            self.assertEqual(self.desk.get(f"/tickets/1/at/{version}").json, ticket)
            aggregate = self.desk.get(f"/api/support-ticket/{ticket['uuid']}/at/{version}").json
            self.assertEqual((aggregate["version"], aggregate["state"]), (version, marking(ticket["state"])))
            self.assertEqual(aggregate["places"], aggregate["state"])

    def test_a_past_version_is_built_from_events_only(self):
        self.desk.new_ticket()
        with self.desk.open_database() as database:
            database.execute("UPDATE tickets SET title = 'Changed behind the desk'")
        database.close()
        self.assertEqual(self.desk.get("/tickets/1/at/1").json["title"], "Login broken")

    def test_a_version_beyond_the_last_is_404_and_what_is_no_version_is_400(self):
        self.desk.new_ticket()
        for path in ("/tickets/1/at", "/api/support-ticket/1/at"):
            for version in ("2", "9" * 30, ""):
                self.assert_refused(self.desk.get(f"{path}/{version}"), 404, "NOT_FOUND")
            for version in ("0", "x", "-1", "1.0", "01", "٣"):
                with self.subTest(f"{path}/{version}"):
                    reply = self.desk.get(f"{path}/{quote(version)}")
                    self.assert_refused(reply, 400, "VALIDATION_ERROR")
                    self.assertIn("a whole number from 1", reply.json["message"])

    def test_a_history_can_be_read_in_pages_from_any_version(self):
        self.desk.new_ticket()
        for number in range(4):
            self.desk.post("/tickets/1/comments", {"body": f"Comment {number}"})
        page = self.desk.get("/tickets/1/events?from=2&limit=2").json
        self.assertEqual(([event["version"] for event in page["events"]], page["next"]), ([2, 3], 4))
        page = self.desk.get(f"/tickets/1/events?from={page['next']}").json
        self.assertEqual(([event["version"] for event in page["events"]], page["next"]), ([4, 5], None))
        events = self.desk.get("/api/support-ticket/1/events").json["events"]
        self.assertEqual({event["aggregate_id"] for event in events}, {self.desk.get("/tickets/1").json["uuid"]})
        self.assertEqual([event["timestamp"] for event in events], [event["at"] for event in events])
