"""Random histories: a small model, written without the code of the desk, must predict every answer and row."""

import random
import unittest

from tests.desk import Desk, run_tool
from tests.test_workflow import NET, PERMISSIONS, ROLE_NEEDED

SEEDS, STEPS = 6, 150
STATUS = {"new": "open", "assigned": "open", "resolved": "resolved", "closed": "closed"}
STATUSES = ["open", "in_progress", "resolved", "closed"]
PATHS = {  # the path from each state to each status, written by hand
    ("new", "in_progress"): "assign start_work",
    ("new", "resolved"): "assign start_work resolve",
    ("new", "closed"): "assign start_work resolve close",
    ("assigned", "in_progress"): "start_work",
    ("assigned", "resolved"): "start_work resolve",
    ("assigned", "closed"): "start_work resolve close",
    ("in_progress", "resolved"): "resolve",
    ("in_progress", "closed"): "resolve close",
    ("escalated", "resolved"): "resolve_escalated",
    ("escalated", "closed"): "resolve_escalated close",
    ("pending_customer", "resolved"): "customer_reply resolve",
    ("pending_customer", "closed"): "customer_reply resolve close",
    ("resolved", "closed"): "close",
    ("resolved", "open"): "close reopen",
    ("closed", "open"): "reopen",
}


class Model:
    """The expected state of the desk: tickets and drafts as plain dicts, the number of events and comments."""

    def __init__(self):
        self.tickets, self.drafts, self.events, self.comments = {}, {}, 0, 0

    def create(self, who, roles, fields):
        number = len(self.tickets) + 1
        self.tickets[number] = {**fields, "state": "new", "assignee": None, "created_by": who, "version": 0}
        return self.count_events(number, 201)

    def count_events(self, number, status=200, events=1):
        self.tickets[number]["version"] += events
        self.events += events
        return status

    def edit(self, who, roles, number, changes):
        ticket, changes = self.tickets[number], dict(changes)
        status = changes.pop("status", None)
        here = STATUS.get(ticket["state"], "in_progress")
        path = []
        after = dict(ticket)
        if status and status != here:
            if (ticket["state"], status) not in PATHS:
                return 409
            path = PATHS[ticket["state"], status].split()
            for step in path:
                if ROLE_NEEDED[step] not in PERMISSIONS[roles]:
                    return 403
                after["state"] = NET[after["state"], step][0]
                if step == "assign":
                    after["assignee"] = changes.get("assignee") or ticket["assignee"] or who
                if step == "reopen":
                    after["assignee"] = None
        edits = int(any(after[name] != value for name, value in changes.items()))
        self.tickets[number] = {**after, **changes}
        return self.count_events(number, events=edits + len(path))

    def fire(self, who, roles, number, name):
        ticket = self.tickets[number]
        if ROLE_NEEDED[name] not in PERMISSIONS[roles]:
            return 403
        if (ticket["state"], name) not in NET:
            return 409
        ticket["state"] = NET[ticket["state"], name][0]
        if name in ("assign", "reopen"):
            ticket["assignee"] = who if name == "assign" else None
        return self.count_events(number)

    def comment(self, who, roles, number, internal):
        if internal and "agent" not in PERMISSIONS[roles]:
            return 403
        self.comments += 1
        return self.count_events(number, 201)

    def draft(self, who, roles, number):
        self.drafts[len(self.drafts) + 1] = {"ticket_id": number, "status": "pending"}
        return self.count_events(number, 201)

    def decide(self, who, roles, number, verb):
        if "agent" not in PERMISSIONS[roles]:
            return 403
        draft = self.drafts.get(number)
        if not draft or draft["status"] != "pending":
            return 409 if draft else 404
        draft["status"] = "sent" if verb == "approve" else "rejected"
        self.comments += verb == "approve"
        return self.count_events(draft["ticket_id"])


class RandomHistories(unittest.TestCase):
    def test_the_desk_does_what_the_model_predicts_and_passes_verify(self):
        for seed in range(SEEDS):
            with self.subTest(seed=seed):
                self.random, self.model, self.desk = random.Random(seed), Model(), Desk()
                self.addCleanup(self.desk.stop)
                for step in range(STEPS):
                    self.one_step(step)
                self.assert_same()

    def one_step(self, step):
        who, roles = self.random.choice("abc"), self.random.choice(list(PERMISSIONS))
        headers = {"X-User-Id": who, "X-User-Role": roles}
        kind = self.random.choice(["create", "edit", "fire", "fire", "fire", "comment", "draft", "decide"])
        expected, (method, path, body) = getattr(self, f"plan_{kind if self.model.tickets else 'create'}")(who, roles)
        if self.random.random() < 0.3:
            headers["Idempotency-Key"] = f"step-{step}"
        reply = self.desk.request(method, path, body, headers)
        self.assertEqual(reply.status, expected, f"step {step}: {method} {path} {body} as {roles!r}: {reply.body}")
        if "Idempotency-Key" in headers and reply.status < 300:  # a retry changes nothing, so the model skips it
            again = self.desk.request(method, path, body, headers)
            self.assertEqual((again.status, again.body), (reply.status, reply.body))

    def some_ticket(self):
        return self.random.randint(1, len(self.model.tickets))

    def plan_create(self, who, roles):
        fields = {
            "title": f"Ticket {self.random.random()}",
            "description": "é",
            "category": "billing",
            "priority": "low",
        }
        return self.model.create(who, roles, fields), ("POST", "/tickets", fields)

    def plan_edit(self, who, roles):
        number, some = self.some_ticket(), self.random.choice
        changes = {"title": some(["One", "Two"]), "priority": some(["low", "high"]), "assignee": some([None, "x", "y"])}
        changes = {name: value for name, value in changes.items() if some([True, False])}
        if some([True, False]):
            changes["status"] = some(STATUSES)
        return self.model.edit(who, roles, number, changes), ("PATCH", f"/tickets/{number}", changes)

    def plan_fire(self, who, roles):
        number, name = self.some_ticket(), self.random.choice(list(ROLE_NEEDED))
        if self.random.random() < 0.7:  # mostly legal transitions, or no ticket would get far
            name = self.random.choice([step for place, step in NET if place == self.model.tickets[number]["state"]])
        expected = self.model.fire(who, roles, number, name)
        return expected, ("POST", f"/tickets/{number}/transitions", {"transition": name})

    def plan_comment(self, who, roles):
        number, internal = self.some_ticket(), self.random.choice([True, False])
        body = {"body": "Hello", "internal": internal}
        return self.model.comment(who, roles, number, internal), ("POST", f"/tickets/{number}/comments", body)

    def plan_draft(self, who, roles):
        number = self.some_ticket()
        return self.model.draft(who, roles, number), ("POST", f"/tickets/{number}/draft", {})

    def plan_decide(self, who, roles):
        number, verb = self.random.randint(1, len(self.model.drafts) + 1), self.random.choice(["approve", "reject"])
        return self.model.decide(who, roles, number, verb), ("POST", f"/drafts/{number}/{verb}", {})

    def assert_same(self):
        for number, expected in self.model.tickets.items():
            ticket = self.desk.get(f"/tickets/{number}").json
            self.assertEqual({name: ticket[name] for name in expected}, expected)
            last = self.desk.get(f"/tickets/{number}/at/{expected['version']}").json
            self.assertEqual(last, {name: ticket[name] for name in last})
            listed = self.desk.get(f"/tickets?limit=1&before={number + 1}").json["tickets"][0]
            self.assertEqual(listed, last)
        drafts = {
            number: {"ticket_id": ticket, "status": status}
            for number, ticket, status in self.desk.rows("SELECT id, ticket_id, status FROM drafts")
        }
        self.assertEqual(drafts, self.model.drafts)
        self.assertEqual(self.desk.count("comments"), self.model.comments)
        self.assertEqual(self.desk.get("/audit-events/verify").json["events"], self.model.events)
        done = run_tool("--verify", SUPPORT_DESK_DB=str(self.desk.database))
        self.assertEqual(done.returncode, 0, done.stdout)
