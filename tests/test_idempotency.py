"""Idempotency keys: a retry gets the same bytes again and changes nothing; a refusal uses no key up."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from llm import PLUGINS
from tests.desk import AGENT, Client, DeskTest

NEW = {"title": "Login broken", "description": "Cannot get in"}


def key(name: str, user: str = "user-1") -> dict:
    return {"X-User-Id": user, "Idempotency-Key": name}


class Keys(DeskTest):
    def test_a_retry_gets_the_same_bytes_and_makes_no_row_and_no_event(self):
        first = self.desk.post("/tickets", NEW, key("k"))
        for body in (NEW, dict(reversed(NEW.items()))):
            again = self.desk.post(
                "/tickets/", json.dumps(body, indent=4).encode(), {**key("k"), "Content-Type": "application/json"}
            )
            self.assertEqual((again.status, again.body, again.headers["Location"]), (201, first.body, "/tickets/1"))
            self.assertEqual(again.headers["Idempotent-Replayed"], "true")
        self.assertNotIn("Idempotent-Replayed", first.headers)
        self.assertEqual((self.desk.count("tickets"), self.desk.count("audit_events")), (1, 1))

    def test_a_key_in_quotes_and_without_is_the_same_key(self):
        first = self.desk.post("/tickets", NEW, key("demo-1"))
        self.assertEqual(self.desk.post("/tickets", NEW, key('"demo-1"')).body, first.body)

    def test_the_same_key_with_another_body_is_refused(self):
        self.desk.post("/tickets", NEW, key("k"))
        for body in ({**NEW, "title": "Other"}, {**NEW, "priority": "low"}, {**NEW, "id": 1}):
            self.assert_refused(self.desk.post("/tickets", body, key("k")), 422, "IDEMPOTENCY_KEY_REUSED")
        self.assertEqual(self.desk.count("tickets"), 1)

    def test_a_key_counts_for_one_user_one_method_and_one_path(self):
        first = self.desk.post("/tickets", NEW, key("k"))
        self.assertNotEqual(self.desk.post("/tickets", NEW, key("k", "user-2")).json["id"], first.json["id"])
        self.assertEqual(self.desk.post("/tickets/1/comments", {"body": "a"}, key("k")).status, 201)
        self.assertEqual(self.desk.post("/tickets/2/comments", {"body": "a"}, key("k")).json["ticket_id"], 2)
        self.assertEqual(self.desk.patch("/tickets/1", {"title": "b"}, key("k")).json["title"], "b")

    def test_a_user_and_a_key_that_read_the_same_when_joined_are_not_the_same(self):
        pairs = [("shop-12", "3"), ("shop-1", "23"), ("a:b", "c"), ("a", "b:c")]
        replies = [self.desk.post("/tickets", NEW, key(name, user)) for user, name in pairs]
        self.assertEqual([reply.json["created_by"] for reply in replies], [user for user, _ in pairs])

    def test_a_refusal_uses_no_key_up(self):
        for body in ({"title": ""}, {**NEW, "priority": "nonsense"}, b"{"):
            self.assertEqual(
                self.desk.post("/tickets", body, {**key("k"), "Content-Type": "application/json"}).status, 400
            )
        self.assertEqual(self.desk.post("/tickets", NEW, key("k")).status, 201)
        self.desk.post("/tickets/1/draft", {})
        self.assertEqual(self.desk.post("/drafts/1/approve", {}, key("a")).status, 403)
        self.assertEqual(self.desk.post("/drafts/1/approve", {}, {**AGENT, **key("a")}).status, 200)
        for _ in range(2):
            self.assert_refused(self.desk.post("/tickets/9/comments", {"body": "a"}, key("k")), 404, "NOT_FOUND")
            early = self.desk.patch("/tickets/1", {"title": "b"}, {"If-Match": '"9"', **key("k")})
            self.assert_refused(early, 412, "PRECONDITION_FAILED")
        self.assertEqual(self.desk.patch("/tickets/1", {"title": "b"}, key("k")).status, 200)

    def test_every_write_takes_a_key_and_its_replay_comes_before_the_work(self):
        self.desk.new_ticket()
        self.desk.post("/tickets/1/draft", {})
        self.desk.post("/tickets/1/draft", {})
        calls = (
            ("PATCH", "/tickets/1", {"status": "in_progress"}, {"If-Match": '"3"'}),
            ("POST", "/tickets/1/comments", {"body": "Hello"}, {}),
            ("POST", "/tickets/1/draft", {}, {}),
            ("PATCH", "/drafts/1", {"body": "Better"}, {}),
            ("POST", "/drafts/1/approve", {}, {}),
            ("POST", "/drafts/2/reject", {}, {}),
            ("POST", "/api/support-ticket", None, {}),
        )
        for method, path, body, extra in calls:
            with self.subTest(f"{method} {path}"):
                headers = {**AGENT, **extra, "Idempotency-Key": "k"}
                first, events = self.desk.request(method, path, body, headers), self.desk.count("audit_events")
                again = self.desk.request(method, path, body, headers)
                self.assertLess(first.status, 300)
                self.assertEqual((again.status, again.body), (first.status, first.body))
                self.assertEqual(again.headers["Idempotent-Replayed"], "true")
                self.assertEqual(self.desk.count("audit_events"), events)

    def test_a_key_that_is_no_key_is_refused(self):
        for name in ("", "two words", "\u00e4", "k" * 256, '"', '""'):
            reply = self.desk.post("/tickets", NEW, key(name.encode().decode("latin-1")))
            self.assert_refused(reply, 400, "VALIDATION_ERROR")
        self.assertEqual(self.desk.post("/tickets", NEW, key("k" * 255)).status, 201)

    def test_many_requests_at_once_with_one_key_have_one_effect_and_one_answer(self):
        def create(_):
            client = Client()
            client.port = self.desk.port
            reply = client.post("/tickets", NEW, key("k"))
            client.hang_up()
            return reply.status, reply.body

        with ThreadPoolExecutor(8) as pool:
            answers = set(pool.map(create, range(24)))
        self.assertEqual({status for status, _ in answers}, {201})
        self.assertEqual(len(answers), 1)
        self.assertEqual(self.desk.count("tickets"), 1)

    def test_a_day_later_a_key_is_new_again(self):
        self.desk.post("/tickets", NEW, key("k"))
        with closing(self.desk.open_database()) as database, database:
            database.execute("UPDATE idempotency_keys SET created_at = '2020-01-01T00:00:00.000Z'")
        reply = self.desk.post("/tickets", NEW, key("k"))
        self.assertEqual((reply.json["id"], "Idempotent-Replayed" in reply.headers), (2, False))


class WhileTheFirstIsAtWork(DeskTest):
    def test_a_ticket_that_changes_meanwhile_is_no_longer_what_if_match_says(self):
        self.started = threading.Event()
        self.desk.new_ticket()
        first = Client()
        first.port = self.desk.port
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(first.post, "/tickets/1/draft", {}, {"If-Match": '"1"'})
            self.assertTrue(self.started.wait(20), "the first request has not begun")
            self.desk.patch("/tickets/1", {"title": "Meanwhile"})
            self.may_write.set()
            self.assertEqual(waiting.result(20).status, 412)
        first.hang_up()
        self.assertEqual(self.desk.count("drafts"), 0)

    def setUp(self):
        self.may_write, self.writes = threading.Event(), 0
        self.addCleanup(PLUGINS.update, rules=PLUGINS["rules"])
        PLUGINS["rules"] = PLUGINS["rules"]._replace(write=self.write_slowly, classify=self.classify_slowly)
        super().setUp()
        self.addCleanup(self.may_write.set)

    def write_slowly(self, ticket):
        self.writes += 1
        self.started.set()
        self.may_write.wait(20)
        return "Hello"

    def classify_slowly(self, text):
        self.write_slowly(text)
        return "account", "high"

    def test_a_second_draft_with_the_same_key_is_told_to_come_back_and_the_desk_goes_on(self):
        self.started = threading.Event()
        self.desk.new_ticket()
        first = Client()
        first.port = self.desk.port
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(first.post, "/tickets/1/draft", {}, key("k"))
            self.assertTrue(self.started.wait(20), "the first request has not begun")
            reply = self.desk.post("/tickets/1/draft", {}, key("k"))
            self.assert_refused(reply, 409, "IDEMPOTENCY_IN_PROGRESS")
            self.assertEqual(reply.headers["Retry-After"], "1")
            self.assertEqual(self.desk.patch("/tickets/1", {"title": "Meanwhile"}).status, 200)
            self.may_write.set()
            answer = waiting.result(20)
        first.hang_up()
        self.assertEqual(answer.status, 201)
        self.assertEqual(self.desk.post("/tickets/1/draft", {}, key("k")).body, answer.body)
        self.assertEqual((self.writes, self.desk.count("drafts")), (1, 1))

    def test_two_drafts_are_not_written_under_one_key(self):
        self.started, clients = threading.Event(), (Client(), Client())
        self.desk.new_ticket()
        with ThreadPoolExecutor(2) as pool:
            clients[0].port = clients[1].port = self.desk.port
            first = pool.submit(clients[0].post, "/tickets/1/draft", {}, key("k"))
            self.assertTrue(self.started.wait(20), "the first request has not begun")
            self.started.clear()
            second = pool.submit(clients[1].post, "/tickets/1/draft", {}, key("k"))
            second.add_done_callback(lambda _: self.started.set())
            self.assertTrue(
                self.started.wait(20), "the first request has not begun"
            )  # it is answered, or is being written
            self.may_write.set()
            self.assertEqual((first.result(20).status, second.result(20).status), (201, 409))
        for client in clients:
            client.hang_up()
        self.assertEqual((self.writes, self.desk.count("drafts")), (1, 1))

    def test_a_second_classification_with_the_same_key_is_told_to_come_back(self):
        self.started, body = threading.Event(), {"description": "Cannot get in"}
        first = Client()
        first.port = self.desk.port
        with ThreadPoolExecutor(1) as pool:
            for path in ("/tickets/classify", "/api/tickets/classify"):
                self.may_write.clear()
                self.started.clear()
                waiting = pool.submit(first.post, path, body, key("k"))
                self.assertTrue(self.started.wait(20), "the first request has not begun")
                self.assert_refused(self.desk.post(path, body, key("k")), 409, "IDEMPOTENCY_IN_PROGRESS")
                self.may_write.set()
                self.assertEqual(waiting.result(20).json["suggested_category"], "account")
        first.hang_up()
