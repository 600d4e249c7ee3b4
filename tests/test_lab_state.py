"""Reset and snapshots of a lab: what they change, what stays, and what others see meanwhile. And --reset."""

import json
import os
import re
import socket
import sqlite3
import stat
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from unittest import mock

from store import Store
from tests.desk import AGENT, CUSTOMER, ROOT, TIMEOUT, Desk, DeskTest, hash_quickly, run_tool
from tests.listeners import EventReader, SocketClient
from tests.test_in_memory import IN_MEMORY
from tests.test_locked import LOCKED_LAB, bearer
from tests.test_process import ProcessTest
from web import debug, server, snapshots
from web.identity import new_user
from workflow import Caller

NEW = {"title": "Login broken", "description": "Cannot get in"}
STORED_NEW = {**NEW, "category": "general", "priority": "low"}
STORED = "tickets comments drafts audit_events idempotency_keys users ticket_counts daily_counts search_words".split()
USER = {"email": "ann@example.com", "roles": "agent", "password": "correct horse"}


def raw_request(method: str, path: str, fields=None) -> bytes:
    body = json.dumps(fields or {}).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
    return f"{head}{len(body)}\r\n\r\n".encode() + body


def statuses(answers: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"^HTTP/1\.1 (\d+)", answers, re.M)]


class StateTest(DeskTest):
    environ = {"DEBUG": "true"}

    def do(self, method: str, path: str, fields=None, status: int = 200):
        reply = self.desk.request(method, f"/debug/{path}", fields, AGENT)
        self.assertEqual(reply.status, status, reply.body)
        return reply.json

    def fill(self):
        """Two tickets with everything that a ticket can have."""
        for key, title in (("zebra", "Zebra"), ("apples", "Äpfel")):
            ticket = self.desk.post("/tickets", {**NEW, "title": title}, {**CUSTOMER, "Idempotency-Key": key}).json
            self.desk.post(f"/tickets/{ticket['id']}/comments", {"body": "Hello"}, AGENT)
            self.desk.post(f"/tickets/{ticket['id']}/draft", {}, AGENT)
        self.wait_for_the_index()

    def wait_for_the_index(self):
        while self.desk.count("search_pending"):
            pass

    def rows_of(self, *tables) -> dict:
        return {name: self.desk.rows(f"SELECT * FROM {name}") for name in tables or STORED}

    def found(self, text: str) -> list[str]:
        return [ticket["title"] for ticket in self.desk.get(f"/tickets?search={text}").json["tickets"]]

    def verify(self):
        done = run_tool("--verify", SUPPORT_DESK_DB=str(self.desk.database))
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)


class Tampering(StateTest):
    """POST /debug/tamper: one flipped bit in a copy, and what --verify says of the copy."""

    columns = "actor type at request_id data previous_hash hash".split()

    def tamper(self, event=2, column="actor", byte=0, **given):
        return self.do("POST", "tamper", {"event": event, "column": column, "byte": byte}, **given)

    def test_the_copy_is_broken_at_this_event_and_the_desks_own_log_stays_whole(self):
        self.fill()
        before = self.rows_of()
        for column in self.columns:
            found = self.tamper(column=column)
            self.assertEqual(found["chain"]["broken"]["id"], 2, column)
            (was,) = self.desk.rows(f"SELECT {column} FROM audit_events WHERE id = 2")[0]
            self.assertEqual((found["before"], found["after"]), (was, chr(ord(was[0]) ^ 1) + was[1:]))
            marks = {line[:4] for line in found["lines"]}
            self.assertEqual(marks, {"ok  ", "NO  "}, found["lines"])
            self.assertTrue(any(line.startswith("NO  hash chain of 2 audit events") for line in found["lines"]))
            self.assertIn("ok  tables and triggers as in schema.sql", found["lines"])
        self.assertEqual(self.rows_of(), before)
        self.assertTrue(self.desk.get("/audit-events/verify", AGENT).json["ok"])
        self.verify()

    def test_the_lines_are_those_of_verify(self):
        self.fill()
        whole = run_tool("--verify", SUPPORT_DESK_DB=str(self.desk.database)).stdout.splitlines()
        lines = self.tamper(event=6, column="request_id")["lines"]
        self.assertEqual([line for line in whole if line not in lines], ["ok  hash chain of 6 audit events"])

    def test_no_copy_is_left(self):
        self.fill()
        folder = Path(f"{self.desk.database}-snapshots")
        self.do("POST", "snapshots/scratch", status=201)  # has nothing to do with it
        self.tamper()
        self.tamper(byte=99, status=400)
        self.assertEqual([path.name for path in folder.iterdir()], ["scratch.sqlite3"])
        for name in ("_scratch.copy", "_scratch.new", "_scratch.copy-journal"):  # of a desk that was killed meanwhile
            (folder / name).touch()
        snapshots.Snapshots(self.desk.server.context.store, None)
        self.assertEqual([path.name for path in folder.iterdir()], ["scratch.sqlite3"])

    def test_what_is_not_there_is_refused_by_name(self):
        self.desk.new_ticket(title="Ä", description="é")
        cases = ({"event": 99}, {"event": 1, "byte": 99}, {"event": 1, "column": "data", "byte": 10**9})
        for case in cases:
            details = self.tamper(**case, status=400)["details"]
            self.assertEqual(list(details), ["event" if case["event"] == 99 else "byte"])
        details = self.tamper(column="version", status=400)["details"]
        self.assertEqual(list(details), ["column"])

    def test_it_needs_a_lab(self):
        desk = Desk()
        self.addCleanup(desk.stop)
        desk.new_ticket()
        reply = desk.post("/debug/tamper", {"event": 1, "column": "actor", "byte": 0}, AGENT)
        self.assert_refused(reply, 404, "NOT_FOUND")


class Reset(StateTest):
    def test_it_empties_the_desk_and_ids_start_at_1_again(self):
        self.fill()
        self.assertEqual(self.do("POST", "reset"), {"tickets": 0, "users": 0})
        self.assertEqual(set(map(str, self.rows_of().values())), {"[]"})
        self.assertEqual(self.desk.get("/tickets/stats").json["total_tickets"], 0)
        self.assert_refused(self.desk.get("/tickets/1"), 404, "NOT_FOUND")
        again = self.desk.post("/tickets", {**NEW, "title": "Zebra"}, {**CUSTOMER, "Idempotency-Key": "zebra"})
        self.assertEqual((again.status, again.json["id"], again.headers["Idempotent-Replayed"]), (201, 1, None))
        self.assertEqual(self.desk.get("/audit-events").json["events"][0]["id"], 1)
        self.verify()

    def test_a_search_finds_only_what_came_after_it(self):
        self.fill()
        for text in ("zeb", "eb", "%C3%A4p"):
            self.assertEqual(len(self.found(text)), 1, text)
        self.do("POST", "reset")
        self.assertEqual([self.found(text) for text in ("zeb", "eb", "%C3%A4p")], [[], [], []])
        self.desk.new_ticket(title="Zebu")
        for _ in range(2):  # before and after it is in the index
            self.assertEqual([self.found(text) for text in ("zeb", "eb", "bra")], [["Zebu"], ["Zebu"], []])
            self.wait_for_the_index()
        self.verify()

    def test_a_wrong_body_is_refused_and_resets_nothing(self):
        self.desk.new_ticket()
        for body in ({"demo": 1}, {"demo": None}, {"all": True}, []):
            self.assert_refused(self.desk.post("/debug/reset", body, AGENT), 400, "VALIDATION_ERROR")
        self.assertEqual(self.desk.get("/tickets/1").status, 200)

    def test_the_response_cache_is_fresh(self):
        self.desk.new_ticket()
        paths = ("/tickets", "/tickets/1", "/tickets/stats", "/api/tickets")
        before = [[self.desk.get(path).body for path in paths] for _ in range(2)][1]
        self.do("POST", "reset")
        after = [self.desk.get(path).body for path in paths]
        self.assertFalse(set(before) & set(after))


class EveryRoute(StateTest):
    paths = [(route, re.sub(r"\{\w+\}", "a", route.path)) for route in debug.ROUTES]

    def test_without_debug_each_is_a_404(self):
        desk = Desk()
        self.addCleanup(desk.stop)
        desk.new_ticket()
        for route, path in self.paths:
            self.assert_refused(desk.request(route.method, path, None, AGENT), 404, "NOT_FOUND")
        self.assertEqual(desk.count("tickets"), 1)

    def test_a_bad_name_or_a_body_that_is_not_json_is_refused(self):
        self.desk.new_ticket()
        for route, path in self.paths:
            bad_name = self.desk.request(route.method, path, None, {"X-User-Id": "a b"})
            self.assert_refused(bad_name, 400, "VALIDATION_ERROR")
            if route.body:
                self.assert_refused(self.desk.request(route.method, path, b"demo"), 415, "UNSUPPORTED_MEDIA_TYPE")
        self.assertEqual(self.desk.count("tickets"), 1)


class LockedDesk(StateTest):
    environ = LOCKED_LAB

    @classmethod
    def setUpClass(cls):
        hash_quickly(cls)
        cls.user = new_user(*USER.values())

    def setUp(self):
        super().setUp()
        self.desk.add_user(self.user)
        login = {"email": USER["email"], "password": USER["password"]}
        self.log_in = lambda: self.desk.post("/user/login", login)
        self.token = {"Authorization": f"Bearer {self.log_in().json['token']}"}

    def test_a_reset_keeps_users_and_their_tokens(self):
        self.desk.post("/tickets", NEW, self.token)
        before = self.rows_of("users")
        reply = self.desk.post("/debug/reset", {}, self.token)
        self.assertEqual((reply.status, reply.json), (200, {"tickets": 0, "users": 1}))
        self.assertEqual(self.rows_of("users"), before)
        self.assertEqual(self.desk.get("/tickets", self.token).json["total"], 0)
        self.assertEqual(self.log_in().status, 200)
        self.verify()

    def test_a_restore_brings_back_the_users_of_then(self):
        self.desk.post("/debug/snapshots/a", {}, self.token)
        self.assertEqual(self.desk.post("/user/logout", {}, self.token).status, 200)
        boss = bearer("root", "admin")
        self.assertEqual(self.desk.request("PUT", "/debug/snapshots/a/restore", {}, boss).status, 200)
        self.assertEqual(self.desk.get("/tickets", self.token).status, 200)

    def test_every_route_is_for_staff(self):
        customer = bearer("alice", "customer")
        for route, path in EveryRoute.paths:
            self.assert_refused(self.desk.request(route.method, path, None, customer), 403, "FORBIDDEN")
            self.assert_refused(self.desk.request(route.method, path, None), 401, "UNAUTHORIZED")


class Snapshots(StateTest):
    def test_a_restore_gives_every_row_back_byte_for_byte(self):
        self.fill()
        before, made = self.rows_of(), self.do("POST", "snapshots/before-class", status=201)
        self.assertEqual((made["name"], made["tickets"]), ("before-class", 2))
        self.desk.patch("/tickets/1", {"title": "Changed", "status": "resolved"}, AGENT)
        self.desk.post("/drafts/1/approve", {}, AGENT)
        self.desk.new_ticket(title="Later")
        self.wait_for_the_index()
        self.assertEqual(self.do("PUT", "snapshots/before-class/restore"), made)
        self.assertEqual(self.rows_of(), before)
        self.assertEqual([self.found(text) for text in ("zeb", "later", "eb")], [["Zebra"], [], ["Zebra"]])
        self.verify()
        self.assertEqual(self.desk.new_ticket()["id"], 3)
        replayed = self.desk.post("/tickets", {**NEW, "title": "Zebra"}, {**CUSTOMER, "Idempotency-Key": "zebra"})
        self.assertEqual((replayed.json["id"], replayed.headers["Idempotent-Replayed"]), (1, "true"))
        self.verify()

    def test_a_reset_can_be_undone(self):
        self.fill()
        before = self.rows_of()
        self.do("POST", "snapshots/full", status=201)
        self.do("POST", "reset")
        self.desk.new_ticket(title="Not of the snapshot")
        self.do("PUT", "snapshots/full/restore")
        self.assertEqual(self.rows_of(), before)
        self.verify()

    def test_they_are_listed_replaced_and_deleted(self):
        self.assertEqual(self.do("GET", "snapshots"), {"snapshots": []})
        self.do("POST", "snapshots/b", status=201)
        self.desk.new_ticket()
        for name in ("a", "b"):
            self.do("POST", f"snapshots/{name}", status=201)
        listed = self.do("GET", "snapshots")["snapshots"]
        self.assertEqual([(one["name"], one["tickets"]) for one in listed], [("a", 1), ("b", 1)])
        self.assertEqual(self.do("DELETE", "snapshots/a"), listed[0])
        self.assertEqual(self.do("GET", "snapshots")["snapshots"], listed[1:])

    def test_an_unknown_name_is_a_404_and_a_bad_one_a_400(self):
        for name in ("A", "a" * 41, "a.b", "..%2Fdesk", "%2e%2e", "%2Ftmp%2Fx", "%C3%A4", "a%0A", "a%00"):
            for method, path in (("POST", name), ("PUT", f"{name}/restore"), ("DELETE", name)):
                with self.subTest(f"{method} {path}"):
                    reply = self.desk.request(method, f"/debug/snapshots/{path}", None, AGENT)
                    self.assert_refused(reply, 400, "VALIDATION_ERROR")
        for method, path in (("PUT", "no/restore"), ("DELETE", "no")):
            self.assert_refused(self.desk.request(method, f"/debug/snapshots/{path}", None, AGENT), 404, "NOT_FOUND")
        self.assertEqual([path.name for path in self.folder.parent.glob("*snapshots*")], [])

    @property
    def folder(self):
        return self.desk.database.with_name("desk.sqlite3-snapshots")

    @unittest.skipIf(os.name == "nt", "Windows has no modes")
    def test_their_files_are_for_the_owner_alone(self):
        self.do("POST", "snapshots/a", status=201)
        self.assertEqual(stat.S_IMODE(self.folder.stat().st_mode), 0o700)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["a.sqlite3"])
        self.assertEqual(stat.S_IMODE((self.folder / "a.sqlite3").stat().st_mode), 0o600)

    def test_there_are_at_most_20(self):
        with mock.patch("web.snapshots.MOST", 2):
            for name in ("a", "b", "a"):
                self.do("POST", f"snapshots/{name}", status=201)
            reply = self.desk.post("/debug/snapshots/c", {}, AGENT)
            self.assert_refused(reply, 409, "TOO_MANY_SNAPSHOTS")
            self.assertIn("DELETE /debug/snapshots/a", reply.json["message"])
            self.do("DELETE", "snapshots/a")
            self.do("POST", "snapshots/c", status=201)

    def test_a_file_that_is_no_sound_snapshot_is_refused_and_nothing_is_lost(self):
        self.fill()
        self.do("POST", "snapshots/good", status=201)
        before, good = self.rows_of(), (self.folder / "good.sqlite3").read_bytes()
        page = len(good) // 4096 // 2 * 4096
        files = {
            "empty": b"",
            "text": b"This is no database, but it is long enough to look at. " * 100,
            "cut": good[: len(good) // 2],
            "damaged": good[:page] + os.urandom(len(good) - page),
        }
        for name, data in files.items():
            (self.folder / f"{name}.sqlite3").write_bytes(data)
        for name, sql in {
            "column": "ALTER TABLE drafts ADD COLUMN mood TEXT",
            "version": "PRAGMA user_version = 99",
            "program": "PRAGMA application_id = 7",
            "trigger": "DROP TRIGGER audit_events_are_never_changed",
        }.items():
            (self.folder / f"{name}.sqlite3").write_bytes(good)
            with closing(sqlite3.connect(self.folder / f"{name}.sqlite3")) as database:
                database.execute(sql)
        self.assertEqual(len(self.do("GET", "snapshots")["snapshots"]), 9)
        for name in (*files, "column", "version", "program", "trigger"):
            with self.subTest(name):
                reply = self.desk.request("PUT", f"/debug/snapshots/{name}/restore", None, AGENT)
                self.assert_refused(reply, 409, "SNAPSHOT_UNUSABLE")
                self.assertIn("nothing was changed", reply.json["message"])
                self.assertNotIn(str(self.folder), reply.json["message"])
        self.assertEqual(self.rows_of(), before)
        self.do("PUT", "snapshots/good/restore")
        self.verify()

    @mock.patch("store.WAIT", 0.01)
    def test_a_lock_of_another_program_is_a_503_and_nothing_changes(self):
        self.desk = Desk(**self.environ)
        self.addCleanup(self.desk.stop)
        self.fill()
        self.do("POST", "snapshots/a", status=201)
        before = self.rows_of()
        with closing(self.desk.open_database()) as other:
            other.execute("BEGIN IMMEDIATE")
            for method, path in (("POST", "reset"), ("PUT", "snapshots/a/restore")):
                self.assert_refused(self.desk.request(method, f"/debug/{path}", None, AGENT), 503, "UNAVAILABLE")
        self.assertEqual(self.rows_of(), before)
        self.do("POST", "reset")

    def test_a_reader_that_began_before_reads_on_in_the_old_rows(self):
        self.fill()
        with closing(Store(str(self.desk.database), read_only=True)) as reader:
            reader.begin_read()

            def see():
                found = [reader.tickets({"limit": 9, "search": text})["total"] for text in ("zeb", "eb")]
                return reader.last_event(), *found

            self.assertEqual(see(), (6, 1, 1))
            self.do("POST", "reset")
            self.assertEqual(see(), (6, 1, 1))
            reader.commit()
            self.assertEqual(see(), (0, 0, 0))
            self.desk.new_ticket(title="Zebu")
            self.wait_for_the_index()
            self.assertEqual(see(), (1, 1, 1))

    @mock.patch.object(server, "CHECKPOINT_EVERY", 0.01)
    def test_backups_and_checkpoints_work_as_before(self):
        self.fill()
        self.do("POST", "snapshots/a", status=201)
        for method, path in (("POST", "reset"), ("PUT", "snapshots/a/restore")):
            self.do(method, path)
            copy = self.desk.database.with_name(f"{method}.sqlite3")
            self.assertEqual(run_tool("--backup", str(copy), SUPPORT_DESK_DB=str(self.desk.database)).returncode, 0)
            self.assertEqual(run_tool("--verify", SUPPORT_DESK_DB=str(copy)).returncode, 0)
            self.desk.server._checkpoint_due = 0
            while not self.desk.store.is_copied:
                self.desk.get("/health")
            with closing(sqlite3.connect(f"{self.desk.database.absolute().as_uri()}?immutable=1", uri=True)) as file:
                tickets = file.execute("SELECT count(*) FROM tickets").fetchone()[0]
            self.assertEqual(tickets, self.desk.count("tickets"))


class InMemory(StateTest):
    environ = {"DEBUG": "true", **IN_MEMORY}

    def test_a_read_that_is_still_open_does_not_keep_a_reset_from_its_work(self):
        with closing(Store(":memory:")) as store:  # as an export leaves it, which reads after the commit of a turn
            store.begin_read()
            store.tickets({"limit": 1})
            store.reset(lambda new: None)
            self.assertEqual(store.count_rows(), {"tickets": 0, "users": 0})

    def test_all_of_it_works_in_memory_too(self):
        self.desk.new_ticket(title="Zebra")
        made = self.do("POST", "snapshots/a", status=201)
        self.do("POST", "reset")
        self.assertEqual((self.desk.get("/tickets").json["total"], self.found("zeb"), self.found("eb")), (0, [], []))
        self.assertEqual(self.do("PUT", "snapshots/a/restore"), made)
        self.assertEqual((self.found("zeb"), self.found("eb")), (["Zebra"], ["Zebra"]))
        self.assertTrue(self.desk.get("/audit-events/verify").json["ok"])
        self.assertEqual(self.desk.new_ticket()["id"], 2)
        tampered = self.do("POST", "tamper", {"event": 2, "column": "actor", "byte": 0})
        self.assertEqual(tampered["chain"]["broken"]["id"], 2)
        self.assertTrue(self.desk.get("/audit-events/verify").json["ok"])
        folder = self.desk.server.context.lab.snapshots._folder
        self.assertEqual(self.do("DELETE", "snapshots/a"), made)
        self.assertTrue(folder.exists())


class Between(StateTest):
    """What others get who are at work meanwhile."""

    def test_requests_before_and_after_a_reset_keep_their_promises(self):
        create, reset = raw_request("POST", "/tickets", NEW), raw_request("POST", "/debug/reset")
        answers = self.desk.raw(create + create + reset + create)
        self.assertEqual(statuses(answers), [201, 201, 200, 201])
        self.assertEqual(re.findall(rb'"id":(\d+)', answers), [b"1", b"2", b"1"])
        self.assertEqual(self.desk.count("tickets"), 1)
        self.verify()

    def test_a_snapshot_has_exactly_what_was_answered_before_it(self):
        create, make = raw_request("POST", "/tickets", NEW), raw_request("POST", "/debug/snapshots/a")
        restore = raw_request("PUT", "/debug/snapshots/a/restore")
        answers = self.desk.raw(create + make + create + restore + create)
        self.assertEqual(statuses(answers), [201, 201, 201, 200, 201])
        self.assertEqual(self.desk.count("tickets"), 2)

    def test_listeners_are_told_to_come_again(self):
        self.desk.new_ticket()
        with closing(EventReader(self.desk.port, CUSTOMER, after=0)) as reader:
            with closing(SocketClient(self.desk.port, "/ws?after=0")) as client:
                self.assertEqual((reader.next_event()["id"], client.receive()["eventId"]), ("1", 1))
                self.do("POST", "reset")
                self.assertIsNone(reader.next_event())
                with self.assertRaises(ConnectionError) as closed:
                    client.receive()
                self.assertEqual(closed.exception.args, (1012,))
        self.assert_refused(self.desk.get("/events", {"Last-Event-ID": "1"}), 404, "NOT_FOUND")
        with closing(EventReader(self.desk.port, CUSTOMER)) as reader:
            self.desk.new_ticket(title="New")
            event = reader.next_event()
        self.assertEqual((event["id"], event["data"]["ticket"]["title"]), ("1", "New"))

    def test_a_command_on_a_socket_has_its_reply_before_the_socket_closes(self):
        with closing(SocketClient(self.desk.port)) as client, closing(self.desk.connect()) as other:
            while not self.desk.server.live._sessions:
                pass
            with Paused(self.desk):
                client.send_command("CreateTicket", ticket=NEW)
                other.sendall(raw_request("POST", "/debug/reset"))
            self.assertEqual(client.receive()["ticket"]["id"], 1)
            with self.assertRaises(ConnectionError) as closed:
                client.receive()
        self.assertEqual(closed.exception.args, (1012,))

    def test_the_lock_of_a_socket_does_not_end_a_lock_in_the_restored_database(self):
        self.desk.new_ticket()
        with closing(SocketClient(self.desk.port, headers=AGENT)) as client:
            client.send_command("LockTicket", ticketId=1)
            self.assertEqual(client.receive()["_tag"], "TicketLocked")
            self.do("POST", "snapshots/locked", status=201)
            self.do("PUT", "snapshots/locked/restore")
            with self.assertRaises(ConnectionError):
                client.receive()
        self.desk.new_ticket()
        self.assertEqual(self.desk.get("/tickets/1").json["locked_by"], AGENT["X-User-Id"])

    def test_a_draft_that_an_llm_is_writing_is_not_added_to_another_ticket(self):
        with closing(socket.create_server(("127.0.0.1", 0))) as llm:
            url = f"http://127.0.0.1:{llm.getsockname()[1]}/v1"
            environ = {"CLASSIFIER": "openai", "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": url}
            desk = Desk(**self.environ, **environ)
            self.addCleanup(desk.stop)
            desk.new_ticket()
            with closing(desk.connect()) as writer:
                writer.sendall(raw_request("POST", "/tickets/1/draft"))
                call, _ = llm.accept()
                self.assertEqual(desk.post("/debug/reset", {}, AGENT).status, 200)
                self.assertEqual(desk.new_ticket()["id"], 1)
                call.close()
                answer = writer.recv(65536)
            self.assertIn(b"503", answer.splitlines()[0])
            self.assertIn(b"replaced meanwhile", answer)
            self.assertEqual(desk.count("drafts"), 0)


class Crowd(StateTest):
    """tests/proofs/test_lab_at_length.py has a larger one."""

    CLIENTS, ROUNDS = 4, 1

    def test_many_clients_at_once_see_only_success_and_a_sound_database(self):
        def work(number):
            create, read = raw_request("POST", "/tickets", NEW), raw_request("GET", "/tickets?limit=1000&search=log")
            between = (raw_request("POST", "/debug/reset"), raw_request("POST", f"/debug/snapshots/s{number}"))
            return statuses(self.desk.raw((create * 3 + read + between[number % 2]) * self.ROUNDS))

        with ThreadPoolExecutor(self.CLIENTS) as pool:
            seen = list(pool.map(work, range(self.CLIENTS)))
        for number, found in enumerate(seen):
            self.assertEqual(found, ([201] * 3 + [200] + [200 if number % 2 == 0 else 201]) * self.ROUNDS)
        ids = [number for (number,) in self.desk.rows("SELECT id FROM tickets ORDER BY id")]
        self.assertEqual(ids, list(range(1, len(ids) + 1)))
        self.wait_for_the_index()
        self.verify()


class Paused:
    """Keeps the event loop of a desk waiting, so that what arrives meanwhile is read in one turn."""

    def __init__(self, desk):
        self._desk, self._waits, self._goes_on = desk, threading.Event(), threading.Event()

    def __enter__(self):
        live = self._desk.server.live
        clock = live.clock
        self._desk.server._checked_at = 0  # its once-a-second work reads this clock

        def wait():
            live.clock = clock
            self._waits.set()
            self._goes_on.wait(TIMEOUT)
            return clock()

        live.clock = wait
        self._desk.server._wake()
        self._waits.wait(TIMEOUT)

    def __exit__(self, *problem):
        self._goes_on.set()


class CommandLine(ProcessTest):
    def make(self):
        with closing(Store(str(self.database))) as store:
            with store.savepoint():
                store.add_ticket(Caller("ann"), STORED_NEW)
            store.commit()

    def reset(self, typed="yes\n"):
        return run_tool("--reset", typed=typed, SUPPORT_DESK_DB=str(self.database))

    def files(self) -> set:
        return {path.name for path in self.folder.iterdir()}

    def test_it_says_what_goes_and_deletes_the_database_after_a_yes(self):
        self.make()
        for end in ("-wal", "-shm"):
            self.database.with_name(f"desk.sqlite3{end}").touch()
        done = self.reset()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for word in (str(self.database), "tickets: 1", "users: 0", "is deleted"):
            self.assertIn(word, done.stdout)
        self.assertEqual(self.files(), {"desk.sqlite3.lock"})
        self.make()

    def test_anything_but_yes_deletes_nothing(self):
        self.make()
        before = self.database.read_bytes()
        for typed in ("", "\n", "no\n", "y\n", "YES\n", "yes please\n"):
            with self.subTest(typed):
                done = self.reset(typed)
                self.assertEqual(done.returncode, 2)
                self.assertIn("nothing was deleted", done.stderr)
        self.assertEqual(self.database.read_bytes(), before)

    def test_a_database_of_another_schema_can_be_deleted_too(self):
        for sql in ("PRAGMA user_version = 1", "ALTER TABLE tickets ADD COLUMN mood TEXT", "DROP TABLE users"):
            with self.subTest(sql):
                self.make()
                with closing(sqlite3.connect(self.database)) as database:
                    database.execute(sql)
                done = self.reset()
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn("users: ?" if "DROP" in sql else "users: 0", done.stdout)
                self.assertFalse(self.database.exists())

    def test_the_database_of_a_running_desk_stays(self):
        desk = Desk()
        self.addCleanup(desk.stop)
        with closing(Store(desk.settings.db.replace("desk.", "other."), holder="process 7 on port 8080")) as store:
            self.database = store.path
            done = self.reset()
        self.assertEqual(done.returncode, 2)
        self.assertIn("process 7 on port 8080", done.stderr)
        self.assertTrue(store.path.exists())

    def test_a_file_of_another_program_stays(self):
        self.database.write_bytes(b"My diary. " * 1000)
        for make in (None, "CREATE TABLE diary (day)"):
            if make:
                self.database.unlink()
                with closing(sqlite3.connect(self.database)) as database:
                    database.execute(make)
            before = self.database.read_bytes()
            done = self.reset()
            self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (2, "", 1), done.stderr)
            self.assertIn("nothing was deleted", done.stderr)
            self.assertEqual((self.database.read_bytes(), self.files()), (before, {"desk.sqlite3"}))

    def test_where_there_is_no_database_it_says_so(self):
        self.assert_refuses("there is no database", str(self.database), arguments=("--reset",))
        self.assert_refuses(":memory: keeps nothing", arguments=("--reset",), SUPPORT_DESK_DB=":memory:")
        self.assertEqual(self.files(), set())


class Readme(StateTest):
    def test_the_example_of_the_readme_is_a_test_that_passes(self):
        text = (ROOT / "web/README.md").read_text(encoding="utf-8").partition("\n## Labs\n")[2]
        source, names = re.search(r"```python\n(.*?)```", text, re.S)[1], {"__name__": "example"}
        exec(source.replace("localhost:8080", f"127.0.0.1:{self.desk.port}"), names)
        self.desk.new_ticket()
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(names["LockTest"]).run(result)
        self.assertEqual((result.testsRun, result.errors, result.failures), (1, [], []))


if __name__ == "__main__":
    unittest.main()
