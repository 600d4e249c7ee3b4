"""A running desk whose disk, database file or file descriptors fail: it says 503, reads what it can, and comes back."""

import os
import random
import signal
import tempfile
import threading
import time
import unittest
from contextlib import closing, suppress
from pathlib import Path
from unittest import mock

import workflow
from store import Store
from tests.child_desk import CAN_FORK, WHY_NOT, ChildDesk, verify
from tests.desk import AGENT, TIMEOUT, DeskTest
from tests.listeners import EventReader, SocketClient
from web.identity import TOKEN_LIFE, Identity
from workflow import Caller

try:
    import resource
except ImportError:  # Windows
    resource = None

NEW = {"title": "Login broken", "description": "Cannot get in. " * 300}
TICKETS = 300
READS = (
    "/tickets",
    "/tickets?limit=1000",
    "/tickets?search=broken",
    "/tickets?status=closed",
    "/tickets/1",
    "/tickets/150/events",
    "/tickets/150/at/1",
    "/tickets/stats",
    "/audit-events",
    "/audit-events/verify",
    "/api/support-ticket/150",
    "/metrics",
    "/",
    "/docs",
    "/openapi.json",
)


@unittest.skipUnless(CAN_FORK, WHY_NOT)
class FaultTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.database = self.folder / "desk.sqlite3"

    def start(self, **options) -> ChildDesk:
        self.desk = desk = ChildDesk(self.database, **options)
        self.addCleanup(desk.stop)
        return desk

    def assert_stops(self, desk, most_tracebacks=0):
        self.assertEqual(desk.stop(), 0)
        self.assertLessEqual(desk.log().count("Traceback"), most_tracebacks, desk.log())

    def assert_unavailable(self, reply, *words):
        self.assertEqual((reply.status, reply.json["code"]), (503, "UNAVAILABLE"), self.desk.log())
        self.assertIn("Retry-After", reply.headers)
        for word in words:
            self.assertIn(word, reply.json["message"])


def cut(size):
    return lambda path: os.truncate(path, size)


def replace(path):
    other = path.with_name("other.sqlite3")
    other.write_bytes(path.read_bytes())
    os.replace(other, path)


def noise(begin, end=2**40):
    def write(path):
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.seek(begin)
            file.write(random.Random(7).randbytes(min(size, end) - begin))

    return write


def flip_bits(path):
    """One bit of each page after the first, at a place that SQLite looks at: the kind of the page."""
    content = bytearray(path.read_bytes())
    for start in range(4096, len(content), 4096):
        content[start] ^= 0x10
    with path.open("r+b") as file:
        file.write(content)


class FileTrouble(FaultTest):
    """What another program can do to the file under a running desk. SQLite sees it when it reads that part."""

    def setUp(self):
        super().setUp()
        with closing(Store(str(self.database))) as store:
            with store.savepoint():
                for _ in range(TICKETS):
                    store.add_ticket(Caller("user-1"), {**NEW, "category": "general", "priority": "low"})
            store.commit()

    def start_on_a_copy(self):
        copy = self.folder / f"{len(list(self.folder.iterdir()))}.sqlite3"
        copy.write_bytes((self.folder / "desk.sqlite3").read_bytes())
        self.database = copy
        return self.start()

    def assert_refused_or_closed(self, desk):
        """A listener that needs old events is refused, or closed with a reason; none waits for ever."""
        stream = EventReader(desk.port, after=0)
        self.addCleanup(stream.close)
        self.assertIn(stream.response.status, (200, 503))
        if stream.response.status == 200:
            self.assertIsNone(stream.next_event())
        socket = SocketClient(desk.port, "/ws?after=0")
        self.addCleanup(socket.close)
        self.assertIn(socket.status, (101, 503))
        if socket.status == 101:
            with self.assertRaisesRegex(ConnectionError, "1011"):
                socket.receive()

    def assert_goes_on(self, desk, *words):
        """No read is a 500, /health is as before, and /ready says what is wrong in its usual shape."""
        self.assertEqual(desk.get("/health").status, 200)
        for path in READS * 3:
            with self.subTest(path):
                self.assertIn(desk.get(path, AGENT).status, (200, 503))
        ready = desk.get("/ready")
        self.assertEqual((ready.status, ready.json["status"]), (503, "unavailable"))
        for word in words:
            self.assertIn(word, ready.json["checks"]["database"])
        with suppress(Exception):  # its head is sent already: the body breaks off
            desk.get("/tickets.csv")
        self.assertEqual(desk.get("/health").status, 200)

    def test_a_file_that_is_gone_or_another_one_is_read_as_it_was_and_takes_no_change(self):
        for name, fault in (("removed", Path.unlink), ("replaced", replace)):
            for end in ("", "-wal"):
                with self.subTest(name, end=end):
                    desk = self.start_on_a_copy()
                    desk.new_ticket()
                    fault(Path(f"{self.database}{end}"))
                    self.assert_unavailable(desk.post("/tickets", NEW), "removed or replaced", "restart")
                    self.assertEqual(desk.get("/tickets/1").status, 200)
                    self.assert_goes_on(desk, "removed or replaced")
                    self.assert_stops(desk)

    def test_a_file_that_was_cut_or_overwritten_is_503_and_closes_the_listeners_that_need_it(self):
        for name, fault in (
            ("cut to nothing", cut(0)),
            ("cut in a page", cut(5000)),
            ("noise in all pages but the first", noise(4096)),
            ("noise everywhere", noise(0)),
            ("a bit of each page", flip_bits),
        ):
            with self.subTest(name):
                desk = self.start_on_a_copy()
                self.assertEqual(desk.get("/ready").status, 200)
                listener = SocketClient(desk.port)
                self.addCleanup(listener.close)
                fault(self.database)
                self.assert_unavailable(desk.post("/tickets", NEW, AGENT), "database")
                self.assert_unavailable(desk.get("/tickets/150"), "database")
                self.assert_refused_or_closed(desk)
                self.assert_goes_on(desk, "database")
                self.assert_stops(desk, most_tracebacks=3)  # background work and the listeners, each once
                with self.assertRaisesRegex(ConnectionError, "1001"):
                    listener.receive()

    def test_a_file_that_is_read_only_takes_no_change_until_it_is_writable_again(self):
        def on_open(store):
            store.db.execute("PRAGMA query_only = ON").fetchall()
            signal.signal(signal.SIGUSR1, lambda *_: store.db.execute("PRAGMA query_only = OFF").fetchall())

        desk = self.start(on_open=on_open)
        for _ in range(3):
            self.assert_unavailable(desk.post("/tickets", NEW), "readonly")
            self.assertEqual(desk.get("/tickets").json["total"], TICKETS)
        self.assertEqual(desk.get("/ready").status, 200)
        desk.send_signal(signal.SIGUSR1)
        wait_until(lambda: desk.post("/tickets", NEW, {"Idempotency-Key": "k"}).status == 201)
        self.assert_stops(desk)
        self.assertEqual(verify(self.database), [])


def wait_until(is_so) -> None:
    pause = threading.Event()
    for _ in range(TIMEOUT * 50):
        if is_so():
            return
        pause.wait(0.02)
    raise AssertionError("it never came")


class DiskFull(FaultTest):
    def assert_full_and_comes_back(self, desk, make_room, *words):
        """Writes until one is refused; reads go on; with room again each refused write can be sent again."""
        stream = EventReader(desk.port, after=0)
        self.addCleanup(stream.close)
        keys, acknowledged, refused = iter(range(10_000)), {}, []
        send = lambda key: desk.post("/tickets", {**NEW, "title": f"key {key}"}, {"Idempotency-Key": f"key-{key}"})
        while len(refused) < 5:
            key = next(keys)
            reply = send(key)
            if reply.status == 201:
                acknowledged[key] = reply.body
            else:
                self.assert_unavailable(reply, *words)
                refused.append(key)
        self.assertGreater(len(acknowledged), 0)
        for path in ("/health", "/ready", *READS[:8]):
            self.assertIn(desk.get(path, AGENT).status, (200, 404), path)
        self.assertEqual(desk.get("/tickets").json["total"], len(acknowledged))
        make_room()
        wait_until(lambda: send(refused[0]).status == 201)
        for key in refused:
            self.assertEqual(send(key).status, 201)
        for key, body in acknowledged.items():
            self.assertEqual(send(key).body, body)
        count = len(acknowledged) + len(refused)
        self.assertEqual(desk.get("/audit-events/verify").json["events"], count)
        self.assertEqual([int(stream.next_event()["id"]) for _ in range(count)], [*range(1, count + 1)])
        self.assert_stops(desk)
        self.assertEqual(verify(self.database), [])

    def test_a_database_that_may_grow_no_more_takes_no_change_until_it_may(self):
        def on_open(store):
            pages = store.db.execute("PRAGMA page_count").fetchone()["page_count"]
            store.db.execute(f"PRAGMA max_page_count = {pages + 40}").fetchall()
            signal.signal(signal.SIGUSR1, lambda *_: store.db.execute("PRAGMA max_page_count = 100000").fetchall())

        desk = self.start(on_open=on_open)
        self.assert_full_and_comes_back(desk, lambda: desk.send_signal(signal.SIGUSR1), "full")

    @unittest.skipUnless(hasattr(resource, "prlimit"), "only Linux can change the limits of another process")
    def test_a_log_that_the_disk_takes_no_more_of_loses_nothing_that_was_acknowledged(self):
        desk = self.start()
        limits = resource.prlimit(desk.pid, resource.RLIMIT_FSIZE)
        size = Path(f"{self.database}-wal").stat().st_size
        resource.prlimit(desk.pid, resource.RLIMIT_FSIZE, (size + 300_000, limits[1]))
        make_room = lambda: resource.prlimit(desk.pid, resource.RLIMIT_FSIZE, limits)
        self.assert_full_and_comes_back(desk, make_room, "disk I/O error")


def leave_files(count):
    """A function for `on_open` that leaves the process so many file descriptors."""

    def on_open(store):
        lowest = os.dup(0)
        os.close(lowest)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + count, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))

    return on_open


class NoMoreFiles(FaultTest):
    def connect(self, desk):
        sock = desk.connect()
        self.addCleanup(sock.close)
        return sock

    def health(self, sock) -> bytes:
        sock.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return sock.recv(65536)[:12]

    def test_clients_beyond_the_last_file_descriptor_wait_until_others_leave(self):
        desk = self.start(on_open=leave_files(12))
        first = [self.connect(desk) for _ in range(12)]
        for sock in first:
            self.assertEqual(self.health(sock), b"HTTP/1.1 200")
        waiting = [self.connect(desk) for _ in range(20)]
        for sock in waiting:
            sock.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        for sock in first:
            self.assertEqual(self.health(sock), b"HTTP/1.1 200")
        for sock in first:
            sock.close()
        for sock in waiting:
            self.assertEqual(sock.recv(65536)[:12], b"HTTP/1.1 200")
        self.assertEqual(desk.post("/tickets", NEW).status, 201)
        self.assert_stops(desk)

    def test_a_read_that_needs_a_file_is_503_while_there_is_none_and_others_are_answered(self):
        desk = self.start(on_open=leave_files(12))
        desk.post("/tickets", NEW)
        others = [self.connect(desk) for _ in range(11)]
        for sock in others:
            self.assertEqual(self.health(sock), b"HTTP/1.1 200")
        for path in READS:
            with self.subTest(path):
                reply = desk.get(path, AGENT)
                self.assertIn(reply.status, (200, 404, 503), reply.body)
        for path in ("/audit-events", "/tickets?search=broken"):
            self.assert_unavailable(desk.get(path), "unable to open database file")
        self.assertEqual(desk.post("/tickets", NEW).status, 201)
        self.assertEqual(desk.get("/ready").status, 503)
        for sock in others:
            sock.close()
        wait_until(lambda: desk.get("/ready").status == 200)
        for path in READS[:4]:
            self.assertEqual(desk.get(path, AGENT).status, 200)
        self.assert_stops(desk)

    def test_more_clients_than_the_desk_has_room_for_are_told_to_try_again(self):
        desk = self.start(prepare=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
        first = [self.connect(desk) for _ in range(24)]
        for sock in first:
            self.assertEqual(self.health(sock), b"HTTP/1.1 200")
        late = self.connect(desk)
        self.assertIn(b"in use", b"".join(iter(lambda: late.recv(65536), b"")))
        for sock in first:
            sock.close()

        def is_served():
            with suppress(ConnectionError):
                return desk.get("/health").status == 200

        wait_until(is_served)
        self.assert_stops(desk)


class ClockSetBack(DeskTest):
    """The system's clock goes back by a day and an hour, while the desk runs."""

    def set_back(self, seconds=25 * 60 * 60):
        patched = mock.patch.object(workflow, "time_ns", lambda: time.time_ns() - seconds * 10**9)
        self.addCleanup(patched.stop)
        patched.start()

    def test_events_stay_in_order_and_the_chain_holds(self):
        reader = EventReader(self.desk.port, after=0)
        self.addCleanup(reader.close)
        first = self.desk.new_ticket()
        self.desk.post("/tickets/1/comments", {"body": "Hello"}, AGENT)
        self.set_back()
        second = self.desk.new_ticket()
        self.desk.post("/tickets/1/comments", {"body": "Hello"}, AGENT)
        self.assertLess(second["created_at"], first["created_at"])
        self.assertEqual(self.desk.patch("/tickets/1", {"status": "resolved"}, AGENT).status, 200)
        events = [reader.next_event()["data"] for _ in range(7)]
        self.assertEqual([event["id"] for event in events], [*range(1, 8)])
        self.assertEqual([event["version"] for event in events if event["ticket_id"] == 1], [1, 2, 3, 4, 5, 6])
        self.assertEqual([ticket["id"] for ticket in self.desk.get("/tickets").json["tickets"]], [2, 1])
        self.assertEqual(self.desk.get("/tickets/stats").json["total_tickets"], 2)
        self.assertEqual(self.desk.get("/tickets/1/at/2").json["version"], 2)
        self.assertEqual(verify(self.desk.database), [])

    def test_a_lock_that_would_now_last_for_a_day_ends(self):
        self.desk.new_ticket()
        self.assertEqual(self.desk.post("/tickets/1/lock", {}, AGENT).status, 200)
        self.set_back()
        other = {"X-User-Id": "agent-2", "X-User-Role": "agent"}
        wait_until(lambda: self.desk.patch("/tickets/1", {"title": "Other"}, other).status == 200)
        self.assertEqual(self.desk.post("/tickets/1/lock", {}, other).status, 200)
        self.assertEqual(self.desk.patch("/tickets/1", {"title": "Mine"}, AGENT).status, 423)
        self.assertEqual(verify(self.desk.database), [])

    def test_a_lock_stays_when_the_clock_is_set_right_by_a_few_seconds(self):
        self.desk.new_ticket()
        self.desk.post("/tickets/1/lock", {}, AGENT)
        self.set_back(seconds=5)
        reader = EventReader(self.desk.port, after=0)
        self.addCleanup(reader.close)
        self.desk.server._checked_at = 0  # the check of each second comes in the next turn
        self.desk.new_ticket()
        self.assertEqual([reader.next_event()["event"] for _ in range(3)], ["Created", "Locked", "Created"])

    def test_a_retry_gets_its_kept_answer_before_and_after(self):
        first = self.desk.post("/tickets", NEW, {"Idempotency-Key": "k"})
        self.set_back()
        second = self.desk.post("/tickets", NEW, {"Idempotency-Key": "past"})
        self.assertEqual(self.desk.post("/tickets", NEW, {"Idempotency-Key": "k"}).body, first.body)
        self.assertEqual(second.status, 201)
        self.assertEqual(self.desk.count("tickets"), 2)

    def test_a_token_holds_no_shorter_and_never_longer_than_it_says(self):
        now = [1_800_000_000]
        identity = Identity(True, "a secret that only this test knows", clock=lambda: now[0])
        token, ends = identity.issue("ann", ["agent"])
        for now[0], holds in ((now[0] - 86_400, True), (ends - 1, True), (ends, False), (ends - TOKEN_LIFE, True)):
            self.assertEqual(bool(identity.claims(f"Bearer {token}")), holds, now[0])
