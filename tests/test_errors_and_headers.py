"""Errors and headers: the one shape of every refusal, and what every answer carries; also the request log."""

import json
import re
import sqlite3
from contextlib import closing
from unittest import mock

import workflow
from tests.desk import AGENT, TIMEOUT, Desk, DeskTest, choices, want
from web import handler, responses
from web.http1 import MAX_BODY

NEW = {"title": "Login broken", "description": "Cannot get in"}
TYPED = {"Content-Type": "application/json"}
PROBLEM = {"Accept": "application/problem+json"}


def break_table(desk: Desk, name: str) -> None:
    """Take a table away from a running desk, as no request can."""
    with closing(sqlite3.connect(desk.database, timeout=TIMEOUT)) as database:
        database.execute(f"ALTER TABLE {name} RENAME TO canary_{name}")


class Waiting(DeskTest):
    def test_a_body_that_does_not_come_is_given_up_and_the_client_is_told(self):
        patched = mock.patch.dict(handler.READING, body=handler.BODY._replace(timeout=0.05))
        self.addCleanup(patched.stop)
        patched.start()
        with self.desk.connect() as sock:
            sock.sendall(b"POST /tickets HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{")
            answer = b"".join(iter(lambda: sock.recv(65536), b""))
        self.assertTrue(answer.startswith(b"HTTP/1.1 408 "), answer)
        self.assertIn(b'"code":"REQUEST_TIMEOUT"', answer)

    def test_a_desk_whose_database_does_not_answer_is_not_ready(self):
        break_table(self.desk, "tickets")
        reply = self.desk.get("/ready")
        self.assertEqual((reply.status, reply.json["status"]), (503, "unavailable"))


class Refusals(DeskTest):
    def test_every_refusal_of_the_desk_has_a_status(self):
        for refusal in workflow.Refusal.__subclasses__():
            want(refusal in responses.STATUS, f"add to web/responses.py, STATUS: workflow.{refusal.__name__}: 409,")

    def refusals(self, accept=None):
        """(status, code, reply) for every refusal that a client can provoke with a sound request."""
        desk, more = self.desk, accept or {}
        desk.new_ticket()
        desk.post("/tickets/1/draft")
        desk.post("/tickets", NEW, {"Idempotency-Key": "used"})
        desk.post("/drafts/1/approve", {}, AGENT)
        desk.patch("/tickets/2", {"status": "in_progress"}, AGENT)
        yield 400, "VALIDATION_ERROR", desk.post("/tickets", {}, more)
        yield 400, "VALIDATION_ERROR", desk.request("POST", "/tickets", b"{", {**TYPED, **more})
        yield 400, "VALIDATION_ERROR", desk.get("/tickets?status=lost", more)
        yield 400, "VALIDATION_ERROR", desk.get("/tickets", {"X-User-Id": "two words", **more})
        yield 400, "BAD_REQUEST", desk.get("/tickets#top", more)
        yield 401, "UNAUTHORIZED", desk.post("/drafts/1/approve", {}, {**AGENT, "Authorization": "Bearer x", **more})
        yield 403, "FORBIDDEN", desk.post("/drafts/1/approve", {}, more)
        yield 403, "FORBIDDEN", desk.post("/tickets", NEW, {"Origin": "https://evil.example", **more})
        yield 404, "NOT_FOUND", desk.get("/tickets/99", more)
        yield 404, "NOT_FOUND", desk.get("/nothing", more)
        yield 405, "METHOD_NOT_ALLOWED", desk.request("DELETE", "/tickets", None, more)
        yield 409, "ALREADY_DECIDED", desk.post("/drafts/1/approve", {}, {**AGENT, **more})
        yield 409, "TRANSITION_FAILED", desk.patch("/tickets/2", {"status": "open"}, {**AGENT, **more})
        yield 412, "PRECONDITION_FAILED", desk.patch("/tickets/1", {"title": "x"}, {"If-Match": '"77"', **more})
        yield 415, "UNSUPPORTED_MEDIA_TYPE", desk.request("POST", "/tickets", b"title=x", more)
        yield 417, "EXPECTATION_FAILED", desk.get("/health", {"Expect": "tea", **more})
        yield 421, "MISDIRECTED_REQUEST", desk.get("/health", {"Host": "evil.example", **more})
        used = {"Idempotency-Key": "used", **more}
        yield 422, "IDEMPOTENCY_KEY_REUSED", desk.post("/tickets", {**NEW, "title": "x"}, used)

    def test_every_refusal_has_one_shape(self):
        for status, code, reply in self.refusals():
            with self.subTest(code):
                self.assert_refused(reply, status, code)
                self.assertEqual(reply.headers["Content-Type"], "application/json")
                self.assertEqual(reply.headers["X-Request-Id"], reply.json["request_id"])
                self.assertTrue(reply.json["error"] and reply.json["message"] and reply.body.endswith(b"}\n"))
                self.assertIsInstance(reply.json["details"], dict)
                self.assertEqual("Allow" in reply.headers, status == 405)
                self.assertEqual("WWW-Authenticate" in reply.headers, status == 401)

    def test_a_refusal_as_problem_json_states_the_same_facts(self):
        for status, code, reply in self.refusals(PROBLEM):
            with self.subTest(code):
                self.assertEqual(reply.headers["Content-Type"], "application/problem+json")
                self.assertLessEqual({"type", "title", "status", "detail", "details", "request_id"}, set(reply.json))
                self.assertEqual((reply.status, reply.json["status"], reply.json["code"]), (status, status, code))
                self.assertEqual(reply.json["type"], "about:blank")
                self.assertFalse({"error", "message"} & set(reply.json))

    def test_the_published_example_is_answered_word_for_word(self):
        reply = self.desk.post("/tickets", {"description": "Cannot get in"}, {"X-Request-Id": "r-1"})
        self.assertEqual(
            reply.json,
            {
                "error": "Validation Error",
                "code": "VALIDATION_ERROR",
                "message": "title: This field is required.",
                "details": {"title": ["This field is required."]},
                "request_id": "r-1",
            },
        )

    def test_a_mistake_of_the_desk_is_told_to_the_log_and_not_to_the_client(self):
        self.desk.new_ticket()
        break_table(self.desk, "comments")
        reply = self.desk.get("/tickets/1/comments", {"X-Request-Id": "trouble-1"})
        self.desk.get("/health")
        self.assert_refused(reply, 500, "INTERNAL_ERROR")
        self.assertEqual(reply.json["error"], "Internal server error")
        self.assertIn("trouble-1", reply.json["message"])
        self.assertNotRegex(reply.body.decode(), "sqlite|Traceback|no such table")
        self.assertRegex(self.desk.log.getvalue(), r"ERROR \| trouble-1 (?s:.)*Traceback(?s:.)*no such table")


DEEP = 4_000  # levels
BAD_JSON = {
    "no end": (b'{"title": "a"', "line 1, column 14"),
    "a comma missing on line 3": (b'{\n"title": "a"\n"description": "b"}', "line 3, column 1"),
    "two values": (b"{} {}", "line 1, column 4"),
    "single quotes": (b"{'title': 'a'}", "line 1, column 2"),
    "a line break in a text": (b'{"title": "a\nb"}', "line 1, column 13"),
    "a raw NUL": (b'{"title": "a\0b"}', "line 1, column 13"),
    "only blanks": (b"  ", "line 1, column"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "line 1, column 1"),
    "an array": (b'[{"title": "a"}]', "object"),
    "a text": (b'"title"', "object"),
    "a number": (b"17", "object"),
    "null": (b"null", "object"),
    "a key twice": (b'{"title": "a", "title": "b"}', "'title' is given twice"),
    "a key twice, spelt differently": (b'{"title": "a", "\\u0074itle": "b"}', "'title' is given twice"),
    "a key twice, deeper": (b'{"title": {"a": 1, "a": 2}}', "'a' is given twice"),
    "NaN": (b'{"title": NaN}', "NaN"),
    "Infinity": (b'{"title": Infinity}', "Infinity"),
    "-Infinity": (b'{"id": -Infinity}', "-Infinity"),
    "a number that overflows": (b'{"id": 1e400}', "too large"),
    "a long number that overflows": (b'{"id": 1' + b"0" * 10_000 + b".0}", "too large"),
    "a whole number of 5000 digits": (b'{"id": ' + b"1" * 5000 + b"}", "digits"),
    "a whole number of a million digits": (b'{"id": ' + b"1" * (MAX_BODY - 20) + b"}", "digits"),
    "a high surrogate alone": (b'{"title": "\\ud83d"}', "surrogate"),
    "a low surrogate alone": (b'{"title": "\\ude00!"}', "surrogate"),
    "surrogates in the wrong order": (b'{"title": "\\ude00\\ud83d"}', "surrogate"),
    "a surrogate in a key": (b'{"\\ud83d": 1}', "surrogate"),
    "a surrogate in a field that is ignored": (b'{"id": [{"a": ["\\ud83d"]}]}', "surrogate"),
    "NUL": (b'{"title": "a\\u0000b"}', "NUL"),
    "NUL in a key": (b'{"a\\u0000": 1}', "NUL"),
    "a key twice among 4,000": (b"{%b}" % b",".join(b'"%d":1' % (n % 4000) for n in range(4001)), "twice"),
    "a byte that is not UTF-8": (b'{"title": "\xff"}', "UTF-8"),
    "an overlong encoding": (b'{"title": "\xc0\xaf"}', "UTF-8"),
    "a surrogate in UTF-8": (b'{"title": "\xed\xa0\x80"}', "UTF-8"),
    "Latin-1": ('{"title": "café"}'.encode("latin-1"), "UTF-8"),
    "UTF-16": ('{"title": "a"}'.encode("utf-16"), "UTF-8"),
    "arrays in arrays": (b"[" * DEEP + b"]" * DEEP, "deep"),
    "objects in objects": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "deep"),
    "a deep value in a field that is ignored": (b'{"id":' + b"[" * DEEP + b"]" * DEEP + b"}", "deep"),
    "too many numbers": (b'{"id":[' + b"1," * 300_000 + b"1]}", "too many values"),
    "too many texts": (b'{"id":[' + b'"",' * 300_000 + b'""]}', "too many values"),
    "too many empty arrays": (b'{"id":[' + b"[]," * 300_000 + b"[]]}", "too many values"),
    "too many members": (b"{%b}" % b",".join(b'"%d":1' % number for number in range(50_000)), "too many values"),
}


class Bodies(DeskTest):
    def send(self, data: bytes, **more):
        return self.desk.request("POST", "/tickets", data, {**TYPED, **more})

    def test_a_body_that_is_not_json_is_refused_with_the_place_or_the_reason(self):
        for name, (data, said) in BAD_JSON.items():
            with self.subTest(name):
                reply = self.send(data)
                self.assert_refused(reply, 400, "VALIDATION_ERROR")
                self.assertIn(said, reply.json["message"])
                self.assertEqual(reply.json["details"], {})
                self.assertLess(len(reply.body), 600)
        self.assertEqual(self.desk.count("tickets"), 0)

    def test_a_hundred_levels_are_accepted_and_one_more_is_refused(self):
        for inside in (b"", b"1", b'"text"'):
            for levels, status in ((99, 201), (100, 400)):  # the body itself is one more
                body = b'{"title": "Deep", "description": "d", "id": ' + b"[" * levels + inside + b"]" * levels + b"}"
                self.assertEqual(self.send(body).status, status, f"{levels} levels around {inside}")

    def test_marks_inside_a_text_are_not_values(self):
        for text in ("," * 19_000, "[{" * 9_000, '"' * 19_000, "\\" * 19_000, '\\"' * 9_000 + ",[{" * 300):
            reply = self.desk.post("/tickets", {**NEW, "description": text})
            self.assertEqual((reply.status, reply.json["description"]), (201, text))

    def test_every_letter_of_the_world_comes_back_as_it_was_sent(self):
        for text in ("😀 ßü é", "a\U0010ffff", "日本語", "ع", "a\u2028b"):
            plain, escaped = json.dumps({**NEW, "title": text}, ensure_ascii=False), json.dumps({**NEW, "title": text})
            for body in (plain.encode(), escaped.encode()):
                reply = self.send(body)
                self.assertEqual((reply.status, reply.json["title"]), (201, text))
                self.assertEqual(int(reply.headers["Content-Length"]), len(reply.body))
                self.assertTrue(reply.body.endswith(b"}\n"))
        reply = self.desk.get("/tickets/1")
        self.assertGreater(len(reply.body), len(reply.body.decode()))

    def test_a_wrong_type_is_refused_by_the_name_of_its_field(self):
        self.desk.new_ticket()
        wrong = {
            "title": (True, 5, 1.5, [], {}, None, "", " \t\n", "\u200b"),
            "description": (False, ["a"]),
            "category": (5, True, "Billing", ""),
            "priority": (1, "nonsense", None),
        }
        for name, values in wrong.items():
            for value in values:
                reply = self.desk.post("/tickets", {**NEW, name: value})
                self.assert_refused(reply, 400, "VALIDATION_ERROR")
                self.assertEqual(list(reply.json["details"]), [name], value)
        for value in ("false", "true", 0, 1, None, []):
            reply = self.desk.post("/tickets/1/comments", {"body": "a", "internal": value}, AGENT)
            self.assert_refused(reply, 400, "VALIDATION_ERROR")
            self.assertEqual(list(reply.json["details"]), ["internal"], value)
        for value in (5, "", "a" * 65):
            self.assert_refused(self.desk.patch("/tickets/1", {"assignee": value}), 400, "VALIDATION_ERROR")
        self.assertEqual((self.desk.count("tickets"), self.desk.count("comments")), (1, 0))

    def test_a_choice_that_is_none_is_answered_with_the_choices(self):
        said = self.desk.post("/tickets", {**NEW, "category": "sport"}).json["message"]
        for choice in ("sport", "billing", "technical", "account", "general"):
            self.assertIn(choice, said)

    def test_texts_are_trimmed_and_held_to_their_length_in_characters(self):
        self.assertEqual(self.desk.post("/tickets", {**NEW, "title": " \n a b\t"}).json["title"], "a b")
        for name, most in (("title", 200), ("description", 20_000)):
            self.assertEqual(self.desk.post("/tickets", {**NEW, name: "😀" * most}).status, 201)
            reply = self.desk.post("/tickets", {**NEW, name: "a" * (most + 1)})
            self.assertIn(f"no more than {most} characters (it has {most + 1})", reply.json["details"][name][0])

    def test_all_broken_fields_are_told_at_once(self):
        body = {"description": 7, "category": "x", "priority": None, "nonsense": 1, "more": 2}
        reply = self.desk.post("/tickets", body)
        self.assertEqual(set(reply.json["details"]), {"title", *body})
        for name in reply.json["details"]:
            self.assertIn(f"{name}: ", reply.json["message"])

    def test_an_unknown_field_is_answered_with_the_known_ones(self):
        reply = self.desk.post("/tickets", {**NEW, "titel": "x"})
        self.assertIn("title, description, category, priority", reply.json["details"]["titel"][0])
        self.assert_refused(self.desk.post("/api/support-ticket", {"titel": "x"}), 400, "VALIDATION_ERROR")

    def test_a_client_may_send_back_what_it_read(self):
        before = self.desk.new_ticket()
        read_only = {"id": 77, "uuid": "x", "version": 9, "created_at": 5, "state": "closed", "created_by": ["me"]}
        made = self.desk.post("/tickets", {**NEW, **read_only}).json
        self.assertEqual((made["id"], made["version"], made["state"], made["created_by"]), (2, 1, "new", "anonymous"))
        read = self.desk.get("/tickets/1").json
        reply = self.desk.patch("/tickets/1", {**read, "title": "Another title", "version": 40})
        self.assertEqual((reply.status, reply.json["title"], reply.json["version"]), (200, "Another title", 2))
        self.assertEqual(reply.json["uuid"], before["uuid"])

    def test_a_body_that_does_not_say_it_is_json_gets_the_missing_option_as_a_hint(self):
        body = json.dumps(NEW).encode()
        form = "application/x-www-form-urlencoded"  # curl -d without the option
        for value in (None, "", form, "text/plain", "application/jsonp", "application/json; charset=utf-16"):
            reply = self.desk.request("POST", "/tickets", body, {"Content-Type": value} if value is not None else {})
            self.assert_refused(reply, 415, "UNSUPPORTED_MEDIA_TYPE")
            self.assertIn("-H 'Content-Type: application/json'", reply.json["message"])
        packed = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        self.assert_refused(self.desk.request("POST", "/tickets", body, packed), 415, "UNSUPPORTED_MEDIA_TYPE")
        right = ("Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"', "application/merge-patch+json")
        for value in right:
            self.assertEqual(self.desk.request("POST", "/tickets", body, {"Content-Type": value}).status, 201)

    def test_an_empty_body_needs_no_type(self):
        self.desk.new_ticket()
        self.assertEqual(self.desk.post("/tickets/1/draft").status, 201)
        self.assertEqual(self.desk.post("/api/support-ticket", None, {"Content-Type": "text/plain"}).status, 201)
        self.assertEqual(set(self.desk.post("/tickets").json["details"]), {"title", "description"})


class DeepBodies(DeskTest):
    """tests/proofs/test_http_at_length.py has every depth where Python's own limit is near."""

    DEPTHS = (10, 100, 900, 970, 980, 985, 990, 995, 1000, 1010, 2000, 50_000)

    def send(self, data: bytes, **more):
        return self.desk.request("POST", "/tickets", data, {**TYPED, **more})

    def test_however_deep_a_value_is_the_desk_takes_it_or_refuses_it(self):
        for depth in self.DEPTHS:
            for inside in (b"", b'"\\u0041"'):
                value = b"[" * depth + inside + b"]" * depth
                body = b'{"title": "a", "description": "b", "id": ' + value + b"}"
                reply = self.send(body, **{"Idempotency-Key": f"{depth}-{len(inside)}"})
                self.assertIn(reply.status, (201, 400), f"{depth} deep: {reply.body}")
        self.assertEqual(self.send(b'{"title": "a", "description": "b", "id": [[[1]]]}').status, 201)


class Paths(DeskTest):
    def test_a_trailing_slash_makes_no_difference(self):
        self.desk.new_ticket()
        for path in ("/health", "/tickets", "/tickets/1", "/tickets/1/comments", "/audit-events"):
            for slashed in (f"{path}/", f"{path}/?"):
                self.assertEqual(self.desk.get(slashed).status, 200, slashed)
        key = {"Idempotency-Key": "k"}
        first, second = self.desk.post("/tickets/", NEW, key), self.desk.post("/tickets", NEW, key)
        self.assertEqual((first.status, first.body), (201, second.body))

    def test_a_reference_that_is_none_is_not_found(self):
        uuid = self.desk.new_ticket()["uuid"]
        self.assertEqual(self.desk.get(f"/tickets/{uuid}").status, 200)
        self.assertEqual(self.desk.get(f"/tickets/{uuid.upper()}").status, 200)
        self.assertEqual(self.desk.get("/%74ickets/%31").status, 200)
        junk = "0 01 1abc 1.0 -1 +1 1e0 1_0 0x1 %201 1%20 %00 1%00 %0a %25 %2F .. / null {} * %D9%A1".split()
        huge = (2**63 - 1, 2**63, 2**64, "9" * 18, "9" * 19, "9" * 20, "9" * 5000)
        for reference in (*junk, *huge, uuid[:-1], f"{uuid}0", "'%20OR%201=1--"):
            for path in (f"/tickets/{reference}", f"/tickets/{reference}/comments"):
                reply = self.desk.get(path)
                self.assertEqual(reply.status, 404, path)
                self.assert_refused(reply, 404, "NOT_FOUND")
            reply = self.desk.post(f"/drafts/{reference}/approve", {}, AGENT)
            self.assertEqual(reply.status, 404, reference)
        for broken in ("%ff", "%C3", "%ED%A0%80"):
            self.assert_refused(self.desk.get(f"/tickets/{broken}"), 400, "VALIDATION_ERROR")
        for odd in ("%", "%zz", "%2"):
            self.assertEqual(self.desk.get(f"/tickets/{odd}").status, 404)

    def test_an_unknown_path_is_not_found(self):
        for path in "/// //tickets /tickets//1 /Tickets /tickets/1/comments/2 /health/x /drafts/1".split():
            self.assertIn(self.desk.get(path).status, (404, 405), path)


class Queries(DeskTest):
    def faults(self, query: str, path="/tickets") -> dict:
        """The details of the refusal of this query."""
        reply = self.desk.get(f"{path}?{query}")
        self.assert_refused(reply, 400, "VALIDATION_ERROR")
        return reply.json["details"]

    def test_a_blank_parameter_is_an_absent_one(self):
        self.desk.new_ticket()
        for query in ("", "&", "status=", "status=&search=&before=", "search=%20+", "assignee", "limit=&limit=5"):
            reply = self.desk.get(f"/tickets?{query}")
            self.assertEqual((reply.status, reply.json and reply.json["total"]), (200, 1), query)

    def test_an_unknown_choice_is_answered_with_the_choices(self):
        self.assertIn(", ".join(choices("status")), self.faults("status=lost")["status"][0])
        self.assertIn(", ".join(choices("priority")), self.faults("priority=LOW")["priority"][0])
        self.assertIn("pending_customer", self.faults("state=open")["state"][0])
        self.assertIn("Resolveed", self.faults("type=Resolved", "/audit-events")["type"][0])

    def test_an_unknown_parameter_is_answered_with_the_known_ones(self):
        said = self.faults("stauts=open&page=2")
        self.assertEqual(set(said), {"stauts", "page"})
        for name in ("category", "priority", "status", "search", "limit", "before"):
            self.assertIn(name, said["page"][0])
        self.assertEqual(self.desk.get("/health?probe=1").status, 200)

    def test_a_limit_is_a_whole_number_from_1_to_1000(self):
        for number in ("1", "1000", "0001"):
            self.assertEqual(self.desk.get(f"/tickets?limit={number}").status, 200)
        for number in ("0", "-1", "+5", "1.0", "1e2", "ten", "%D9%A1", "5%20", "0x5", "1%00", "9" * 19, "9" * 3000):
            said = self.faults(f"limit={number}&before={number}")
            self.assertEqual(list(said), ["limit", "before"], number)
        self.assertEqual(list(self.faults("limit=1001")), ["limit"])

    def test_a_parameter_is_given_once(self):
        self.assertEqual(self.faults("status=open&status=closed"), {"status": ["Give this parameter once."]})
        self.assertEqual(list(self.faults("limit=5&limit=5")), ["limit"])
        self.assertEqual(list(self.faults("status=open&st%61tus=open")), ["status"])

    def test_all_broken_parameters_are_told_at_once(self):
        self.assertEqual(set(self.faults("limit=0&status=x&page=1&before=x")), {"limit", "status", "page", "before"})

    def test_a_query_is_percent_encoded_utf_8(self):
        self.desk.new_ticket(title="Café + 50% off")
        for search in ("caf%C3%A9", "CAF%c3%89", "%2B+50%25", "caf%C3%A9+%2b"):
            self.assertEqual(self.desk.get(f"/tickets?search={search}").json["total"], 1, search)
        for broken in ("search=%ff", "%C3=x", "search=%ED%A0%80", "search=a%00b", "created_by=%00"):
            self.assert_refused(self.desk.get(f"/tickets?{broken}"), 400, "VALIDATION_ERROR")
        for odd in ("%", "%zz", "'", '"', "\\", "*", "[a-z]"):
            self.assertEqual(self.desk.get(f"/tickets?search={odd}").status, 200, odd)


class RequestIds(DeskTest):
    def test_a_given_id_stands_on_the_answer_in_the_log_and_in_the_event(self):
        for given in ("a", "trace-1.2_3", "Z" * 128):
            reply = self.desk.post("/tickets", NEW, {"X-Request-Id": given})
            self.assertEqual((reply.status, reply.headers["X-Request-Id"]), (201, given))
            self.assertEqual(self.desk.rows("SELECT request_id FROM audit_events ORDER BY id DESC")[0], (given,))
        self.desk.get("/health")
        for given in ("a", "trace-1.2_3", "Z" * 128):
            self.assertIn(f") {given} anonymous\n", self.desk.log.getvalue())

    def test_an_id_that_is_none_is_replaced_by_one_that_is_never_given_twice(self):
        made = [
            self.desk.get("/health", {"X-Request-Id": given} if given else {}).headers["X-Request-Id"]
            for given in (None, "", "a b", "a,b", "a/b", "<b>", "caf\xe9", "Z" * 129, '"a"')
        ]
        self.assertEqual(len(set(made)), len(made))
        for name in made:
            self.assertRegex(name, r"\A[A-Za-z0-9._-]{1,128}\Z")

    def test_every_answer_has_a_request_id(self):
        self.desk.new_ticket()
        for method, path, status in (
            ("GET", "/tickets/1", 304),
            ("OPTIONS", "/tickets", 204),
            ("HEAD", "/tickets", 200),
            ("GET", "/tickets?search=x", 200),
            ("GET", "/nothing", 404),
            ("BREW", "/tickets", 405),
        ):
            reply = self.desk.request(method, path, None, {"X-Request-Id": "mine", "If-None-Match": '"1"'})
            self.assertEqual((reply.status, reply.headers["X-Request-Id"]), (status, "mine"))
        self.assertRegex(self.desk.raw(b"nonsense\r\n\r\n"), rb"\r\nX-Request-Id: [A-Za-z0-9._-]+\r\n")


FRIENDS = ("http://localhost:3000", "https://localhost", "http://127.0.0.1:5173", "http://[::1]:80", "HTTP://LOCALHOST")
STRANGERS = (
    "https://evil.example",
    "null",
    "http://localhost.evil.example",
    "http://evil.example/localhost",
    "http://localhost@evil.example",
    "http://evil.example:80@localhost.example",
    "http://127.0.0.1.evil.example",
    "http://127.0.0.2",
    "http://[::1].evil.example",
    "http://[::1",
    "http://localhost:port",
    "http://localhost:99999",
    "file://localhost",
    "localhost",
    "",
)


class Origins(DeskTest):
    environ = {"CORS_ORIGINS": "https://desk.example, https://other.example:8443"}

    def test_a_page_on_loopback_may_read_and_write(self):
        own = f"http://127.0.0.1:{self.desk.port}"
        for origin in (*FRIENDS, own, "https://desk.example", "https://other.example:8443"):
            said = {"Origin": origin}
            for reply in (self.desk.get("/tickets", said), self.desk.post("/tickets", NEW, said)):
                self.assertIn(reply.status, (200, 201), origin)
                self.assertEqual(reply.headers["Access-Control-Allow-Origin"], origin)
                self.assertIn("X-Request-Id", reply.headers["Access-Control-Expose-Headers"])
                self.assertIn("Origin", reply.headers["Vary"])
        refused = self.desk.get("/tickets/99", {"Origin": FRIENDS[0]})  # a page may read an error, too
        self.assertEqual((refused.status, refused.headers["Access-Control-Allow-Origin"]), (404, FRIENDS[0]))

    def test_a_foreign_page_may_not_write_and_not_read_the_answer(self):
        self.desk.new_ticket()
        for origin in (*STRANGERS, "https://desk.example:444", "http://desk.example"):
            for method, path, body in (
                ("POST", "/tickets", NEW),
                ("POST", "/tickets/1/draft", {}),
                ("PATCH", "/tickets/1", {"title": "x"}),
            ):
                reply = self.desk.request(method, path, body, {"Origin": origin})
                self.assert_refused(reply, 403, "FORBIDDEN")
                self.assertNotIn("Access-Control-Allow-Origin", reply.headers)
            read = self.desk.get("/tickets", {"Origin": origin})
            self.assertEqual((read.status, read.headers["Access-Control-Allow-Origin"]), (200, None))
        self.assertEqual((self.desk.count("tickets"), self.desk.count("audit_events")), (1, 1))

    def test_a_preflight_names_what_the_path_takes(self):
        asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "content-type, x-user-id"}
        reply = self.desk.request("OPTIONS", "/tickets/1", None, {"Origin": FRIENDS[0], **asked})
        self.assertEqual((reply.status, reply.headers["Access-Control-Allow-Origin"]), (204, FRIENDS[0]))
        self.assertIn("PATCH", reply.headers["Access-Control-Allow-Methods"])
        taken = reply.headers["Access-Control-Allow-Headers"]
        for name in ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "X-User-Id", "X-User-Role"):
            self.assertIn(name, taken)
        sent_by_libraries = {"traceparent", "tracestate", "x-requested-with", "x-csrftoken"}
        self.assertLessEqual(sent_by_libraries, set(taken.lower().split(", ")))
        foreign = self.desk.request("OPTIONS", "/tickets/1", None, {"Origin": "https://evil.example", **asked})
        self.assertNotIn("Access-Control-Allow-Origin", foreign.headers)
        self.assertNotIn("*", taken)

    def test_only_the_desks_own_names_are_answered(self):
        for host in ("localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:9999", "[::1]", "[::1]:80", "localhost:"):
            self.assertEqual(self.desk.get("/health", {"Host": host}).status, 200, host)
        for host in "evil.example evil.example:80 localhost.evil.example 127.0.0.1.nip.io 0.0.0.0 [::2]".split():
            for reply in (self.desk.get("/health", {"Host": host}), self.desk.post("/tickets", NEW, {"Host": host})):
                self.assert_refused(reply, 421, "MISDIRECTED_REQUEST")
        self.assertEqual(self.desk.count("tickets"), 0)

    def test_every_answer_says_what_a_browser_may_do_with_it(self):
        desk = self.desk
        desk.new_ticket()
        replies = [desk.get(path) for path in ("/health", "/tickets", "/tickets.csv", "/nothing")]
        replies += [desk.post("/tickets"), desk.request("OPTIONS", "/tickets"), desk.get("/health", {"Host": "a.b"})]
        for reply in replies:
            self.assertEqual(reply.headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(reply.headers["Content-Security-Policy"], "default-src 'none'; frame-ancestors 'none'")
            self.assertEqual(reply.headers["Referrer-Policy"], "no-referrer")

    def test_every_answer_forbids_sniffing_and_asks_to_be_checked_again(self):
        desk = self.desk
        for reply in (desk.get("/health"), desk.post("/tickets", NEW), desk.get("/nothing"), desk.post("/tickets")):
            self.assertEqual(reply.headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(reply.headers["Content-Type"], "application/json")
            self.assertEqual(reply.headers["Cache-Control"], "no-cache")
            self.assertTrue(reply.body.endswith(b"\n"))


SECRETS = {"Authorization": "Bearer canary-token", "Idempotency-Key": "canary-key", "Cookie": "a=canary-cookie"}


class LogLines(DeskTest):
    def provoke(self) -> str:
        """The log after requests of every kind, each with secrets in every place that has room for one."""
        desk = self.desk
        named = {"X-User-Id": "user-7", "X-Request-Id": "r-1", **SECRETS}
        desk.post("/tickets", {"title": "canary-title", "description": "canary-body"}, named)
        desk.post("/tickets", {"title": "", "canary-field": "canary-value"}, named)
        desk.request("POST", "/tickets", b"canary-not-json", {**TYPED, **named})
        desk.get("/tickets?search=canary-query&canary-name=1", named)
        desk.get("/tickets?search=canary-query", named)
        desk.get("/tickets/%0aINFO%20fake", named)
        desk.request("BREW", "/tickets", b"canary-brew", named)
        desk.raw(b"POST /tickets HTTP/1.1\r\nHost: localhost\r\ncanary nonsense\r\n\r\n")
        break_table(desk, "drafts")
        desk.get("/tickets/1", named)
        desk.get("/health")
        return desk.log.getvalue()

    def test_each_request_is_one_line_with_level_method_path_status_time_id_and_user(self):
        lines = [line for line in self.provoke().splitlines() if re.match(r"\w+ +\| \S+ \S+ → ", line)]
        said = [re.fullmatch(r"(INFO |WARN |ERROR) \| (\S+ \S+ → \d+) \(\d+ms\) (\S+) (\S+)", line) for line in lines]
        self.assertTrue(all(said), lines)
        self.assertEqual(
            [(line[1], line[2]) for line in said[:8]],
            [
                ("INFO ", "POST /tickets → 201"),
                ("WARN ", "POST /tickets → 400"),
                ("WARN ", "POST /tickets → 400"),
                ("WARN ", "GET /tickets → 400"),
                ("INFO ", "GET /tickets → 200"),
                ("WARN ", "GET /tickets/%0aINFO%20fake → 404"),
                ("WARN ", "BREW /tickets → 405"),
                ("WARN ", "- - → 400"),
            ],
        )
        self.assertEqual((said[0][3], said[0][4], said[8][1]), ("r-1", "user-7", "ERROR"))

    def test_no_query_body_key_or_token_is_ever_logged(self):
        said = self.provoke().replace("canary_drafts", "drafts")
        self.assertNotIn("canary", said)

    def test_control_characters_cannot_forge_a_line(self):
        self.desk.raw(b"GET /\x1b[31mred HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.desk.get("/health", {"X-User-Id": "a\x85b\x9bc"})
        self.desk.get("/health")
        self.assertNotRegex(self.desk.log.getvalue().replace("\n", ""), "[\x00-\x1f\x7f-\x9f]")

    def test_a_line_end_in_a_path_cannot_forge_a_line(self):
        for path in ("/tickets/1%0Aforged", "/api/tickets/1%0aforged", "/audit-events?ticket=1%0Aforged"):
            self.assertEqual(self.desk.get(path).status, 404)
        self.assertNotRegex(self.desk.log.getvalue(), r"(?m)^forged")


class JsonLogLines(LogLines):
    environ = {"LOG_FORMAT": "json"}

    def test_each_request_is_one_line_with_level_method_path_status_time_id_and_user(self):
        lines = [json.loads(line) for line in self.provoke().splitlines()]
        first = lines[0]
        self.assertIsInstance(first.pop("ms"), int)
        who = {"request_id": "r-1", "user": "user-7"}
        self.assertEqual(first, {"level": "INFO", "method": "POST", "path": "/tickets", "status": 201, **who})
        levels = {line["status"] // 100: line["level"] for line in lines if "status" in line}
        self.assertEqual(levels, {2: "INFO", 4: "WARN", 5: "ERROR"})
