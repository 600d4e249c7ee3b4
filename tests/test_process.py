"""The desk as a process: how it starts, refuses to start, runs beside others, and stops."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import unittest
from contextlib import closing
from pathlib import Path

from store import Store
from tests.desk import ROOT, Client, DeskProcess, clean_environment, run_app, run_tool

CAN_SIGNAL = os.name != "nt"  # Windows ends a process where others ask it to stop


class ProcessTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.database = self.folder / "desk.sqlite3"

    def start(self, *arguments, **environ) -> DeskProcess:
        desk = DeskProcess(self.database, arguments=arguments, **environ)
        self.addCleanup(desk.stop)
        return desk

    def assert_refuses(self, *words: str, arguments=(), **environ):
        """One line on stderr with these words, exit 2, nothing on stdout; of a tool where there are arguments."""
        run = run_tool if arguments else run_app
        done = run(*arguments, **{"PORT": "0", "SUPPORT_DESK_DB": str(self.database), **environ})
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)


class Starting(ProcessTest):
    def test_the_banner_says_where_what_and_how(self):
        desk = self.start()
        for word in (f"http://127.0.0.1:{desk.port}", str(self.database), "auth open", "bug mode", "rules", "Ctrl-C"):
            self.assertIn(word, "\n".join(desk.banner))

    def test_it_starts_from_any_folder_without_any_setting_but_a_port(self):
        environ = {**clean_environment(), "PORT": "0", "DB_PATH": "here.sqlite3", "SUPPORT_DESK_DB": ""}
        command = [sys.executable, str(ROOT / "app.py")]
        with subprocess.Popen(
            command, cwd=self.folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            self.assertIn(b"Support Desk on", process.stdout.readline())
            process.terminate()
        self.assertTrue((self.folder / "here.sqlite3").exists())

    def test_a_bad_setting_is_one_line_naming_it_its_value_and_what_is_allowed(self):
        bad = {
            "PORT": ("abc", "a whole number"),
            "HOST": ("0.0.0.0", "127.0.0.1"),
            "CLASSIFIER": ("crystal-ball", "rules"),
            "LOG_FORMAT": ("xml", "json"),
            "CORS_ORIGINS": ("desk.example", "https://"),
        }
        self.assert_refuses("PORT", "abc", "a whole number", PORT="abc")
        for name, (value, allowed) in bad.items():
            with self.subTest(name):
                self.assert_refuses(name, value, allowed, arguments=("--verify",), **{name: value})
        for value in ("-1", "65536", "80 80", "٣"):
            with self.subTest(value):
                self.assert_refuses("PORT", arguments=("--verify",), PORT=value)
        self.assert_refuses("--port", "99999", arguments=("--verify", "--port", "99999"))
        self.assertFalse(self.database.exists())

    def test_an_option_wins_over_the_environment_and_an_empty_value_is_unset(self):
        desk = self.start("--log-format", "json", LOG_FORMAT="xml", CLASSIFIER="", CORS_ORIGINS="")
        self.assertEqual(desk.get("/health").status, 200)

    def test_an_unknown_option_is_refused(self):
        done = run_app("--prot", "8080")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--prot", done.stderr)

    def test_a_port_in_use_is_said_and_no_database_is_made(self):
        with closing(socket.create_server(("127.0.0.1", 0))) as other:
            port = str(other.getsockname()[1])
            self.assert_refuses(port, "PORT", PORT=port)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_second_server_on_the_database_learns_who_holds_it(self):
        desk = self.start()
        self.assert_refuses(f"process {desk.process.pid}", f"port {desk.port}", "SUPPORT_DESK_DB")
        self.assertEqual(desk.get("/health").status, 200)

    def test_the_hold_ends_with_the_process_however_that_ends(self):
        self.start().kill()
        self.assertEqual(self.start().get("/ready").status, 200)


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
            self.assert_refuses("may not be written")

    def test_a_folder_that_is_missing_is_said(self):
        self.assert_refuses("nowhere", SUPPORT_DESK_DB=str(self.folder / "nowhere" / "desk.sqlite3"))

    def test_a_folder_in_place_of_the_file_is_said(self):
        self.assert_refuses(str(self.folder), SUPPORT_DESK_DB=str(self.folder))


class Stopping(ProcessTest):
    @unittest.skipUnless(CAN_SIGNAL, "Windows has no SIGTERM to ask with")
    def test_either_signal_ends_it_with_0_and_the_log_in_the_database_file(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                desk = self.start()
                desk.new_ticket()
                self.assertEqual(desk.stop(number), 0)
                self.assertFalse(Path(f"{self.database}-wal").exists())

    @unittest.skipUnless(CAN_SIGNAL, "Windows has no SIGTERM to ask with")
    def test_what_has_begun_to_arrive_is_finished(self):
        desk = self.start()
        body = b'{"title":"Login broken","description":"Cannot get in"}'
        head = f"POST /tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
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


class Tools(ProcessTest):
    def fill(self):
        desk = self.start()
        desk.new_ticket()
        desk.post("/tickets/1/draft", {})
        desk.post("/drafts/1/approve", {}, {"X-User-Role": "agent"})
        return desk

    def test_verify_says_what_it_checked(self):
        desk = self.fill()
        for state in ("running", "stopped"):
            with self.subTest(state):
                done = run_app("--verify", SUPPORT_DESK_DB=str(self.database))
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                for word in ("integrity", "references", "hash chain of 3", "replay of 1", "counters"):
                    self.assertIn(word, done.stdout)
            desk.stop()

    def test_verify_finds_what_was_done_behind_the_desks_back(self):
        damages = {
            "UPDATE tickets SET title = 'Other'": "ticket 1",
            "UPDATE tickets SET state = 'closed'": "ticket 1",
            "DROP TRIGGER audit_events_are_never_changed; UPDATE audit_events SET actor = 'nobody' WHERE id = 2": "'id': 2",
            "DROP TRIGGER audit_events_are_never_deleted; DELETE FROM audit_events WHERE id = 2": "event 2 is missing",
            "DROP TRIGGER audit_events_are_never_deleted; DELETE FROM audit_events WHERE id = 3": "ticket 1",
            "UPDATE ticket_counts SET tickets = 9": "ticket_counts",
            "DELETE FROM daily_counts": "daily_counts",
            "DROP TRIGGER audit_events_are_never_changed; UPDATE audit_events SET data = '[]' WHERE id = 2": "ticket 1",
            "DROP TRIGGER comments_are_never_changed; UPDATE comments SET body = 'x'": "comments 1: body is 'x'",
            "DROP TRIGGER comments_are_never_deleted; DELETE FROM comments": "comments 1",
            "DROP TRIGGER decided_drafts_stay; UPDATE drafts SET decided_by = 'ghost'": "drafts 1: decided_by is 'ghost'",
            "DROP TRIGGER comments_are_never_changed; UPDATE comments SET created_at = '2020-01-01T00:00:00.000Z'": "comments 1: created_at is '2020-01-01T00:00:00.000Z'",
            "DROP TRIGGER decided_drafts_stay; DROP TRIGGER drafts_keep_their_origin; UPDATE drafts SET source = 'x'": "drafts 1: source is 'x'",
            "INSERT INTO drafts SELECT 2, ticket_id, body, source, status, 'x', created_at, 'x', created_at FROM drafts": "drafts 2",
            "DROP TRIGGER count_a_new_ticket": "count_a_new_ticket",
        }
        self.fill().stop()
        sound = self.database.read_bytes()
        for damage, word in damages.items():
            with self.subTest(damage):
                self.database.write_bytes(sound)
                with closing(sqlite3.connect(self.database, isolation_level=None)) as database:
                    database.executescript(damage)
                done = run_tool("--verify", SUPPORT_DESK_DB=str(self.database))
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn(word, done.stdout)

    def test_verify_of_nothing_is_refused(self):
        self.assert_refuses(str(self.database), arguments=("--verify",))

    def test_a_backup_of_a_running_desk_is_a_sound_copy(self):
        desk = self.fill()
        writes, stop = [], threading.Event()

        def write():
            while not stop.is_set():
                writes.append(desk.new_ticket()["id"])

        writer = threading.Thread(target=write)
        writer.start()
        copy = self.folder / "copy.sqlite3"
        done = run_tool("--backup", str(copy), SUPPORT_DESK_DB=str(self.database))
        stop.set()
        writer.join()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("pages", done.stdout)
        self.assertEqual(run_tool("--verify", SUPPORT_DESK_DB=str(copy)).returncode, 0)
        self.assert_refuses("does not exist yet", arguments=("--backup", str(copy)))
        for name in ("", str(self.database / "x"), "x" * 300):
            self.assert_refuses("--backup", arguments=("--backup", name))
        self.assert_refuses("nowhere", arguments=("--backup", str(self.folder / "nowhere" / "copy.sqlite3")))

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
