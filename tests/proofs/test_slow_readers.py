"""Clients that read slowly or not at all: they cost the desk a limited amount of memory, and nobody else an answer."""

import socket
import time
from contextlib import ExitStack
from unittest import mock

from tests.desk import TIMEOUT, DeskTest
from web import server

LIST = b"GET /tickets?limit=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n"


class SlowReaders(DeskTest):
    def connect_with_a_small_buffer(self):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(("127.0.0.1", self.desk.port))
        return sock

    def unread(self) -> int:
        return sum(len(handler.outbox) for handler in list(self.desk.server.handlers))

    def test_clients_that_leave_too_much_unread_are_dropped_and_everybody_else_is_answered(self):
        for number in range(400):
            self.desk.new_ticket(title=f"Ticket {number}", description="x" * 20_000)
        with mock.patch.object(server, "MOST_UNREAD", 3_000_000), ExitStack() as stack:
            for _ in range(12):  # the system's own buffers take some MB of each
                stack.enter_context(self.connect_with_a_small_buffer()).sendall(LIST * 4)
            ends = time.monotonic() + TIMEOUT
            while "bytes of responses unread" not in self.desk.log.getvalue() and time.monotonic() < ends:
                self.assertEqual(self.desk.get("/health").status, 200)
            self.assertTrue("bytes of responses unread" in self.desk.log.getvalue(), "nobody was dropped")
            self.assertEqual(self.desk.new_ticket()["id"], 401)
            self.assertLess(self.unread(), 6_000_000)


class UnfinishedBodies(DeskTest):
    def test_bodies_that_never_end_take_a_limited_amount_of_memory_and_nobody_elses_request(self):
        head = b"POST /tickets HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
        with mock.patch.object(server, "MOST_INCOMPLETE", 2_000_000), ExitStack() as stack:
            socks = [stack.enter_context(self.desk.connect()) for _ in range(40)]
            for sock in socks:
                sock.sendall(head + b"\r\n" + b"x" * 200_000)
                self.assertEqual(self.desk.get("/health").status, 200)
            ends = time.monotonic() + TIMEOUT
            while self.unread() > 2_500_000 and time.monotonic() < ends:
                self.desk.get("/health")
            self.assertLessEqual(self.unread(), 2_500_000)
            refused = sum(b"HTTP/1.1 503 " in sock.recv(100) for sock in socks[:5])
            self.assertEqual(refused, 5, "the oldest of equals are told first")
            self.assertEqual(self.desk.new_ticket()["id"], 1)

    def unread(self) -> int:
        return sum(handler.reader.unread for handler in list(self.desk.server.handlers))
