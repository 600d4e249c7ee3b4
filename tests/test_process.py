"""The desk as a process: how it starts, refuses to start, runs beside others, and stops."""

import io
import os
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import unittest
from contextlib import closing, redirect_stderr
from pathlib import Path

import app
from tests.desk import CUSTOMER, ROOT, Desk, DeskProcess, clean_environment, run_app, run_tool

# what somebody must do first who wants to damage a database
EVENTS_CHANGE = "DROP TRIGGER audit_events_are_never_changed;"
EVENTS_GO = "DROP TRIGGER audit_events_are_never_deleted;"
COMMENTS_CHANGE = "DROP TRIGGER comments_are_never_changed;"


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


class Started(unittest.TestCase):
    """One desk; the tests look at it."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        settings = {"LOG_FORMAT": "xml", "CLASSIFIER": "", "CORS_ORIGINS": ""}
        cls.desk = DeskProcess(Path(folder.name, "desk.sqlite3"), arguments=("--log-format", "json"), **settings)
        cls.addClassCleanup(cls.desk.stop)

    def test_the_banner_says_where_what_and_how(self):
        where = (f"http://127.0.0.1:{self.desk.port}", str(self.desk.database))
        for word in (*where, "auth open", "bug mode", "rules", "Ctrl-C"):
            self.assertIn(word, "\n".join(self.desk.banner))

    def test_an_option_wins_over_the_environment_and_an_empty_value_is_unset(self):
        self.assertEqual(self.desk.get("/health").status, 200)

    def test_a_second_server_on_the_database_learns_who_holds_it(self):
        done = run_app(PORT="0", SUPPORT_DESK_DB=str(self.desk.database))
        self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (2, "", 1), done.stderr)
        for word in (f"process {self.desk.process.pid}", f"port {self.desk.port}", "SUPPORT_DESK_DB"):
            self.assertIn(word, done.stderr)
        self.assertEqual(self.desk.get("/health").status, 200)


class Starting(ProcessTest):
    def test_the_desk_starts_from_any_folder_without_any_setting_but_a_port(self):
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
        for name, (value, allowed) in bad.items():
            with self.subTest(name):
                self.assert_refuses(name, value, allowed, arguments=("--verify",), **{name: value})
        for value in ("-1", "65536", "80 80", "٣"):
            with self.subTest(value):
                self.assert_refuses("PORT", arguments=("--verify",), PORT=value)
        self.assert_refuses("--port", "99999", arguments=("--verify", "--port", "99999"))
        self.assertFalse(self.database.exists())

    def test_an_unknown_option_is_refused(self):
        with redirect_stderr(io.StringIO()) as said, self.assertRaises(SystemExit) as ended:
            app.main(["--prot", "8080"], {})
        self.assertEqual(ended.exception.code, 2)
        self.assertIn("--prot", said.getvalue())

    def test_a_port_in_use_is_said_and_no_database_is_made(self):
        with closing(socket.create_server(("127.0.0.1", 0))) as other:
            port = str(other.getsockname()[1])
            self.assert_refuses(port, "PORT", PORT=port)
        self.assertEqual(list(self.folder.iterdir()), [])


class FilledTest(ProcessTest):
    """Tools need no desk in a process of its own; one in this process starts sooner."""

    def serve(self) -> Desk:
        desk = Desk(SUPPORT_DESK_DB=str(self.database))
        self.addCleanup(desk.stop)
        return desk

    def fill(self, serve=None) -> Desk | DeskProcess:
        desk = (serve or self.serve)()
        desk.new_ticket()
        desk.post("/tickets/1/draft", {})
        desk.post("/drafts/1/approve", {}, {"X-User-Role": "agent"})
        return desk


class Tools(FilledTest):
    def test_verify_says_what_it_checked(self):
        desk = self.fill()
        for state in ("running", "stopped"):
            with self.subTest(state):
                done = run_tool("--verify", SUPPORT_DESK_DB=str(self.database))
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                for word in ("integrity", "references", "hash chain of 3", "replay of 1", "counters"):
                    self.assertIn(word, done.stdout)
            desk.stop()

    def test_verify_agrees_with_comments_that_are_internal_and_with_others(self):
        desk = self.fill()
        for internal in (True, False):
            desk.post("/tickets/1/comments", {"body": "Hello", "internal": internal}, {"X-User-Role": "agent"})
        done = run_tool("--verify", SUPPORT_DESK_DB=str(self.database))
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)

    def test_verify_of_nothing_is_refused(self):
        self.assert_refuses(str(self.database), arguments=("--verify",))

    @unittest.skipIf(os.name == "nt", "Windows has no such modes")
    def test_only_the_owner_may_read_the_files_that_the_desk_makes(self):
        desk = self.fill()
        settings = {"SUPPORT_DESK_DB": str(self.database)}
        desk.stop()
        for command in ("--backup", "--rebuild"):
            done = run_tool(command, str(self.database.with_name(f"{command}.sqlite3")), **settings)
            self.assertEqual(done.returncode, 0, done.stderr)
        again = self.serve()
        names = {path.name: stat.S_IMODE(path.stat().st_mode) for path in self.database.parent.iterdir()}
        again.stop()
        self.assertLessEqual({"--backup.sqlite3", "--rebuild.sqlite3", f"{self.database.name}-wal"}, names.keys())
        self.assertEqual({name: mode for name, mode in names.items() if mode & 0o077}, {})

    def test_a_retry_after_a_rebuild_creates_no_second_ticket(self):
        desk, retry = self.serve(), {**CUSTOMER, "Idempotency-Key": "once"}
        body = {"title": "Login broken", "description": "Sent twice, made once"}
        first = desk.post("/tickets", body, retry)
        desk.stop()
        new = self.folder / "new.sqlite3"
        done = run_tool("--rebuild", str(new), SUPPORT_DESK_DB=str(self.database))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.database = new
        again = self.serve().post("/tickets", body, retry)
        self.assertEqual((again.status, again.body), (first.status, first.body))
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")

    def test_a_backup_of_a_running_desk_has_what_was_written_last(self):
        desk = self.fill()
        with closing(desk.open_database()) as report:  # while it reads, the newest rows stay in the write-ahead log
            report.execute("BEGIN")
            report.execute("SELECT count(*) FROM tickets").fetchall()
            last = desk.new_ticket()["id"]
            copy = self.folder / "copy.sqlite3"
            run_tool("--backup", str(copy), SUPPORT_DESK_DB=str(self.database))
        with closing(sqlite3.connect(copy)) as database:
            self.assertEqual(database.execute("SELECT max(id) FROM tickets").fetchone(), (last,))

    def test_a_backup_of_a_running_desk_is_a_sound_copy(self):
        desk = self.fill(self.start)
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


class Damages(FilledTest):
    """tests/proofs/test_process_at_length.py has many more."""

    DAMAGES = {  # a statement of another program: what --verify says of it
        "UPDATE tickets SET title = 'Other'": "ticket 1",
        f"{EVENTS_CHANGE} UPDATE audit_events SET actor = 'nobody' WHERE id = 2": "'id': 2",
        f"{EVENTS_GO} DELETE FROM audit_events WHERE id = 2": "event 2 is missing",
        f"{COMMENTS_CHANGE} UPDATE comments SET body = 'x'": "comments 1: body is 'x'",
        "UPDATE ticket_counts SET tickets = 9": "ticket_counts",
        "UPDATE users SET roles = 'admin'": "checksums of 1 users: damaged: id 'ann@desk.example'\n",
    }

    def test_verify_finds_what_was_done_behind_the_desks_back(self):
        desk = self.fill()
        desk.patch("/tickets/1", {"title": "Login broken"}, {**CUSTOMER, "Idempotency-Key": "secret-key"})
        desk.stop()
        words = ("--add-user", "ann@desk.example", "--password-stdin")
        run_tool(*words, typed="correct horse battery", SUPPORT_DESK_DB=str(self.database))
        sound = self.database.read_bytes()
        for damage, word in self.DAMAGES.items():
            with self.subTest(damage):
                self.database.write_bytes(sound)
                with closing(sqlite3.connect(self.database, isolation_level=None)) as database:
                    database.executescript(damage)
                done = run_tool("--verify", SUPPORT_DESK_DB=str(self.database))
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn(word, done.stdout)
                for secret in ("scrypt", "secret-key", "s\\xff"):
                    self.assertNotIn(secret, done.stdout)
