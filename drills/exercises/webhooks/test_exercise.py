"""Signed webhooks with retries and a log of deliveries."""

import hashlib
import hmac
import json
import tempfile
import threading
import time
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.desk import AGENT, CUSTOMER, Desk, DeskProcess, run_app
from tests.exercise import ExerciseTest

SECRET = "a secret of the desk and of the billing system"
PATIENCE = 12  # seconds for what the contract wants in 3: the machine may be busy
SEND = "send each committed event to WEBHOOK_URL, from a thread of its own"
SIGN = "sign the timestamp, a dot and the bytes of the body with the secret: HMAC-SHA256, hex"
WHOLE = "end an attempt 5 seconds after it began, also while bytes arrive, and read the whole answer: _call in llm.py does so"
AGAIN = "repeat a failed attempt until a 2xx comes, with the same X-Webhook-Id"
NOTE = "add GET /webhook-deliveries, and note each attempt in the database"
KEPT = "keep in the database what is not delivered yet, and go on there at the next start"
FREE = "let no request wait for the receiver: send from a thread that does nothing else"


SLOW = {  # what is sent at once, then for how many seconds an x, then this
    "a byte of a header each second": (b"HTTP/1.1 200 OK\r\nX-Slow: ", 7, b"\r\nContent-Length: 0\r\n\r\n"),
    "a byte of the body each second": (b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n", 7, b"x"),
    "a body that is cut off": (b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nx", 0, b""),
}


class Receiver(ThreadingHTTPServer):
    """The other program: keeps what it gets, and answers with the next of `statuses` (or of SLOW), then with 204."""

    daemon_threads = True

    def __init__(self, port=0, statuses=(), headers=()):
        self.got, self.statuses, self.headers, self.let_go = [], list(statuses), headers, threading.Event()
        self.times, self.is_over = [], threading.Event()
        self.let_go.set()
        super().__init__(("127.0.0.1", port), Answer)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/hook"

    def ids(self):
        return [headers.get("X-Webhook-Id", "none") for headers, _ in list(self.got)]

    def stop(self):
        self.let_go.set()
        self.is_over.set()
        self.shutdown()
        self.server_close()


class Answer(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.times.append(time.time())
        self.server.got.append((self.headers, body))
        self.server.let_go.wait(30)
        status = self.server.statuses.pop(0) if self.server.statuses else 204
        if status in SLOW:
            return self.answer_slowly(*SLOW[status])
        self.send_response(status)
        for name, value in self.server.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST

    def answer_slowly(self, start, seconds, end):
        with suppress(OSError):  # the desk has closed the connection
            self.wfile.write(start)
            for _ in range(seconds):
                self.server.is_over.wait(1)
                self.wfile.write(b"x")
            self.wfile.write(end)

    def log_message(self, format, *arguments):
        """Say nothing."""


class WebhookTest(ExerciseTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.database, self.new = Path(folder.name, "desk.sqlite3"), Path(folder.name, "new.sqlite3")

    def receive(self, **how):
        receiver = Receiver(**how)
        self.addCleanup(receiver.stop)
        return receiver

    def start(self, url, database=None, **environ):
        desk = DeskProcess(database or self.database, WEBHOOK_URL=url, WEBHOOK_SECRET=SECRET, **environ)
        self.addCleanup(desk.stop)
        self.deliveries(desk)
        return desk

    def wait_for(self, look, wanted, what_next):
        """look() is `wanted` sooner or later."""
        ends = time.monotonic() + PATIENCE
        while (seen := look()) != wanted:
            if time.monotonic() > ends:
                self.assertEqual(seen, wanted, what_next)
            time.sleep(0.05)

    def wait_for_events(self, receiver, *ids, what_next=SEND):
        self.wait_for(lambda: sorted(set(receiver.ids())), sorted(map(str, ids)), what_next)

    def deliveries(self, desk, headers=AGENT):
        reply = desk.get("/webhook-deliveries", headers)
        self.assert_status(reply, 200, NOTE)
        return [(row["event"], row["status"], row["attempts"]) for row in reply.json["deliveries"]]

    def wait_until_noted(self, desk, *wanted):
        self.wait_for(lambda: self.deliveries(desk), list(wanted), NOTE)


    def assert_signed(self, headers, body, arrived):
        stamp = headers.get("X-Webhook-Timestamp", "no header")
        self.assertRegex(stamp, "^[0-9]{10}$", "send X-Webhook-Timestamp: whole seconds since 1970")
        self.assertLess(abs(arrived - int(stamp)), 2.5, "send the time of this attempt, and sign it anew each time")
        digest = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        self.assertEqual(headers.get("X-Webhook-Signature"), f"sha256={digest}", SIGN)


class Sending(WebhookTest):
    def test_each_event_arrives_with_a_right_signature(self):
        receiver = self.receive()
        desk = self.start(receiver.url)
        desk.new_ticket(title="Über den Drucker")
        desk.post("/tickets/1/comments", {"body": "Hello"}, CUSTOMER)
        self.wait_for_events(receiver, 1, 2)
        events = {str(event["id"]): event for event in desk.get("/audit-events", AGENT).json["events"]}
        for (headers, body), arrived in zip(receiver.got, receiver.times):
            event, said = events[headers["X-Webhook-Id"]], json.loads(body)
            for name in ("id", "type", "ticket_id", "actor", "at", "data"):
                self.assertEqual(said.get(name), event[name], f"send the event as JSON, with `{name}`")
            self.assert_signed(headers, body, arrived)

    def test_the_log_says_what_is_delivered(self):
        receiver = self.receive()
        desk = self.start(receiver.url)
        desk.new_ticket()
        desk.new_ticket()
        self.wait_until_noted(desk, (2, "delivered", 1), (1, "delivered", 1))
        self.assertEqual(sorted(receiver.ids()), ["1", "2"], "send an event once if it was delivered")

    def test_a_failed_attempt_is_repeated_and_counted(self):
        receiver = self.receive(statuses=(500, 500))
        desk = self.start(receiver.url)
        desk.new_ticket()
        self.wait_for(lambda: receiver.ids(), ["1", "1", "1"], AGAIN)
        self.wait_until_noted(desk, (1, "delivered", 3))
        for (headers, body), arrived in zip(receiver.got, receiver.times):
            self.assert_signed(headers, body, arrived)
        first, second, third = receiver.times
        self.assertGreater(third - second, second - first - 0.5, "let the pauses grow")

    def test_an_attempt_without_a_whole_answer_in_time_has_failed(self):
        desks = {}
        for number, name in enumerate(SLOW):
            receiver = self.receive(statuses=(name,))
            desks[name] = self.start(receiver.url, self.database.with_name(f"slow-{number}.sqlite3"))
            desks[name].new_ticket()
        for name, desk in desks.items():
            delivered = [(1, "delivered", 2)]
            self.wait_for(lambda: self.deliveries(desk), delivered, f"{WHOLE}; this receiver sends {name}")

    def test_a_delivery_is_noted_although_the_database_is_locked_for_a_while(self):
        receiver = self.receive()
        receiver.let_go.clear()
        desk = self.start(receiver.url)
        desk.new_ticket()
        self.wait_for_events(receiver, 1)
        with closing(desk.open_database()) as database:
            database.execute("BEGIN IMMEDIATE")
            receiver.let_go.set()
            receiver.is_over.wait(2.5)  # the desk tries to note it, and cannot
            database.execute("ROLLBACK")
        self.wait_until_noted(desk, (1, "delivered", 1))
        self.assertEqual(receiver.ids(), ["1"], "note a result later if the database is locked, and do not send again")

    def test_a_redirect_is_not_followed_and_no_delivery(self):
        other = self.receive()
        receiver = self.receive(statuses=(302, 307), headers=[("Location", other.url)])
        desk = self.start(receiver.url)
        desk.new_ticket()
        self.wait_for(lambda: receiver.ids(), ["1", "1", "1"], AGAIN)
        self.assertEqual(other.got, [], "follow no redirect: it could lead into your network")

    def test_an_event_that_was_rolled_back_is_never_sent(self):
        receiver = self.receive()
        desk = self.start(receiver.url)
        desk.new_ticket()
        with closing(desk.open_database()) as database:
            database.execute("CREATE TRIGGER f BEFORE INSERT ON idempotency_keys BEGIN SELECT RAISE(ABORT, 'full'); END")
            failed = desk.post("/tickets/1/comments", {"body": "Lost"}, {**CUSTOMER, "Idempotency-Key": "once"})
            database.execute("DROP TRIGGER f")
        self.assert_status(failed, 500, "let this write fail as before")
        desk.post("/tickets/1/comments", {"body": "Kept"}, CUSTOMER)
        self.wait_for_events(receiver, 1, 2)
        bodies = b"".join(body for _, body in receiver.got)
        self.assertNotIn(b"Lost", bodies, "send an event after its commit, and not before")


class Hanging(WebhookTest):
    def test_a_receiver_that_hangs_delays_nobody(self):
        receiver = self.receive()
        receiver.let_go.clear()
        desk = self.start(receiver.url)
        for number in range(12):
            desk.new_ticket(title=f"Ticket {number}")
        self.wait_for(lambda: bool(receiver.ids()), True, SEND)
        started = time.monotonic()
        for _ in range(5):
            self.assert_status(desk.post("/tickets/1/comments", {"body": "Hello"}, CUSTOMER), 201, FREE)
            self.assert_status(desk.get("/tickets?limit=500"), 200, FREE)
            self.assert_status(desk.post("/tickets/classify", {"description": "Cannot log in"}, AGENT), 200, FREE)
        self.assertLess(time.monotonic() - started, 4, FREE)
        receiver.let_go.set()
        self.wait_for_events(receiver, *range(1, 18), what_next=AGAIN)

    def test_the_desk_stops_although_the_receiver_hangs(self):
        receiver = self.receive()
        receiver.let_go.clear()
        desk = self.start(receiver.url)
        desk.new_ticket()
        self.wait_for(lambda: bool(receiver.ids()), True, SEND)
        started = time.monotonic()
        desk.stop()
        self.assertLess(time.monotonic() - started, 15, "let the desk stop while an attempt is under way")


class Restarts(WebhookTest):
    """The receiver is down, and comes back on the same port."""

    def miss_two(self, end):
        receiver = Receiver()
        port = receiver.server_port
        desk = self.start(receiver.url)
        desk.new_ticket()
        self.wait_for_events(receiver, 1)
        self.wait_until_noted(desk, (1, "delivered", 1))
        receiver.stop()
        desk.new_ticket()
        desk.new_ticket()
        self.wait_for(lambda: self.deliveries(desk)[0][:2], (3, "pending"), NOTE)
        end(desk)
        return port

    def assert_goes_on(self, port, database=None):
        receiver = self.receive(port=port)
        desk = self.start(receiver.url, database)
        self.wait_for_events(receiver, 2, 3, what_next=KEPT)
        desk.new_ticket()
        self.wait_for_events(receiver, 2, 3, 4, what_next=KEPT)
        self.wait_for(lambda: {row[1] for row in self.deliveries(desk)}, {"delivered"}, NOTE)
        self.assertNotIn("1", receiver.ids(), "send nothing again that was noted as delivered")

    def test_nothing_is_lost_by_kill_9(self):
        self.assert_goes_on(self.miss_two(DeskProcess.kill))

    def test_nothing_is_lost_by_a_rebuild(self):
        port = self.miss_two(DeskProcess.stop)
        for arguments in (["--verify"], ["--rebuild", str(self.new)]):
            said = run_app(*arguments, SUPPORT_DESK_DB=str(self.database))
            self.assertEqual(said.returncode, 0, f"make {arguments[0]} work; it says: {said.stdout[-300:]}{said.stderr}")
        self.assert_goes_on(port, self.new)

    def test_the_desk_of_before_your_change_is_taken_along(self):
        receiver = self.receive()
        settings = {"WEBHOOK_URL": receiver.url, "WEBHOOK_SECRET": SECRET}
        _, desk = self.carried_over(lambda desk: desk.new_ticket(), **settings)
        desk.new_ticket()
        self.wait_for(lambda: "2" in receiver.ids(), True, SEND)


class Settings(WebhookTest):
    def test_without_the_settings_nothing_is_sent_and_the_log_is_empty(self):
        desk = Desk()
        self.addCleanup(desk.stop)
        desk.new_ticket()
        self.assertEqual(self.deliveries(desk), [], "note nothing on a desk without WEBHOOK_URL")

    def test_bad_settings_are_named_and_the_secret_is_not_shown(self):
        for url, secret, named in (
            ("http://127.0.0.1:1/hook", "", "WEBHOOK_SECRET"),
            ("http://127.0.0.1:1/hook", "short-secret", "WEBHOOK_SECRET"),
            ("ftp://127.0.0.1/hook", SECRET, "WEBHOOK_URL"),
        ):
            with self.subTest(url=url, secret=secret):
                environ = {"WEBHOOK_URL": url, "WEBHOOK_SECRET": secret, "SUPPORT_DESK_DB": str(self.database)}
                said = run_app("--verify", **environ)
                self.assertIn(named, said.stderr, f"check the settings at the start, and name {named}")
                self.assertNotIn(secret or "no secret", said.stderr, "make WEBHOOK_SECRET a secret setting")

    def test_a_desk_in_memory_refuses_the_url(self):
        try:
            desk = DeskProcess(Path(":memory:"), WEBHOOK_URL="http://127.0.0.1:1/hook", WEBHOOK_SECRET=SECRET)
        except AssertionError as problem:
            said = str(problem)
        else:
            desk.stop()
            said = "it has started"
        self.assertIn("WEBHOOK_URL", said, "refuse WEBHOOK_URL with SUPPORT_DESK_DB=:memory: at the start")

    def test_the_log_is_for_staff_on_a_locked_desk(self):
        desk = Desk(SUPPORT_DESK_AUTH="tokens", DEBUG="true")
        self.addCleanup(desk.stop)
        for roles, status in ((["customer"], 403), (["agent"], 200)):
            token = desk.post("/api/debug/login", {"login": "eve", "roles": roles}).json["token"]
            reply = desk.get("/webhook-deliveries", {"Authorization": f"Bearer {token}"})
            self.assert_status(reply, status, f"{NOTE}; the column locked of its row in ROUTES says who may call it")
