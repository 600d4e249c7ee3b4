"""--rebuild: a learner edits schema.sql in a copy of the desk and takes the old tickets along."""

import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest
from contextlib import closing
from pathlib import Path

from store import Store
from tests.desk import AGENT, CUSTOMER, ROOT, DeskProcess, clean_environment, run_tool
from workflow import Caller

PASSWORD = "correct horse battery"
PRODUCT = ("app.py", "store.py", "workflow.py", "llm.py", "schema.sql", "web")
KEY = {**CUSTOMER, "Idempotency-Key": "once"}
TWICE = {"title": "Café is closed", "description": "Sent twice, made once"}
LONGER = {"1 AND 200)": "1 AND 300)"}
PRIORITY = {"CHECK (priority IN (": "CHECK (priority IN ('someday', "}
MOOD = "mood TEXT NOT NULL DEFAULT 'calm' CHECK (mood IN ('calm', 'cross'))"
COLUMN = {"  locked_by TEXT,": f"  {MOOD},\n  locked_by TEXT,"}
INDEX = {"-- Tickets whose text is": "CREATE INDEX drafts_by_author ON drafts (created_by);\n-- Tickets whose text is"}
TRIGGER_OF_2 = """CREATE TRIGGER search_a_changed_ticket AFTER UPDATE OF title, description ON tickets
WHEN (NEW.title, NEW.description) IS NOT (OLD.title, OLD.description) BEGIN
  INSERT INTO search_pending VALUES (NEW.id) ON CONFLICT DO NOTHING;
END"""
VERSION = {"PRAGMA user_version = 3;": "PRAGMA user_version = 4;"}
STATUS = {
    "CHECK (state IN (": "CHECK (state IN ('parked', ",
    "VIRTUAL CHECK (status IN (": "VIRTUAL CHECK (status IN ('parked', ",
    "CHECK (type IN (": "CHECK (type IN ('Parked', ",
}
PARK = {
    '    "closed": "closed",\n': '    "closed": "closed",\n    "parked": "parked",\n',
    'Transition("close"': 'Transition("park", "in_progress", "parked", "Parked", "agent"),\n        Transition("close"',
}
PATHS = (
    "/tickets /tickets/1 /tickets/2 /tickets/3 /tickets/1/events /tickets/1/at/2 /tickets/1/comments /tickets.csv "
    "/tickets?search=ca%C3%89 /tickets?search=printer /tickets?status=in_progress&priority=high /audit-events "
    "/audit-events/verify /api/support-ticket/1"
).split()


class RebuildTest(unittest.TestCase):
    """Each test has a folder with old.sqlite3, the database of a desk that was used and stopped."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.used = Path(folder.name, "used.sqlite3")
        desk = DeskProcess(cls.used)
        try:
            cls.use(desk)
            cls.replay = desk.post("/tickets", TWICE, KEY)
            cls.answers = {path: desk.get(path, AGENT).body for path in PATHS}
        finally:
            desk.stop()
        words = ("--add-user", "ada@desk.example", "--roles", "agent", "--password-stdin")
        done = run_tool(*words, typed=PASSWORD, SUPPORT_DESK_DB=str(cls.used))
        assert done.returncode == 0, done.stderr

    @staticmethod
    def use(desk):
        """Three tickets: one with comments and drafts, one that is locked, one made with a key."""
        desk.new_ticket(title="The printer is on fire", priority="high")
        desk.post("/tickets/1/transitions", {"transition": "assign"}, AGENT)
        desk.post("/tickets/1/transitions", {"transition": "start_work"}, AGENT)
        desk.post("/tickets/1/comments", {"body": "It smells", "internal": True}, AGENT)
        for number, way in enumerate(("approve", "reject"), 1):
            desk.post("/tickets/1/draft", {"body": f"Dear customer {number}"}, AGENT)
            desk.patch(f"/drafts/{number}", {"body": f"Hello {number}"}, AGENT)
            desk.post(f"/drafts/{number}/{way}", {}, AGENT)
        desk.post("/tickets/1/draft", {"body": "Still pending"}, AGENT)
        desk.new_ticket()
        desk.post("/tickets/2/lock", {}, AGENT)
        desk.post("/tickets", TWICE, KEY)
        desk.patch("/tickets/3", {"title": "CAFÉ is open"}, AGENT)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.old, self.new = self.folder / "old.sqlite3", self.folder / "new.sqlite3"
        shutil.copyfile(self.used, self.old)

    def copy_desk(self, schema: dict, **others: dict) -> Path:
        """A copy of the desk in which a learner has replaced these texts of schema.sql, and of other files."""
        copy = self.folder / "copy"
        copy.mkdir()
        for name in PRODUCT:
            path = ROOT / name
            (shutil.copytree if path.is_dir() else shutil.copyfile)(path, copy / name)
        self.edit(copy / "schema.sql", schema)
        for stem, texts in others.items():
            self.edit(copy / f"{stem}.py", texts)
        return copy

    def edit(self, path, texts):
        content = path.read_text(encoding="utf-8")
        for old, new in texts.items():
            self.assertEqual(content.count(old), 1, f"{path.name} has this text not once: {old}")
            content = content.replace(old, new)
        path.write_text(content, encoding="utf-8")

    def run_copy(self, copy: Path, *arguments: str, database=None):
        environ = {**clean_environment(), "PORT": "0", "SUPPORT_DESK_DB": str(database or self.old)}
        streams = {"capture_output": True, "text": True, "encoding": "utf-8", "timeout": 60}
        return subprocess.run([sys.executable, "app.py", *arguments], cwd=copy, env=environ, **streams)

    def rebuild(self, copy: Path, status=0):
        """Rebuild as the copy of the desk does it; --verify of the new database must pass, too."""
        done = self.run_copy(copy, "--rebuild", str(self.new))
        self.assertEqual((done.returncode, done.stderr), (status, ""), done.stdout)
        verified = self.run_copy(copy, "--verify", database=self.new)
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
        return done

    def rebuild_here(self):
        """Rebuild with the schema.sql of this desk: quicker, and it shows the same refusals."""
        return run_tool("--rebuild", str(self.new), SUPPORT_DESK_DB=str(self.old))

    def serve(self, copy: Path, **environ) -> DeskProcess:
        desk = DeskProcess(self.new, folder=copy, **environ)
        self.addCleanup(desk.stop)
        return desk

    def change(self, sql: str, path=None):
        with closing(sqlite3.connect(path or self.old, isolation_level=None)) as database:
            database.executescript(sql)

    def rows(self, sql: str, path=None):
        with closing(sqlite3.connect(path or self.new)) as database:
            return database.execute(sql).fetchall()

    def assert_refused(self, done, *words: str, left=("old.sqlite3",)):
        """Exit 2 and one line with these words; the old file is as it was, and nothing new stands beside it."""
        self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        there = {path.name for path in self.folder.iterdir()} - {"copy", "old.sqlite3.lock"}
        self.assertEqual(there, set(left), "a refused --rebuild leaves no file behind")


class EditedSchema(RebuildTest):
    def test_a_database_of_an_edited_schema_file_is_refused_with_the_commands_that_take_it_along(self):
        copy = self.copy_desk(LONGER)
        done = self.run_copy(copy)
        why = f"{self.old} was made from another schema.sql (tickets differs): "
        then = "then start with SUPPORT_DESK_DB=NEW.sqlite3 or move it"
        self.assert_refused(done, f"{why}`python3 app.py --rebuild NEW.sqlite3` makes", then)

    def test_a_database_of_schema_version_2_is_carried_over_with_words_for_its_searches(self):
        self.change(f"DROP TRIGGER search_a_changed_ticket; DROP TABLE search_words; {TRIGGER_OF_2}")
        self.change("PRAGMA user_version = 2")
        self.assertEqual(self.rebuild_here().returncode, 0)
        self.assertEqual(self.rows("SELECT * FROM search_words"), [(3, "café is open", "sent twice, made once")])
        desk = DeskProcess(self.new)
        self.addCleanup(desk.stop)
        for words, expected in {"f%C3%A9": [3], "%C3%89": [3], "PR": [1], "n": [3, 2, 1], "q": []}.items():
            page = desk.get(f"/tickets?search={words}").json
            self.assertEqual([ticket["id"] for ticket in page["tickets"]], expected, words)

    def test_every_answer_is_the_same_after_a_rebuild_for_a_longer_title_a_priority_an_index_and_a_version(self):
        copy, before = self.copy_desk({**LONGER, **PRIORITY, **INDEX, **VERSION}), self.old.read_bytes()
        self.assertIn("has schema version 3, this desk 4: `python3 app.py --rebuild", self.run_copy(copy).stderr)
        said = self.rebuild(copy).stdout
        for line in (
            "ok  3 tickets made from their events\n",
            "ok  2 comments made from their events\n",
            "ok  3 drafts made from their events\n",
            "ok  15 audit_events copied\n",
            "ok  ticket_counts made from the tickets\n",
            "ok  1 users copied\n",
            "ok  1 idempotency_keys copied\n",
            f"rebuild: {self.new} is made and {self.old} is kept: start with SUPPORT_DESK_DB={self.new} or move it\n",
        ):
            self.assertIn(line, said)
        self.assertEqual(self.old.read_bytes(), before, "the old file is kept as it was")
        self.assertEqual(self.rows("SELECT count(*) FROM search_pending"), [(0,)], "the search index is complete")
        desk = self.serve(copy)
        for path, body in self.answers.items():
            self.assertEqual(desk.get(path, AGENT).body, body, path)
        self.assertEqual(desk.get("/tickets/stats").json["total_tickets"], 3)
        again = desk.post("/tickets", TWICE, KEY)
        self.assertEqual((again.status, again.body), (self.replay.status, self.replay.body))
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")
        self.assertEqual(desk.new_ticket(title="x" * 300, priority="someday")["id"], 4)

    def test_a_user_of_the_old_database_logs_in_to_the_new_one(self):
        copy = self.copy_desk(LONGER)
        self.rebuild(copy)
        desk = self.serve(copy, SUPPORT_DESK_AUTH="tokens")
        reply = desk.post("/user/login", {"email": "ada@desk.example", "password": PASSWORD})
        self.assertEqual((reply.status, reply.json["user"]["roles"]), (200, ["agent"]))

    def test_a_new_status_can_be_reached_by_an_old_ticket(self):
        copy = self.copy_desk(STATUS, workflow=PARK)
        self.rebuild(copy)
        desk = self.serve(copy)
        reply = desk.post("/tickets/1/transitions", {"transition": "park"}, AGENT)
        self.assertEqual((reply.status, reply.json["status"]), (200, "parked"))

    def test_a_new_column_has_its_default_and_the_command_says_that_no_event_tells_it(self):
        copy = self.copy_desk(COLUMN)
        said = self.rebuild(copy).stdout
        self.assertIn("3 tickets made from their events; mood: no event has it, it has its default", said)
        desk = self.serve(copy)
        self.assertEqual(desk.get("/tickets/1").json["mood"], "calm")
        self.assertEqual(desk.get("/tickets/1/at/2").body, self.answers["/tickets/1/at/2"])

    def test_values_that_no_event_tells_are_copied_from_the_old_rows(self):
        self.change("ALTER TABLE tickets ADD COLUMN mood TEXT; UPDATE tickets SET mood = 'cross' WHERE id = 2")
        said = self.rebuild(self.copy_desk({"  locked_by TEXT,": "  mood TEXT,\n  locked_by TEXT,"})).stdout
        self.assertIn("3 tickets made from their events; mood: no event has it, it is copied", said)
        self.assertEqual(self.rows("SELECT id, mood FROM tickets"), [(1, None), (2, "cross"), (3, None)])

    def test_columns_and_tables_that_the_schema_has_no_more_stay_in_the_old_file_and_are_named(self):
        self.rebuild(self.copy_desk({"  roles TEXT NOT NULL,": "  roles TEXT NOT NULL,\n  phone TEXT,"}))
        self.new.replace(self.old)
        self.change("ALTER TABLE tickets ADD COLUMN mood TEXT; CREATE TABLE tags (tag TEXT)")
        done = self.rebuild_here()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("3 tickets made from their events; mood: only the old file has it", done.stdout)
        self.assertIn("1 users copied; phone: only the old file has it", done.stdout)
        self.assertIn("tags is no table of schema.sql: only the old file has it", done.stdout)

    def test_a_column_that_old_events_tell_may_be_dropped(self):
        with closing(Store(str(self.old))) as store:
            with store.savepoint():
                ticket = {**store.ticket("2"), "mood": "calm"}
                store.edit_ticket(Caller("agent-1", ("agent",)), ticket, {"mood": "cross"})
            store.commit()
        self.rebuild(self.copy_desk(LONGER))
        self.assertEqual(self.rows("SELECT version FROM tickets WHERE id = 2"), [(3,)])

    def test_a_table_and_a_column_of_users_that_a_learner_added_are_taken_along(self):
        tags = "CREATE TABLE tags (ticket_id INTEGER REFERENCES tickets (id), tag TEXT) STRICT;\n\nCREATE TABLE users ("
        self.change("CREATE TABLE tags (ticket_id INTEGER, tag TEXT); INSERT INTO tags VALUES (1, 'hot')")
        team = {"  roles TEXT NOT NULL,": "  roles TEXT NOT NULL,\n  team TEXT,"}
        said = self.rebuild(self.copy_desk({"CREATE TABLE users (": tags, **team})).stdout
        self.assertIn("1 users copied; team: no event has it, it has its default", said)
        self.assertEqual(self.rows("SELECT * FROM tags"), [(1, "hot")])
        self.assertEqual(self.rows("SELECT email, team FROM users"), [("ada@desk.example", None)])


class Checksums(RebuildTest):
    """Rows that no event tells have a checksum; a new file always has one that fits its own columns."""

    def login(self, copy):
        desk = self.serve(copy, SUPPORT_DESK_AUTH="tokens")
        return desk.post("/user/login", {"email": "ada@desk.example", "password": PASSWORD}).status

    def test_a_file_of_schema_version_2_gets_its_checksums(self):
        self.change("ALTER TABLE users DROP COLUMN checksum; ALTER TABLE idempotency_keys DROP COLUMN checksum")
        self.change("PRAGMA user_version = 2")
        said = self.rebuild(ROOT).stdout
        self.assertIn("ok  1 users copied\n", said)
        self.assertIn("ok  1 idempotency_keys copied\n", said)
        self.assertEqual(self.login(ROOT), 200)

    def test_an_old_row_that_is_damaged_is_taken_along_and_said(self):
        self.change("UPDATE users SET roles = 'agenu'")
        done = self.rebuild(ROOT, status=1)
        self.assertIn("NO  checksums of 1 users of the old file: damaged: id 'ada@desk.example'\n", done.stdout)
        self.assertEqual(self.rows("SELECT roles FROM users"), [("agenu",)])
        self.assertNotIn("scrypt", done.stdout)

    def test_a_checksum_of_a_learners_own_table_is_copied_as_it_is(self):
        files = "CREATE TABLE files (name TEXT, checksum TEXT) STRICT;"
        self.change(f"{files} INSERT INTO files VALUES ('a.pdf', 'abc')")
        self.rebuild(self.copy_desk({"CREATE TABLE users (": f"{files}\n\nCREATE TABLE users ("}))
        self.assertEqual(self.rows("SELECT * FROM files"), [("a.pdf", "abc")])


class TablesOfALearner(RebuildTest):
    """A table that no event tells is copied as it is in the old file, whatever triggers write into it."""

    def add_to_schema(self, sql: str, before="CREATE TABLE users (") -> Path:
        """A copy of the desk whose schema.sql has this SQL; the old file is first rebuilt with it, then used."""
        copy = self.copy_desk({before: f"{sql}\n\n{before}"})
        self.rebuild(copy)
        self.new.replace(self.old)
        return copy

    def test_rows_that_a_trigger_made_and_others_changed_later_keep_their_values(self):
        count = "CREATE TRIGGER count_views AFTER INSERT ON tickets BEGIN INSERT INTO views VALUES (NEW.id, 0); END;"
        copy = self.add_to_schema(f"CREATE TABLE views (ticket_id INTEGER PRIMARY KEY, n INTEGER) STRICT;\n{count}")
        self.assertEqual(self.rows("SELECT * FROM views", self.old), [(1, 0), (2, 0), (3, 0)], "new: triggers fill it")
        self.change("UPDATE views SET n = 42 WHERE ticket_id = 2; DELETE FROM views WHERE ticket_id = 3")
        self.assertIn("ok  2 views copied\n", self.rebuild(copy).stdout)
        self.assertEqual(self.rows("SELECT * FROM views"), [(1, 0), (2, 42)])

    def test_rows_that_a_trigger_on_events_makes_are_not_doubled_or_lost(self):
        send = "CREATE TRIGGER send AFTER INSERT ON audit_events BEGIN INSERT INTO outbox VALUES (NEW.id, 0); END;"
        table = "CREATE TABLE outbox (event_id INTEGER, sent INTEGER) STRICT;"
        copy = self.add_to_schema(table, before="CREATE TABLE audit_events (")
        self.edit(copy / "schema.sql", {"CREATE TABLE users (": f"{send}\n\nCREATE TABLE users ("})
        self.change("INSERT INTO outbox SELECT id, 1 FROM audit_events WHERE id > 5")
        before = self.rows("SELECT * FROM outbox", self.old)
        self.assertIn("ok  10 outbox copied\n", self.rebuild(copy).stdout)
        self.assertEqual(self.rows("SELECT * FROM outbox"), before)

    def test_a_column_that_triggers_count_up_keeps_its_old_value(self):
        copy = self.copy_desk({"  locked_by TEXT,": "  said INTEGER NOT NULL DEFAULT 0,\n  locked_by TEXT,"})
        up = "UPDATE tickets SET said = said + 1 WHERE id = NEW.ticket_id"
        trigger = f"CREATE TRIGGER count_comments AFTER INSERT ON comments BEGIN {up}; END;"
        self.edit(copy / "schema.sql", {"CREATE TABLE users (": f"{trigger}\n\nCREATE TABLE users ("})
        for _ in range(2):
            self.rebuild(copy)
            self.assertEqual(self.rows("SELECT said FROM tickets"), [(2,), (0,), (0,)])
            self.new.replace(self.old)

    def test_a_table_may_name_rows_of_a_later_table(self):
        parent = "CREATE TABLE teams (id INTEGER PRIMARY KEY) STRICT;"
        child = "CREATE TABLE members (name TEXT, team INTEGER REFERENCES teams (id) ON DELETE CASCADE) STRICT;"
        copy = self.add_to_schema(f"{child}\n{parent}")
        self.change("INSERT INTO teams VALUES (7); INSERT INTO members VALUES ('ada', 7)")
        self.rebuild(copy)
        self.assertEqual(self.rows("SELECT * FROM members"), [("ada", 7)])
        self.new.unlink()
        self.change("DELETE FROM teams")
        done = self.run_copy(copy, "--rebuild", str(self.new))
        self.assert_refused(done, "refuses a row of members (rowid 1): it names a row of teams that does not exist")

    def test_a_row_that_is_lost_or_changed_in_the_copy_is_said(self):
        self.change("CREATE TABLE tags (tag TEXT); INSERT INTO tags VALUES ('hot'), ('hot'), ('1')")
        copy = self.copy_desk({"CREATE TABLE users (": "CREATE TABLE tags (tag TEXT);\n\nCREATE TABLE users ("})
        for old, new, said in (
            ("tag TEXT)", "tag INTEGER)", "NO  3 tags copied: the new file has another row than (tag '1', "),
            ("tag INTEGER)", "tag TEXT UNIQUE ON CONFLICT IGNORE)", "the old file has 3 rows, the new one 2"),
        ):
            self.edit(copy / "schema.sql", {f"CREATE TABLE tags ({old}": f"CREATE TABLE tags ({new}"})
            self.assertIn(said, self.rebuild(copy, status=1).stdout)
            self.new.unlink()


class Refusals(RebuildTest):
    def test_a_check_that_validation_cannot_read_is_refused_before_anything_is_made(self):
        copy = self.copy_desk({"  roles TEXT NOT NULL,": "  roles TEXT NOT NULL CHECK (roles GLOB 'a*'),"})
        done = self.run_copy(copy, "--rebuild", str(self.new))
        self.assert_refused(done, "users.roles: validation cannot read CHECK (roles GLOB 'a*')", "nothing was made")
        self.assertEqual(done.stdout, "")

    def test_a_name_that_sqlite_uses_for_something_else_is_refused(self):
        names = (":memory:", *(f"{self.old}{end}" for end in ("-wal", "-shm", "-journal", ".lock")))
        for name in names:
            with self.subTest(name[-9:]):
                done = run_tool("--rebuild", name, SUPPORT_DESK_DB=str(self.old))
                self.assert_refused(done, "is not allowed")
        self.assertFalse((ROOT / ":memory:").exists())

    def test_a_table_that_is_not_there_or_has_no_old_column_is_said(self):
        self.change("ALTER TABLE drafts RENAME TO replies")
        self.assert_refused(self.rebuild_here(), "the old file has no table drafts")
        self.change("ALTER TABLE replies RENAME TO drafts; CREATE TABLE tags (word TEXT)")
        copy = self.copy_desk({"CREATE TABLE users (": "CREATE TABLE tags (tag TEXT);\n\nCREATE TABLE users ("})
        done = self.run_copy(copy, "--rebuild", str(self.new))
        self.assert_refused(done, "table tags of schema.sql has no column of the old file")
        self.change("ALTER TABLE audit_events RENAME TO log")
        self.assert_refused(self.rebuild_here(), "the old file has no table audit_events")

    def test_a_file_that_is_there_already_is_refused_and_not_touched(self):
        self.new.write_text("mine")
        self.assert_refused(self.rebuild_here(), "does not exist yet", left=("old.sqlite3", "new.sqlite3"))
        self.assertEqual(self.new.read_text(), "mine")

    def test_a_file_name_that_cannot_be_used_is_said(self):
        for name in ("", str(self.folder / "nowhere" / "new.sqlite3"), str(self.folder / ("x" * 300))):
            with self.subTest(name[-20:]):
                self.assert_refused(run_tool("--rebuild", name, SUPPORT_DESK_DB=str(self.old)), "--rebuild")

    def test_the_database_of_a_running_desk_is_refused_naming_who_serves_it(self):
        desk = DeskProcess(self.old)
        self.addCleanup(desk.stop)
        done = self.rebuild_here()
        self.assertEqual((done.returncode, self.new.exists()), (2, False))
        self.assertIn(f"is being served already by process {desk.process.pid} on port {desk.port}", done.stderr)
        self.assertEqual(desk.get("/ready").status, 200)

    def test_the_changes_of_a_desk_that_was_killed_are_taken_along_and_the_new_file_can_take_the_old_ones_place(self):
        desk = DeskProcess(self.old)
        desk.new_ticket(title="Just before the power cut")
        desk.kill()
        self.assertTrue(Path(f"{self.old}-wal").exists())
        self.assertEqual(self.rebuild_here().returncode, 0)
        self.assertEqual(self.rows("SELECT title FROM tickets WHERE id = 4"), [("Just before the power cut",)])
        self.assertFalse(Path(f"{self.old}-wal").exists(), "a -wal beside the moved file would be taken for its own")

    def test_a_reader_that_goes_away_after_the_first_line_gets_no_traceback(self):
        environ = {**clean_environment(), "SUPPORT_DESK_DB": str(self.old)}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [sys.executable, "app.py", "--rebuild", str(self.new)]
        with subprocess.Popen(command, cwd=ROOT, env=environ, **pipes) as process:
            process.stdout.close()
            errors = process.stderr.read()
        self.assertEqual((process.returncode, errors), (2, b""))
        self.assertEqual({path.name for path in self.folder.iterdir()}, {"old.sqlite3", "old.sqlite3.lock"})

    def test_what_is_not_the_database_of_a_desk_is_refused(self):
        self.old.unlink()
        self.assert_refused(self.rebuild_here(), str(self.old), left=())
        for content in (b"", b"no database at all\n" * 1000):
            with self.subTest(content[:11]):
                self.old.write_bytes(content)
                self.assert_refused(self.rebuild_here(), str(self.old))
                self.assertEqual(self.old.read_bytes(), content)
        self.old.unlink()
        self.change("CREATE TABLE tickets (id)")
        self.assert_refused(self.rebuild_here(), "it is not the database of a desk")

    def test_a_damaged_file_is_refused(self):
        content = bytearray(self.old.read_bytes())
        content[8192 : 8192 * 4] = b"\x5a" * (8192 * 3)
        self.old.write_bytes(content)
        self.assert_refused(self.rebuild_here(), f"cannot rebuild {self.old}: ")
        self.assertEqual(self.old.read_bytes(), bytes(content))

    def test_an_audit_log_that_was_changed_by_hand_is_refused_naming_the_event(self):
        self.change("DROP TRIGGER audit_events_are_never_changed")
        self.change("UPDATE audit_events SET actor = 'nobody' WHERE id = 2")
        self.assert_refused(self.rebuild_here(), "event 2: its content does not match its hash")

    def test_a_database_of_schema_version_1_is_refused_because_its_events_were_hashed_in_another_way(self):
        self.change("DROP TRIGGER audit_events_are_never_changed; UPDATE audit_events SET hash = previous_hash")
        self.change("PRAGMA user_version = 1")
        self.assert_refused(self.rebuild_here(), "schema version 1", "event 1: ")

    def test_an_event_that_cannot_follow_is_refused_naming_it_and_its_ticket(self):
        copy = self.copy_desk({}, workflow={'Transition("assign", "new",': 'Transition("assign", "closed",'})
        done = self.run_copy(copy, "--rebuild", str(self.new))
        self.assert_refused(done, "event 2 (Assigned) of ticket 1 cannot be replayed", "a ticket that is new")

    def test_what_the_new_schema_does_not_take_is_refused_naming_the_row_and_the_reason(self):
        cases = {
            "a priority that is gone": ({"'high', ": ""}, "priority IN"),
            "a shorter title": ({"1 AND 200)": "1 AND 5)"}, "tickets (id 1, ", "BETWEEN 1 AND 5"),
            "a type of event that is gone": (
                {"'Rejected', 'Locked', ": "'Locked', "},
                "audit_events (id 10, ticket_id 1, version 10, type 'Rejected')",
            ),
            "a column of users without a default": (
                {"  roles TEXT NOT NULL,": "  roles TEXT NOT NULL,\n  team TEXT NOT NULL,"},
                "users (id 'ada@desk.example', ",
                "NOT NULL constraint failed: users.team; give it a DEFAULT",
            ),
            "a column of kept responses without a default": (
                {"  location TEXT,": "  location TEXT,\n  length INTEGER NOT NULL,"},
                "idempotency_keys (caller 'user-1', ",
                "NOT NULL constraint failed: idempotency_keys.length",
            ),
            "a state that is gone": ({"'assigned', 'in_progress', 'esc": "'assigned', 'esc"}, "state IN"),
        }
        for name, (edit, *words) in cases.items():
            with self.subTest(name):
                copy = self.copy_desk(edit)
                self.assert_refused(self.run_copy(copy, "--rebuild", str(self.new)), "schema.sql refuses", *words)
                shutil.rmtree(copy)


class OldRowsThatDiffer(RebuildTest):
    def assert_made_and_said(self, *words):
        """Exit 1: the new database has what the events say, and what is different in the old one is said."""
        done = self.rebuild_here()
        self.assertEqual((done.returncode, done.stderr), (1, ""), done.stdout)
        for word in words:
            self.assertIn(word, done.stdout)
        self.assertEqual(run_tool("--verify", SUPPORT_DESK_DB=str(self.new)).returncode, 0)

    def test_a_ticket_that_was_changed_without_an_event_is_named_and_made_as_its_events_say(self):
        self.change("UPDATE tickets SET title = 'Other' WHERE id = 2; UPDATE tickets SET priority = 'low' WHERE id = 3")
        first = "tickets 2: title is 'Other', its events say 'Login broken'"
        self.assert_made_and_said(f"old rows that differ from their events: 2, the first is {first}")
        self.assertEqual(self.rows("SELECT title FROM tickets WHERE id = 2"), [("Login broken",)])

    def test_a_comment_that_no_event_tells_is_named_and_only_the_old_file_has_it(self):
        self.change("INSERT INTO comments SELECT 9, ticket_id, author, 'Psst', 0, created_at FROM comments LIMIT 1")
        self.assert_made_and_said("events: 1, the first is comments 9: the row has no event")

    def test_the_only_comment_is_not_taken_along_where_no_event_tells_it(self):
        self.old.unlink()
        with closing(Store(str(self.old))) as store:
            with store.savepoint():
                fields = {"title": "Login broken", "description": "Help", "category": "general", "priority": "low"}
                store.add_ticket(Caller("user-1"), fields)
                store.db.execute("INSERT INTO comments SELECT 1, id, 'x', 'Psst', 0, created_at FROM tickets")
            store.commit()
        self.assert_made_and_said("0 comments made", "events: 1, the first is comments 1: the row has no event")

    def test_a_comment_or_a_draft_that_was_deleted_is_made_again_and_said(self):
        self.change("DROP TRIGGER comments_are_never_deleted; DELETE FROM comments")
        self.change("DROP TRIGGER drafts_are_never_deleted; DELETE FROM drafts WHERE id = 2")
        done = self.rebuild_here()
        self.assertEqual(done.returncode, 0)
        for said in ("2 comments made from their events; 2", "3 drafts made from their events; 1"):
            self.assertIn(f"ok  {said} made again: the old file has them no more\n", done.stdout)
        self.assertEqual(self.rows("SELECT count(*) FROM comments"), [(2,)])
        self.assertEqual(self.rows("SELECT count(*) FROM drafts"), [(3,)])

    def test_a_transition_that_the_net_has_no_more_shows_in_its_tickets(self):
        step = '        Transition("start_work", "assigned", "in_progress", "StartWorked", "agent"),\n'
        done = self.rebuild(self.copy_desk({}, workflow={step: ""}), status=1)
        self.assertIn("tickets 1: state is 'in_progress', its events say 'assigned'", done.stdout)


if __name__ == "__main__":
    unittest.main()
