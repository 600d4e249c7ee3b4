"""The database: what raw SQL cannot break, what a failing disk cannot tear, and what the audit log proves."""

import json
import sqlite3
import tempfile
import threading
import time
import unittest
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path

from store import Store
from tests.desk import AGENT, TIMEOUT, Desk, DeskTest, want_whole_states
from web.validation import read_rules
from workflow import PLACES, STATUS, TRANSITIONS, Unavailable, fold

ROW = {
    "uuid": "printf('%036d', abs(random()))",
    "title": "'Login'",
    "description": "'Cannot get in'",
    "category": "'billing'",
    "priority": "'low'",
    "created_by": "'raw'",
    "created_at": "'2026-11-20T10:00:00.123Z'",
    "updated_at": "'2026-11-20T10:00:00.123Z'",
}
# what Python strips from a text, and two characters that nobody sees
BLANKS = [number for number in range(0x10000) if chr(number).isspace()] + [0x200B, 0xFEFF]


def insert(**columns: str) -> str:
    row = {**ROW, **columns}
    return f"INSERT INTO tickets ({', '.join(row)}) VALUES ({', '.join(row.values())})"


def comment(**columns: str) -> str:
    row = {"ticket_id": "1", "author": "'raw'", "body": "'Hello'", "created_at": ROW["created_at"], **columns}
    return f"INSERT INTO comments ({', '.join(row)}) VALUES ({', '.join(row.values())})"


class RawSql(DeskTest):
    def setUp(self):
        super().setUp()
        self.desk.new_ticket()
        self.database = self.desk.open_database()
        self.addCleanup(self.database.close)

    def assert_refused_by_the_database(self, statement):
        with self.assertRaises(sqlite3.IntegrityError, msg=statement), self.database:
            self.database.execute(statement)

    def test_no_value_outside_the_enums_and_limits_gets_in(self):
        with self.database:
            self.database.execute(insert())
        for column, value in (
            ("category", "'sales'"),
            ("priority", "'nonsense'"),
            ("state", "'open'"),
            ("title", "''"),
            ("title", "'   '"),
            ("title", "printf('%.201c', 'x')"),
            ("title", "NULL"),
            ("title", "x'00'"),
            ("title", "'a' || char(0) || printf('%.300c', 'x')"),
            ("description", "' '"),
            ("description", "printf('%.20001c', 'x')"),
            ("description", "'a' || char(0)"),
            ("assignee", "'a' || char(0)"),
            ("version", "'one'"),
            ("updated_at", "'yesterday'"),
            ("updated_at", "'2026-11-20'"),
            ("updated_at", "'2026-13-20T10:00:00.123Z'"),
            ("updated_at", "'2026-11-20T10:00:00Z'"),
            ("updated_at", "'2026-11-20T10:00:00.123+02:00'"),
            ("lock_expires_at", "'soon'"),
        ):
            self.assert_refused_by_the_database(insert(**{column: value}))
            self.assert_refused_by_the_database(f"UPDATE tickets SET {column} = {value} WHERE id = 1")
        for column, value in (("id", "-1"), ("created_by", "'a' || char(0)"), ("created_at", "'x'")):
            self.assert_refused_by_the_database(insert(**{column: value}))

    def test_no_text_of_blanks_is_taken_and_none_of_spaces_gets_past_the_database(self):
        self.desk.post("/tickets/1/draft", {})
        for number in BLANKS:
            for blanks in (chr(number), f" {chr(number)} \n{chr(number) * 3}"):
                for body in ({"title": blanks}, {"description": blanks}):
                    self.assert_refused(self.desk.patch("/tickets/1", body), 400, "VALIDATION_ERROR")
                self.assert_refused(self.desk.post("/tickets/1/comments", {"body": blanks}), 400, "VALIDATION_ERROR")
        for column in ("title", "description"):
            self.assert_refused_by_the_database(insert(**{column: "'   '"}))
            self.assert_refused_by_the_database(f"UPDATE tickets SET {column} = '   '")
        self.assert_refused_by_the_database("UPDATE drafts SET body = '   '")
        self.assert_refused_by_the_database(comment(body="'   '"))

    def test_comments_drafts_and_events_hold_real_texts_at_real_times(self):
        self.desk.post("/tickets/1/draft", {})
        with self.database:
            self.database.execute(comment())
        for statement in (
            comment(body="'a' || char(0)"),
            comment(created_at="'today'"),
            "UPDATE drafts SET body = 'a' || char(0)",
            "UPDATE drafts SET decided_at = '2026'",
            "INSERT INTO drafts (ticket_id, body, source, created_by, created_at) VALUES (1, 'a', 'hand', 'b', 'c')",
            "INSERT INTO audit_events SELECT 7, 1, 7, 'Edited', actor, 'x', 'y', '{}', 'a', 'b' FROM audit_events",
        ):
            self.assert_refused_by_the_database(statement)

    def test_the_status_follows_the_state_and_is_never_set(self):
        with self.assertRaisesRegex(sqlite3.OperationalError, "generated column"):
            self.database.execute("UPDATE tickets SET status = 'open'")

    def test_history_is_append_only_and_tickets_stay(self):
        for statement in (
            "UPDATE audit_events SET actor = 'nobody'",
            "DELETE FROM audit_events",
            "INSERT OR REPLACE INTO audit_events SELECT id, ticket_id, version, type, 'nobody', at, request_id, data,"
            " previous_hash, hash FROM audit_events",
            "DELETE FROM tickets",
            "UPDATE tickets SET created_by = 'nobody'",
            "UPDATE tickets SET id = 7",
            comment(ticket_id="99"),
        ):
            self.assert_refused_by_the_database(statement)

    def test_a_program_that_replaces_rows_replaces_none(self):
        """INSERT OR REPLACE deletes without the triggers of DELETE, unless the program asks for them."""
        self.database.execute("PRAGMA recursive_triggers = OFF")
        tables = ("tickets", "audit_events", "ticket_counts", "daily_counts")
        rows = lambda: [self.desk.rows(f"SELECT * FROM {table}") for table in tables]
        before = rows()
        event = "ticket_id, version, type, 'nobody', at, request_id, data, previous_hash, hash FROM audit_events"
        uuid = f"'{self.desk.get('/tickets/1').json['uuid']}'"
        for statement in (
            insert(id="1"),
            insert(uuid=uuid),
            insert(id="7", uuid=uuid),
            f"INSERT INTO audit_events SELECT id, {event} WHERE id = 1",
            f"INSERT INTO audit_events SELECT NULL, {event} WHERE id = 1",
            f"INSERT INTO audit_events SELECT 77, {event} WHERE id = 1",
        ):
            self.assert_refused_by_the_database(statement.replace("INSERT", "REPLACE", 1))
            self.assert_refused_by_the_database(statement.replace("INSERT", "INSERT OR REPLACE", 1))
        self.assertEqual(rows(), before)

    def test_the_counters_follow_raw_sql_too(self):
        with self.database:
            self.database.execute(insert(priority="'high'"))
            self.database.execute("UPDATE tickets SET state = 'closed', category = 'account'")
            self.database.execute("UPDATE tickets SET state = 'closed', title = 'Same'")
        page = self.desk.get("/tickets?status=closed&category=account").json
        self.assertEqual((page["total"], len(page["tickets"])), (2, 2))
        self.assertEqual(self.desk.get("/tickets?status=open").json["total"], 0)
        self.assertEqual(sum(count for (count,) in self.desk.rows("SELECT tickets FROM daily_counts")), 2)


class Times(DeskTest):
    """tests/proofs/test_store_at_length.py has every millisecond."""

    STEP = 37

    def test_every_time_that_the_desk_writes_is_one(self):
        with closing(self.desk.open_database()) as database, database:
            for number in range(0, 1000, self.STEP):
                at = f"'2028-02-29T23:59:59.{number:03}Z'"
                database.execute(insert(uuid=f"printf('%036d', {number})", created_at=at, updated_at=at))


class Plans(DeskTest):
    def test_the_page_of_a_ticket_reads_by_an_index(self):
        for table in ("comments", "drafts", "audit_events"):
            plan = self.desk.rows(f"EXPLAIN QUERY PLAN SELECT * FROM {table} WHERE ticket_id = 1 ORDER BY id")
            self.assertIn("(ticket_id=?)", plan[0][3])

    def test_a_statement_that_sqlite_does_not_understand_has_no_plan(self):
        with tempfile.TemporaryDirectory() as folder, closing(Store(f"{folder}/desk.sqlite3")) as store:
            self.assertEqual(store.query_plan("SELECT * FROM tickets WHERE uuid = 'O'Brien'", []), [])
            self.assertIn("tickets", store.query_plan("SELECT * FROM tickets", [])[0])


class OneList(unittest.TestCase):
    def test_net_schema_and_status_agree(self):
        want_whole_states()
        with tempfile.TemporaryDirectory() as folder, closing(Store(f"{folder}/desk.sqlite3")) as store:
            rules = read_rules(store.table_definitions())
            self.assertEqual(set(rules["tickets"]["state"].choices), set(PLACES))
            for step in TRANSITIONS.values():
                self.assertLessEqual({step.source, step.target}, set(PLACES), step)
                self.assertIn(step.event, rules["audit_events"]["type"].choices)
            for state in PLACES:
                store.db.execute(insert(state=f"'{state}'", uuid=f"printf('%36s', '{state}')"))
            rows = store.db.execute("SELECT state, status FROM tickets").fetchall()
            self.assertEqual({row["state"]: row["status"] for row in rows}, STATUS)

    def test_a_check_that_validation_cannot_read_stops_the_start(self):
        for definition in (
            "a TEXT CHECK (a GLOB 'x*')",
            "a TEXT, CHECK (a <> '')",
            "a TEXT CHECK (length(b) BETWEEN 1 AND 2)",
        ):
            with self.assertRaises(ValueError):
                read_rules({"t": f"CREATE TABLE t ({definition})"})


class Replay(unittest.TestCase):
    def test_a_history_that_cannot_have_happened_is_refused(self):
        created = {
            "id": 1,
            "ticket_id": 1,
            "version": 1,
            "type": "Created",
            "at": "now",
            "data": {"changes": {"title": "x"}},
        }
        with self.assertRaises(ValueError):
            fold(fold(None, created), {**created, "version": 2, "type": "Closeed", "data": {}})
        for row, event in ((None, {**created, "type": "Edited"}), (fold(None, created), created)):
            with self.assertRaises(ValueError):
                fold(row, event)


class FailingDisk(DeskTest):
    """A trigger from outside plays the disk that fails at one statement."""

    def fail_at(self, event):
        with closing(self.desk.open_database()) as database, database:
            database.execute(f"CREATE TRIGGER fault BEFORE {event} BEGIN SELECT RAISE(ABORT, 'disk full'); END")

    def repair(self):
        with closing(self.desk.open_database()) as database, database:
            database.execute("DROP TRIGGER fault")

    def test_no_change_without_its_event(self):
        self.desk.new_ticket()
        self.desk.post("/tickets/1/draft", {})
        self.fail_at("INSERT ON audit_events")
        before = self.desk.get("/tickets/1").json
        for method, path, body in (
            ("POST", "/tickets", {"title": "x", "description": "y"}),
            ("PATCH", "/tickets/1", {"title": "x"}),
            ("PATCH", "/tickets/1", {"status": "in_progress"}),
            ("POST", "/tickets/1/comments", {"body": "x"}),
            ("POST", "/tickets/1/draft", {}),
            ("PATCH", "/drafts/1", {"body": "x"}),
            ("POST", "/drafts/1/approve", {}),
            ("POST", "/drafts/1/reject", {}),
        ):
            with self.subTest(f"{method} {path}"):
                reply = self.desk.request(method, path, body, {**AGENT, "Idempotency-Key": "k"})
                self.assert_refused(reply, 500, "INTERNAL_ERROR")
                self.assertNotIn("disk full", reply.body.decode())
        self.assertEqual(self.desk.get("/tickets/1").json, before)
        self.assertEqual((self.desk.count("tickets"), self.desk.count("idempotency_keys")), (1, 0))
        self.assertIn("disk full", self.desk.log.getvalue())
        self.repair()
        self.assertEqual(self.desk.post("/drafts/1/approve", {}, {**AGENT, "Idempotency-Key": "k"}).status, 200)

    def test_no_change_without_its_kept_answer(self):
        self.desk.new_ticket()
        new, key = {"title": "x", "description": "y"}, {"Idempotency-Key": "k"}
        self.fail_at("INSERT ON idempotency_keys")
        self.assert_refused(self.desk.post("/tickets", new, key), 500, "INTERNAL_ERROR")
        self.assert_refused(self.desk.post("/tickets/1/draft", {}, key), 500, "INTERNAL_ERROR")
        self.assertEqual(self.desk.post("/tickets", new).status, 201)
        self.repair()
        for _ in range(2):
            self.assertEqual(self.desk.post("/tickets", new, key).status, 201)
        self.assertEqual((self.desk.count("tickets"), self.desk.count("drafts")), (3, 0))

    def test_a_request_that_failed_half_way_succeeds_when_it_is_sent_again_with_its_key(self):
        self.desk.new_ticket()
        self.fail_at("INSERT ON drafts")
        self.assert_refused(self.desk.post("/tickets/1/draft", {}, {"Idempotency-Key": "k"}), 500, "INTERNAL_ERROR")
        self.repair()
        first, again = (self.desk.post("/tickets/1/draft", {}, {"Idempotency-Key": "k"}) for _ in range(2))
        self.assertEqual((first.status, again.status, again.body), (201, 201, first.body))
        self.assertEqual(self.desk.count("drafts"), 1)

    def test_an_approval_whose_comment_fails_is_no_approval(self):
        self.desk.new_ticket()
        self.desk.post("/tickets/1/draft", {})
        self.fail_at("INSERT ON comments")
        self.assertEqual(self.desk.post("/drafts/1/approve", {}, AGENT).status, 500)
        self.assertEqual(self.desk.get("/tickets/1").json["drafts"][0]["status"], "pending")
        self.repair()
        self.assertEqual(self.desk.post("/drafts/1/approve", {}, AGENT).status, 200)

    def test_a_change_that_fails_at_its_last_step_leaves_nothing_of_it(self):
        self.desk.new_ticket()
        self.desk.post("/tickets/1/draft", {})
        before = self.desk.get("/tickets/1").json
        for event, method, path, body in (
            ("Edited", "PATCH", "/tickets/1", {"status": "in_progress", "title": "x"}),
            ("Resolveed", "PATCH", "/tickets/1", {"status": "resolved", "title": "x"}),
            ("Approved", "POST", "/drafts/1/approve", {"body": "Better"}),
        ):
            with self.subTest(event):
                self.fail_at(f"INSERT ON audit_events WHEN NEW.type = '{event}'")
                reply = self.desk.request(method, path, body, AGENT)
                self.repair()
                self.assert_refused(reply, 500, "INTERNAL_ERROR")
                self.assertEqual(self.desk.get("/tickets/1").json, before)


class FailingCommit(unittest.TestCase):
    def test_when_the_commit_fails_every_answer_of_the_beat_is_503_and_nothing_is_there(self):
        def grow_no_more(store):
            pages = store.db.execute("PRAGMA page_count").fetchone()["page_count"]
            store.db.execute(f"PRAGMA max_page_count = {pages + 4}").fetchall()

        desk = Desk(on_open=grow_no_more)
        self.addCleanup(desk.stop)
        body = json.dumps({"title": "x", "description": "y" * 9000}).encode()
        request = b"POST /tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        request += f"Content-Length: {len(body)}\r\n\r\n".encode() + body
        answers = desk.raw(request * 6)
        acknowledged = answers.count(b"HTTP/1.1 201")
        self.assertEqual(answers.count(b"HTTP/1.1 "), 6)
        self.assertLess(acknowledged, 6)
        self.assertEqual(desk.count("tickets"), acknowledged)
        self.assertEqual(desk.get("/audit-events/verify").json["events"], acknowledged)

    def test_a_write_that_only_the_commit_refuses_is_not_acknowledged(self):
        desk = Desk()
        self.addCleanup(desk.stop)
        with closing(desk.open_database()) as database, database:
            database.execute("CREATE TABLE debts (owed INTEGER REFERENCES tickets (id) DEFERRABLE INITIALLY DEFERRED)")
            database.execute("CREATE TRIGGER owe AFTER INSERT ON tickets BEGIN INSERT INTO debts VALUES (-1); END")
        reply = desk.post("/tickets", {"title": "x", "description": "y"})
        self.assertEqual((reply.status, reply.json.get("code")), (503, "UNAVAILABLE"))
        self.assertEqual((desk.count("tickets"), desk.count("audit_events")), (0, 0))

    def test_a_database_that_another_program_holds_is_503_and_comes_back(self):
        desk = Desk(on_open=lambda store: store.db.execute("PRAGMA busy_timeout = 50").fetchall())
        self.addCleanup(desk.stop)
        with closing(desk.open_database()) as database:
            database.isolation_level = None
            database.execute("BEGIN IMMEDIATE")
            reply = desk.post("/tickets", {"title": "x", "description": "y"})
            self.assertEqual((reply.status, reply.json["code"]), (503, "UNAVAILABLE"))
            self.assertIn("Retry-After", reply.headers)
            self.assertEqual(desk.get("/tickets").json["total"], 0)
            database.execute("ROLLBACK")
        self.assertEqual(desk.post("/tickets", {"title": "x", "description": "y"}).status, 201)

    def test_background_work_waits_in_silence_for_a_database_that_another_program_holds(self):
        is_held, tries, tried_again = threading.Event(), [], threading.Event()

        class Watched(Store):
            def index_some(self):
                if not is_held.is_set():
                    return False
                tries.append(len(tries))
                if len(tries) == 2:
                    tried_again.set()
                return super().index_some()

        desk = Desk(store=Watched)
        self.addCleanup(desk.stop)
        desk.new_ticket()
        with closing(desk.open_database()) as database:
            database.isolation_level = None
            database.execute("BEGIN IMMEDIATE")
            is_held.set()
            ends = time.monotonic() + TIMEOUT
            while not tried_again.wait(0.02):
                self.assertLess(time.monotonic(), ends)
                self.assertEqual(desk.get("/health").status, 200)
            database.execute("ROLLBACK")
        desk.stop()
        self.assertEqual([line for line in desk.log.getvalue().splitlines() if not line.startswith("INFO")], [])


class AuditLog(DeskTest):
    def test_an_event_says_who_what_when_and_by_which_request(self):
        self.desk.post(
            "/tickets", {"title": "x", "description": "y"}, {"X-User-Id": "user-1", "X-Request-Id": "mine.1"}
        )
        event = self.desk.get("/audit-events").json["events"][0]
        self.assertLessEqual({"id", "ticket_id", "version", "type", "actor", "at", "request_id", "data"}, set(event))
        self.assertEqual(
            (event["type"], event["actor"], event["request_id"], event["version"]), ("Created", "user-1", "mine.1", 1)
        )

    def test_anyone_can_recompute_the_chain(self):
        for number in range(3):
            self.desk.new_ticket(title=f"Ticket {number} é")
        previous = "0" * 64
        for event in self.desk.get("/audit-events").json["events"]:
            self.assertEqual(event["previous_hash"], previous)
            names = ("id", "ticket_id", "version", "type", "actor", "at", "request_id", "data")
            parts = [previous, *(event[name] for name in names)]
            text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            previous = sha256(text.encode()).hexdigest()
            self.assertEqual(event["hash"], previous)
        self.assertEqual(self.desk.get("/audit-events/verify").json, {"ok": True, "events": 3, "head": previous})

    def test_filters_and_pages_show_every_event_once(self):
        for _ in range(3):
            self.desk.new_ticket()
            self.desk.post("/tickets/1/comments", {"body": "Hello"}, AGENT)
        uuid = self.desk.get("/tickets/1").json["uuid"]
        self.assertEqual(len(self.desk.get(f"/audit-events?ticket={uuid}").json["events"]), 4)
        self.assertEqual(len(self.desk.get("/audit-events?type=Commented&actor=agent-1&ticket=1").json["events"]), 3)
        seen, after = [], ""
        while after is not None:
            page = self.desk.get(f"/audit-events?limit=2&after={after}").json
            seen += [event["id"] for event in page["events"]]
            after = page["next"]
        self.assertEqual(seen, [1, 2, 3, 4, 5, 6])

    def test_a_broken_row_is_named(self):
        for _ in range(3):
            self.desk.new_ticket()
        with closing(self.desk.open_database()) as database, database:
            database.execute("DROP TRIGGER audit_events_are_never_changed")
            database.execute("UPDATE audit_events SET actor = 'nobody' WHERE id = 2")
        told = self.desk.get("/audit-events/verify").json
        self.assertEqual((told["ok"], told["broken"]["id"]), (False, 2))

    def test_a_refusal_leaves_no_event(self):
        self.desk.new_ticket()
        self.desk.post("/tickets/1/draft", {})
        for method, path, body, headers in (
            ("POST", "/drafts/1/approve", {}, {}),
            ("PATCH", "/tickets/1", {"status": "closed"}, {}),
            ("PATCH", "/tickets/1", {"priority": "nonsense"}, AGENT),
            ("PATCH", "/tickets/1", {"title": "x"}, {"If-Match": '"9"'}),
        ):
            self.assertGreaterEqual(self.desk.request(method, path, body, headers).status, 400)
        self.assertEqual(self.desk.count("audit_events"), 2)


class Closing(unittest.TestCase):
    def test_a_store_that_is_closed_while_other_threads_read_ends_their_reads_and_not_the_process(self):
        for _ in range(5):
            with tempfile.TemporaryDirectory() as folder:
                store, is_reading = Store(str(Path(folder, "desk.sqlite3"))), threading.Event()

                def read(store=store, is_reading=is_reading):
                    with suppress(Unavailable):
                        while True:
                            with store.reader() as reader:
                                reader.begin_read()
                                is_reading.set()
                                reader.tickets({"limit": 100, "search": "x"})

                threads = [threading.Thread(target=read) for _ in range(3)]
                for thread in threads:
                    thread.start()
                self.assertTrue(is_reading.wait(TIMEOUT))
                store.close()
                for thread in threads:
                    thread.join(TIMEOUT)
                    self.assertFalse(thread.is_alive())
