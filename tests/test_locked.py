"""A locked desk: without a valid token nobody gets in, and a customer sees only own tickets."""

import base64
import hashlib
import hmac
import json
import re
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from unittest import mock

import app
from tests.desk import AGENT, Client, Desk, DeskTest, hash_quickly, run_tool, want
from web.identity import password_hash
from web.settings import BadSetting
from workflow import TRANSITIONS

SECRET = "a secret that only this test knows about"
LOCKED = {"SUPPORT_DESK_AUTH": "tokens", "SUPPORT_DESK_SECRET": SECRET}
LOCKED_LAB = {**LOCKED, "DEBUG": "true"}
LIVE = {("GET", "/events"), ("GET", "/ws"), ("GET", "/ws/echo")}  # they answer without an end: see test_live.py
PAGES = ("/health", "/ready", "/openapi.json", "/docs", "/", "/beside", "/static/{name}")
PUBLIC = {("POST", "/user/login"), ("POST", "/api/debug/login")} | {("GET", path) for path in PAGES}


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forge(claims, header=None, secret: str = SECRET) -> str:
    """A JSON Web Token, made here by the RFC and not by the desk."""
    parts = [header or {"alg": "HS256", "typ": "JWT"}, claims]
    signed = ".".join(base64url(part if isinstance(part, bytes) else json.dumps(part).encode()) for part in parts)
    return f"{signed}.{base64url(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())}"


def bearer(user: str, *roles: str) -> dict:
    return {"Authorization": f"Bearer {forge({'sub': user, 'roles': list(roles), 'exp': time.time() + 3600})}"}


CALLERS = {
    "owner": bearer("alice", "customer"),
    "other": bearer("bob", "customer"),
    "nobody's role": bearer("carol", "user"),
    "agent": bearer("dan", "agent"),
    "supervisor": bearer("eve", "supervisor"),
    "admin": bearer("root", "admin"),
}
STAFF = {"agent", "supervisor", "admin"}
EVERYONE = set(CALLERS)
SEERS = STAFF | {"owner"}  # who may see alice's ticket


class Locked(DeskTest):
    environ = LOCKED

    def new_ticket(self, **fields):
        return self.desk.post(
            "/tickets", {"title": "Login broken", "description": "Cannot get in", **fields}, CALLERS["owner"]
        ).json

    def new_names(self, path: str) -> dict:
        """The names in a path: those of a new ticket and, if the path needs one, of a pending draft for it."""
        ticket = self.new_ticket()
        names = {"id": ticket["id"], "uuid": ticket["uuid"]}
        if "{draft}" in path:
            names["draft"] = self.desk.post(f"/tickets/{ticket['id']}/draft", {}, CALLERS["agent"]).json["id"]
        return names

    def test_every_route_but_the_public_ones_needs_a_token(self):
        self.new_ticket()
        for route in app.ROUTES:
            path = route.path.replace("{id}", "1").replace("{version}", "1")
            for headers in (
                {},
                AGENT,
                {"Authorization": "Bearer <token>"},
                {"X-User-Id": "alice", "X-User-Role": "admin"},
            ):
                with self.subTest(f"{route.method} {path}"):
                    reply = self.desk.request(route.method, path, None, headers)
                    if (route.method, route.path) in PUBLIC:
                        self.assertNotEqual(reply.status, 401)
                    elif route.locked == "anyone":
                        want(False, f'add to tests/test_locked.py, PUBLIC: ("{route.method}", "{route.path}")')
                    else:
                        self.assert_refused(reply, 401, "UNAUTHORIZED")
        self.assertEqual(self.desk.count("audit_events"), 1)

    def test_a_body_without_a_token_is_not_kept_while_it_arrives(self):
        head = b"POST /tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        with closing(self.desk.connect()) as sock:
            sock.sendall(head + b"Content-Length: 1000000\r\n\r\n" + b"x" * 900_000)
            while [handler.state.name for handler in list(self.desk.server.handlers)] != ["body"]:
                pass
            self.assertLess(max(handler.reader.unread for handler in self.desk.server.handlers), 100_000)
            sock.sendall(b"x" * 100_000)
            self.assertIn(b"HTTP/1.1 401 ", sock.recv(65536))

    def test_each_role_may_do_to_alices_ticket_only_what_is_listed(self):
        """Endpoint × role × owner: only the listed cells succeed; who may not see the ticket gets 404."""
        cells = {
            ("GET", "/tickets/{id}", None): SEERS,
            ("GET", "/tickets/{uuid}", None): SEERS,
            ("PATCH", "/tickets/{id}", (("title", "Changed"),)): SEERS,
            ("PATCH", "/tickets/{id}", (("priority", "low"),)): STAFF,
            ("PATCH", "/tickets/{id}", (("category", "billing"),)): STAFF,
            ("PATCH", "/tickets/{id}", (("assignee", "dan"),)): STAFF,
            ("PATCH", "/tickets/{id}", (("status", "in_progress"),)): STAFF,
            ("GET", "/tickets/{id}/comments", None): SEERS,
            ("GET", "/tickets/{id}/drafts", None): SEERS,
            ("POST", "/tickets/{id}/comments", (("body", "Hello"),)): SEERS,
            ("POST", "/tickets/{id}/comments", (("body", "Psst"), ("internal", True))): STAFF,
            ("POST", "/tickets/{id}/transitions", (("transition", "assign"),)): STAFF,
            ("POST", "/api/assign", (("aggregate_id", "{uuid}"),)): STAFF,
            ("POST", "/tickets/{id}/lock", ()): STAFF,
            ("DELETE", "/tickets/{id}/lock", None): STAFF,
            ("GET", "/tickets/{id}/events", None): SEERS,
            ("GET", "/tickets/{id}/at/1", None): SEERS,
            ("GET", "/api/support-ticket/{uuid}", None): SEERS,
            ("GET", "/api/support-ticket/{uuid}/events", None): SEERS,
            ("GET", "/api/support-ticket/{uuid}/at/1", None): SEERS,
            ("POST", "/tickets/{id}/draft", ()): STAFF,
            ("PATCH", "/drafts/{draft}", (("body", "Better"),)): STAFF,
            ("POST", "/drafts/{draft}/approve", ()): STAFF,
            ("POST", "/drafts/{draft}/reject", ()): STAFF,
            ("GET", "/audit-events", None): STAFF,
            ("GET", "/audit-events?ticket={id}", None): STAFF,
            ("GET", "/audit-events/verify", None): STAFF,
            ("GET", "/tickets", None): EVERYONE,
            ("POST", "/tickets", (("title", "x"), ("description", "y"))): EVERYONE,
            ("POST", "/api/support-ticket", ()): EVERYONE,
            ("GET", "/api/schema", None): EVERYONE,
            ("GET", "/tickets.csv", None): EVERYONE,
            ("GET", "/tickets/stats", None): EVERYONE,
            ("GET", "/metrics", None): STAFF,
            ("POST", "/user/logout", ()): set(),  # none of these callers has an account: see test_accounts.py
            ("POST", "/user/password", (("password", "x" * 9), ("new_password", "y" * 9))): set(),
            ("POST", "/tickets/classify", (("description", "x"),)): EVERYONE,
            ("POST", "/api/tickets/classify", (("description", "x"),)): EVERYONE,
            ("POST", "/api/tickets", (("title", "x"), ("description", "y"))): EVERYONE,
            ("GET", "/api/tickets", None): EVERYONE,
            ("GET", "/api/tickets/stats", None): EVERYONE,
            ("GET", "/api/tickets/{id}", None): SEERS,
            ("PATCH", "/api/tickets/{id}", (("title", "Changed"),)): SEERS,
        }
        others = [name for name in TRANSITIONS if name != "assign"]  # the net lets none of them happen to a new ticket
        cells |= {("POST", f"/api/{name}", (("aggregate_id", "{uuid}"),)): set() for name in others}
        covered = {
            (method, re.sub(r"\{(uuid|draft)\}", "{id}", path).replace("/at/1", "/at/{version}"))
            for method, path, _ in cells
        }
        # (method, path) of what only staff may call: there a role is checked before the ticket is looked for
        added = {(route.method, route.path) for route in app.ROUTES if route.role}
        for route in app.ROUTES:
            if (route.method, route.path) in covered | PUBLIC | LIVE:
                continue
            who = SEERS if "{id}" in route.path else EVERYONE
            if route.method == "GET":  # one that a learner has added: its row says who may
                is_for_staff = route.locked == "staff" or route.role
                path = route.path.replace("{version}", "1")
                cells["GET", path, None] = who & STAFF if is_for_staff else who
                added |= {("GET", path)} if is_for_staff else set()
                continue
            who = "STAFF" if route.role or "{id}" in route.path else "EVERYONE"
            body = tuple((name, "1") for name in route.body.required.split()) if route.body else None
            cell = f'("{route.method}", "{route.path}", {body}): {who},'
            want(False, f"add to tests/test_locked.py, cells: {cell}")
        shared = self.new_names("")  # of a ticket for all who only read
        for (method, path, body), allowed in cells.items():
            names = shared if method == "GET" else self.new_names(path)
            for who in sorted(CALLERS, key=lambda who: who in allowed):  # who is refused leaves the ticket as it is
                with self.subTest(f"{method} {path} {body} as {who}"):
                    headers = CALLERS[who]
                    fields = (
                        body
                        if body is None
                        else {name: names["uuid"] if value == "{uuid}" else value for name, value in body}
                    )
                    reply = self.desk.request(method, path.format(**names), fields, headers)
                    is_hidden = who not in SEERS and path.startswith(("/tickets/{", "/api/"))
                    is_illegal = who not in ("other", "nobody's role") and path[5:] in others
                    if who in allowed:
                        self.assertLess(reply.status, 300, reply.body)
                        names = names if method == "GET" else self.new_names(path)
                    elif (method, path) in added:
                        self.assertIn(reply.status, (403, 404))
                    else:
                        self.assertIn(reply.status, (403, 409) if is_illegal else (404,) if is_hidden else (403,))

    def test_the_ticket_of_somebody_else_looks_as_if_it_were_not_there(self):
        self.new_ticket(title="Only for Alice")
        self.desk.post("/tickets", {"title": "Bob's", "description": "y"}, CALLERS["other"])
        for query in ("", "?search=Alice", "?created_by=alice", "?status=open", "?mine=true", "?limit=1"):
            page = self.desk.get(f"/tickets{query}", CALLERS["other"])
            self.assertNotIn(b"Alice", page.body)
            self.assertEqual(page.json["total"], len(page.json["tickets"]), query)
        theirs = self.desk.get("/tickets/1", CALLERS["other"])
        absent = self.desk.get("/tickets/77", CALLERS["other"])
        self.assertEqual(theirs.json["message"].replace("1", "77"), absent.json["message"])
        self.assertEqual(self.desk.get("/tickets", CALLERS["agent"]).json["total"], 2)

    def test_a_customer_never_sees_what_staff_say_among_themselves(self):
        self.new_ticket()
        note = {"transition": "assign", "data": {"note": "canary-note"}}
        self.desk.post("/tickets/1/transitions", note, CALLERS["agent"])
        self.desk.post("/tickets/1/comments", {"body": "canary-internal", "internal": True}, CALLERS["agent"])
        self.desk.post("/tickets/1/comments", {"body": "For you"}, CALLERS["agent"])
        self.desk.post("/tickets/1/draft", {}, CALLERS["agent"])
        self.desk.patch("/drafts/1", {"body": "canary-draft"}, CALLERS["agent"])
        self.desk.post("/drafts/1/approve", {"body": "A reply"}, CALLERS["agent"])
        paths = [
            "/tickets",
            "/tickets.csv",
            "/tickets/1",
            "/tickets/1/comments",
            "/tickets/1/drafts",
            "/tickets/1/events",
            "/tickets/1/at/5",
        ]
        paths += [f"/api/support-ticket/1{rest}" for rest in ("", "/events", "/at/5")]
        for path in paths:
            reply = self.desk.get(path, CALLERS["owner"])
            self.assertEqual(reply.status, 200)
            self.assertNotIn(b"canary", reply.body, path)
            self.assertNotIn(b"hash", reply.body, path)
            self.assertNotIn(b"draft_id", reply.body, path)  # it counts the drafts of the whole desk
        comments = self.desk.get("/tickets/1", CALLERS["owner"]).json["comments"]
        self.assertEqual([comment["body"] for comment in comments], ["For you", "A reply"])
        self.assertIn(b"canary-internal", self.desk.get("/tickets/1", CALLERS["agent"]).body)

    def test_no_answer_without_a_token_names_a_path_of_the_server(self):
        self.desk.database.rename(self.desk.database.with_name("gone"))
        login = {"email": "a@example.com", "password": "correct horse"}
        for reply in (self.desk.get("/ready"), self.desk.post("/user/login", login), self.desk.get("/nowhere")):
            self.assertNotIn(str(self.desk.database.parent), reply.body.decode())
        self.assertEqual(self.desk.get("/ready").status, 503)

    def test_a_customer_cannot_find_out_how_many_events_the_desk_has(self):
        for _ in range(3):
            self.new_ticket()
        for after in (0, 3, 10**15):
            with closing(self.desk.connect()) as sock:
                head = f"GET /events?after={after} HTTP/1.1\r\nHost: localhost\r\n"
                head += f"Authorization: {CALLERS['other']['Authorization']}\r\n\r\n"
                sock.sendall(head.encode())
                self.assertIn(b"HTTP/1.1 200 OK", sock.recv(65536), after)
        self.assert_refused(self.desk.get(f"/events?after={10**15}", CALLERS["agent"]), 404, "NOT_FOUND")

    def test_a_customers_statistics_count_each_own_ticket_once(self):
        self.new_ticket()
        for name in ("owner", "agent", "agent"):
            self.desk.post("/tickets/1/comments", {"body": "Hello"}, CALLERS[name])
        stats = self.desk.get("/tickets/stats", CALLERS["owner"]).json
        self.assertEqual((stats["total_tickets"], stats["open_tickets"], stats["daily"][-1]["tickets"]), (1, 1, 1))
        self.assertEqual(sum(stats["state_breakdown"].values()), 1)
        self.assertEqual(self.desk.get("/tickets/stats", CALLERS["other"]).json["total_tickets"], 0)

    def test_a_customer_changes_the_words_of_an_own_ticket_while_it_is_open(self):
        ticket = self.new_ticket()
        self.assertEqual(self.desk.patch("/tickets/1", {**ticket, "title": "New"}, CALLERS["owner"]).status, 200)
        self.desk.patch("/tickets/1", {"status": "in_progress"}, CALLERS["agent"])
        self.assert_refused(self.desk.patch("/tickets/1", {"title": "Late"}, CALLERS["owner"]), 403, "FORBIDDEN")
        self.assertEqual(self.desk.post("/tickets/1/comments", {"body": "Late"}, CALLERS["owner"]).status, 201)
        self.desk.post("/tickets/1/transitions", {"transition": "request_info"}, CALLERS["agent"])
        reply = self.desk.post("/tickets/1/transitions", {"transition": "customer_reply"}, CALLERS["owner"])
        self.assertEqual(reply.json["state"], "in_progress")

    def test_a_key_of_somebody_else_replays_nothing(self):
        body = {"title": "Only for Alice", "description": "y"}
        self.desk.post("/tickets", body, {**CALLERS["owner"], "Idempotency-Key": "k"})
        reply = self.desk.post("/tickets", body, {**CALLERS["other"], "Idempotency-Key": "k"})
        self.assertEqual((reply.json["id"], reply.json["created_by"]), (2, "bob"))
        assign = ({"transition": "assign"}, {"Idempotency-Key": "a"})
        self.assertEqual(
            self.desk.post("/tickets/1/transitions", assign[0], {**CALLERS["agent"], **assign[1]}).status, 200
        )
        demoted = {**bearer("dan", "customer"), **assign[1]}
        self.assertEqual(self.desk.post("/tickets/1/transitions", assign[0], demoted).status, 404)


class Tokens(DeskTest):
    environ = LOCKED_LAB

    def test_a_token_made_by_the_rfc_is_taken(self):
        for header in ({"typ": "JWT", "alg": "HS256"}, {"alg": "HS256"}):
            token = forge({"sub": "dan", "roles": ["agent"], "exp": time.time() + 3600}, header)
            self.assertEqual(self.desk.get("/tickets", {"Authorization": f"bearer {token}"}).status, 200)

    def test_any_other_token_is_401_and_never_500(self):
        now = time.time()
        good = {"sub": "dan", "roles": ["admin"], "exp": now + 60}
        token = forge(good)
        head, claims, signature = token.split(".")
        own_key = {"kty": "oct", "k": base64url(b"own key")}
        tokens = {
            "signed with another secret": forge(good, secret="another secret"),
            "a key of its own": forge(good, {"alg": "HS256", "jwk": own_key, "jku": "https://a.example"}, "own key"),
            "over": forge({**good, "exp": now - 1}),
            "without an end": forge({"sub": "dan", "roles": ["admin"]}),
            "with an end that is no number": forge({**good, "exp": "tomorrow"}),
            "with an end that is true": forge({**good, "exp": True}),
            "not yet begun": forge({**good, "nbf": now + 60}),
            "alg none": forge(good, {"alg": "none"}),
            "alg none, unsigned": ".".join([base64url(b'{"alg":"none"}'), claims, ""]),
            "alg HS512": forge(good, {"alg": "HS512"}),
            "alg missing": forge(good, {"typ": "JWT"}),
            "a critical extension": forge(good, {"alg": "HS256", "crit": ["exp"]}),
            "truncated": token[:-1],
            "cut in the claims": f"{head}.{claims[:-3]}.{signature}",
            "a character more": token + "A",
            "padded": token + "=",
            "claims of somebody else": f"{head}.{base64url(json.dumps({**good, 'sub': 'eve'}).encode())}.{signature}",
            "non-ASCII": "\u00e9.\u00e9.\u00e9",
            "non-ASCII in a part": f"{head}.{claims}.\u00e9",
            "no JSON": forge(b"not json"),
            "nested deeply": forge(b"[" * 20_000),
            "a list": forge([1]),
            "roles that are a text": forge({**good, "roles": "admin"}),
            "roles of numbers": forge({**good, "roles": [1]}),
            "roles that are no names": forge({**good, "roles": ["\ud800", "a b", ""]}),
            "an end at infinity": forge({**good, "exp": float("inf")}),
            "no user": forge({"roles": ["admin"], "exp": now + 60}),
            "a user with a line break": forge({**good, "sub": "dan\r\nX: y"}),
            "empty": "",
            "two parts": f"{head}.{claims}",
            "dots": "..",
        }
        for name, token in tokens.items():
            with self.subTest(name):
                value = f"Bearer {token}".encode().decode("latin-1")
                self.assert_refused(self.desk.get("/tickets", {"Authorization": value}), 401, "UNAUTHORIZED")
        for value in (forge(good), f"Basic {forge(good)}", f"Bearer {forge(good)} x", "Bearer", ""):
            self.assert_refused(self.desk.get("/tickets", {"Authorization": value}), 401, "UNAUTHORIZED")

    def test_no_secret_and_no_token_is_in_any_log_line_error_or_row(self):
        token = forge({"sub": "dan", "roles": ["agent"], "exp": time.time() + 3600})
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "canary-key"}
        bodies = [
            self.desk.post("/tickets", {"title": "x", "description": "y"}, headers).body,
            self.desk.post("/tickets", {"title": ""}, headers).body,
            self.desk.get("/tickets?token=canary-query", headers).body,
            self.desk.get("/nope", {"Authorization": "Bearer canary-token"}).body,
            self.desk.post(
                "/user/login", {"email": "a@b.c", "password": "canary-password"}, {"Idempotency-Key": "k"}
            ).body,
            self.desk.post("/user/login", {"email": "a@b.c", "password": "canary-password", "x": 1}).body,
        ]
        login = self.desk.post("/api/debug/login", {"login": "x", "roles": []}, {"Idempotency-Key": "canary-key"}).json
        rows = self.desk.dump()
        self.desk.stop()
        written = self.desk.log.getvalue() + b"".join(bodies).decode() + rows
        for canary in (token, token.split(".")[2], SECRET, login["token"], "canary-token", "canary-password"):
            self.assertNotIn(canary, written)
        self.assertNotIn("canary", self.desk.log.getvalue())


class Logins(DeskTest):
    environ = LOCKED

    @classmethod
    def setUpClass(cls):
        hash_quickly(cls)
        cls.password = password_hash("correct horse")

    def setUp(self):
        super().setUp()
        user = {"email": "ann@example.com", "name": "ann", "roles": ["agent", "supervisor"]}
        self.desk.add_user({**user, "password_hash": self.password})

    def login(self, email="ann@example.com", password="correct horse"):
        return self.desk.post("/user/login", {"email": email, "password": password})

    def test_the_right_password_gives_a_token_that_works_for_a_day(self):
        reply = self.login("Ann@Example.com")
        self.assertEqual(set(reply.json), {"token", "expires_at", "user"})
        user = {"id": "ann@example.com", "email": "ann@example.com", "name": "ann", "roles": ["agent", "supervisor"]}
        self.assertEqual(reply.json["user"], user)
        claims = json.loads(base64.urlsafe_b64decode(reply.json["token"].split(".")[1] + "=="))
        self.assertEqual((claims["sub"], claims["roles"]), ("ann@example.com", ["agent", "supervisor"]))
        self.assertEqual(claims["exp"] - claims["iat"], 24 * 60 * 60)
        headers = {"Authorization": f"Bearer {reply.json['token']}"}
        self.assertEqual(self.desk.get("/audit-events", headers).status, 200)

    def test_a_login_may_carry_the_tag_of_a_message_on_ws(self):
        body = {"_tag": "LogIn", "email": "ann@example.com", "password": "correct horse"}
        self.assertEqual(self.desk.post("/user/login", body).status, 200)

    def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(self):
        with mock.patch("hashlib.scrypt", wraps=hashlib.scrypt) as hashed:  # what takes long is done for both
            wrong, unknown = self.login(password="wrong"), self.login("nobody@example.com")
        self.assertEqual(hashed.call_count, 2)
        self.assert_refused(wrong, 401, "UNAUTHORIZED")
        self.assertEqual(wrong.json["message"], unknown.json["message"])

    def test_a_login_after_ten_failures_in_a_minute_is_429_even_with_the_right_password(self):
        for _ in range(9):
            self.assertEqual(self.login(password="wrong").status, 401)
        self.assertEqual(self.login().status, 200)
        self.assertEqual(self.login(password="wrong").status, 401)
        reply = self.login()
        self.assert_refused(reply, 429, "TOO_MANY_REQUESTS")
        self.assertIn(int(reply.headers["Retry-After"]), range(1, 62))

    def test_many_right_logins_at_once_are_no_failures(self):
        def login(_):
            client = Client()
            client.port = self.desk.port
            reply = client.post("/user/login", {"email": "ann@example.com", "password": "correct horse"})
            client.hang_up()
            return reply.status

        with ThreadPoolExecutor(8) as pool:
            self.assertEqual(set(pool.map(login, range(12))), {200})

    def test_odd_logins_are_refused(self):
        for body in (
            {},
            {"email": "ann@example.com"},
            {"email": 1, "password": 2},
            {"email": "x", "password": ""},
            {"email": "é" * 65, "password": "x"},
        ):
            self.assert_refused(self.desk.post("/user/login", body), 400, "VALIDATION_ERROR")
        self.assert_refused(self.login("' OR 1=1 --", "x"), 401, "UNAUTHORIZED")
        self.assert_refused(self.login("ann@example.com", "\u00e9\U0001f600"), 401, "UNAUTHORIZED")


class DebugLogin(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        hash_quickly(cls)

    def test_the_debug_login_is_there_with_debug_only(self):
        for environ in ({}, {"DEBUG": "false"}, {"DEBUG": "0"}, {"SUPPORT_DESK_AUTH": "tokens"}):
            desk = Desk(**environ)
            self.addCleanup(desk.stop)
            self.assertEqual(desk.post("/api/debug/login", {"login": "x", "roles": ["admin"]}).status, 404)

    def test_an_open_desk_overlooks_a_bad_token_and_believes_a_good_one_first(self):
        desk = Desk(SUPPORT_DESK_SECRET=SECRET)
        self.addCleanup(desk.stop)
        body = {"title": "x", "description": "y"}
        self.assertEqual(
            desk.post("/tickets", body, {"Authorization": "Bearer <token>"}).json["created_by"], "anonymous"
        )
        both = {**bearer("dan", "agent"), "X-User-Id": "eve", "X-User-Role": "customer"}
        self.assertEqual(desk.post("/tickets", body, both).json["created_by"], "dan")
        self.assertEqual(desk.post("/tickets/1/transitions", {"transition": "assign"}, both).status, 200)

    def test_a_desk_beyond_loopback_starts_with_tokens_only(self):
        with tempfile.TemporaryDirectory() as folder:
            done = run_tool("--verify", HOST="0.0.0.0", SUPPORT_DESK_DB=str(Path(folder, "desk.sqlite3")))
        self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1))
        self.assertIn("SUPPORT_DESK_AUTH=tokens", done.stderr)
        desk = Desk(HOST="0.0.0.0", SUPPORT_DESK_AUTH="tokens")
        self.addCleanup(desk.stop)
        for host, status in (
            ("localhost", 200),
            ("192.168.1.7:80", 200),
            ("[fe80::1]:80", 200),
            ("evil.example", 421),
        ):
            self.assertEqual(desk.get("/health", {"Host": host}).status, status, host)
        self.assertEqual(desk.get("/tickets", AGENT).status, 401)

    def test_the_debug_login_is_for_loopback_only(self):
        facts = {"SUPPORT_DESK_AUTH": "tokens", "DEBUG": "true"}
        self.assertTrue(app.read_settings({}, facts).debug)
        with self.assertRaisesRegex(BadSetting, "DEBUG=true is not allowed"):
            app.read_settings({}, {**facts, "HOST": "0.0.0.0"})

    def test_a_secret_that_is_too_short_is_refused_and_not_shown(self):
        done = run_tool("--verify", SUPPORT_DESK_SECRET="canary")
        self.assertEqual(done.returncode, 2)
        self.assertIn("SUPPORT_DESK_SECRET", done.stderr)
        self.assertNotIn("canary", done.stderr)

    def test_a_password_needs_6_characters_on_loopback_and_12_beyond(self):
        beyond = {"HOST": "0.0.0.0", "SUPPORT_DESK_AUTH": "tokens"}
        with tempfile.TemporaryDirectory() as folder:
            settings = {"SUPPORT_DESK_DB": str(Path(folder, "desk.sqlite3"))}
            for host, length, is_taken in (
                ({}, 5, False),
                ({}, 6, True),
                ({"HOST": "::1"}, 6, True),
                (beyond, 11, False),
                (beyond, 12, True),
            ):
                with self.subTest(f"{host} {length}"):
                    add = ("--add-user", f"u{len(host)}{length}{host.get('HOST', '')}@example.com", "--password-stdin")
                    done = run_tool(*add, typed="correct horse"[:length].ljust(length, "!") + "\n", **settings, **host)
                    self.assertEqual(done.returncode, 0 if is_taken else 2, done.stderr)
                    if not is_taken:
                        self.assertIn(f"it must have {length + 1} to 1024 characters", done.stderr)
                        self.assertIn("6 or more where HOST is loopback, 12 or more beyond", done.stderr)

    def test_a_user_is_added_from_the_command_line_and_may_log_in(self):
        with tempfile.TemporaryDirectory() as folder:
            settings = {"SUPPORT_DESK_DB": str(Path(folder, "desk.sqlite3"))}
            add = ("--add-user", "Ann@Example.com", "--roles", "agent,supervisor", "--password-stdin")
            self.assertEqual(run_tool(*add, typed="correct horse\n", **settings).returncode, 0)
            for arguments, typed in (
                (add, "correct horse\n"),  # is there already
                (("--add-user", "no address", *add[2:]), "correct horse\n"),
                (("--add-user", "b@example.com", "--roles", "boss", "--password-stdin"), "correct horse\n"),
                (("--add-user", "b@example.com", "--password-stdin"), "short\n"),
                (("--add-user", "b@example.com", "--password-stdin"), ""),
            ):
                done = run_tool(*arguments, typed=typed, **settings)
                self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done.stderr)
            desk = Desk(**settings, SUPPORT_DESK_AUTH="tokens")
            self.addCleanup(desk.stop)
            reply = desk.post("/user/login", {"email": "ann@example.com", "password": "correct horse"})
            self.assertEqual(reply.json["user"]["roles"], ["agent", "supervisor"])
