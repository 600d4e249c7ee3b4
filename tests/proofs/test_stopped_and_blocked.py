"""A desk that did not run for a while, and a desk whose output nobody takes."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from contextlib import closing, suppress
from pathlib import Path

from tests.child_desk import CAN_FORK, WHY_NOT, ChildDesk, verify
from tests.desk import AGENT, ROOT, TIMEOUT, Client, clean_environment
from tests.listeners import EventReader, SocketClient
from web.handler import HEAD

NEW = {"title": "Login broken", "description": "Cannot get in"}
FULL = "/dev/full"  # a device that takes nothing: each write fails as on a full disk
STOPPED = HEAD.timeout + 2  # seconds: longer than a client has for the rest of its head


def post(path: str, body: dict) -> bytes:
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nX-User-Role: agent\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data


@unittest.skipUnless(CAN_FORK, WHY_NOT)
class Stopped(unittest.TestCase):
    """SIGSTOP stops a process as a laptop's lid does; SIGCONT lets it go on."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.desk = ChildDesk(Path(folder.name, "desk.sqlite3"))
        self.addCleanup(self.desk.stop)

    def connect(self, *sent: bytes):
        sock = self.desk.connect()
        self.addCleanup(sock.close)
        for data in sent:
            sock.sendall(data)
        return sock

    def status(self, sock) -> bytes:
        return sock.recv(65536)[:12]

    def test_what_arrived_while_the_desk_did_not_run_is_answered(self):
        self.desk.new_ticket()
        request = post("/tickets/1/comments", {"body": "Hello"})
        half_heads = [self.connect(request[:30]) for _ in range(5)]
        half_bodies = [self.connect(request[:-5]) for _ in range(5)]
        self.desk.get("/health")
        self.desk.pause()
        late = [self.connect(request) for _ in range(20)]
        for sock in half_heads:
            sock.sendall(request[30:])
        for sock in half_bodies:
            sock.sendall(request[-5:])
        self.desk.send_signal(signal.SIGCONT)
        for sock in (*late, *half_heads, *half_bodies):
            self.assertEqual(self.status(sock), b"HTTP/1.1 201")
        self.assertEqual(self.desk.count("comments"), 30)

    def test_the_time_of_a_long_stop_does_not_count_against_the_clients(self):
        self.desk.new_ticket()
        request = post("/tickets/1/comments", {"body": "Hello"})
        head, body = self.connect(request[:30]), self.connect(request[:-5])
        listener, stream = SocketClient(self.desk.port), EventReader(self.desk.port)
        self.addCleanup(listener.close)
        self.addCleanup(stream.close)
        self.desk.get("/health")
        self.desk.pause()
        threading.Event().wait(STOPPED)
        self.desk.send_signal(signal.SIGCONT)
        self.desk.get("/health")  # so a turn has passed before the rest arrives
        head.sendall(request[30:])
        body.sendall(request[-5:])
        self.assertEqual(self.status(head), b"HTTP/1.1 201")
        self.assertEqual(self.status(body), b"HTTP/1.1 201")
        self.assertEqual([listener.receive()["_tag"] for _ in range(2)], ["TicketUpdated"] * 2)
        self.assertEqual([stream.next_event()["event"] for _ in range(2)], ["Commented"] * 2)

    def test_a_stop_in_the_middle_of_writes_loses_none_of_them(self):
        acknowledged, is_over = [], threading.Event()

        def write():
            client = Client()
            client.port = self.desk.port
            while not is_over.is_set():
                acknowledged.append(client.post("/tickets", NEW).json["id"])
            client.hang_up()

        writers = [threading.Thread(target=write) for _ in range(3)]
        for writer in writers:
            writer.start()
        for goal in range(20, 200, 20):
            ends = time.monotonic() + TIMEOUT
            while len(acknowledged) < goal and time.monotonic() < ends:
                is_over.wait(0.001)
            self.desk.pause()
            is_over.wait(0.02)
            self.desk.send_signal(signal.SIGCONT)
        is_over.set()
        for writer in writers:
            writer.join()
        self.assertEqual(sorted(acknowledged), [*range(1, self.desk.count("tickets") + 1)])
        self.assertEqual(self.desk.stop(), 0)
        self.assertEqual(verify(self.desk.database), [])

    def test_a_desk_that_is_told_to_stop_while_it_does_not_run_answers_first(self):
        sock = self.connect(post("/tickets", NEW)[:-5])
        self.desk.get("/health")
        self.desk.pause()
        sock.sendall(post("/tickets", NEW)[-5:])
        self.desk.send_signal(signal.SIGTERM)
        self.desk.send_signal(signal.SIGCONT)
        self.assertEqual(self.status(sock), b"HTTP/1.1 201")
        self.assertEqual(self.desk.wait(), 0)


@unittest.skipIf(os.name == "nt", "Windows has no such files and no SIGTERM to ask with")
class Blocked(unittest.TestCase):
    """Nobody takes the output of the desk: it starts, serves, and stops with 0."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def start(self, stdout, stderr, command=(sys.executable, "app.py")) -> Client:
        """A desk with these streams. Its banner may be lost, so the port is read from the file that it holds."""
        client = Client()
        client.database = self.folder / "desk.sqlite3"
        held = f"file:{client.database}.lock?mode=ro&immutable=1"  # immutable: it takes no lock that the desk needs
        environ = {**clean_environment(), "PORT": "0", "SUPPORT_DESK_DB": str(client.database)}
        client.process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=stdout, stderr=stderr)
        self.addCleanup(client.process.wait)
        self.addCleanup(client.process.kill)
        self.addCleanup(client.hang_up)
        ends, pause = time.monotonic() + TIMEOUT, threading.Event()
        while time.monotonic() < ends and client.process.poll() is None:
            with suppress(sqlite3.Error), closing(sqlite3.connect(held, uri=True)) as lock:
                for (who,) in lock.execute("SELECT who FROM holder"):
                    client.port = int(who.rpartition(" port ")[2])
                    return client
            pause.wait(0.02)
        raise AssertionError(f"the desk did not start: exit {client.process.poll()}")

    def assert_serves_and_stops(self, client):
        long = f"/{'x' * 4000}"
        for _ in range(40):
            self.assertEqual(client.get(long).status, 404)
        self.assertEqual(client.post("/tickets", NEW, AGENT).status, 201)
        self.assertEqual(client.get("/ready").json["checks"], {"database": "ok"})
        client.hang_up()
        client.process.terminate()
        self.assertEqual(client.process.wait(TIMEOUT), 0)
        self.assertEqual(verify(client.database), [])

    def errors(self):
        file = (self.folder / "errors.txt").open("w+b")
        self.addCleanup(file.close)
        return file

    def open(self, path):
        file = open(path, "wb", 0)
        self.addCleanup(file.close)
        return file

    def pipe(self):
        reader, writer = (os.fdopen(number, mode, 0) for number, mode in zip(os.pipe(), ("rb", "wb")))
        self.addCleanup(reader.close)
        self.addCleanup(writer.close)
        return reader, writer

    def test_a_log_pipe_that_is_never_read(self):
        _, stderr = self.pipe()
        self.assert_serves_and_stops(self.start(subprocess.DEVNULL, stderr))

    def test_a_log_pipe_whose_reader_is_gone(self):
        reader, stderr = self.pipe()
        reader.close()
        self.assert_serves_and_stops(self.start(subprocess.DEVNULL, stderr))

    def test_a_log_pipe_whose_reader_goes(self):
        reader, stderr = self.pipe()
        client = self.start(subprocess.DEVNULL, stderr)
        reader.close()
        self.assert_serves_and_stops(client)

    @unittest.skipUnless(hasattr(os, "openpty"), "this system has no such terminals")
    def test_a_terminal_that_is_never_read(self):
        terminal, stderr = os.openpty()
        self.addCleanup(os.close, terminal)
        client = self.start(subprocess.DEVNULL, stderr)
        os.close(stderr)
        self.assert_serves_and_stops(client)

    @unittest.skipUnless(hasattr(os, "openpty"), "this system has no such terminals")
    def test_a_terminal_that_is_closed(self):
        terminal, stderr = os.openpty()
        client = self.start(subprocess.DEVNULL, stderr)
        os.close(stderr)
        os.close(terminal)
        self.assert_serves_and_stops(client)

    @unittest.skipUnless(os.path.exists(FULL), f"this system has no {FULL}")
    def test_a_log_on_a_full_disk(self):
        self.assert_serves_and_stops(self.start(subprocess.DEVNULL, self.open(FULL)))

    @unittest.skipUnless(os.path.exists(FULL), f"this system has no {FULL}")
    def test_a_banner_on_a_full_disk(self):
        errors = self.errors()
        self.assert_serves_and_stops(self.start(self.open(FULL), errors))
        errors.seek(0)
        self.assertNotIn(b"Traceback", errors.read())

    def test_a_banner_pipe_whose_reader_is_gone(self):
        errors, (reader, stdout) = self.errors(), self.pipe()
        reader.close()
        self.assert_serves_and_stops(self.start(stdout, errors))
        errors.seek(0)
        self.assertNotIn(b"Traceback", errors.read())

    def test_a_banner_pipe_that_is_never_read(self):
        _, stdout = self.pipe()
        self.assert_serves_and_stops(self.start(stdout, subprocess.DEVNULL))

    def test_no_stream_at_all(self):
        command = ("sh", "-c", f'exec "{sys.executable}" app.py <&- >&- 2>&-')
        self.assert_serves_and_stops(self.start(subprocess.DEVNULL, subprocess.DEVNULL, command))
