"""A kill at every statement of every write: the write is there as a whole or not at all, and there if it was answered.

One child process for each kill: it opens a copy of a small database, sends one request to a desk in the same process,
and runs turns of the event loop. It ends at the n-th step: a statement of the transaction, the end of the commit, or
the moment after the answer.
"""

import io
import json
import os
import random
import signal
import socket
import sqlite3
import tempfile
import time
import unittest
from contextlib import closing
from pathlib import Path

import app
from store import KEYS_LIVE, Store
from tests.child_desk import CAN_FORK, WHY_NOT, fork, verify
from tests.desk import TIMEOUT
from web.log import Log
from workflow import Caller, later, utc_now

MEMORY = "/dev/shm"  # files in memory, if the system has such a folder: what a killed process has written stays there
AGENT = Caller("agent-1", ("agent",))
RANDOM_KILLS = 40
ROLES = "customer,agent,supervisor"
NEW = {"title": "Login broken", "description": "Cannot get in", "category": "account", "priority": "high"}
USER = {"email": "ann@example.com", "name": "Ann", "roles": ["agent"], "password_hash": "none"}
REQUESTS = {  # a write: method, path and body of its request
    "create a ticket": ("POST", "/tickets", NEW),
    "an edit that fires three transitions": ("PATCH", "/tickets/1", {"status": "resolved", "title": "Solved"}),
    "a transition": ("POST", "/tickets/1/transitions", {"transition": "assign"}),
    "a comment": ("POST", "/tickets/1/comments", {"body": "Hello"}),
    "a draft": ("POST", "/tickets/1/draft", {"body": "Dear customer"}),
    "an edit of a draft": ("PATCH", "/drafts/1", {"body": "Better"}),
    "an approval with an edit": ("POST", "/drafts/1/approve", {"body": "Better"}),
    "a rejection": ("POST", "/drafts/1/reject", {}),
    "a lock": ("POST", "/tickets/1/lock", None),
    "the end of a lock": ("DELETE", "/tickets/2/lock", None),
}


def add_and_copy(store):
    """A commit before the checkpoint, and one after it: the log begins again."""
    for _ in range(2):
        write(store, lambda: store.add_ticket(AGENT, NEW))
        store.checkpoint()


def add_many(store, told) -> None:
    """Commits with checkpoints between them; tells the id of each ticket after its commit."""
    store.db.execute("PRAGMA wal_autocheckpoint = 8")
    for _ in range(60):
        with store.savepoint():
            ticket = store.add_ticket(AGENT, NEW)
        store.commit()
        os.write(told, b"%d\n" % ticket["id"])


WORK = {  # a write that no request asks for, as a function of the store
    "a new user": lambda store: write(store, lambda: store.add_user(USER)),
    "words for the search index": lambda store: (store.index_some(), store.commit()),
    "the end of expired locks": lambda store: (store.end_leases(), store.commit()),
    "the end of old responses": lambda store: (store.delete_old_responses(), store.commit()),
    "checkpoints": add_and_copy,
}
SEEN = (  # what a write can change; times and random names are left out
    "SELECT id, title, state, assignee, version, locked_by FROM tickets",
    "SELECT id, ticket_id, version, type, actor FROM audit_events",
    "SELECT id, ticket_id, author, body FROM comments",
    "SELECT id, ticket_id, body, status, decided_by FROM drafts",
    "SELECT key, path, status FROM idempotency_keys",
    "SELECT email FROM users",
)
PENDING = "SELECT ticket_id FROM search_pending"


def write(store, change):
    with store.savepoint():
        change()
    store.commit()


def fill(path: Path) -> None:
    """Two tickets: one with a draft and a comment, and one that agent-1 has locked."""
    with closing(Store(str(path))) as store:
        with store.savepoint():
            first, second = (store.add_ticket(AGENT, NEW) for _ in range(2))
            store.add_draft(AGENT, first, "Dear customer", "hand")
            store.lock_ticket(AGENT, second)
            store.add_comment(AGENT, store.ticket("1"), "Hello", False)
        store.commit()


def fill_with_old(path: Path) -> None:
    """The same, with two locks and a kept response that are over."""
    fill(path)
    with closing(Store(str(path))) as store:
        store.clock = lambda: later(utc_now(), -KEYS_LIVE - 60)
        with store.savepoint():
            for _ in range(2):
                store.lock_ticket(AGENT, store.add_ticket(AGENT, NEW))
            store.keep_response(("user", "POST", "/tickets", "old"), "", 201, None, b"{}")
        store.commit()


def seen(path: Path, *more: str) -> list:
    with closing(sqlite3.connect(path)) as database:
        return [database.execute(sql).fetchall() for sql in (*SEEN, *more)]


class Killed(Store):
    """A store that kills its process at a step. The reads before the first transaction are no steps."""

    left = -1  # steps until the end; negative: no end
    has_begun = False

    def step(self, statement):
        self.has_begun |= statement.startswith(("BEGIN IMMEDIATE", "PRAGMA wal_checkpoint"))
        self.left -= self.has_begun
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def commit(self):
        super().commit()
        self.step("after the commit")


def ask(store, request, told) -> None:
    """Send one request to a desk in this process, write its answer to the file `told`, and run some more turns."""
    settings = app.read_settings({}, {"SUPPORT_DESK_DB": str(store.path), "PORT": "0"})
    with app.listen(settings, Log(io.StringIO())) as server:
        app.open_desk(server, settings, store)
        with socket.create_connection(server.server_address, timeout=TIMEOUT) as client:
            client.sendall(request)
            client.setblocking(False)
            answer, ends = b"", time.monotonic() + TIMEOUT
            while not answer and time.monotonic() < ends:
                server.run_once(0)
                try:
                    answer = client.recv(2**20)
                except BlockingIOError:
                    pass
            os.write(told, answer)
            store.step("after the answer")


def message(method, path, body) -> bytes:
    data = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nX-User-Id: agent-1\r\nX-User-Role: {ROLES}\r\n"
    head += "Content-Type: application/json\r\nIdempotency-Key: once\r\n" if method != "DELETE" else ""
    return f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data


@unittest.skipUnless(CAN_FORK, WHY_NOT)
class KillAtEveryStatement(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=MEMORY if os.path.isdir(MEMORY) else None)
        self.addCleanup(folder.cleanup)
        self.sound, self.database = Path(folder.name, "sound.sqlite3"), Path(folder.name, "desk.sqlite3")
        self.fill = fill

    def run_child(self, work, step=-1, seconds=0) -> tuple[bytes, int]:
        """(what work(store, told) has told, the signal that ended it or 0). A kill comes at a step or after seconds."""
        reader, told = os.pipe()

        def run():
            with closing(Killed(str(self.database))) as store:
                store.left = step
                store.db.set_trace_callback(store.step)
                if seconds:
                    signal.setitimer(signal.ITIMER_REAL, seconds)  # its signal ends a process like a kill
                work(store, told)
                signal.setitimer(signal.ITIMER_REAL, 0)
                store.db.set_trace_callback(None)

        child = fork(run)
        os.close(told)
        with open(reader, "rb") as answers:
            answer = answers.read()
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        self.assertLessEqual(ended, 0, "the child failed")
        return answer, -ended

    def renew(self):
        for end in ("-wal", "-shm"):
            Path(f"{self.database}{end}").unlink(missing_ok=True)
        self.database.write_bytes(self.sound.read_bytes())

    def walk(self, work, *more):
        """Yield (step, answer) after each kill at a step, until the work reaches its end before the kill."""
        self.sound.unlink(missing_ok=True)
        self.fill(self.sound)
        self.renew()
        self.run_child(work)
        self.before, self.after, step, number = seen(self.sound, *more), seen(self.database, *more), 0, signal.SIGKILL
        while number:
            step += 1
            self.renew()
            answer, number = self.run_child(work, step)
            self.assertEqual(verify(self.database), [], f"after a kill at step {step}")
            yield step, answer
        self.assertEqual(seen(self.database, *more), self.after)
        self.assertGreater(step, 3)

    def test_a_request_is_done_wholly_or_not_at_all_and_its_retry_does_it_once(self):
        for name, request in REQUESTS.items():
            request = message(*request)
            work = lambda store, told: ask(store, request, told)
            for step, answer in self.walk(work):
                with self.subTest(name, step=step):
                    now = seen(self.database)
                    self.assertIn(now, [self.after] if answer else [self.before, self.after])
                    if now == self.before and step % 4:  # so that the proof is quicker
                        continue
                    again, _ = self.run_child(work)
                    self.assertIn(again[9:12], (b"200", b"201"))
                    if answer and not request.startswith(b"DELETE"):
                        self.assertEqual(again.partition(b"\r\n\r\n")[2], answer.partition(b"\r\n\r\n")[2])
                        self.assertIn(b"Idempotent-Replayed: true", again)
                    self.assertEqual(seen(self.database), self.after)

    def test_work_of_the_desk_itself_is_done_wholly_or_not_at_all(self):
        self.fill = fill_with_old
        for name, job in WORK.items():
            between = []
            for step, _ in self.walk(lambda store, _: job(store), PENDING):
                with self.subTest(name, step=step):
                    now = seen(self.database, PENDING)
                    if now not in (self.before, self.after):
                        between.append(now)
            self.assertEqual(len({repr(now) for now in between}), int(name == "checkpoints"), name)

    def test_a_kill_at_any_instant_loses_no_ticket_that_was_told(self):
        chance, begin = random.Random(12), time.monotonic()
        fill(self.sound)
        self.renew()
        self.run_child(add_many)
        whole, killed = time.monotonic() - begin, 0
        for number in range(RANDOM_KILLS):
            self.renew()
            told, ended = self.run_child(add_many, seconds=chance.uniform(0, whole))
            killed += ended == signal.SIGALRM
            with self.subTest(number):
                self.assertEqual(verify(self.database), [])
                tickets = [row[0] for row in seen(self.database)[0]]
                self.assertEqual(tickets, [*range(1, len(tickets) + 1)])
                self.assertLessEqual({int(id) for id in told.split()}, set(tickets))
        self.assertGreater(killed, 0)
