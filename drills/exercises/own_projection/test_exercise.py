"""The work of each agent, projected from the events."""

import json
import random
import sqlite3
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from tests.desk import AGENT, CUSTOMER, Client, DeskProcess, run_app
from tests.exercise import ExerciseTest

KINDS = {"Approved": "approved", "Rejected": "rejected"}
NAMES = "assigned", "approved", "rejected"
ROUTE = "add GET /workload: a row of ROUTES, an endpoint, and a method of store.py that reads the table"
COUNT = "count each event once, in one transaction with the change, or with the cursor that says how far you are"
AT_START = "go on at the next start where the last commit was"
AS_BEFORE = (
    "let this request work as before; the log on stderr has the error of a 500. A trigger must not use json_type(), "
    "json_extract() or ->>, because the desk sets trusted_schema = OFF: use json_each() there"
)
LATE = "count what is new within 5 seconds, also when all is quiet and nobody asks"
ANN, BEN = ({"X-User-Id": name, "X-User-Role": "agent"} for name in ("ann", "ben"))


def from_events(rows) -> dict:
    """{agent: (assigned, approved, rejected)} of event rows (ticket, type, actor, data), oldest first."""
    counts, assignees = {name: Counter() for name in NAMES}, {}
    for ticket, kind, actor, data in rows:
        changes = json.loads(data).get("changes") or {}
        if "assignee" in changes:
            assignees[ticket] = changes["assignee"]
        if kind in KINDS:
            counts[KINDS[kind]][actor] += 1
    counts["assigned"].update(filter(None, assignees.values()))
    agents = set().union(*counts.values())
    return {agent: tuple(counts[name][agent] for name in NAMES) for agent in agents}


def told(said: str) -> list[str]:
    """The lines of --verify or --rebuild that say what is wrong."""
    return [line for line in said.splitlines() if not line.lower().startswith("ok")]


class ProjectionTest(ExerciseTest):
    def work(self, desk: Client) -> None:
        """Some of everything: assign, assign to another one, take back, approve, reject, reopen."""
        new = {"title": "Login broken", "description": "Cannot get in"}
        step, draft = "/tickets/{}/transitions".format, ("POST", "/tickets/1/draft", {}, ANN, 201)
        for method, path, body, headers, status in (
            *[("POST", "/tickets", new, CUSTOMER, 201)] * 3,
            ("POST", step(1), {"transition": "assign"}, ANN, 200),
            ("PATCH", "/tickets/2", {"assignee": "ben"}, ANN, 200),
            ("PATCH", "/tickets/2", {"assignee": "ann"}, BEN, 200),
            ("PATCH", "/tickets/3", {"assignee": "ben"}, ANN, 200),
            ("PATCH", "/tickets/3", {"assignee": None}, ANN, 200),
            *[draft] * 3,
            ("POST", "/drafts/1/approve", {}, BEN, 200),
            ("POST", "/drafts/2/approve", {"body": "Better"}, ANN, 200),
            ("POST", "/drafts/3/reject", {}, BEN, 200),
            ("POST", "/drafts/3/approve", {}, ANN, 409),
            ("POST", step(3), {"transition": "assign", "data": {"assignee": "cat"}}, ANN, 200),
            *[("POST", step(3), {"transition": name}, ANN, 200) for name in ("start_work", "resolve", "close")],
            ("POST", step(3), {"transition": "reopen"}, CUSTOMER, 200),
        ):
            self.assert_status(desk.request(method, path, body, headers), status, f"{AS_BEFORE} ({method} {path})")

    def table(self, desk: Client) -> dict:
        """The table as {agent: (assigned, approved, rejected)}, without those who have only zeros."""
        try:
            rows = desk.rows("SELECT agent, assigned, approved, rejected FROM workload")
        except sqlite3.Error as problem:
            self.assertIsNone(str(problem), "keep the numbers in a table `workload` with the columns of the contract")
        return {agent: tuple(numbers) for agent, *numbers in rows if any(numbers)}

    def fold(self, desk: Client) -> tuple[dict, int]:
        """What the events in the database say, and the id of the last one."""
        rows = desk.rows("SELECT ticket_id, type, actor, data FROM audit_events ORDER BY id")
        return from_events(rows), len(rows)

    def workload(self, desk: Client) -> dict:
        """The answer when it has caught up, as {agent: (assigned, approved, rejected)}."""
        ends, last = time.monotonic() + 10, self.fold(desk)[1]
        while True:
            reply = desk.get("/workload", AGENT)
            self.assert_status(reply, 200, ROUTE)
            if reply.json.get("upto") == last:
                break
            if time.monotonic() > ends:
                self.assertEqual(reply.json.get("upto"), last, LATE)
        agents = [row["agent"] for row in reply.json["agents"]]
        self.assertEqual(agents, sorted(agents), "list each agent once, in order of their ids")
        return {row["agent"]: tuple(row[name] for name in NAMES) for row in reply.json["agents"]}

    def assert_right(self, desk: Client, when: str):
        """The answer and the table are what the events say."""
        answered, wanted = self.workload(desk), self.fold(desk)[0]
        self.assertEqual(answered, wanted, f"{COUNT} (this is the answer {when})")
        self.assertEqual(self.table(desk), wanted, f"{COUNT} (this is the table {when})")
        return wanted


class Numbers(ProjectionTest):
    def test_each_number_is_what_the_events_say(self):
        self.work(self.desk)
        said = self.assert_right(self.desk, "after some work")
        self.assertEqual(said, {"ann": (2, 1, 0), "ben": (0, 1, 1)}, COUNT)

    def test_the_table_is_right_before_anybody_asks(self):
        self.work(self.desk)
        wanted, ends = self.fold(self.desk)[0], time.monotonic() + 10
        while (table := self.table(self.desk)) != wanted:
            if time.monotonic() > ends:
                self.assertEqual(table, wanted, LATE)
            time.sleep(0.05)

    def test_a_new_desk_has_nobody(self):
        self.assertEqual(self.workload(self.desk), {}, "leave out who has only zeros")

    def test_a_change_that_was_rolled_back_is_not_counted(self):
        self.work(self.desk)
        self.desk.post("/tickets/1/draft", {}, ANN)
        before = self.assert_right(self.desk, "before the failed write")
        with closing(self.desk.open_database()) as database:
            database.execute("CREATE TRIGGER f BEFORE INSERT ON idempotency_keys BEGIN SELECT RAISE(ABORT, 'full'); END")
            reply = self.desk.post("/drafts/4/approve", {}, {**ANN, "Idempotency-Key": "once"})
            database.execute("DROP TRIGGER f")
        self.assert_status(reply, 500, "let this write fail as before")
        self.assertEqual(self.assert_right(self.desk, "after the failed write"), before, COUNT)
        self.desk.post("/drafts/4/approve", {}, {**ANN, "Idempotency-Key": "once"})
        self.assertNotEqual(self.assert_right(self.desk, "after the retry"), before, COUNT)


class Locked(ExerciseTest):
    environ = {"SUPPORT_DESK_AUTH": "tokens", "DEBUG": "true"}

    def test_only_staff_may_see_it(self):
        for roles, status in ((["customer"], 403), (["agent"], 200)):
            token = self.desk.post("/api/debug/login", {"login": "eve", "roles": roles}).json["token"]
            reply = self.desk.get("/workload", {"Authorization": f"Bearer {token}"})
            self.assert_status(reply, status, f"{ROUTE}; the column locked of the row says who may call it")


class OnDisk(ProjectionTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.old, self.new = Path(folder.name, "old.sqlite3"), Path(folder.name, "new.sqlite3")

    def open(self, database):
        desk = DeskProcess(database)
        self.addCleanup(desk.stop)
        return desk

    def fill(self):
        desk = self.open(self.old)
        self.work(desk)
        wanted = self.assert_right(desk, "before the stop")
        desk.stop()
        return wanted

    def spoil(self):
        """A number in the old file is wrong."""
        with closing(sqlite3.connect(self.old)) as database, database:
            changed = database.execute("UPDATE workload SET approved = approved + 1 WHERE agent = 'ann'").rowcount
            self.assertEqual(changed, 1, "keep one row for each agent")

    def run_tool(self, *arguments, database):
        said = run_app(*arguments, SUPPORT_DESK_DB=str(database))
        return said.returncode, said.stdout + said.stderr

    def assert_verified(self, database):
        status, said = self.run_tool("--verify", database=database)
        self.assertEqual((status, told(said)), (0, []), "let --verify agree with a table that is right")

    def test_each_start_finds_the_numbers_as_they_were(self):
        wanted = self.fill()
        for _ in range(2):
            desk = self.open(self.old)
            self.assertEqual(self.assert_right(desk, "after a restart"), wanted, AT_START)
            desk.stop()

    def test_verify_says_ok_and_finds_a_wrong_number(self):
        self.fill()
        self.assert_verified(self.old)
        self.spoil()
        status, said = self.run_tool("--verify", database=self.old)
        compare = "compare the table with the events in Store.verify, and name it in the line that says NO"
        lines = [line for line in said.splitlines() if "workload" in line or line.startswith("NO")]
        self.assertEqual((status, bool(lines)), (1, True), f"{compare}; it says: {lines or 'nothing about workload'}")
        self.assertRegex("\n".join(lines), "(?m)^NO .*workload", compare)

    def test_rebuild_makes_the_table_from_the_events_also_where_it_was_wrong(self):
        wanted = self.fill()
        self.spoil()
        status, said = self.run_tool("--rebuild", str(self.new), database=self.old)
        make_anew = "let --rebuild make the table from the events: it copies the tables that it does not know"
        self.assertIn(status, (0, 1), f"{make_anew}; it says: {told(said)}")
        desk = self.open(self.new)
        self.assertEqual(self.workload(desk), wanted, make_anew)
        self.assert_right(desk, "after --rebuild")
        desk.stop()
        self.assert_verified(self.new)

    def test_the_events_of_the_desk_before_your_change_are_counted(self):
        wanted, desk = self.carried_over(lambda desk: (self.work(desk), self.fold(desk)[0])[1])
        self.assertEqual(self.assert_right(desk, "after --rebuild of a desk from before your change"), wanted, COUNT)


class Killed(ProjectionTest):
    """kill -9 in the middle of many changes, three times."""

    ROUNDS, DRAFTS = 3, 12

    def start(self):
        desk = DeskProcess(self.database)
        self.addCleanup(lambda: desk.process.poll() is None and desk.kill())
        return desk

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.database, self.random = Path(folder.name, "desk.sqlite3"), random.Random(12)

    def burst(self, desk, round_number):
        """Many changes on one connection, and the end of the process before all of them are answered."""
        first = round_number * self.DRAFTS
        lines = []
        for number in range(first + 1, first + self.DRAFTS + 1):
            who, what = self.random.choice(("ann", "ben")), self.random.choice(("approve", "reject"))
            lines += [("POST", f"/drafts/{number}/{what}", {}, who)]
            lines += [("PATCH", "/tickets/1", {"assignee": self.random.choice(("ann", "ben", "cat"))}, who)] * 2
        with desk.connect() as sock:
            for method, path, body, who in lines:
                text = json.dumps(body)
                head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                head += f"X-User-Id: {who}\r\nX-User-Role: agent\r\nContent-Length: {len(text)}\r\n\r\n"
                sock.sendall(head.encode() + text.encode())
            left = self.random.randrange(1, 12_000)
            while left > 0:
                left -= len(sock.recv(2000)) or left
            desk.kill()

    def test_no_event_is_lost_and_none_is_counted_twice(self):
        desk = self.start()
        for round_number in range(self.ROUNDS):
            desk.new_ticket()
            for _ in range(self.DRAFTS):
                reply = desk.post("/tickets/1/draft", {"body": "Hello"}, ANN)
                self.assert_status(reply, 201, "let agents write drafts as before")
            self.burst(desk, round_number)
            desk = self.start()
            wanted = self.assert_right(desk, f"after kill -9 number {round_number + 1}")
            self.assertTrue(wanted, "let the changes be saved as before")
        desk.stop()
        said = run_app("--verify", SUPPORT_DESK_DB=str(self.database))
        self.assertEqual((said.returncode, told(said.stdout + said.stderr)), (0, []), "let --verify agree after kill -9")
