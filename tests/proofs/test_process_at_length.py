"""The desk as a process: files that it refuses, signals that stop it, and a log that nobody reads."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import unittest
from contextlib import closing
from pathlib import Path

from store import Store
from tests import test_process
from tests.desk import ROOT, Client, clean_environment, run_app, run_tool
from tests.test_process import COMMENTS_CHANGE, EVENTS_CHANGE, EVENTS_GO, FilledTest, ProcessTest

OLD = "2020-01-01T00:00:00.000Z"
DRAFTS_CHANGE = "DROP TRIGGER decided_drafts_stay;"
INDEX_GOES = "INSERT INTO search_index (search_index) VALUES ('delete-all');"
CAN_SIGNAL = os.name != "nt"  # Windows ends a process where others ask it to stop


class Databases(ProcessTest):
    def test_a_file_that_is_no_database_is_refused_and_not_touched(self):
        for content in (b"no database at all\n" * 1000, b"SQLite format 3\0" + b"junk" * 2000):
            with self.subTest(content[:16]):
                self.database.write_bytes(content)
                self.assert_refuses(str(self.database), "database")
                self.assertEqual(self.database.read_bytes(), content)
                self.assertEqual([path.name for path in self.folder.iterdir()], [self.database.name])

    def test_a_database_of_another_program_is_refused_and_not_touched(self):
        with closing(sqlite3.connect(self.database)) as database:
            database.execute("CREATE TABLE tickets (id)")
        content = self.database.read_bytes()
        self.assert_refuses("another program")
        self.assertEqual(self.database.read_bytes(), content)
        self.assertEqual([path.name for path in self.folder.iterdir()], [self.database.name])

    def test_a_database_of_another_version_is_refused(self):
        Store(str(self.database)).close()
        with closing(sqlite3.connect(self.database)) as database:
            database.execute("PRAGMA user_version = 99")
        self.assert_refuses("99", "python3 app.py --rebuild NEW.sqlite3")

    def test_a_database_made_from_another_schema_file_is_refused(self):
        Store(str(self.database)).close()
        with closing(sqlite3.connect(self.database)) as database:
            database.execute("DROP TRIGGER audit_events_are_never_changed")
        self.assert_refuses("schema.sql", "audit_events_are_never_changed")

    def test_a_file_that_may_not_be_written_is_said(self):
        Store(str(self.database)).close()
        self.database.chmod(0o444)
        if os.access(self.database, os.W_OK):  # root may write everything
            self.assertEqual(self.start().get("/ready").status, 200)
        else:
            self.assert_refuses("is not writable")

    @unittest.skipIf(os.name == "nt", "Windows has no such pipes")
    def test_a_named_pipe_is_no_database_and_nobody_waits_for_its_writer(self):
        os.mkfifo(self.database)
        done = run_app(SUPPORT_DESK_DB=str(self.database), PORT="0")
        self.assertEqual(done.returncode, 2, done.stderr)

    def test_a_folder_that_is_missing_is_said(self):
        self.assert_refuses("nowhere", SUPPORT_DESK_DB=str(self.folder / "nowhere" / "desk.sqlite3"))

    def test_a_folder_in_place_of_the_file_is_said(self):
        self.assert_refuses(str(self.folder), SUPPORT_DESK_DB=str(self.folder))


class Stopping(ProcessTest):
    @unittest.skipUnless(CAN_SIGNAL, "Windows has no SIGTERM to ask with")
    def test_either_signal_ends_the_desk_with_0_and_the_wal_in_the_database_file(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                desk = self.start()
                desk.new_ticket()
                self.assertEqual(desk.stop(number), 0)
                self.assertFalse(Path(f"{self.database}-wal").exists())

    @unittest.skipUnless(CAN_SIGNAL, "Windows has no SIGTERM to ask with")
    def test_a_request_that_has_begun_to_arrive_is_finished(self):
        desk = self.start()
        body = b'{"title":"Login broken","description":"Cannot get in"}'
        head = "POST /tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}\r\n"
        with closing(desk.connect()) as busy, closing(desk.connect()) as idle:
            busy.sendall(head.encode() + b"Expect: 100-continue\r\n\r\n")
            self.assertIn(b"100 Continue", busy.recv(1000))
            desk.process.send_signal(signal.SIGTERM)
            self.assertEqual(idle.recv(1000), b"")  # the idle one is closed: so the stop has begun
            with self.assertRaises(OSError):
                desk.connect()
            busy.sendall(body)
            answer = b"".join(iter(lambda: busy.recv(65536), b""))
        self.assertIn(b"HTTP/1.1 201", answer)
        self.assertIn(b"Connection: close", answer)
        self.assertEqual(desk.process.wait(20), 0)
        self.assertEqual(desk.count("tickets"), 1)

    @unittest.skipUnless(CAN_SIGNAL, "Windows has no SIGTERM to ask with")
    def test_a_second_signal_stops_at_once(self):
        desk = self.start()
        with closing(desk.connect()) as busy, closing(desk.connect()) as idle:
            busy.sendall(
                b"POST /tickets HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"
            )
            busy.recv(1000)
            desk.process.send_signal(signal.SIGTERM)
            idle.recv(1000)
            self.assertNotEqual(desk.stop(signal.SIGTERM), 0)


class LogLines(ProcessTest):
    @unittest.skipUnless(CAN_SIGNAL, "Windows has no SIGTERM to ask with")
    def test_a_log_that_nobody_reads_stops_nothing(self):
        environ = {**clean_environment(), "PORT": "0", "SUPPORT_DESK_DB": str(self.database)}
        command = [sys.executable, "app.py"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, cwd=ROOT, env=environ, **pipes) as process:
            client = Client()
            client.port = int(process.stdout.readline().rpartition(b":")[2])
            long = b"GET /%b HTTP/1.1\r\nHost: localhost\r\n\r\n" % (b"x" * 7900)
            for _ in range(12):
                self.assertEqual(client.raw(long * 5).count(b"HTTP/1.1 404"), 5)
            for _ in range(500):
                self.assertEqual(client.get("/health").status, 200)
            client.hang_up()
            process.terminate()
            process.communicate(timeout=20)
            self.assertEqual(process.returncode, 0)

    @unittest.skipUnless(hasattr(os, "openpty"), "Windows has no such terminals")
    def test_a_terminal_that_is_stopped_with_ctrl_s_stops_nothing(self):
        terminal, stderr = os.openpty()
        self.addCleanup(os.close, terminal)
        environ = {**clean_environment(), "PORT": "0", "SUPPORT_DESK_DB": str(self.database)}
        streams = {"stdout": subprocess.PIPE, "stderr": stderr}
        with subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environ, **streams) as process:
            os.close(stderr)
            client = Client()
            client.port = int(process.stdout.readline().rpartition(b":")[2])
            os.write(terminal, b"\x13")
            for _ in range(300):
                self.assertEqual(client.get("/health").status, 200)
            os.write(terminal, b"\x11")
            self.assertEqual(client.get("/health").status, 200)
            client.hang_up()
            process.terminate()
            self.assertEqual(process.wait(20), 0)
        self.assertIn(b"GET /health", os.read(terminal, 4096))

    def test_a_desk_without_any_stderr_runs(self):
        if CAN_SIGNAL:
            command = f'exec "{sys.executable}" app.py 2>&-'
            environ = {**clean_environment(), "PORT": "0", "SUPPORT_DESK_DB": str(self.database)}
            with subprocess.Popen(["sh", "-c", command], cwd=ROOT, env=environ, stdout=subprocess.PIPE) as process:
                self.assertIn(b"Support Desk on", process.stdout.readline())
                process.terminate()

    def test_json_lines_carry_the_same_facts(self):
        desk = self.start(LOG_FORMAT="json")
        desk.post("/tickets?secret=1", {"title": "canary"}, {"X-User-Id": "user-7", "X-Request-Id": "mine"})
        desk.stop()
        fact = json.loads(desk.read_log().splitlines()[0])
        fact.pop("ms")
        told = {
            "level": "WARN",
            "method": "POST",
            "path": "/tickets",
            "status": 400,
            "request_id": "mine",
            "user": "user-7",
        }
        self.assertEqual(fact, told)


class Starting(ProcessTest):
    def test_the_hold_ends_with_the_process_however_that_ends(self):
        self.start().kill()
        self.assertEqual(self.start().get("/ready").status, 200)


class Tools(FilledTest):
    def test_verify_of_a_damaged_file_says_so_and_is_1(self):
        desk = self.fill()
        for _ in range(300):
            desk.new_ticket(description="Cannot get in " * 50)
        desk.stop()
        content = bytearray(self.database.read_bytes())
        content[40_000:60_000] = b"\x5a" * 20_000
        self.database.write_bytes(content)
        done = run_tool("--verify", SUPPORT_DESK_DB=str(self.database))
        self.assertEqual((done.returncode, "Traceback" in done.stderr), (1, False), done.stderr)
        self.assertIn("malformed", done.stdout + done.stderr)


class Damages(test_process.Damages):
    DAMAGES = {
        "UPDATE tickets SET state = 'closed'": "ticket 1",
        f"{EVENTS_GO} DELETE FROM audit_events WHERE id = 3": "ticket 1",
        "DELETE FROM daily_counts": "daily_counts",
        f"{EVENTS_CHANGE} UPDATE audit_events SET data = '[]' WHERE id = 2": "ticket 1",
        "DROP TRIGGER comments_are_never_deleted; DELETE FROM comments": "comments 1",
        f"{DRAFTS_CHANGE} UPDATE drafts SET decided_by = 'ghost'": "drafts 1: decided_by is 'ghost'",
        f"{COMMENTS_CHANGE} UPDATE comments SET created_at = '{OLD}'": f"comments 1: created_at is '{OLD}'",
        f"{DRAFTS_CHANGE} DROP TRIGGER drafts_keep_their_origin; UPDATE drafts SET source = 'x'": (
            "drafts 1: source is 'x'"
        ),
        "CREATE TEMP TABLE copied AS SELECT * FROM drafts; UPDATE copied SET id = 2;"
        "INSERT INTO drafts SELECT * FROM copied": "drafts 2: the row has no event",
        "DROP TRIGGER count_a_new_ticket": "count_a_new_ticket",
        "UPDATE ticket_counts SET status = 'closed'": "ticket_counts",
        "INSERT INTO ticket_counts VALUES ('new', 'open', 'low', 'x', 0)": "ticket_counts",
        "INSERT INTO search_pending VALUES (77)": "there is no ticket 77",
        f"DELETE FROM search_pending; {INDEX_GOES}": "search index: it does not find ticket 1",
        "UPDATE idempotency_keys SET status = 201": "damaged: caller 'user-1', method 'PATCH', path '/tickets/",
        "UPDATE users SET password_hash = CAST(x'73ff' AS TEXT)": "checksums of 1 users: damaged",
    }
