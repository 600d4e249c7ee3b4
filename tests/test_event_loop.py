"""The event loop: clients that leave and a desk that stops at any moment, errors in its stages, and quiet time."""

import json
import socket
import struct
import threading
import time
import unittest
from collections import deque
from contextlib import closing, suppress
from unittest import mock

from store import Store
from tests.desk import AGENT, TIMEOUT, Desk, DeskTest
from tests.listeners import masked_frame
from tests.test_search import NeverIndexes
from web import server
from web.handler import BODY, HEAD, IDLE, LINGERING, LIVE, SENDING, STREAMING, WAITING, Handler, Job
from web.http1 import RequestReader
from web.websocket import MessageReader, Opcode
from web.workers import QUEUE, WorkerPool
from workflow import Caller, Unavailable

HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-User-Id: bob\r\n"
    "X-User-Role: agent\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
).encode()


def reset(sock: socket.socket) -> None:
    """Close so that the other side sees a reset instead of an end."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class Followed(Handler):
    """A handler that writes down each change of its state."""

    changes = set()

    def __setattr__(self, name, value):
        if name == "state" and getattr(self, "state", value) is not value:
            self.changes.add((self.state.name, value.name))
        super().__setattr__(name, value)


class FullQueue(unittest.TestCase):
    def test_work_that_finds_the_queue_full_is_refused_at_once(self):
        release, finished = threading.Event(), deque()
        pool = WorkerPool(1, finished, lambda: None)
        self.addCleanup(pool.close)
        self.addCleanup(release.set)
        for _ in range(QUEUE + 2):  # one job is at work, the queue is full, and one is too much
            pool.start(Job(None, None, release.wait, "audits"))
        self.assertIn(Unavailable, [type(problem) for _, _, problem in list(finished)])


class Life(unittest.TestCase):
    def test_a_connection_changes_its_state_only_as_the_table_says(self):
        def fill(store):
            fields = {"description": "x" * 9000, "category": "general", "priority": "low"}
            with store.savepoint():
                for number in range(120):
                    store.add_ticket(Caller("ann"), {"title": f"Ticket {number}", **fields})
            store.commit()

        self.desk = Desk(on_open=fill, store=NeverIndexes)  # the index of these texts would take most of the time
        self.addCleanup(self.desk.stop)
        Followed.changes.clear()
        self.desk.server.RequestHandlerClass = Followed
        post = b"POST /tickets/1/comments HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        for pieces in (
            (b"GET /health HTTP", b"/1.1\r\nHost: localhost\r\n\r\n"),
            (post + b"Content-Length: 13\r\n", b"\r\n", b'{"body":', b'"Hi"}', post),
            (b"GET /tickets?search=ticket&limit=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n",),
            (b"GET /tickets.csv HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2,),
            (b"GET /tickets?limit=100 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",),
            (b"GET / HTTP/9.9\r\n\r\n",),
            (HANDSHAKE, masked_frame(Opcode.TEXT, b'{"_tag": "GetTickets"}'), masked_frame(Opcode.CLOSE, b"")),
            (b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n",),
        ):
            with closing(self.desk.connect()) as sock:
                for piece in pieces:
                    sock.sendall(piece)
                    for _ in range(3):
                        self.desk.get("/health")
                if not pieces[0].startswith(b"GET /events"):
                    sock.shutdown(socket.SHUT_WR)
                    while sock.recv(1024):
                        pass
        self.desk.stop()
        states = {state.name: state for state in (IDLE, HEAD, BODY, WAITING, STREAMING, SENDING, LIVE, LINGERING)}
        for before, after in Followed.changes:
            self.assertIn(after, states[before].then.split(), f"{before} → {after}")
        self.assertLessEqual({"head", "body", "waiting", "streaming", "live"}, {after for _, after in Followed.changes})


class Leaving(DeskTest):
    def test_a_client_that_locks_closes_and_is_gone_leaves_the_desk_and_no_lock(self):
        self.desk.new_ticket()
        lock = masked_frame(Opcode.TEXT, json.dumps({"_tag": "LockTicket", "ticketId": 1}).encode())
        for leave in (socket.socket.close, reset) * 10:
            sock = self.desk.connect()
            sock.sendall(HANDSHAKE + lock + masked_frame(Opcode.CLOSE, struct.pack(">H", 1000)))
            leave(sock)
            self.assertEqual(self.desk.get("/health").status, 200)
        for _ in range(TIMEOUT * 100):
            if self.desk.get("/tickets/1").json["locked_by"] is None:
                break
        self.assertIsNone(self.desk.get("/tickets/1").json["locked_by"])
        self.assertTrue(self.desk.get("/audit-events/verify").json["ok"])

    def test_a_client_that_leaves_in_the_middle_of_an_export_leaves_the_desk(self):
        for number in range(30):
            self.desk.new_ticket(title=f"Ticket {number}", description="x" * 2000)
        for number in range(40):
            sock = self.desk.connect()
            sock.sendall(b"GET /tickets.csv HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if number % 2:
                sock.recv(64)
            reset(sock)
            self.assertEqual(self.desk.get("/health").status, 200)


class Stages(DeskTest):
    """Whatever one stage of a turn raises, the desk goes on, the log has the traceback once, and /ready tells."""

    def fail(self, owner, name):
        patched = mock.patch.object(owner, name, side_effect=LookupError(f"{name} is broken"))
        self.addCleanup(patched.stop)
        patched.start()
        return patched

    def test_the_desk_survives_an_error_in_every_stage(self):
        self.addCleanup(setattr, server, "PROBLEM_SHOWN", server.PROBLEM_SHOWN)
        server.PROBLEM_SHOWN = 0
        loop, handler = self.desk.server, Handler
        for stage, owner, name, path in (
            ("answering", loop, "_hold", None),
            ("timeouts", loop, "_check_timeouts", "/ready"),
            ("background work", loop, "_work_in_background", "/ready"),
            ("sending", handler, "log_request", None),
            ("publishing", loop.live, "publish", "/ready"),
            ("logging", self.desk.server.log, "flush", "/ready"),
        ):
            with self.subTest(stage):
                patched = self.fail(owner, name)
                if path:
                    for _ in range(3):
                        reply = self.desk.get(path)
                    self.assertEqual(reply.json["checks"][stage], "failed; the log tells more")
                    self.assertEqual(reply.status, 503)
                else:
                    with closing(self.desk.connect()) as sock:
                        sock.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                        sock.settimeout(0.2)
                        with suppress(TimeoutError, OSError):
                            sock.recv(1000)
                patched.stop()
                self.desk.hang_up()
                self.desk.new_ticket()
                self.assertEqual(self.desk.get("/ready").json["checks"], {"database": "ok"})

    def test_an_error_of_the_reader_of_bytes_ends_its_connection_alone(self):
        patched = self.fail(RequestReader, "next_request")
        with closing(self.desk.connect()) as sock:
            sock.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertEqual(sock.recv(1000), b"")
        patched.stop()
        self.assertEqual(self.desk.get("/health").status, 200)
        self.assertIn("next_request is broken", self.desk.log.getvalue())

    def test_a_commit_that_fails_in_an_unknown_way_is_a_503(self):
        patched = self.fail(self.desk.store, "commit")
        self.assertEqual(self.desk.post("/tickets", {"title": "a", "description": "b"}).status, 503)
        patched.stop()
        self.assertIn("committing", self.desk.get("/ready").json["checks"])
        self.assertIn("commit is broken", self.desk.log.getvalue())

    def test_listeners_are_closed_with_a_reason_where_an_event_cannot_be_read(self):
        self.desk.new_ticket()
        with closing(self.desk.open_database()) as database, database:
            database.execute("DROP TRIGGER audit_events_are_never_changed")
            database.execute("UPDATE audit_events SET data = 'no JSON'")
        with closing(self.desk.connect()) as sock:
            sock.sendall(HANDSHAKE.replace(b"GET /ws", b"GET /ws?after=0"))
            received = b"".join(iter(lambda: sock.recv(1000), b""))
        self.assertIn(b"101 Switching", received)
        self.assertEqual(received[-2:], struct.pack(">H", 1011))
        self.assertEqual(self.desk.get("/health").status, 200)
        self.assertIn("JSONDecodeError", self.desk.log.getvalue())


class Incomplete(DeskTest):
    """Requests whose last byte has not arrived, and clients that make much work with few bytes."""

    def half_sent(self, sock, start: bytes) -> int:
        """Send a head, and half of a body of 1 MB; returns how much of the body the desk keeps in memory."""
        host = b"Host: evil.example" if b"/tickets?rebound" in start else b"Host: localhost"
        sock.sendall(start + b" HTTP/1.1\r\n" + host + b"\r\nContent-Type: application/json\r\n")
        sock.sendall(b"Content-Length: 1000000\r\n\r\n" + b"x" * 500_000)
        self.wait_for(lambda: [handler.state for handler in list(self.desk.server.handlers)] == [BODY])
        return sum(handler.reader.unread for handler in list(self.desk.server.handlers))

    def wait_for(self, happens):
        ends, pause = time.monotonic() + TIMEOUT, threading.Event()
        while not happens() and time.monotonic() < ends:
            pause.wait(0.02)
        self.assertTrue(happens())

    def test_a_body_is_not_kept_if_the_head_is_refused_already(self):
        for start, status in (
            (b"POST /nowhere", b"404"),
            (b"DELETE /tickets", b"405"),
            (b"POST /tickets?rebound", b"421"),
        ):
            with self.subTest(start), closing(self.desk.connect()) as sock:
                self.assertLess(self.half_sent(sock, start), 100_000)
                sock.sendall(b"x" * 500_000 + b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                received = b"".join(iter(lambda: sock.recv(65536), b""))
                self.assertEqual(received.split()[1], status)
                self.assertIn(b"HTTP/1.1 200 OK", received, "the next request of the connection is answered")

    def test_a_chunked_body_is_not_kept_either(self):
        head = b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        with closing(self.desk.connect()) as sock:
            sock.sendall(head + b"7a120\r\n" + b"x" * 500_000 + b"\r\n7a120\r\n")
            self.wait_for(lambda: [(h.state, h.reader.unread) for h in list(self.desk.server.handlers)] == [(BODY, 0)])
            sock.sendall(b"x" * 500_000 + b"\r\n0\r\n\r\n")
            self.assertIn(b"HTTP/1.1 404 ", sock.recv(65536))

    def test_a_client_that_asks_before_it_sends_a_body_is_told_at_once_that_it_is_refused(self):
        with closing(self.desk.connect()) as sock:
            sock.sendall(b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n")
            sock.sendall(b"Content-Length: 1000000\r\n\r\n")
            received = b"".join(iter(lambda: sock.recv(65536), b""))
        self.assertTrue(received.startswith(b"HTTP/1.1 404 "), received)
        self.assertIn(b"Connection: close", received)

    def test_all_kinds_of_incomplete_messages_have_one_budget(self):
        patched = mock.patch.object(server, "MOST_INCOMPLETE", 1_000_000)
        self.addCleanup(patched.stop)
        patched.start()
        post = b"POST /tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        starts = {
            b"HTTP/1.1 503 ": (
                post + b"Content-Length: 900000\r\n\r\n",
                post + b"Transfer-Encoding: chunked\r\n\r\nc3500\r\n",
            ),
            struct.pack(">H", 1013): (HANDSHAKE + b"\x01\xff" + struct.pack(">QL", 900_000, 0),),
        }
        for refused, kinds in starts.items():
            for start in kinds:
                with self.subTest(start[:20]), closing(self.desk.connect()) as one, closing(self.desk.connect()) as two:
                    for sock in (one, two):
                        sock.sendall(start + b"x" * 700_000)
                    self.wait_for(self.one_is_left)
                    received = b""
                    for sock in (one, two):
                        sock.settimeout(0.2)  # the other one is still waiting
                        with suppress(OSError):
                            while data := sock.recv(65536):
                                received += data
                    self.assertIn(refused, received)
                self.wait_for(lambda: not self.desk.server.handlers)

    def one_is_left(self) -> bool:
        """Whether the desk has one connection; those that only wait for their client to read are over at once."""
        for handler in list(self.desk.server.handlers):
            if handler.state is LINGERING:
                handler.since = time.monotonic() - LINGERING.timeout - 1
        self.desk.server._checked_at = time.monotonic() - 1
        return len(self.desk.server.handlers) == 1

    def test_a_refused_incomplete_request_is_never_answered_before_an_earlier_one(self):
        patched = mock.patch.object(server, "MOST_INCOMPLETE", 20_000)
        self.addCleanup(patched.stop)
        is_busy, go_on = threading.Event(), threading.Event()

        class Slow(Store):
            def tickets(self, filters):
                is_busy.set()
                go_on.wait(TIMEOUT)
                return super().tickets(filters)

        desk = Desk(store=Slow)
        self.addCleanup(desk.stop)
        self.addCleanup(go_on.set)
        with closing(desk.connect()) as sock:
            sock.sendall(b"GET /tickets?limit=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertTrue(is_busy.wait(TIMEOUT))
            patched.start()
            sock.sendall(b"POST /tickets HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n\r\n" + b"x" * 30_000)
            received = b""
            with suppress(OSError):
                while data := sock.recv(65536):
                    received += data
            go_on.set()
        self.assertEqual(received, b"", "the answer to the first request is not ready")

    def test_many_pings_and_many_small_chunks_wait_while_others_have_their_turn(self):
        chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in b'{"body":"%b"}' % (b"x" * 2000))
        pings = masked_frame(Opcode.PING, b"") * 2000
        reader, messages = RequestReader(), MessageReader()
        reader.receive(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
        messages.receive(pings)
        pauses = 0
        while not (request := reader.next_request()):
            self.assertTrue(reader.is_paused)
            pauses += 1
        self.assertGreater(pauses, 20)
        self.assertEqual(len(request.body), 2011)
        received = [messages.next_message() for _ in range(2020)]
        self.assertGreater(received.count(None), 10)
        self.desk.new_ticket()
        with closing(self.desk.connect()) as sock:
            head = b"POST /tickets/1/comments HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            sock.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
            self.assertIn(b"HTTP/1.1 201 ", sock.recv(65536))
        with closing(self.desk.connect()) as sock:
            sock.sendall(HANDSHAKE + pings + masked_frame(Opcode.CLOSE, b""))
            received = b"".join(iter(lambda: sock.recv(65536), b""))
        self.assertGreaterEqual(received.count(b"\x8a\x00"), 2000)

    def test_a_request_for_which_the_memory_is_too_small_is_a_503_and_the_desk_goes_on(self):
        with mock.patch.object(self.desk.store, "add_ticket", side_effect=MemoryError):
            reply = self.desk.post("/tickets", {"title": "a", "description": "b"})
        self.assert_refused(reply, 503, "UNAVAILABLE")
        self.assertIn("memory", reply.json["message"])
        with mock.patch.object(RequestReader, "receive", side_effect=MemoryError), closing(self.desk.connect()) as sock:
            sock.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertEqual(sock.recv(1000), b"")
        self.desk.hang_up()
        self.assertEqual(self.desk.get("/health").status, 200)

    def test_the_time_in_which_bytes_wait_for_the_desk_does_not_count_against_their_client(self):
        desk = self.desk.server
        with closing(self.desk.connect()) as sock, mock.patch.object(desk, "_slices", return_value=()):
            sock.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.wait_for(lambda: len(desk._ready) == 1)
            (handler,) = desk._ready
            handler.since = time.monotonic() - IDLE.timeout - 0.2
            due = desk._checked_at = desk._checked_at - 1
            self.wait_for(lambda: desk._checked_at > due)
            self.assertIs(handler.state, IDLE)

    def test_a_websocket_that_is_silent_for_too_long_is_told_that_it_ends(self):
        with closing(self.desk.connect()) as sock:
            sock.sendall(HANDSHAKE)
            self.wait_for(lambda: [handler.state for handler in self.desk.server.handlers] == [LIVE])
            for handler in list(self.desk.server.handlers):
                handler.since -= LIVE.timeout
            received = b"".join(iter(lambda: sock.recv(65536), b""))
        self.assertEqual(received[-2:], struct.pack(">H", 1001))


class Quiet(DeskTest):
    def test_a_desk_that_has_time_copies_its_write_ahead_log_into_the_database_file(self):
        patched = mock.patch.object(server, "CHECKPOINT_EVERY", 0.01)
        self.addCleanup(patched.stop)
        patched.start()
        new = self.desk.database.stat().st_size
        for _ in range(20):
            self.desk.new_ticket(description="x" * 1000)
        ends, pause = time.monotonic() + TIMEOUT, threading.Event()
        while self.desk.database.stat().st_size < new + 20_000 and time.monotonic() < ends:
            pause.wait(0.01)
        self.assertGreaterEqual(self.desk.database.stat().st_size, new + 20_000)


class Stopping(unittest.TestCase):
    def test_a_client_that_connects_in_the_turn_in_which_the_desk_stops_ends_nothing_else(self):
        is_busy, go_on = threading.Event(), threading.Event()

        class Slow(Store):
            def add_ticket(self, *arguments):
                is_busy.set()
                go_on.wait(TIMEOUT)
                return super().add_ticket(*arguments)

        desk = Desk(store=Slow)
        self.addCleanup(desk.stop)
        half = desk.connect()
        body = b'{"body":"Hello"}'
        head = b"POST /tickets/1/comments HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        with closing(half), closing(desk.connect()) as busy:
            half.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body))
            ticket = b'{"title":"Login broken","description":"Cannot get in"}'
            start = b"POST /tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            busy.sendall(start + b"Content-Length: %d\r\n\r\n%b" % (len(ticket), ticket))
            self.assertTrue(is_busy.wait(TIMEOUT))
            desk.server.shutdown()
            with closing(desk.connect()):
                go_on.set()
                self.assertIn(b"201 Created", busy.recv(65536))
                half.sendall(body)
                self.assertIn(b"201 Created", half.recv(65536), "the request that was half sent is answered")
        desk.stop()
        self.assertNotIn("Traceback", desk.log.getvalue())

    def test_a_desk_that_stops_opens_no_new_stream(self):
        desk = Desk()
        self.addCleanup(desk.stop)
        with closing(desk.connect()) as sock:
            sock.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n")
            while not any(handler.state.name == "head" for handler in list(desk.server.handlers)):
                desk.get("/health", AGENT)
            desk.server.shutdown()
            sock.sendall(b"\r\n")
            self.assertIn(b"HTTP/1.1 503 ", sock.recv(65536))
