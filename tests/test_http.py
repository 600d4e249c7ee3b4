"""HTTP/1.1 on the wire, by RFC 9112: bytes as no HTTP client would send them, whole and in pieces."""

import http.client
import json
import re
import socket

from tests.desk import DeskTest, Reply
from web import http1

TICKET = b'{"title":"Login broken","description":"Cannot get in"}'
JSON = "Content-Type: application/json"


def ask(line="GET /health HTTP/1.1", *fields: str, body=b"") -> bytes:
    """A request as bytes: its first line, a Host, these header lines, and this body as it is."""
    return "\r\n".join([line, "Host: localhost", *fields, "", ""]).encode("latin-1") + body


def create(*fields: str, body=TICKET) -> bytes:
    return ask("POST /tickets HTTP/1.1", JSON, f"Content-Length: {len(body)}", *fields, body=body)


def chunked(body: bytes, *fields: str) -> bytes:
    return ask("POST /tickets HTTP/1.1", JSON, "Transfer-Encoding: chunked", *fields, body=body)


def chunks(*parts: bytes, end=b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + end


class Wire:
    """One connection to a desk: sends bytes as they are, reads answers one by one."""

    def __init__(self, desk):
        self.socket = desk.connect()
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self._answers.close()
        self.socket.close()

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.socket.sendall(piece)

    def answer(self, method="GET") -> Reply:
        """The next answer, held to what every answer must be; the body of a HEAD's is not waited for."""
        line = self._answers.readline().decode("latin-1")
        found = re.fullmatch(r"HTTP/1\.1 (\d{3}) [A-Z][A-Za-z -]+\r\n", line)
        if not found:
            raise AssertionError(f"not an answer's first line: {line!r}")
        headers, status = http.client.parse_headers(self._answers), int(found[1])
        if status == 100:
            return Reply(status, headers, b"", None)
        missing = {"Date", "Connection", "X-Request-Id", "X-Content-Type-Options"} - set(headers)
        if missing or headers.defects or status not in (204, 304) and "Content-Length" not in headers:
            raise AssertionError(f"{status} lacks {missing or headers.defects or 'a length'}")
        body = b"" if method == "HEAD" else self._answers.read(int(headers.get("Content-Length", 0)))
        return Reply(status, headers, body, json.loads(body) if body else None)

    def is_closed(self) -> bool:
        """Whether nothing but the end follows; waits for it."""
        return self._answers.read(1) == b""


class WireTest(DeskTest):
    def wire(self) -> Wire:
        wire = Wire(self.desk)
        self.addCleanup(wire.__exit__)
        return wire

    def exchange(self, data: bytes, *methods: str) -> list[Reply]:
        """The answers to all of `data`, one per method, sent in one piece on one connection."""
        wire = self.wire()
        wire.send(data)
        return [wire.answer(method) for method in methods or ("GET",)]

    def until_read(self) -> None:
        """Return when the desk has read what was sent before: it answers a later question of ours."""
        self.assertEqual(self.desk.get("/health").status, 200)

    def assert_unharmed(self, tickets=0) -> None:
        self.assertEqual((self.desk.get("/health").status, self.desk.count("tickets")), (200, tickets))


BROKEN_HEADS = {
    "a bare CR starts no header": "GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\rX-User-Role: admin\r\n\r\n",
    "a CR before the CR LF": "GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\r\r\n\r\n",
    "a bare LF ends no line": "GET /health HTTP/1.1\r\nHost: localhost\nX: a\r\n\r\n",
    "lines that end with LF only": "GET /health HTTP/1.1\nHost: localhost\n\n",
    "a bare LF before the request": "\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a line without a colon": "GET /health HTTP/1.1\r\nHost: localhost\r\nnonsense\r\nX-User-Role: admin\r\n\r\n",
    "a space before the colon": "GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length : 5\r\n\r\n",
    "a tab before the colon": "GET /health HTTP/1.1\r\nHost: localhost\r\nX-A\t: 5\r\n\r\n",
    "a folded line": "GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n",
    "a line folded with a tab": "GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\r\n\tb: c\r\n\r\n",
    "a space before the first header": "GET /health HTTP/1.1\r\n Host: localhost\r\n\r\n",
    "a header without a name": "GET /health HTTP/1.1\r\nHost: localhost\r\n: a\r\n\r\n",
    "a name that is no token": "GET /health HTTP/1.1\r\nHost: localhost\r\nX(a): b\r\n\r\n",
    "a name that is not ASCII": "GET /health HTTP/1.1\r\nHost: localhost\r\nX-\xe9: b\r\n\r\n",
    "NUL in a value": "GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n",
    "a control character in a value": "GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\x0bb\r\n\r\n",
    "DEL in a value": "GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\x7fb\r\n\r\n",
    "NUL in the target": "GET /he\0lth HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a target that is not ASCII": "GET /h\xe9alth HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a space in the target": "GET /health x HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no target": "GET HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no version": "GET /health\r\nHost: localhost\r\n\r\n",
    "no method": " /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a method that is no token": "G(T /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a space before the method": " GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "two spaces": "GET  /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a tab between the words": "GET\t/health\tHTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a space behind the version": "GET /health HTTP/1.1 \r\nHost: localhost\r\n\r\n",
    "a version of three digits": "GET /health HTTP/1.10\r\nHost: localhost\r\n\r\n",
    "a version in lower case": "GET /health http/1.1\r\nHost: localhost\r\n\r\n",
    "another protocol": "GET /health ICAP/1.0\r\nHost: localhost\r\n\r\n",
    "bytes that are not HTTP": "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n",
}
BAD_LENGTHS = ("-1", "+3", "1_0", "0x10", "1e1", "1.0", "5 5", "5, 5", "5,", '"5"', "", "five", "\xb2", "\xd9\xa3")
ENDLESS_CODINGS = ("gzip", "identity", "chunked, gzip", "chunked, chunked", "xchunked", "chunked;q=1", "")
BAD_CHUNKS = {
    "no size": b"\r\n\r\n",
    "a size that is not hex": b"g\r\nx\r\n0\r\n\r\n",
    "a size with a sign": b"+5\r\nhello\r\n0\r\n\r\n",
    "a negative size": b"-1\r\nhello\r\n0\r\n\r\n",
    "a size with 0x": b"0x5\r\nhello\r\n0\r\n\r\n",
    "a size with an underscore": b"1_0\r\n0123456789abcdef\r\n0\r\n\r\n",
    "a space before the size": b" 5\r\nhello\r\n0\r\n\r\n",
    "a size of twenty digits": b"00000000000000000005\r\nhello\r\n0\r\n\r\n",
    "a size line that ends with LF": b"5\nhello\r\n0\r\n\r\n",
    "a bare CR in the size line": b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    "a chunk longer than its size": b"4\r\nhello\r\n0\r\n\r\n",
    "a chunk shorter than its size": b"6\r\nhello\r\n0\r\n\r\n",
    "a blank behind a chunk's size": b"5 \r\nhello\r\n0\r\n\r\n",
    "an endless extension": b"5;" + b"a" * 1000,
    "a trailer without a colon": b"0\r\nnonsense\r\n\r\n",
    "a bare LF in the trailers": b"0\r\nX: a\nY: b\r\n\r\n",
    "NUL in a trailer": b"0\r\nX: \0\r\n\r\n",
    "a folded trailer": b"0\r\nX: a\r\n b\r\n\r\n",
}


def broken_requests():
    """(name, status, bytes) of everything that is not a request."""
    yield from ((name, 400, head.encode("latin-1")) for name, head in BROKEN_HEADS.items())
    for version in ("HTTP/2.0", "HTTP/0.9", "HTTP/3.1"):
        yield version, 505, ask(f"GET /health {version}")
    post = ("POST /tickets HTTP/1.1", JSON)
    for length in BAD_LENGTHS:
        yield f"Content-Length: {length}", 400, ask(*post, f"Content-Length: {length}", body=TICKET)
    two = (f"Content-Length: {len(TICKET)}", "Content-Length: 5")
    yield "two lengths", 400, ask(*post, *two, body=TICKET)
    yield "the same length twice", 400, ask(*post, two[0], two[0], body=TICKET)
    for length in (http1.MAX_BODY + 1, 10**11, 10**400):
        yield f"a length of {len(str(length))} digits", 413, ask(*post, f"Content-Length: {length}")
    coding = "Transfer-Encoding: chunked"
    yield "a length, then a coding", 400, ask(*post, two[0], coding, body=chunks(TICKET))
    yield "a coding, then a length", 400, ask(*post, coding, two[0], body=chunks(TICKET))
    yield "a coding in HTTP/1.0", 400, ask("POST /tickets HTTP/1.0", JSON, coding, body=chunks(TICKET))
    for endless in ENDLESS_CODINGS:
        yield f"the coding {endless!r}", 400, ask(*post, f"Transfer-Encoding: {endless}", body=chunks(TICKET))
    yield "the coding given twice", 400, ask(*post, coding, coding, body=chunks(TICKET))
    yield "an unknown coding", 501, ask(*post, "Transfer-Encoding: gzip, chunked", body=chunks(TICKET))
    for name, body in BAD_CHUNKS.items():
        yield name, 400, chunked(body)
    yield "a chunk beyond the limit", 413, chunked(b"fffffff\r\n")


class BrokenRequests(WireTest):
    """Bytes that are no request are answered once, and nothing behind them is ever looked at."""

    def assert_refused_and_closed(self, wire, status):
        answer = wire.answer()
        self.assert_refused(answer, status, answer.json["code"])
        self.assertEqual(answer.headers["Connection"], "close")
        self.assertTrue(wire.is_closed())

    def test_a_broken_request_is_refused_and_bytes_behind_it_are_not_executed(self):
        for name, status, data in broken_requests():
            with self.subTest(name), Wire(self.desk) as wire:
                wire.send(data + create())
                self.assert_refused_and_closed(wire, status)
                self.assert_unharmed()

    def test_a_broken_request_is_refused_byte_by_byte_without_waiting_for_more(self):
        for name, status, data in broken_requests():
            reader = http1.RequestReader()
            with self.subTest(name), self.assertRaises(http1.BadRequest) as refusal:
                for at in range(len(data)):
                    reader.receive(data[at : at + 1])
                    self.assertIsNone(reader.next_request())
            self.assertEqual(refusal.exception.status, status)

    def test_nothing_but_cr_lf_ends_a_header_line(self):
        for character in "\r\n\x0b\x0c\x1c\x1d\x1e\x85":
            data = ask("GET /health HTTP/1.1", f"X: a{character}X-Request-Id: forged")
            self.assertNotIn(b"forged", self.desk.raw(data), repr(character))
        name = "\u00c5sa".encode().decode("latin-1")  # the second byte of its first letter is the character \x85
        self.assertTrue(self.desk.raw(ask("GET /health HTTP/1.1", f"X: {name}")).startswith(b"HTTP/1.1 200 "))

    def test_of_two_lengths_none_is_believed(self):
        for length in (0, 5, 500):
            answer = self.desk.raw(create(f"Content-Length: {length}"))
            self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)
        self.assert_unharmed()

    def test_a_length_that_is_said_twice_is_refused(self):
        """RFC 9110, 8.6 allows to accept it, too; the simpler rule is the safer one."""
        self.assertTrue(self.desk.raw(create(f"Content-Length: {len(TICKET)}")).startswith(b"HTTP/1.1 400 "))
        self.assert_unharmed()

    def test_sound_requests_before_a_broken_one_are_answered_first(self):
        wire = self.wire()
        wire.send(create() + ask() + b"nonsense\r\n\r\n")
        self.assertEqual([wire.answer().status for _ in range(3)], [201, 200, 400])
        self.assertTrue(wire.is_closed())
        self.assert_unharmed(tickets=1)


class Limits(WireTest):
    def test_a_target_has_8192_bytes_at_most(self):
        target = "/" + "a" * (http1.MAX_TARGET - 1)
        self.assertEqual(self.exchange(ask(f"GET {target} HTTP/1.1"))[0].status, 404)
        for line in (f"GET {target}a HTTP/1.1", f"GET {target * 3} HTTP/1.1"):
            (answer,) = self.exchange(ask(line) + create())
            self.assertIn((answer.status, answer.headers["Connection"]), [(414, "close")])
        self.assert_unharmed()

    def test_a_target_that_never_ends_is_refused_while_it_is_sent(self):
        self.assert_refused(self.exchange(b"GET /" + b"a" * 40_000)[0], 414, "URI_TOO_LONG")

    def test_a_request_has_100_header_lines_at_most(self):
        lines = [f"X-{number}: {number}" for number in range(http1.MAX_FIELDS - 1)]  # and the Host
        self.assertEqual(self.exchange(ask("GET /health HTTP/1.1", *lines))[0].status, 200)
        self.assert_refused(self.exchange(ask("GET /health HTTP/1.1", *lines, "X: 1"))[0], 431, "HEADERS_TOO_LARGE")

    def test_a_head_has_32768_bytes_at_most_however_it_arrives(self):
        rest = len(ask("GET /health HTTP/1.1", "X: ")) - 4
        fits = ask("GET /health HTTP/1.1", "X: " + "a" * (http1.MAX_HEAD - rest))
        for size in (len(fits), 1000, 32769):
            for data, status in ((fits, 200), (fits[:-4] + b"a\r\n\r\n", 431)):
                with self.subTest(size=size, status=status):
                    wire = self.wire()
                    for at in range(0, len(data), size):
                        wire.send(data[at : at + size])
                        self.until_read()
                    self.assertEqual(wire.answer().status, status)

    def test_a_head_that_never_ends_is_refused_while_it_is_sent(self):
        self.assert_refused(self.exchange(ask()[:-2] + b"X-A: b\r\n" * 5000)[0], 431, "HEADERS_TOO_LARGE")

    def test_a_body_of_one_mebibyte_is_read_and_a_larger_one_is_refused_before_it_is_sent(self):
        largest = TICKET + b" " * (http1.MAX_BODY - len(TICKET))
        self.assertEqual(self.exchange(create(body=largest))[0].status, 201)
        wire = self.wire()
        wire.send(ask("POST /tickets HTTP/1.1", JSON, f"Content-Length: {http1.MAX_BODY + 1}"))
        self.assert_refused(wire.answer(), 413, "TOO_LARGE")
        self.assertTrue(wire.is_closed())
        self.assert_unharmed(tickets=1)

    def test_a_client_that_sends_a_far_too_large_body_regardless_still_reads_the_413(self):
        body = b" " * (8 * 1024 * 1024)
        wire = self.wire()
        wire.send(create(body=body))
        self.assert_refused(wire.answer(), 413, "TOO_LARGE")

    def test_chunks_may_have_one_mebibyte_together(self):
        filler = [b" " * 65536] * 16
        fits = [TICKET, *filler[:15], b" " * (65536 - len(TICKET))]
        self.assertEqual(self.exchange(chunked(chunks(*fits)))[0].status, 201)
        (answer,) = self.exchange(chunked(chunks(TICKET, *filler)))
        self.assert_refused(answer, 413, "TOO_LARGE")
        self.assert_unharmed(tickets=1)

    def test_trailers_that_never_end_are_refused(self):
        (answer,) = self.exchange(chunked(chunks(TICKET, end=b"0\r\n") + b"X-A: b\r\n" * 5000))
        self.assert_refused(answer, 400, "BAD_REQUEST")
        self.assert_unharmed()


class RefusedRequests(WireTest):
    """A request that arrived whole and sound, and is refused, costs neither the connection nor the next one."""

    def test_the_connection_goes_on_behind_every_refusal(self):
        length = f"Content-Length: {len(TICKET)}"
        no_host = f"POST /tickets HTTP/1.1\r\n{JSON}\r\n{length}\r\n\r\n".encode() + TICKET
        refused = {
            "no Host": (400, no_host),
            "no Host in absolute form": (400, no_host.replace(b"/tickets", b"http://localhost/tickets")),
            "two Hosts": (400, create("Host: localhost")),
            "two Hosts in absolute form": (400, create("Host: evil").replace(b"/tickets", b"http://localhost/tickets")),
            "a Host that is none": (400, create().replace(b": localhost", b": local/host")),
            "a Host with a user": (400, create().replace(b": localhost", b": me@localhost")),
            "a foreign Host": (421, create().replace(b": localhost", b": evil.example")),
            "a foreign absolute form": (421, create().replace(b"/tickets", b"http://evil.example/tickets")),
            "a fragment": (400, create().replace(b"/tickets", b"/tickets#new")),
            "a relative target": (400, create().replace(b"/tickets", b"tickets")),
            "an asterisk": (400, create().replace(b"/tickets", b"*")),
            "an authority": (400, ask("CONNECT localhost:80 HTTP/1.1")),
            "another scheme": (400, create().replace(b"/tickets", b"ftp://localhost/tickets")),
            "an unknown expectation": (417, create("Expect: tea")),
            "an unknown path": (404, create().replace(b"/tickets", b"/nothing")),
            "an unknown method": (405, create().replace(b"POST", b"BREW")),
            "a method in lower case": (405, create().replace(b"POST", b"post")),
            "a method the path lacks": (405, create().replace(b"POST", b"DELETE")),
            "another media type": (415, create().replace(b"/json", b"/xml")),
            "no media type": (415, create().replace(b"Type", b"Tape")),
            "bad JSON": (400, create(body=b"{")),
            "a foreign page": (403, create("Origin: https://evil.example")),
        }
        for name, (status, data) in refused.items():
            with self.subTest(name), Wire(self.desk) as wire:
                rows = self.desk.count("tickets")
                wire.send(data + create())
                first, second = wire.answer(), wire.answer()
                self.assert_refused(first, status, first.json["code"])
                self.assertEqual((first.headers["Connection"], second.status), ("keep-alive", 201))
                self.assert_unharmed(tickets=rows + 1)

    def test_405_names_the_methods_of_the_path(self):
        for method in ("DELETE", "PUT", "BREW", "TRACE", "G.E!T"):
            for path, allow in (
                ("/tickets", "GET, HEAD, OPTIONS, POST"),
                ("/tickets/1", "GET, HEAD, OPTIONS, PATCH"),
                ("/drafts/1/approve", "OPTIONS, POST"),
                ("/health", "GET, HEAD, OPTIONS"),
            ):
                (answer,) = self.exchange(ask(f"{method} {path} HTTP/1.1"))
                self.assert_refused(answer, 405, "METHOD_NOT_ALLOWED")
                self.assertEqual(answer.headers["Allow"], allow)

    def test_a_body_that_nobody_asked_for_is_read_and_never_becomes_a_request(self):
        inside = create()
        for line, method, status in (
            ("GET /health HTTP/1.1", "GET", 200),
            ("HEAD /health HTTP/1.1", "HEAD", 200),
            ("OPTIONS /tickets HTTP/1.1", "OPTIONS", 204),
            ("GET /tickets?search=x HTTP/1.1", "GET", 200),
            ("POST /nothing HTTP/1.1", "POST", 404),
            ("DELETE /tickets HTTP/1.1", "DELETE", 405),
            ("POST /tickets HTTP/1.1", "POST", 415),
        ):
            for body in (
                ask(line, f"Content-Length: {len(inside)}", body=inside),
                ask(line, "Transfer-Encoding: chunked", body=chunks(inside)),
            ):
                with self.subTest(line):
                    answers = self.exchange(body + ask(), method, "GET")
                    self.assertEqual([answer.status for answer in answers], [status, 200])
        self.assert_unharmed()


class Forms(WireTest):
    """What RFC 9112 lets a client write, the desk reads."""

    def test_empty_lines_before_a_request_are_skipped(self):
        answers = self.exchange(b"\r\n\r\n" + ask() + b"\r\n" + ask(), "GET", "GET")
        self.assertEqual([answer.status for answer in answers], [200, 200])

    def test_a_target_may_be_absolute(self):
        for target in ("http://localhost/health", "HTTP://LOCALHOST:80/health", "http://127.0.0.1/health?"):
            self.assertEqual(self.exchange(ask(f"GET {target} HTTP/1.1"))[0].status, 200)
        self.assertEqual(self.exchange(ask("POST http://localhost?limit=1 HTTP/1.1"))[0].status, 405)
        host = b"GET http://localhost/health HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n"  # the target wins
        self.assertEqual(self.exchange(host)[0].status, 200)

    def test_options_of_a_path_and_of_the_desk_tell_the_methods(self):
        for target, allow in (("*", "OPTIONS"), ("/tickets", "GET, HEAD, OPTIONS, POST"), ("/tickets/", None)):
            answer, after = self.exchange(ask(f"OPTIONS {target} HTTP/1.1") + ask(), "OPTIONS", "GET")
            self.assertEqual((answer.status, answer.body, after.status), (204, b"", 200))
            self.assertEqual(answer.headers["Allow"], allow or "GET, HEAD, OPTIONS, POST")
            self.assertNotIn("Content-Length", answer.headers)

    def test_head_is_get_without_the_body(self):
        self.desk.new_ticket()
        for path in ("/health", "/tickets", "/tickets/1", "/tickets/99", "/tickets?search=login", "/nothing"):
            head, got = self.exchange(ask(f"HEAD {path} HTTP/1.1") + ask(f"GET {path} HTTP/1.1"), "HEAD", "GET")
            both = [{**answer.headers, "X-Request-Id": "", "Date": ""} for answer in (head, got)]
            self.assertEqual(head.status, got.status)
            if got.status == 200:  # an error names its request, whose id may be longer
                self.assertEqual(both[0], both[1])

    def test_names_of_headers_and_codings_have_no_case_and_blanks_around_values_do_not_count(self):
        data = chunked(chunks(TICKET)).replace(b"Transfer-Encoding: chunked", b"tRANSFER-eNCODING:\t ChunkeD \t")
        self.assertEqual(self.exchange(data)[0].status, 201)

    def test_repeated_headers_are_one_list(self):
        self.desk.new_ticket()
        answer, _ = self.exchange(
            ask("GET /tickets/1 HTTP/1.1", 'If-None-Match: "7"', 'If-None-Match: W/"1"') + ask(), "GET", "GET"
        )
        self.assertEqual((answer.status, answer.body), (304, b""))

    def test_a_chunked_body_is_decoded(self):
        for body in (
            chunks(TICKET),
            chunks(*(TICKET[at : at + 1] for at in range(len(TICKET)))),
            chunks(TICKET[:7], TICKET[7:], end=b"000\r\n\r\n"),
            chunks(TICKET, end=b"0;last\r\nX-Checksum: 1\r\nX-User-Role: admin\r\n\r\n"),
            b'%X;name=value;q="a b"\r\n%b\r\n0\r\n\r\n' % (len(TICKET), TICKET),
            b"%04x ;name\r\n%b\r\n0\r\n\r\n" % (len(TICKET), TICKET),
        ):
            answers = self.exchange(chunked(body) + ask(), "POST", "GET")
            self.assertEqual([answer.status for answer in answers], [201, 200], answers[0].body)
            self.assertEqual((answers[0].json["title"], answers[0].json["created_by"]), ("Login broken", "anonymous"))

    def test_an_empty_body_may_be_said_in_three_ways(self):
        self.desk.new_ticket()
        line = "POST /tickets/1/draft HTTP/1.1"
        for data in (ask(line), ask(line, "Content-Length: 0"), ask(line, "Transfer-Encoding: chunked", body=chunks())):
            self.assertEqual(self.exchange(data)[0].status, 201)

    def test_nothing_that_a_client_sends_becomes_a_header_of_the_answer(self):
        self.desk.new_ticket()
        known = {"access-control-allow-origin", "access-control-expose-headers", "cache-control", "connection"}
        known |= {"content-length", "content-type", "date", "etag", "vary", "x-content-type-options", "x-request-id"}
        known |= {"content-security-policy", "referrer-policy", "x-bug-mode"}  # the last one of a planted copy
        evil = "%0d%0aSet-Cookie:%20a=b%0d%0a%0d%0a"
        for line, *fields in (
            (f"GET /tickets/{evil} HTTP/1.1",),
            (f"GET /{evil} HTTP/1.1",),
            (f"GET /tickets?search={evil} HTTP/1.1",),
            (f"GET /tickets?{evil}=1 HTTP/1.1",),
            ("GET /tickets/1 HTTP/1.1", f"X-Request-Id: {evil}"),
            ("GET /tickets/1 HTTP/1.1", "X-Request-Id: a\xe9"),
            ("GET /tickets/1 HTTP/1.1", f"Origin: http://localhost:1{evil}"),
            ("GET /tickets/1 HTTP/1.1", "Origin: http://localhost/\xe9"),
        ):
            answer, after = self.exchange(ask(line, *fields) + ask(), "GET", "GET")
            self.assertLess(answer.status, 500)
            self.assertLessEqual({name.lower() for name in answer.headers}, known)
            self.assertEqual(after.status, 200)


class KeptConnections(WireTest):
    def test_http_1_1_stays_open_until_close_is_said(self):
        for fields in ((), ("Connection: keep-alive",), ("Connection: Upgrade",), ("Connection: not-close",)):
            answers = self.exchange(ask("GET /health HTTP/1.1", *fields) + ask(), "GET", "GET")
            self.assertEqual([answer.headers["Connection"] for answer in answers], ["keep-alive"] * 2)
        for value in ("close", "CLOSE", "keep-alive, close", "x ,\tClose"):
            wire = self.wire()
            wire.send(create(f"Connection: {value}") + create())
            answer = wire.answer()
            self.assertEqual((answer.status, answer.headers["Connection"], wire.is_closed()), (201, "close", True))
        self.assert_unharmed(tickets=4)

    def test_http_1_0_closes_unless_keep_alive_is_said(self):
        wire = self.wire()
        wire.send(b"GET /health HTTP/1.0\r\n\r\n")
        self.assertEqual((wire.answer().headers["Connection"], wire.is_closed()), ("close", True))
        kept = b"GET /health HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"
        answers = self.exchange(kept + kept, "GET", "GET")
        self.assertEqual([answer.headers["Connection"] for answer in answers], ["keep-alive"] * 2)
        wire = self.wire()
        wire.send(kept.replace(b"Keep-Alive", b"keep-alive, close"))
        self.assertEqual((wire.answer().status, wire.is_closed()), (200, True))

    def test_many_requests_in_one_piece_are_answered_in_their_order(self):
        names = [f"{kind}-{number}" for number in range(100) for kind in ("post", "get")]
        fields = [f"X-Request-Id: {name}" for name in names]
        data = b"".join(create(own) if "post" in own else ask("GET /health HTTP/1.1", own) for own in fields)
        answers = self.exchange(data, *["GET"] * 200)
        self.assertEqual([answer.headers["X-Request-Id"] for answer in answers], names)
        self.assertEqual([answer.json["id"] for answer in answers[::2]], list(range(1, 101)))

    def test_a_question_for_the_slow_lane_keeps_its_place_among_them(self):
        search = ask("GET /tickets?search=login HTTP/1.1")
        answers = self.exchange((create() * 50 + search) * 3, *["GET"] * 153)
        self.assertEqual([answers[at].json["total"] for at in (50, 101, 152)], [50, 100, 150])
        self.assertEqual([answer.json["id"] for answer in answers if answer.status == 201], list(range(1, 151)))

    def test_a_client_that_has_closed_its_side_gets_every_answer(self):
        stream = self.desk.raw((create() * 40 + ask("GET /tickets?search=login HTTP/1.1")) * 2 + create())
        self.assertEqual((stream.count(b"HTTP/1.1 201 "), stream.count(b"HTTP/1.1 200 ")), (81, 2))

    def test_a_connection_that_says_nothing_or_leaves_early_harms_nobody(self):
        self.assertEqual((self.desk.raw(b""), self.desk.raw(b"\r\n"), self.desk.raw(b"\r")), (b"", b"", b""))
        for data in (ask(), create(), ask("GET /tickets?search=x HTTP/1.1")):
            with Wire(self.desk) as wire:
                wire.send(data)
            self.until_read()


class Pieces(WireTest):
    """TCP knows no messages: wherever it cuts a request, the desk puts it together."""

    def test_pieces_may_end_in_the_middle_of_the_next_request(self):
        data = (create() + ask()) * 40
        wire = self.wire()
        for at in range(0, len(data), 137):
            wire.send(data[at : at + 137])
            self.until_read()
        self.assertEqual([wire.answer().status for _ in range(80)], [201, 200] * 40)


class Cuts(WireTest):
    """tests/proofs/test_http_at_length.py cuts at every byte."""

    STEP = 7  # bytes from one cut to the next

    def test_a_request_that_is_cut_off_is_never_executed(self):
        whole = (create(), chunked(chunks(TICKET[:20], TICKET[20:])))
        for data in whole:
            for at in range(0, len(data), self.STEP):
                self.assertEqual(self.desk.raw(data[:at]), b"", data[:at])
        self.assert_unharmed()
        for data in whole:
            self.assertIn(b" 201 Created", self.desk.raw(data))

    def test_a_request_may_be_cut_in_two_anywhere(self):
        for data in (create(), chunked(chunks(TICKET[:20], TICKET[20:], end=b"0\r\nX: y\r\n\r\n"))):
            wire = self.wire()
            for at in range(1, len(data), self.STEP):
                wire.send(data[:at])
                self.until_read()
                wire.send(data[at:])
                self.assertEqual(wire.answer().status, 201, data[:at])


class Expectations(WireTest):
    """Expect: 100-continue, which curl sends with a large body (RFC 9110, 10.1.1)."""

    def test_a_client_that_waits_for_100_is_told_to_go_on(self):
        for data, body in (
            (create("Expect: 100-continue"), TICKET),
            (chunked(chunks(TICKET), "Expect: 100-Continue"), chunks(TICKET)),
        ):
            wire = self.wire()
            wire.send(data.removesuffix(body))
            self.assertEqual(wire.answer().status, 100)
            wire.send(body)
            self.assertEqual(wire.answer().status, 201)

    def test_a_client_that_does_not_wait_is_sent_no_100(self):
        (answer,) = self.exchange(create("Expect: 100-continue"))
        self.assertEqual(answer.status, 201)

    def test_a_client_of_http_1_0_is_sent_no_100(self):
        data = create("Expect: 100-continue").replace(b"HTTP/1.1", b"HTTP/1.0")
        wire = self.wire()
        wire.send(data.removesuffix(TICKET))
        self.until_read()
        wire.send(TICKET)
        self.assertEqual(wire.answer().status, 201)

    def test_a_request_without_a_body_is_sent_no_100(self):
        answers = self.exchange(ask("GET /health HTTP/1.1", "Expect: 100-continue") + ask(), "GET", "GET")
        self.assertEqual([answer.status for answer in answers], [200, 200])

    def test_a_body_that_is_too_large_is_refused_instead_of_100(self):
        line = ask("POST /tickets HTTP/1.1", JSON, "Content-Length: 9999999", "Expect: 100-continue")
        self.assertEqual(self.exchange(line)[0].status, 413)

    def test_a_100_does_not_overtake_the_answers_before_it(self):
        waiting = create("Expect: 100-continue").removesuffix(TICKET)
        for before in (ask(), create(), ask("GET /tickets?search=x HTTP/1.1"), ask() * 100):
            wire = self.wire()
            wire.send(before + waiting)
            for _ in range(before.count(b"HTTP/1.1")):
                self.assertIn(wire.answer().status, (200, 201))
            self.assertEqual(wire.answer().status, 100)
            wire.send(TICKET)
            self.assertEqual(wire.answer().status, 201)
