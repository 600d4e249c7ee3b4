"""A limit of requests for each caller."""

import socket
import tempfile
import time
from contextlib import closing
from pathlib import Path

from store import Store
from tests.desk import AGENT, CUSTOMER, TIMEOUT, Desk, Reply, run_tool
from tests.exercise import ExerciseTest
from tests.listeners import SocketClient

MOST = 5
OTHER = {"X-User-Id": "user-2", "X-User-Role": "customer"}
TICKET = {"title": "Login broken", "description": "Cannot get in"}
LIMIT = "count the requests of each caller, and raise workflow.TooManyRequests for one too many"
ONCE = "count each request once, in a place that all of them pass once, also those of a worker thread"
APART = "count each caller apart: by the id of the user, without an id by the address"
FREE = "leave out what is never counted: GET /health, /ready and /metrics, and DELETE /tickets/{id}/lock"

PARSE = "let the setting's parse function raise ValueError for this value"
HUGE = "1" + 20 * "0"
BAD_VALUES = ("many", "10", "0/60", "10/0", "-5/60", " +5/60", "1_0/60", "5.5/60", "1/2/3", f"{HUGE}/60", f"60/{HUGE}")


class LimitTest(ExerciseTest):
    environ = {"RATE_LIMIT": f"{MOST}/600"}

    def use_up(self, headers, ask=None, what_next=ONCE):
        """Send what the caller may send, and see that all of it passes."""
        ask = ask or (lambda: self.desk.get("/tickets", headers))
        for number in range(1, MOST + 1):
            if ask().status == 429:
                seen = f"429 for request {number} of the {MOST} that this caller may send"
                raise self.failureException(self._formatMessage(what_next, seen))

    def assert_too_many(self, reply, what_next=LIMIT):
        self.assert_error(reply, 429, "TOO_MANY_REQUESTS", what_next)
        wait = reply.headers.get("Retry-After", "no header")
        self.assertRegex(wait, "^[1-9][0-9]*$", "give TooManyRequests the whole seconds to wait, 1 or more")
        self.assertLessEqual(int(wait), 600, "wait at most the seconds of RATE_LIMIT")

    def assert_used_up(self, headers, what_next=LIMIT):
        self.assert_too_many(self.desk.get("/tickets", headers), what_next)


class Counting(LimitTest):
    def test_one_request_too_many_is_a_429_that_says_when_to_come_back(self):
        self.use_up(CUSTOMER)
        self.assert_used_up(CUSTOMER)
        self.assert_used_up(CUSTOMER)

    def test_a_refused_write_changes_nothing(self):
        self.use_up(CUSTOMER, lambda: self.desk.post("/tickets", TICKET, CUSTOMER))
        self.assert_too_many(self.desk.post("/tickets", TICKET, CUSTOMER))
        self.assertEqual(self.desk.count("tickets"), MOST, "refuse before the endpoint runs")

    def test_other_callers_do_not_notice(self):
        self.use_up(CUSTOMER)
        self.assert_used_up(CUSTOMER)
        for headers in (OTHER, AGENT, {}):
            self.use_up(headers, what_next=APART)
        self.assert_used_up(CUSTOMER, APART)

    def test_callers_without_an_identity_share_the_allowance_of_their_address(self):
        self.use_up({})
        self.assert_used_up({})
        self.assert_status(self.desk.get("/tickets", CUSTOMER), 200, APART)

    def test_another_role_or_connection_gives_no_new_allowance(self):
        self.use_up(CUSTOMER)
        self.desk.hang_up()
        for role in ("customer", "agent", "admin"):
            self.assert_used_up({**CUSTOMER, "X-User-Role": role}, APART)

    def test_callers_without_an_identity_at_two_addresses_have_two_allowances(self):
        claimed = {"X-User-Id": "anonymous"}
        self.use_up(None, lambda: self.ask_from("127.0.0.2", claimed), APART)
        self.use_up(None, lambda: self.ask_from("127.0.0.1"), f"{APART}; a claimed id must not use up another address")
        self.assert_used_up({}, APART)
        self.use_up(None, lambda: self.ask_from("127.0.0.3"), APART)

    def ask_from(self, address, headers=None):
        """The reply to a request that comes from this address."""
        try:
            client = socket.create_connection(("127.0.0.1", self.desk.port), TIMEOUT, (address, 0))
        except OSError:
            self.skipTest("this system has one loopback address only, so nobody can call from a second one")
        lines = ["GET /tickets HTTP/1.1", "Host: localhost", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        with closing(client):
            client.sendall("\r\n".join([*lines, "", ""]).encode())
            return Reply(int(client.recv(1000).split()[1]), {}, b"", None)

    def test_slow_work_on_a_worker_thread_counts_once(self):
        for ask in (
            lambda: self.desk.get("/tickets?limit=500", CUSTOMER),
            lambda: self.desk.post("/tickets/classify", {"description": "Cannot log in"}, AGENT),
        ):
            self.use_up(None, ask)
            self.assert_too_many(ask())

    def test_a_request_whose_body_arrives_later_counts_once(self):
        head = "POST /tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nX-User-Id: user-1\r\n"
        body = b'{"title":"Slow","description":"In two pieces"}'
        for _ in range(MOST):
            with self.desk.connect() as sock:
                sock.sendall(f"{head}Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n".encode())
                once = f"{ONCE}; check_head() in web/checks.py runs twice for such a request"
                self.assertEqual(sock.recv(1000).split()[1], b"100", once)
                sock.sendall(body)
                self.assertEqual(sock.recv(1000).split()[1], b"201", once)
        self.assert_used_up(CUSTOMER)

    def test_wrong_requests_count_too(self):
        self.desk.post("/tickets", {"title": ""}, CUSTOMER)
        self.desk.get("/tickets/99", CUSTOMER)
        self.desk.get("/tickets?limit=no", CUSTOMER)
        self.desk.post("/tickets/99/comments", {"body": "Hello"}, CUSTOMER)
        self.desk.request("POST", "/tickets", b"{", {**CUSTOMER, "Content-Type": "application/json"})
        self.assert_used_up(CUSTOMER, "count before the body is read: a wrong one raises an error")

    def test_a_replay_counts(self):
        key = {**CUSTOMER, "Idempotency-Key": "once"}
        self.use_up(None, lambda: self.desk.post("/tickets", TICKET, key))
        self.assert_too_many(self.desk.post("/tickets", TICKET, key))
        self.assertEqual(self.desk.count("tickets"), 1, "let the key work as before")

    def test_monitoring_is_never_counted_and_never_refused(self):
        for path in ("/health", "/ready", "/metrics") * 3:
            self.assert_status(self.desk.get(path, CUSTOMER), 200, FREE)
        self.use_up(CUSTOMER)
        for path in ("/health", "/ready", "/metrics"):
            self.assert_status(self.desk.get(path, CUSTOMER), 200, FREE)


class Locks(LimitTest):
    def test_a_lock_can_be_released_whatever_was_sent_before(self):
        self.desk.post("/tickets", TICKET, OTHER)
        self.desk.post("/tickets/1/lock", {}, CUSTOMER)
        for _ in range(MOST):
            self.desk.get("/tickets", CUSTOMER)
        self.assert_used_up(CUSTOMER)
        self.assert_status(self.desk.request("DELETE", "/tickets/1/lock", None, CUSTOMER), 200, FREE)


class Lab(LimitTest):
    environ = {**LimitTest.environ, "DEBUG": "true"}

    def test_to_delete_anything_else_counts(self):
        self.use_up(None, lambda: self.desk.request("DELETE", "/debug/clock", None, CUSTOMER))
        self.assert_used_up(CUSTOMER, "count each DELETE but the one that releases a lock")


class Sockets(LimitTest):
    def test_messages_count_like_requests_and_the_lock_ends_with_the_socket(self):
        self.desk.post("/tickets", TICKET, OTHER)
        socket = SocketClient(self.desk.port, headers=AGENT)  # this counts
        self.addCleanup(socket.close)
        for number in range(1, MOST + 1):
            socket.send_command("LockTicket", ticketId="1", id=f"message-{number}")
            answer = socket.receive()
            promised = "TicketLocked" if number < MOST else "TOO_MANY_REQUESTS"
            like = f"count a message of a WebSocket like the request it becomes; this was message {number}"
            self.assertEqual(answer.get("code", answer["_tag"]), promised, like)
        self.assert_used_up(AGENT)
        socket.close()
        ends = time.monotonic() + 10
        while self.desk.rows("SELECT locked_by FROM tickets") != [(None,)]:
            self.assertLess(time.monotonic(), ends, f"let the desk release the locks of a closed socket; {FREE}")


class Locked(LimitTest):
    environ = {**LimitTest.environ, "SUPPORT_DESK_AUTH": "tokens", "DEBUG": "true"}

    def log_in(self, name):
        token = self.desk.post("/api/debug/login", {"login": name, "roles": ["agent"]}).json["token"]
        return {"Authorization": f"Bearer {token}"}

    def test_all_tokens_of_a_user_share_one_allowance(self):
        first, second, other = self.log_in("ann"), self.log_in("ann"), self.log_in("ben")
        self.use_up(first, what_next=APART)
        for headers in (first, second):
            self.assert_used_up(headers, APART)
        self.assert_status(self.desk.get("/tickets", other), 200, APART)


class Waiting(ExerciseTest):
    environ = {"RATE_LIMIT": "3/2"}

    def test_who_waits_as_told_passes_and_the_key_is_still_unused(self):
        for number in range(200):
            headers = {**CUSTOMER, "Idempotency-Key": f"key-{number}"}
            reply = self.desk.post("/tickets", TICKET, headers)
            if reply.status == 429:
                break
        self.assert_error(reply, 429, "TOO_MANY_REQUESTS", LIMIT)
        time.sleep(int(reply.headers["Retry-After"]))
        again = self.desk.post("/tickets", TICKET, headers)
        self.assert_status(again, 201, "let the next request pass after the seconds in Retry-After")
        self.assertNotIn("Idempotent-Replayed", again.headers, "keep no response for a refused request")


    def test_never_more_than_twice_as_many_pass_and_after_a_pause_as_many_at_once(self):
        started, passed = time.monotonic(), 0
        while time.monotonic() - started < 1.8:
            passed += self.desk.get("/tickets", CUSTOMER).status == 200
        self.assertLessEqual(passed, 6, "let no more than 2 * MOST pass in SECONDS")
        time.sleep(2.1)
        seen = [self.desk.get("/tickets", CUSTOMER).status for _ in range(3)]
        self.assertEqual(seen, [200] * 3, "give who was quiet for SECONDS the whole allowance again")


class Off(ExerciseTest):
    def test_without_the_setting_there_is_no_limit(self):
        statuses = {self.desk.get("/tickets", CUSTOMER).status for _ in range(300)}
        self.assertEqual(statuses, {200}, "make no limit the default")

    def test_a_bad_value_is_named_at_the_start_with_what_is_allowed(self):
        with tempfile.TemporaryDirectory() as folder:
            database = Path(folder, "desk.sqlite3")
            Store(database).close()
            for value in BAD_VALUES:
                with self.subTest(value=value):
                    said = run_tool("--verify", RATE_LIMIT=value, SUPPORT_DESK_DB=str(database))
                    if said.returncode != 2:
                        raise self.failureException(self._formatMessage(PARSE, f"RATE_LIMIT={value} is accepted"))
                    self.assertIn("RATE_LIMIT", said.stderr, PARSE)
                    self.assertIn("100/60", said.stderr, "let the message say what is allowed, with the example 100/60")

    def test_the_greatest_numbers_work(self):
        desk = Desk(RATE_LIMIT="999999999/999999999")
        self.addCleanup(desk.stop)
        for _ in range(2):
            self.assert_status(desk.get("/tickets", CUSTOMER), 200, "take whole numbers up to 999999999")
