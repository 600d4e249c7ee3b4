"""The way of a request: what http.server's documentation says of a handler holds, and a request is one savepoint."""

import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer
from inspect import isgeneratorfunction
from unittest import mock

import app
from llm import Failed
from store import KEEP_RESPONSE, Store
from tests.desk import AGENT, Desk, DeskTest
from tests.test_search import NeverIndexes
from web import debug, handler, response_cache
from web.http1 import Response
from web.routes import worker

NEW = {"title": "Login broken", "description": "Cannot get in"}


class Recorded(Store):
    """A store that writes down its statements; without a search index, which is filled in the background."""

    index_module = "none"

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.statements = []

    def record(self):
        self.db.set_trace_callback(self.statements.append)

    def count(self, start: str) -> int:
        return sum(statement.startswith(start) for statement in self.statements)


class TheHandler(DeskTest):
    def test_the_handler_is_the_request_handler_class_of_an_http_server(self):
        server = self.desk.server
        self.assertIsInstance(server, HTTPServer)
        self.assertIs(server.RequestHandlerClass, handler.Handler)
        self.assertTrue(issubclass(handler.Handler, BaseHTTPRequestHandler))

    def test_a_subclass_can_answer_a_request_as_the_library_says(self):
        seen = []

        class Greeter(handler.Handler):
            def do_GET(self):
                seen.append((self.command, self.path, self.request_version, self.headers["X-Name"], self.requestline))
                return Response(200, b"hello\n", (("Content-Type", "text/plain"),))

            def log_request(self, code="-", size="-"):
                seen.append((self.command, code, size))

        self.desk.server.RequestHandlerClass = Greeter
        reply = self.desk.get("/health?x=1", {"x-name": "Ann"})
        self.assertEqual((reply.status, reply.body), (200, b"hello\n"))
        line = "GET /health?x=1 HTTP/1.1"
        self.assertEqual(seen, [("GET", "/health?x=1", "HTTP/1.1", "Ann", line), ("GET", 200, 6)])

    def test_a_header_that_cannot_be_sent_is_a_500_and_the_desk_goes_on(self):
        class Sloppy(handler.Handler):
            def do_GET(self):
                return Response(200, b"", (("X-Title", self.current.query and "one\r\ntwo" or "漢字"),))

        self.desk.server.RequestHandlerClass = Sloppy
        for path in ("/health", "/health?x", "/health"):
            self.assert_refused(self.desk.get(path), 500, "INTERNAL_ERROR")

    def test_endpoints_are_plain_functions(self):
        for route in app.ROUTES + debug.ROUTES:
            for function in (route.endpoint, route.prepare, route.runs_on):
                self.assertFalse(isgeneratorfunction(function), f"{route.method} {route.path}")

    def test_slow_reads_run_as_a_whole_on_a_worker_and_slow_writes_are_prepared_there(self):
        for route in app.ROUTES + debug.ROUTES:
            if route.runs_on is worker and route.method != "GET":
                self.assertIsNotNone(route.prepare, f"{route.method} {route.path} would run on the loop")


class OneTransaction(unittest.TestCase):
    def desk(self, **environ) -> Desk:
        desk = Desk(store=Recorded, on_open=Recorded.record, **environ)
        self.addCleanup(desk.stop)
        return desk

    def test_each_write_opens_one_savepoint_also_where_its_reply_is_written_by_a_worker(self):
        desk = self.desk()
        for path, body in (
            ("/tickets", NEW),
            ("/tickets/1/comments", {"body": "Hello"}),
            ("/tickets/1/draft", {"body": "Hello"}),
            ("/drafts/1/approve", {"body": "Hello!"}),
        ):
            desk.store.statements.clear()
            self.assertLess(desk.post(path, body, {**AGENT, "Idempotency-Key": path}).status, 300)
            end = next(place for place, text in enumerate(desk.store.statements) if text.startswith("RELEASE"))
            during, after = desk.store.statements[:end], desk.store.statements[end:]  # after: work in the background
            opened = [text for text in during if text.startswith("SAVEPOINT")]
            changes = [text for text in after if text.startswith(("INSERT INTO audit_events", KEEP_RESPONSE[:30]))]
            self.assertEqual((opened, changes), (["SAVEPOINT request"], []), path)
        desk.store.statements.clear()
        self.assertEqual(desk.post("/tickets/1/draft", {}, AGENT).status, 201)
        changes = next(
            place for place, text in enumerate(desk.store.statements) if text.startswith("INSERT INTO drafts")
        )
        before = [text for text in desk.store.statements[:changes] if text.startswith(("SAVEPOINT", "RELEASE"))]
        self.assertEqual(before[-1], "SAVEPOINT request")

    def test_reads_of_one_turn_share_one_transaction(self):
        desk = self.desk()
        desk.new_ticket()
        desk.store.statements.clear()
        read = b'GET /tickets/1 HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: "x"\r\n\r\n'
        self.assertEqual(desk.raw(read * 8).count(b"HTTP/1.1 200"), 8)
        self.assertEqual(desk.store.count("SELECT id, version, state"), 8)
        self.assertLess(desk.store.count("BEGIN"), 8)
        self.assertEqual(desk.store.count("BEGIN"), desk.store.count("ROLLBACK"))

    def test_no_transaction_is_open_while_an_llm_is_called(self):
        opened, calls = [], []

        class Watched(Store):
            def __init__(self, *arguments, **options):
                super().__init__(*arguments, **options)
                opened.append(self)

            def close(self):
                super().close()
                opened.remove(self)

        desk = Desk(store=Watched, CLASSIFIER="openai", OPENAI_BASE_URL="http://127.0.0.1:9/v1")
        self.addCleanup(desk.stop)
        desk.new_ticket()

        def ask(settings, prompt, data):
            calls.append(opened[1:])  # without the desk's own
            raise Failed("no LLM here")

        assistant = desk.server.context.assistant
        with mock.patch.object(assistant, "_plugin", assistant._plugin._replace(ask=ask)):
            desk.post("/tickets/1/draft", {}, AGENT)
        self.assertEqual(calls, [[]], "no other connection to the database is open meanwhile")


class Responses(DeskTest):
    def test_a_full_cache_begins_anew_so_that_what_is_asked_for_now_is_kept(self):
        desk = Desk(store=NeverIndexes)  # its index would commit in between, which empties the cache
        self.addCleanup(desk.stop)
        desk.new_ticket()
        with mock.patch.object(response_cache, "MOST", 5):
            for number in range(7):
                desk.get(f"/tickets?limit={number + 1}")
            desk.get("/tickets?limit=20")
            with mock.patch.object(Store, "tickets", side_effect=AssertionError("the list is made anew")):
                self.assertEqual(desk.get("/tickets?limit=20").status, 200)

    def test_json_made_by_sqlite_equals_the_row(self):
        words = 'Quote " backslash \\ slash / tab \t line \n é 😀 \x7f \u2028 end'
        created = self.desk.new_ticket(title=words.replace("\n", " "), description=words)
        self.desk.post("/tickets/1/comments", {"body": words, "internal": True}, AGENT)
        self.desk.post("/tickets/1/draft", {"body": words}, AGENT)
        whole = self.desk.get("/tickets/1", AGENT).json
        names = [name for _, name, *_ in self.desk.rows("PRAGMA table_xinfo(tickets)")]
        self.assertEqual(list(created), names)
        parts = ["comments", "comments_next", "drafts", "drafts_next", "enabled_transitions"]
        self.assertEqual(list(whole), [*names, *parts])
        self.assertEqual((whole["title"], whole["description"]), (created["title"], created["description"]))
        self.assertEqual((whole["comments"][0]["body"], whole["comments"][0]["internal"]), (words, True))
        self.assertEqual(whole["drafts"][0]["body"], words)
        (listed,) = self.desk.get("/tickets").json["tickets"]
        self.assertEqual(listed, {name: whole[name] for name in names})

    def test_uuids_are_in_order_of_time(self):
        uuids = [self.desk.new_ticket()["uuid"] for _ in range(20)]
        milliseconds = [uuid[:13] for uuid in uuids]
        self.assertEqual(milliseconds, sorted(milliseconds))
        self.assertEqual(len(set(uuids)), 20)
        self.assertTrue(all(uuid[14] == "7" and uuid[19] in "89ab" for uuid in uuids), uuids)
