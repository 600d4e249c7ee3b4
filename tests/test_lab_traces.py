"""What a desk with DEBUG=true shows of each request: its trace, its bodies, and the request as text to run again."""

import json
import re
import time
import unittest
from contextlib import suppress
from itertools import product
from unittest import mock

from tests.desk import AGENT, CUSTOMER, Desk, DeskTest, hash_quickly, run_tool
from tests.listeners import EventReader, SocketClient
from tests.test_docs import README
from tests.test_llm import LLMTest, says
from web import tracer
from web.identity import new_user
from web.redact import redact
from web.trace import WIDTH
from workflow import Invalid

JSON, TEXT = {"Accept": "application/json"}, {"Accept": "text/plain"}
TICKET = {"title": "Login broken", "description": "Cannot get in"}


class TraceTest(DeskTest):
    environ = {"DEBUG": "true"}

    def ask(self, method, path, body=None, headers=None, request_id="mine"):
        """The reply to a request, and its trace."""
        reply = self.desk.request(method, path, body, {**CUSTOMER, **(headers or {}), "X-Request-Id": request_id})
        return reply, self.trace(request_id)

    def trace(self, request_id="mine") -> dict:
        return self.desk.get(f"/debug/requests/{request_id}", JSON).json

    def rows_of_list(self, query=""):
        return self.desk.get(f"/debug/requests{query}").json["requests"]


def steps(trace, kind):
    return [step for step in trace["steps"] if step["kind"] == kind]


def calls(trace) -> list[str]:
    return [step["name"] for step in steps(trace, "call")]


def statements(trace) -> list[str]:
    return [" ".join(step["sql"].split()) for step in steps(trace, "sql")]


class Steps(TraceTest):
    def test_the_trip_in_the_readme_is_the_trace_of_a_create(self):
        trace = self.ask("POST", "/tickets", TICKET, {"Idempotency-Key": "k"})[1]
        seen = [(step["name"], step["file"]) for step in trace["steps"]]
        trip = re.findall(r"^(?:\d+\.|-) `(<module>|\w+)` in `([\w/]+\.py)`", README.split("## The trip of")[1], re.M)
        way_in = trip[trip.index(("serve_forever", "web/server.py")) : trip.index(("_append", "store.py"))]
        above, depth = [], None
        for step in reversed(trace["steps"][: seen.index(("add_ticket", "store.py")) + 1]):
            if depth is None or step["depth"] < depth:  # the callers of add_ticket
                above.insert(0, (step["name"], step["file"]))
                depth = step["depth"]
        self.assertEqual(above, way_in)
        way_back = trip[trip.index(("_append", "store.py")) :][:4]
        self.assertEqual([step for step in seen if step in way_back], way_back)

    def test_a_success_shows_the_way_from_the_bytes_to_the_commit_and_the_event(self):
        reply, trace = self.ask("POST", "/tickets", TICKET, {"Idempotency-Key": "key-1"})
        self.assertEqual((trace["status"], trace["route"]), (201, "POST /tickets"))
        self.assertEqual(trace["caller"], "user-1 (customer)")
        facts = trace["facts"]
        self.assertEqual(facts["route"], "POST /tickets → create_ticket")
        self.assertEqual(facts["fields"], "valid: title, description")
        self.assertEqual(facts["key"], "key-1, new: the response is kept")
        self.assertEqual(facts["commit"], "durable")
        (event,) = trace["events"]
        stored = self.desk.rows("SELECT id, type, hash FROM audit_events")[0]
        self.assertEqual((event["id"], event["type"], event["hash"]), stored)
        self.assertEqual(trace["bytes_out"], len(reply.body) + self.size_of_head(reply))
        done = statements(trace)
        order = ["BEGIN IMMEDIATE", "SAVEPOINT request", "INSERT INTO tickets", "INSERT INTO audit_events"]
        order += ["INSERT OR REPLACE INTO idempotency_keys", "RELEASE request", "COMMIT"]
        places = [next(n for n, sql in enumerate(done) if sql.startswith(start)) for start in order]
        self.assertEqual(places, sorted(places))

    def size_of_head(self, reply):
        lines = [f"HTTP/1.1 {reply.status} Created", *(f"{name}: {value}" for name, value in reply.headers.items())]
        return len("\r\n".join([*lines, "", ""]))

    def test_a_statement_shows_its_values_its_rows_and_its_plan(self):
        self.ask("POST", "/tickets", TICKET)
        trace = self.ask("GET", "/tickets/1", request_id="read")[1]
        read = next(step for step in steps(trace, "sql") if "FROM tickets WHERE id = ?" in step["sql"])
        self.assertEqual((read["values"], read["rows"], read["changed"]), ([[1, "1"]], 1, 0))
        self.assertIn("USING INTEGER PRIMARY KEY", read["plan"][0])
        self.assertEqual(read["file"], "store.py")
        made = next(step for step in steps(self.trace(), "sql") if step["sql"].startswith("INSERT INTO tickets"))
        self.assertEqual(made["changed"], 1)
        self.assertIn(["title", "'Login broken'"], made["values"])

    def test_a_call_shows_its_arguments_its_result_and_its_source(self):
        self.ask("POST", "/tickets", TICKET)
        step = next(step for step in steps(self.trace(), "call") if step["name"] == "classify_by_rules")
        self.assertEqual(step["values"], [["text", r"'Login broken\nCannot get in'"]])
        self.assertRegex(step["result"], r"^\('\w+', '\w+'\)$")
        source = self.desk.get(f"/debug/source?file={step['file']}&line={step['line']}").json
        self.assertTrue(source["lines"][0].startswith("def classify_by_rules("), source["lines"][0])
        self.assertIn("return ", source["lines"][-1])

    def test_a_statement_shows_the_function_that_sends_it(self):
        self.ask("POST", "/tickets", TICKET)
        step = next(step for step in steps(self.trace(), "sql") if step["sql"].startswith("INSERT INTO tickets"))
        source = self.desk.get(f"/debug/source?file={step['file']}&line={step['line']}").json
        self.assertIn("def add_ticket(", source["lines"][0])
        self.assertIn("ADD_TICKET", source["lines"][step["line"] - source["first"]])

    def test_a_validation_error_shows_where_it_was_raised_and_opens_no_transaction(self):
        reply, trace = self.ask("POST", "/tickets", {"title": ""})
        self.assertEqual(reply.status, 400)
        (error,) = steps(trace, "error")
        self.assertEqual((error["name"], error["file"]), ("Invalid", "web/validation.py"))
        self.assertNotIn("do_POST", calls(trace))
        self.assertEqual(trace["facts"]["commit"], "nothing to commit")

    def test_a_409_shows_what_was_undone(self):
        self.ask("POST", "/tickets", TICKET)
        reply, trace = self.ask("POST", "/tickets/1/transitions", {"transition": "close"}, AGENT, "again")
        self.assertEqual(reply.status, 409)
        self.assertEqual((steps(trace, "error")[0]["name"], trace["events"]), ("TransitionFailed", []))
        self.assertIn("ROLLBACK TO request", statements(trace))

    def test_a_replay_shows_that_the_key_was_found(self):
        kept, sent_again = "k, new: the response is kept", "k, found: the kept response is sent again"
        for name, what in (("one", kept), ("two", sent_again)):
            trace = self.ask("POST", "/tickets", TICKET, {"Idempotency-Key": "k"}, name)[1]
            self.assertEqual(trace["facts"]["key"], what)
        self.assertNotIn("create_ticket", calls(trace))
        trace = self.ask("POST", "/tickets", {**TICKET, "title": "B"}, {"Idempotency-Key": "k"}, "other")[1]
        self.assertEqual(trace["facts"]["key"], "k, found, but with another body")

    def test_a_locked_ticket_shows_the_lock_that_was_met(self):
        self.ask("POST", "/tickets", TICKET)
        self.ask("POST", "/tickets/1/lock", {}, AGENT, "lock")
        other = {"X-User-Id": "agent-2", "X-User-Role": "agent"}
        reply, trace = self.ask("PATCH", "/tickets/1", {"priority": "low"}, other, "edit")
        self.assertEqual((reply.status, steps(trace, "error")[0]["name"]), (423, "Locked"))
        self.assertIn("locked by agent-1", trace["facts"]["error"])

    def test_a_slow_read_shows_its_worker_thread(self):
        self.ask("POST", "/tickets", TICKET)
        trace = self.ask("GET", "/tickets?search=login", request_id="search")[1]
        (hop,) = steps(trace, "worker")
        self.assertEqual(hop["name"], "readers")
        first = trace["steps"].index(hop)
        inside = [step["name"] for step in trace["steps"][first:] if step["depth"] > hop["depth"]]
        self.assertIn("list_tickets", inside)
        self.assertEqual(calls(trace).count("handle_one_request"), 2)  # before and after the worker

    def test_a_message_of_a_websocket_leaves_a_trace(self):
        self.ask("POST", "/tickets", TICKET)
        socket = SocketClient(self.desk.port, "/ws?user_id=agent-1&role=agent")
        self.addCleanup(socket.close)
        socket.send_command("LockTicket", ticketId=1)
        self.assertEqual(socket.receive()["_tag"], "TicketLocked")
        row = next(row for row in self.rows_of_list() if row["route"] == "POST /tickets/{id}/lock")
        self.assertEqual((row["protocol"], row["status"]), ("WebSocket message", 200))
        self.assertIn("lock_ticket", calls(self.trace(row["id"])))
        opening = next(row for row in self.rows_of_list() if row["route"] == "GET /ws")
        sent = self.desk.get(f"/debug/requests/{opening['id']}/body").json["request"]["headers"]
        self.assertNotIn("x-user-id", sent, "it came in the query, not in a header")

    def test_an_event_shows_how_many_listeners_got_it(self):
        readers = [EventReader(self.desk.port) for _ in range(3)]
        for reader in readers:
            self.addCleanup(reader.close)
        self.ask("POST", "/tickets", TICKET)
        for reader in readers:
            reader.next_event()
        trace = self.trace()
        self.assertEqual(trace["events"][0]["listeners"], 3)
        self.assertEqual(len(steps(trace, "publish")), 1)

    def test_a_lost_answer_and_its_retry_are_told_apart(self):
        with self.assertRaises(Exception):
            self.ask("POST", "/tickets", TICKET, {"Idempotency-Key": "k", "X-Lab": "lose-answer"}, "lost")
        lost = self.trace("lost")
        self.assertEqual((lost["status"], lost["bytes_out"], len(lost["events"])), (201, 0, 1))
        self.assertEqual(lost["facts"]["answer"], "none: the connection is closed instead")
        self.assertEqual(lost["facts"]["commit"], "durable")
        reply, again = self.ask("POST", "/tickets", TICKET, {"Idempotency-Key": "k"}, "again")
        self.assertEqual((reply.status, again["facts"]["key"]), (201, "k, found: the kept response is sent again"))
        self.assertEqual(self.desk.count("tickets"), 1)

    def create_at_once(self, **faults: str):
        """Creates that arrive together, in one turn: {request id: its X-Lab, perhaps none}."""
        body, sent = json.dumps(TICKET), ""
        create = "POST /tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        for name, fault in faults.items():
            lab = f"X-Lab: {fault}\r\n" if fault else ""
            sent += f"{create}X-Request-Id: {name}\r\n{lab}Content-Length: {len(body)}\r\n\r\n{body}"
        self.desk.raw(sent.encode())

    def test_requests_that_share_a_commit_name_each_other(self):
        self.create_at_once(a="", b="")
        one, other = self.trace("a"), self.trace("b")
        self.assertEqual((one["shared_with"], other["shared_with"]), (["b"], ["a"]))
        self.assertIn("shared with b", one["facts"]["commit"])
        commits = [[step for step in steps(trace, "sql") if step["sql"] == "COMMIT"] for trace in (one, other)]
        self.assertEqual(list(map(len, commits)), [1, 1])
        self.assertEqual(statements(one).count("BEGIN IMMEDIATE") + statements(other).count("BEGIN IMMEDIATE"), 1)

    def test_a_write_that_x_lab_lets_fail_shows_the_failure(self):
        reply, trace = self.ask("POST", "/tickets", TICKET, {"X-Lab": "fail=audit"})
        failed = [step for step in steps(trace, "sql") if step["failure"]]
        self.assertEqual((reply.status, len(failed)), (503, 1))
        self.assertTrue(failed[0]["sql"].startswith("INSERT INTO audit_events"))
        reply, trace = self.ask("POST", "/tickets", TICKET, {"X-Lab": "fail=commit"}, "commit")
        self.assertEqual((reply.status, trace["facts"]["commit"]), (503, "failed: disk I/O error"))

    def test_a_request_that_was_undone_shares_no_commit(self):
        for fault, commit in (("fail=audit", "nothing to commit"), ("fail=commit", "failed: disk I/O error")):
            self.create_at_once(good="", bad=fault, last="")
            self.assertEqual(self.trace("bad")["facts"]["commit"], commit)
            self.assertEqual(self.trace("bad")["events"], [])
            shared = [self.trace(name)["shared_with"] for name in ("good", "bad", "last")]
            self.assertEqual(shared, [["last"], [], ["good"]] if fault == "fail=audit" else [[], [], []])

    def test_what_no_parser_can_read_leaves_a_trace_too(self):
        self.desk.raw(b"what is this\r\n\r\n")
        (row,) = self.rows_of_list()
        self.assertEqual((row["method"], row["status"]), ("-", 400))
        trace = self.trace(row["number"])
        self.assertEqual(trace["bytes_in"], 16)
        shown = self.desk.get(f"/debug/requests/{row['number']}/body").json
        self.assertEqual(shown["request"]["body"], "what is this\r\n\r\n")

    def test_a_file_that_is_sent_piece_by_piece_is_counted_to_its_end(self):
        self.ask("POST", "/tickets", TICKET)
        reply, trace = self.ask("GET", "/tickets.csv", request_id="csv")
        self.assertIn(f"{trace['bytes_out']} bytes out and ", trace["facts"]["client"])
        streamed = int(re.search(r"and (\d+) more", trace["facts"]["client"])[1])
        self.assertEqual(streamed, len(reply.body))

    def test_only_clients_who_got_an_event_count_as_its_listeners(self):
        self.ask("POST", "/tickets", TICKET)
        late = EventReader(self.desk.port, after=0)
        self.addCleanup(late.close)
        late.next_event()
        self.assertEqual(self.trace()["events"][0]["listeners"], 0)

    def test_a_wrong_statement_has_the_same_error_and_ends_no_trace(self):
        def wrong(context, request):
            with suppress(Exception):
                context.store.db.execute("SELECT ?", 5)
            raise Invalid(context.store.ticket("1")["title"])

        self.ask("POST", "/tickets", TICKET)
        route = self.desk.server.gate.tree["health"]
        key = next(iter(route))
        route[key]["GET"] = route[key]["GET"]._replace(endpoint=wrong)
        reply, trace = self.ask("GET", "/health", request_id="wrong")
        self.assertEqual((reply.status, "ticket" in calls(trace)), (400, True))


class Drafts(LLMTest):
    environ = {"DEBUG": "true", **LLMTest.environ}

    def test_a_draft_shows_the_call_of_the_llm_on_its_thread(self):
        self.desk.new_ticket()
        self.stub.act = says("Dear customer")
        self.desk.post("/tickets/1/draft", {}, {**AGENT, "X-Request-Id": "draft"})
        trace = self.desk.get("/debug/requests/draft", JSON).json
        (hop,) = steps(trace, "worker")
        self.assertEqual(hop["name"], "LLM calls")
        self.assertIn("write_reply", calls(trace))
        self.assertIn("add_draft", calls(trace))
        self.assertNotIn(self.desk.settings.openai_api_key, json.dumps(trace))


class Shown(TraceTest):
    def test_the_list_is_newest_first_and_has_filters(self):
        self.ask("POST", "/tickets", TICKET, request_id="a")
        self.ask("GET", "/tickets/7", request_id="b")
        self.ask("GET", "/tickets", request_id="c")
        self.assertEqual([row["id"] for row in self.rows_of_list()], ["c", "b", "a"])
        for query, ids in (
            ("?status=404", ["b"]), ("?status=4xx", ["b"]), ("?status=2xx", ["c", "a"]), ("?method=get", ["c", "b"]),
            ("?path=/tickets/", ["b"]), ("?limit=1", ["c"]), ("?status=5xx", []),
        ):  # fmt: skip
            self.assertEqual([row["id"] for row in self.rows_of_list(query)], ids, query)
        self.assert_refused(self.desk.get("/debug/requests?limit=0"), 400, "VALIDATION_ERROR")

    def test_a_look_at_the_traces_leaves_no_trace(self):
        self.ask("GET", "/tickets")
        self.desk.get("/debug/requests")
        self.assertEqual(len(self.rows_of_list()), 1)

    def test_the_last_200_are_kept_and_few_of_the_files_of_the_page(self):
        self.assertEqual((tracer.MOST_TRACES, tracer.MOST_OF_FILES), (200, 20))
        limits = mock.patch.multiple(tracer, MOST_TRACES=50, MOST_OF_FILES=5)
        self.addCleanup(limits.stop)
        limits.start()
        for number in range(70):
            self.desk.get("/static/main.js" if number % 2 else "/health", {"X-Request-Id": f"r{number}"})
        rows = self.rows_of_list()
        self.assertEqual(sum(row["path"] == "/static/main.js" for row in rows), 5)
        for number in range(50):
            self.desk.get("/health")
        self.assertEqual(len(self.rows_of_list()), 50)
        self.assert_refused(self.desk.get("/debug/requests/r0"), 404, "NOT_FOUND")

    def test_traces_keep_within_their_memory(self):
        long = {"description": "x" * 20_000}
        self.desk.server.tracer.most_bytes = 300_000
        for _ in range(10):
            self.desk.post("/tickets", {"title": "Long", **long}, CUSTOMER)
        self.assertLess(len(self.rows_of_list()), 6)
        self.assertGreaterEqual(len(self.rows_of_list()), 1)

    def test_curl_gets_a_tree_that_fits_100_columns(self):
        odd = {"title": "Ünïcode \u001b[31m 😩", "description": "a\nb" * 200}
        self.ask("POST", "/tickets", odd, {"Idempotency-Key": "k" * 255})
        for headers in ({"Accept": "*/*"}, TEXT):
            reply = self.desk.get("/debug/requests/mine", headers)
            self.assertTrue(reply.headers["Content-Type"].startswith("text/plain"))
            text = reply.body.decode()
            self.assertLessEqual(max(map(len, text.splitlines())), WIDTH)
            self.assertNotIn("\x1b", text)
            self.assertTrue(text.startswith("POST /tickets → 201 Created in "), text)
            self.assertRegex(text, r"(?m)^ +\d+ +\d+ +add_ticket\(.* store\.py:\d+$")
        self.assertEqual(self.desk.get("/debug/requests/mine").headers["Content-Type"], "application/json")

    def test_two_traces_are_compared_step_by_step(self):
        self.ask("POST", "/tickets", TICKET, request_id="warm")
        for name in ("a", "b"):
            self.ask("POST", "/tickets", TICKET, request_id=name)
        self.ask("POST", "/tickets", {**TICKET, "title": ""}, request_id="c")
        same = self.desk.get("/debug/requests/a/diff/b", JSON).json
        self.assertEqual((same["first_difference"], same["different"]), (None, []))
        other = self.desk.get("/debug/requests/a/diff/c", JSON).json
        self.assertIn(other["first_difference"], other["different"])
        self.assertLess(len(other["different"]), len(other["rows"]))
        left, right = other["rows"][other["first_difference"]]
        self.assertEqual(left["name"], "parse_json")  # the bodies differ already
        self.assertEqual(right["name"], "parse_json")
        text = self.desk.get("/debug/requests/a/diff/c", TEXT).body.decode()
        self.assertEqual(text.count("▶"), 1)
        self.assertLessEqual(max(map(len, text.splitlines())), WIDTH)
        self.assertIn("the same steps", self.desk.get("/debug/requests/a/diff/b", TEXT).body.decode())

    def test_what_was_sent_and_answered_is_shown(self):
        reply, _ = self.ask("POST", "/tickets", TICKET)
        shown = self.desk.get("/debug/requests/mine/body").json
        self.assertEqual(json.loads(shown["request"]["body"]), TICKET)
        self.assertEqual(shown["request"]["headers"]["x-user-id"], "user-1")
        self.assertEqual(shown["response"]["body"], reply.body.decode())

    def test_a_request_can_be_had_as_text_to_run_again(self):
        self.ask("POST", "/tickets", TICKET)
        for language, start in (("curl", "curl -i"), ("python", "import http.client"), ("fetch", "")):
            text = self.desk.get(f"/debug/requests/mine/code/{language}").body.decode()
            self.assertTrue(text.startswith(start))
            self.assertIn("Login broken", text)
        self.assert_refused(self.desk.get("/debug/requests/mine/code/cobol"), 404, "NOT_FOUND")
        file = self.desk.get("/debug/requests.http").body.decode()
        self.assertIn(f"POST http://127.0.0.1:{self.desk.port}/tickets", file)

    def test_source_code_is_shown_of_the_desks_own_files_only(self):
        for name in ("../../etc/passwd", "tests/desk.py", "schema.sql", "web/../store.py"):
            self.assert_refused(self.desk.get(f"/debug/source?file={name}"), 400, "VALIDATION_ERROR")
        self.assertEqual(self.desk.get("/debug/source?file=store.py&line=99999").json["lines"], [])

    def test_without_debug_there_is_nothing(self):
        desk = Desk()
        self.addCleanup(desk.stop)
        for path in ("/debug/requests", "/debug/requests.http", "/debug/requests/x", "/debug/source", "/debug/clock"):
            reply = desk.get(path)
            self.assert_refused(reply, 404, "NOT_FOUND")
            self.assertIn("DEBUG=true", reply.json["message"])
        self.assertNotIn("debug", desk.get("/health").json)


class Shows(TraceTest):
    """A locked lab, and everything that it shows."""

    environ = {
        "DEBUG": "true", "SUPPORT_DESK_AUTH": "tokens", "SUPPORT_DESK_SECRET": "canary-signing-secret-0123456789",
        "OPENAI_API_KEY": "canary-api-key-0123456789", "CLASSIFIER": "rules",
    }  # fmt: skip
    PASSWORDS = ("canary-pass-\"word\"", "canary-new-pässword")

    @classmethod
    def setUpClass(cls):
        hash_quickly(cls)

    WAYS, FORMATS = ("", "/body", "/code/curl"), (JSON,)  # tests/proofs/test_lab_secrets.py has all of them

    def everything_shown(self, staff) -> str:
        shown = [self.desk.get("/debug/requests", staff), self.desk.get("/debug/requests.http", staff)]
        for row in shown[0].json["requests"]:
            path = f"/debug/requests/{row['id']}"
            for way, accept in product(self.WAYS, self.FORMATS):
                shown.append(self.desk.get(path + way.format(row["id"]), {**staff, **accept}))
        return "".join(reply.body.decode() for reply in shown)


class Secrets(Shows):
    """Nothing that a lab shows has a token, a password, the hash of one, or a key of an LLM in it."""

    def test_no_trace_has_a_secret(self):
        old, new = self.PASSWORDS
        self.desk.add_user(new_user("ann@example.com", "admin", old))
        hashes = [row[0] for row in self.desk.rows("SELECT password_hash FROM users")]
        token = self.desk.post("/user/login", {"email": "ann@example.com", "password": old}).json["token"]
        staff = {"Authorization": f"Bearer {token}"}
        self.desk.post("/tickets", TICKET, staff)
        self.desk.post("/user/login", {"email": "ann@example.com", "password": "canary-wrong-password"})
        self.desk.request("PUT", "/user/login", {"password": "canary-put-password"})  # refused by its head: 405
        self.desk.post("/user/login", b'{"password": "canary-half-a-password')
        self.desk.get("/tickets?token=canary-in-the-query", staff)
        self.desk.get("/tickets", {"Authorization": "Bearer canary-bearer-token"})
        socket = SocketClient(self.desk.port, "/ws", {"Sec-WebSocket-Protocol": f"desk, token.{token}"})
        socket.send_command("GetTickets")
        socket.receive()
        socket.close()
        reply = self.desk.post("/user/password", {"password": old, "new_password": new}, staff)
        again = reply.json["token"]
        made = self.desk.post("/api/debug/login", {"login": "bob", "roles": ["agent"]}).json["token"]
        shown = self.everything_shown({"Authorization": f"Bearer {again}"})
        self.assertGreater(shown.count("/user/login"), 4 * len(self.WAYS))
        hashes += [row[0] for row in self.desk.rows("SELECT password_hash FROM users")]
        signatures = [text.rpartition(".")[2] for text in (token, again, made)]
        for secret in ("canary", *hashes, *signatures, *(text[-20:] for text in hashes)):
            self.assertEqual(re.findall(f".{{0,60}}{re.escape(secret)}.{{0,60}}", shown)[:3], [], secret)

    def test_a_password_that_is_a_word_of_the_path_leaves_the_path_readable(self):
        self.desk.post("/user/login", {"email": "ann@example.com", "password": "login"}, {"X-Request-Id": "word"})
        token = self.desk.post("/api/debug/login", {"login": "bob", "roles": ["agent"]}).json["token"]
        trace = self.desk.get("/debug/requests/word", {"Authorization": f"Bearer {token}", **JSON}).json
        self.assertEqual((trace["path"], trace["facts"]["route"]), ("/user/login", "POST /user/login → log_in"))

    def test_masking_takes_time_in_proportion_to_the_text(self):
        for text in ("a-", "token", 'password="', "eyJaaaaaaaaa", "passwordx{"):
            seconds = []
            for times in (500, 8000):
                since = time.process_time()
                redact(text * times)
                seconds.append(time.process_time() - since + 0.001)
            self.assertLess(seconds[1] / seconds[0], 100, text)  # quadratic: 256

    def test_a_customer_of_a_locked_desk_sees_no_trace(self):
        token = self.desk.post("/api/debug/login", {"login": "ann", "roles": ["customer"]}).json["token"]
        self.assert_refused(self.desk.get("/debug/requests", {"Authorization": f"Bearer {token}"}), 403, "FORBIDDEN")
        self.assert_refused(self.desk.get("/debug/requests"), 401, "UNAUTHORIZED")


class Explain(unittest.TestCase):
    def test_explain_prints_the_tree_of_one_request_and_a_header_of_yours_wins(self):
        done = run_tool(
            *("--explain", "POST /tickets", "--data", json.dumps(TICKET), "--as", "agent"),
            *("--header", "Idempotency-Key: k", "--header", "x-user-id: ann"),
        )
        self.assertIn("caller    ann (agent)", done.stdout)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.startswith("POST /tickets → 201 Created in "), done.stdout)
        self.assertIn("k, new: the response is kept", done.stdout)
        self.assertIn("INSERT INTO tickets", done.stdout)
        self.assertIn('"title":"Login broken"', done.stdout)

    def test_explain_knows_the_demo_and_the_caller(self):
        for caller, status in (("customer", 403), ("agent", 200)):
            arguments = ["post /tickets/60/transitions", "--data", '{"transition":"assign"}', "--as", caller]
            done = run_tool("--explain", *arguments)
            self.assertIn(f"POST /tickets/60/transitions → {status} ", done.stdout, done.stderr)

    def test_explain_refuses_what_is_no_request(self):
        for arguments in (["POST"], ["tickets"], ["GET tickets"], [""], ["GET /a b"], ["GET /", "--header", "nothing"]):
            done = run_tool("--explain", *arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertIn("is not allowed; it must be", done.stderr)
        for arguments, why in (
            (["--explain", "GET /debug/clock"], "they only look"),
            (["--explain", "POST /tickets", "--header", "Content-Length: 9"], "is not complete"),
            (["--as", "agent"], "belong to --explain"),
        ):
            done = run_tool(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertIn(why, done.stderr)
