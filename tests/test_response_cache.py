"""Answers that are kept until the database changes: nobody ever reads what was true before."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from store import Store
from tests.desk import AGENT, CUSTOMER, TIMEOUT, Client, Desk, DeskTest

READS = (
    "/tickets",
    "/tickets?status=open&limit=5",
    "/tickets?search=login",
    "/tickets/stats",
    "/tickets/1",
    "/api/tickets/",
)


class Cache(DeskTest):
    def reads(self):
        return [self.desk.get(path).body for path in READS]

    def test_every_change_is_seen_by_the_next_request(self):
        self.desk.new_ticket()
        for method, path, body in (
            ("POST", "/tickets", {"title": "Login again", "description": "x"}),
            ("PATCH", "/tickets/1", {"title": "Login once more"}),
            ("PATCH", "/tickets/1", {"status": "in_progress"}),
            ("POST", "/tickets/1/comments", {"body": "Hello"}),
            ("POST", "/tickets/1/draft", {}),
            ("POST", "/drafts/1/approve", {}),
            ("POST", "/tickets/1/transitions", {"transition": "resolve"}),
        ):
            before = self.reads()
            self.assertEqual(self.reads(), before)
            self.assertLess(self.desk.request(method, path, body, AGENT).status, 300)
            after = self.reads()
            changed = READS.index("/tickets" if path == "/tickets" else "/tickets/1")
            self.assertNotEqual(after[changed], before[changed])
            stored = self.desk.rows("SELECT version FROM tickets WHERE id = 1")
            self.assertEqual([(self.desk.get("/tickets/1").json["version"],)], stored)

    def test_a_change_by_another_program_is_seen_too(self):
        self.desk.new_ticket()
        for title in ("Login from outside", "and again"):  # the first time a commit of the desk itself may come between
            self.reads()
            with closing(self.desk.open_database()) as database, database:
                database.execute("UPDATE tickets SET title = ?, state = 'closed'", (title,))
            self.assertEqual(self.desk.get("/tickets/1").json["title"], title)
        self.assertEqual(self.desk.get("/tickets?status=open&limit=5").json["total"], 0)
        self.assertEqual(self.desk.get("/tickets/stats").json["open_tickets"], 0)

    def test_a_read_behind_a_write_in_one_packet_sees_it(self):
        self.desk.new_ticket()
        read = b"GET /tickets?limit=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
        body = b'{"title":"In between","description":"x"}'
        head = (
            b"POST /tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        )
        answers = self.desk.raw(read + head % len(body) + body + read)
        self.assertEqual([answers.count(b'"total":1,'), answers.count(b'"total":2,')], [1, 1])

    def test_a_search_that_a_commit_overtakes_is_not_kept(self):
        has_read, release = threading.Event(), threading.Event()

        class Held(Store):
            def tickets(self, filters):
                page = super().tickets(filters)
                if "search" in filters:
                    has_read.set()
                    release.wait(TIMEOUT)
                return page

        desk, other = Desk(store=Held), Client()
        self.addCleanup(desk.stop)
        desk.new_ticket()
        other.port = desk.port
        with ThreadPoolExecutor(1) as pool:
            old = pool.submit(other.get, "/tickets?search=login")
            self.assertTrue(has_read.wait(TIMEOUT))
            desk.new_ticket()
            self.assertEqual(desk.get("/tickets").json["total"], 2)  # answers are kept for this new state by now
            release.set()
            self.assertEqual(old.result(TIMEOUT).json["total"], 1)
        other.hang_up()
        self.assertEqual([desk.get("/tickets?search=login").json["total"] for _ in range(2)], [2, 2])

    def test_a_caller_never_gets_the_kept_answer_of_somebody_else(self):
        self.desk.new_ticket()
        for headers in (CUSTOMER, AGENT, {}) * 2:  # twice: the desk may tidy up and forget in between
            mine = self.desk.get("/tickets?mine=true", headers).json["total"]
            self.assertEqual(mine, int(headers == CUSTOMER))
        first, second = self.desk.get("/tickets/1"), self.desk.get("/tickets/1")
        self.assertEqual(first.body, second.body)
        self.assertNotEqual(first.headers["X-Request-Id"], second.headers["X-Request-Id"])
        self.assertEqual(self.desk.request("HEAD", "/tickets/1").body, b"")
