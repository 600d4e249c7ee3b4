"""The write-ahead log: it is copied into the database file in time, it stays small, and a desk says why it does not."""

import sqlite3
import time
import unittest
from contextlib import closing
from unittest import mock

import store
from tests.desk import TIMEOUT, Desk
from web import server

LIMIT = 100_000  # bytes of the log file here; a ticket is about ten pages of 4096 bytes


class WriteAheadLog(unittest.TestCase):
    def start(self, every=0.01, pages=10_000) -> Desk:
        """A desk with small limits that makes a checkpoint `every` so many seconds, and after so many pages."""
        limits = {"JOURNAL_SIZE_LIMIT": LIMIT, "WAL_TOO_LARGE": 2 * LIMIT, "WAL_PAGES": pages}
        for patched in (mock.patch.multiple(store, **limits), mock.patch.object(server, "CHECKPOINT_EVERY", every)):
            patched.start()
            self.addCleanup(patched.stop)
        desk = Desk(first_start=True)
        self.addCleanup(desk.stop)
        return desk

    def wait_until(self, is_so, what):
        ends = time.monotonic() + TIMEOUT
        while not is_so():
            self.assertLess(time.monotonic(), ends, f"waited for this: {what}")
            time.sleep(0.01)

    @staticmethod
    def size_of_log(desk) -> int:
        return desk.database.with_name(f"{desk.database.name}-wal").stat().st_size

    def tickets_in_a_copy(self, desk) -> int:
        """How many tickets a copy of the main file has, without the file of the log beside it."""
        copy = desk.database.with_name("copy.sqlite3")
        copy.write_bytes(desk.database.read_bytes())
        with closing(sqlite3.connect(copy)) as database:
            return database.execute("SELECT count(*) FROM tickets").fetchone()[0]

    def test_a_copy_of_the_main_file_alone_has_the_tables_at_once_and_the_tickets_after_a_quiet_moment(self):
        desk = self.start()
        self.assertEqual(self.tickets_in_a_copy(desk), 0)
        for number in range(1, 4):
            desk.new_ticket()
            self.wait_until(lambda: self.tickets_in_a_copy(desk) == number, "the tickets are in the main file")

    def test_a_program_that_reads_without_end_is_said_in_ready_metrics_and_log_until_it_stops(self):
        desk = self.start()

        def checks():
            desk.server._checked_at = time.monotonic() - 1  # what the desk does once a second is due
            return desk.get("/ready").json["checks"]

        with closing(desk.open_database()) as other:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM tickets").fetchall()
            while self.size_of_log(desk) <= 2 * LIMIT:
                self.assertEqual(checks(), {"database": "ok"})
                desk.new_ticket()
            self.wait_until(lambda: "write_ahead_log" in checks(), "/ready tells of the log")
            reply = desk.get("/ready")
            self.assertEqual((reply.status, reply.json["status"]), (200, "ready"), "the desk serves well")
            self.assertIn("find the program that", reply.json["checks"]["write_ahead_log"])
            metrics = dict(line.rsplit(" ", 1) for line in desk.get("/metrics").body.decode().splitlines())
            self.assertEqual(int(metrics["desk_wal_bytes"]), self.size_of_log(desk))
            self.assertEqual(int(metrics["desk_database_bytes"]), desk.database.stat().st_size)
            desk.new_ticket()
        self.wait_until(lambda: checks() == {"database": "ok"}, "/ready is as before")
        self.assertLessEqual(self.size_of_log(desk), LIMIT)
        self.assertEqual(self.tickets_in_a_copy(desk), desk.count("tickets"))
        desk.stop()
        said = [line for line in desk.log.getvalue().splitlines() if line.startswith("ERROR")]
        self.assertEqual(len(said), 2, said)
        self.assertIn("find the program that", said[0])
        self.assertIn("small again", said[1])

    def test_a_desk_that_has_no_quiet_moment_copies_its_log_too(self):
        desk = self.start(every=1000, pages=20)
        for _ in range(40):
            desk.new_ticket()
            self.assertLess(self.size_of_log(desk), 2 * LIMIT)
        self.assertGreater(self.tickets_in_a_copy(desk), 30)
