"""The judge and its lab: a desk that hangs, crashes or does not start is reported as such, not as a wrong response."""

import socket
import tempfile
import threading
import time
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from drills import faults
from drills import lab as lab_module
from drills.catalogue import DrillError
from drills.clients import EventStream, WebSocket
from drills.judge import Expectation, judge
from drills.lab import AGENT, Lab
from tests.desk import ROOT

BANNER = 'print(f"Support Desk on http://127.0.0.1:{port}\\nCtrl-C stops", flush=True)'
LISTENS = "import socket, sys, time\nserver = socket.create_server(('127.0.0.1', 0))\nport = server.getsockname()[1]\n"
CRASHES = f"{LISTENS}{BANNER}\nserver.accept()\nsys.exit('out of coffee')\n"
HANGS = f"{LISTENS}{BANNER}\nprint('x' * 200_000, flush=True)\ntime.sleep(60)\n"
SLOW = f"{LISTENS}{BANNER}\nclient = server.accept()[0]\nwhile True:\n    client.send(b'H')\n    time.sleep(0.05)\n"
SILENT = "import time\ntime.sleep(60)\n"
BROKEN = "import no_such_module_of_the_desk\n"


def drill(check):
    return SimpleNamespace(check=check)


def asks_health(lab):
    yield "it is there", 200, lab.desk().get("/health").status


class Judging(unittest.TestCase):
    def judge_program(self, program, check=asks_health, seconds=20.0):
        """The verdict on a folder whose app.py is this program."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "app.py").write_text(program, encoding="utf-8")
            return judge(drill(check), Path(folder), seconds)

    def set_timeouts(self, **seconds):
        for name, value in seconds.items():
            self.addCleanup(setattr, lab_module, name, getattr(lab_module, name))
            setattr(lab_module, name, value)

    def assert_error(self, verdict, kind, *words):
        self.assertEqual((verdict.result, verdict.error.kind), ("NO", kind), verdict.error)
        for word in words:
            self.assertIn(word, str(verdict.error))
        self.assertEqual(verdict.tests[-1]["status"], kind)

    def test_a_desk_that_crashes_is_a_crash_with_its_last_log_line(self):
        self.assert_error(self.judge_program(CRASHES), "crash", "GET /health", "status 1", "out of coffee")

    def test_a_desk_that_does_not_start_is_a_crash_with_its_last_log_line(self):
        self.assert_error(self.judge_program(BROKEN), "crash", "did not start", "no_such_module_of_the_desk")

    def test_a_desk_that_never_prints_its_port_is_a_timeout(self):
        self.set_timeouts(START_TIMEOUT=0.3)
        self.assert_error(self.judge_program(SILENT), "timeout", "did not print its port")

    def test_a_desk_that_accepts_requests_and_never_answers_is_a_timeout(self):
        self.set_timeouts(RESPONSE_TIMEOUT=0.3)
        self.assert_error(self.judge_program(HANGS), "timeout", "GET /health", "no answer within 0.3 s")

    def test_a_desk_that_sends_byte_by_byte_is_killed_with_the_check(self):
        since = time.monotonic()
        self.assert_error(self.judge_program(SLOW, seconds=0.6), "timeout", "within 0.6 s")
        self.assertLess(time.monotonic() - since, 5)

    def test_a_check_can_expect_a_response_before_a_timeout(self):
        def asks_in_time(lab):
            yield "it answers in time", 200, lab.desk().get("/health", timeout=0.2).status

        verdict = self.judge_program(HANGS, asks_in_time)
        self.assertEqual((verdict.result, verdict.error), ("NO", None))
        self.assertIn("no answer within 0.2 s", verdict.tests[0]["message"])

    def test_a_check_that_cannot_go_on_is_an_error_and_keeps_what_it_found(self):
        def stumbles(lab):
            yield "this much is right", 1, 1
            yield "this is not", 1, {}["key"]

        verdict = judge(drill(stumbles), ROOT)
        self.assert_error(verdict, "error", "this much is right", "KeyError")
        self.assertEqual([test["status"] for test in verdict.tests], ["pass", "error"])
        self.assert_error(judge(drill(lambda lab: iter(())), ROOT), "error", "has no expectations")

    def test_true_does_not_equal_1_and_one_of_equals_any_of_its_values(self):
        self.assertFalse(Expectation("a number", 1, True).is_met)
        self.assertFalse(Expectation("a boolean", True, 1).is_met)
        self.assertTrue(Expectation("either", Lab.one_of(403, 404), 404).is_met)
        self.assertFalse(Expectation("either", Lab.one_of(403, 404), 200).is_met)
        self.assertIn("403 or 404", Expectation("either", Lab.one_of(403, 404), 200).message)


class InTheLab(unittest.TestCase):
    def setUp(self):
        self.lab = Lab(ROOT)
        self.lab.__enter__()
        self.addCleanup(self.lab.__exit__)

    def test_the_lab_records_requests_and_their_ids(self):
        desk = self.lab.desk()
        desk.post("/tickets", {"title": "x", "description": "y"}, [("X-User-Id", "ann"), ("X-Request-Id", "r-1")])
        (asked,) = self.lab.recorded
        self.assertEqual((asked.method, asked.path, asked.status, asked.request_id), ("POST", "/tickets", 201, "r-1"))
        self.assertIn("POST /tickets → 201", desk.final_log())

    def test_requests_on_one_connection_are_answered_one_after_the_other_and_recorded(self):
        desk, new = self.lab.desk(), {"title": "x", "description": "y"}
        calls = ("POST", "/tickets", new, AGENT), ("PUT", "/tickets", new, None), ("GET", "/tickets/1", None, None)
        with mock.patch.object(socket, "create_connection", wraps=socket.create_connection) as connect:
            answers = desk.on_one_connection(*calls)
        self.assertEqual([answer.status for answer in answers], [201, 405, 200])
        self.assertEqual((answers[2].json["title"], len(self.lab.recorded)), ("x", 3))
        self.assertEqual(connect.call_count, 1)

    def test_the_lab_reconnects_after_a_close_and_records_a_missing_response(self):
        desk, close = self.lab.desk(), {"Connection": "close"}
        calls = ("GET", "/health", None, close), ("GET", "/health", None, None)
        self.assertEqual([answer.status for answer in desk.on_one_connection(*calls)], [200, 200])
        desk.kill()
        (answer,) = desk.on_one_connection(calls[0])
        self.assertIn("no answer", answer.status)

    def test_a_fault_makes_a_write_fail_until_its_block_ends_and_survives_a_restart(self):
        desk = self.lab.desk()
        with desk.fault("audit-write"):
            self.assertEqual(desk.post("/tickets", {"title": "x", "description": "y"}).status, 500)
            self.assertEqual(faults.injected(desk.database), ["audit-write"])
            desk.stop()
            desk = self.lab.desk(database=desk.database)
            self.assertEqual(desk.post("/tickets", {"title": "x", "description": "y"}).status, 500)
        self.assertEqual(desk.count("tickets"), 0)
        self.assertEqual(desk.new_ticket()["id"], 1)

    def test_every_fault_can_be_injected_and_all_are_removed_together(self):
        desk = self.lab.desk()
        for name in faults.FAULTS:
            faults.inject(desk.database, name)
        self.assertEqual(faults.remove_all(desk.database), list(faults.FAULTS))
        self.assertEqual(faults.injected(desk.database), [])
        desk.new_ticket()
        desk.fire(1, "assign", "start_work")
        self.assertEqual(desk.rows("SELECT state FROM tickets"), [("in_progress",)])

    def test_a_title_can_fail_while_other_changes_of_a_ticket_are_written(self):
        desk = self.lab.desk()
        desk.new_ticket()
        with desk.fault("title-change"):
            self.assertEqual(desk.patch("/tickets/1", {"title": "x"}).status, 500)
            self.assertEqual(desk.patch("/tickets/1", {"priority": "low"}).status, 200)
        self.assertEqual(desk.patch("/tickets/1", {"title": "x"}).status, 200)

    def test_settings_time_zones_and_tokens_reach_the_desk(self):
        desk = self.lab.desk(TZ="AAA12", DEBUG="true", SUPPORT_DESK_AUTH="tokens")
        self.assertEqual(desk.get("/tickets", AGENT).status, 401)
        self.assertEqual(desk.get("/tickets", desk.login("ann", "agent"), search="100%").status, 200)
        done = self.lab.run(DEBUG="perhaps")
        self.assertEqual((done.status, done.output), (2, ""))
        self.assertIn("DEBUG", done.errors)

    def test_the_stub_llm_counts_answers_and_hangs(self):
        llm = self.lab.llm(content='{"category": "account", "priority": "low"}')
        desk = self.lab.desk(**llm.environ)
        suggestion = desk.post("/tickets/classify", {"description": "x"}).json
        self.assertEqual((suggestion["suggested_category"], suggestion["source"]), ("account", "openai"))
        self.assertEqual(len(llm.requests), 1)
        self.assertTrue(llm.wait_for_request())
        llm.change(hangs=True)
        waiting, healthy = self.lab.in_parallel(
            lambda: desk.post("/tickets/classify", {"description": "x"}, timeout=0.3).status,
            lambda: llm.wait_for_request() and desk.get("/health").status,
        )
        self.assertEqual((waiting, healthy), ("no answer within 0.3 s", 200))

    def test_in_parallel_calls_functions_at_the_same_time(self):
        barrier = threading.Barrier(3)
        self.assertEqual(sorted(self.lab.in_parallel(*[lambda: barrier.wait(5)] * 3)), [0, 1, 2])


class Clients(unittest.TestCase):
    """The readers, against a server that sends prepared bytes."""

    def serve(self, *pieces: bytes) -> int:
        """The port of a server that takes one client, reads its head, and sends these pieces."""
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)

        def talk():
            client = server.accept()[0]
            with client:
                self.head = client.recv(65536)
                for piece in pieces:
                    client.sendall(piece)
                self.received = client.recv(65536)

        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        return server.getsockname()[1]

    def test_server_sent_events_come_one_by_one(self):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nretry: 2000\n\n"
        port = self.serve(head, b": ping\n\nid: 7\nevent: Cre", b"ated\ndata: {}\n\ndata: a\ndata: b\n\n")
        stream = EventStream(port, "/events", {"X-User-Role": "agent"})
        self.addCleanup(stream.close)
        self.assertEqual(stream.status, 200)
        self.assertEqual(stream.next(), {"id": "7", "event": "Created", "data": "{}"})
        self.assertEqual(stream.next(), {"data": "a\nb"})
        self.assertIsNone(stream.next(timeout=0.05))
        self.assertIn(b"X-User-Role: agent", self.head)

    def test_a_websocket_parses_json_and_reports_the_close_code(self):
        text, long = b'\x81\x0e{"_tag": "Hi"}', b"\x81\x7e\x01\x00" + b'"' + b"x" * 254 + b'"'
        port = self.serve(b"HTTP/1.1 101 Switching Protocols\r\n\r\n", b"\x89\x00", text, long, b"\x88\x02\x03\xe9")
        sock = WebSocket(port, "/ws", {})
        self.addCleanup(sock.close)
        self.assertEqual(sock.status, 101)
        self.assertEqual(sock.next(), {"_tag": "Hi"})
        self.assertEqual(sock.next(), "x" * 254)
        self.assertEqual(sock.until(lambda message: "closed" in message), {"closed": 1001})
        self.assertIsNone(sock.next())

    def test_a_refused_handshake_has_its_status(self):
        sock = WebSocket(self.serve(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"), "/ws", {})
        self.addCleanup(sock.close)
        self.assertEqual((sock.status, sock.next()), (403, None))


class Faults(unittest.TestCase):
    def test_a_file_that_is_not_a_desks_database_is_refused_and_unchanged(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "notes.txt")
            path.write_text("not a database, but long enough to look like something else" * 20)
            before = path.read_bytes()
            for file in (path, Path(folder, "nothing.sqlite3")):
                with self.assertRaises(DrillError):
                    faults.inject(file, "audit-write")
            self.assertEqual(path.read_bytes(), before)
            self.assertEqual([file.name for file in Path(folder).iterdir()], ["notes.txt"])
