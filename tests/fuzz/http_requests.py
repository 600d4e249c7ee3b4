"""Heads and bodies of HTTP requests: web/http1.py by itself, and against h11 where that is installed.

By itself: no exception but BadRequest; the same result however the bytes are cut; valid requests, one after the other,
come out as they were made, so no request takes bytes of the next. Against h11: both read the same requests, or one of
the two tables below gives the reason why not.
"""

import re
from functools import partial

from tests.fuzz.fuzzer import BytesFuzzer, cuts, mutated
from web.http1 import MAX_BODY, BadRequest, RequestReader

METHODS = ("GET", "POST", "PATCH", "DELETE", "OPTIONS", "HEAD", "PROPFIND", "x!#$%&'*+-.^_`|~9")
TARGETS = ("/", "/tickets", "/tickets/1?limit=5&search=%C3%A9", "/a//b/../c", "http://localhost:8080/x?y", "/?", "/%00")
HOSTS = ("localhost", "localhost:8080", "127.0.0.1", "[::1]:80", "", "a.example:")
VALUES = ("", "1", "a, b", "text/html;q=0.5", '"quoted \\" text"', "\x80\xff", "tab\tin", "close", "x" * 300)
NAMES = ("Accept", "Cookie", "X-User-Id", "Connection", "X_1", "if-match", "ACCEPT", "!#$%&'*+-.^_`|~")
HEAD_SNIPPETS = (
    b"\r\n", b"\n", b"\r", b"\r\r\n", b"\0", b" ", b"\t", b":", b",", b"\x7f", b"\x85", b"\xa0", b"#", b"\r\n\r\n",
    b"\r\nContent-Length: 5", b"\r\nContent-Length: 5, 5", b"\r\nContent-Length: +5", b"\r\ncontent-length: 0",
    b"\r\nContent-Length: 99999999999999999999", b"\r\nContent-Length : 5", b"\r\nTransfer-Encoding: chunked",
    b"\r\nTransfer-Encoding: gzip, chunked", b"\r\nTransfer-Encoding: chunked, chunked", b"\r\nTransfer-Encoding:",
    b"\r\nTransfer-Encoding: \x0bchunked", b"\r\nTransfer-Encoding: CHUNKED", b"\r\n folded", b"\r\n\tfolded",
    b"\r\nHost: b", b"\r\nHost:", b"\r\nExpect: 100-continue", b"\r\nExpect: more", b"\r\nConnection: close",
    b"HTTP/1.1", b" HTTP/1.0", b" HTTP/2.0", b" HTTP/0.9", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"*", b"CONNECT a:1",
    b"x" * 9000, b"\r\nA: b" * 101, b"\r\nA: " + b"c" * 33_000,
)  # fmt: skip
BODY_SNIPPETS = (
    b"\r\n", b"\n", b"\r", b"0\r\n\r\n", b"0\r\n", b"00000000\r\n\r\n", b"000000000\r\n\r\n", b"5\r\nabcde\r\n", b"-1",
    b"+1", b"0x1\r\na\r\n", b"1 \r\n", b"1;\r\na\r\n", b";name=value", b';name="\r\n"', b";" + b"x" * 300, b"fffff\r\n",
    b"ffffffff\r\n", b"ffffffffffffffffffff\r\n", b"Trailer: value\r\n", b"Bad Trailer\r\n", b" folded\r\n", b"\0",
    b"Content-Length: 5\r\n", b"A: b\r\n" * 200, b"A:" + b"c" * 33_000 + b"\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
)  # fmt: skip

CONTROL, FOLD, BARE_LF = rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", rb"\n[ \t]", rb"(?<!\r)\n"
LENGTH, CODING = rb"(?i:content-length)", rb"(?i:transfer-encoding)"
STRICTER = (  # how our error begins; what must be in the bytes then; why h11 accepts it
    ("a line must end with CR LF", BARE_LF, "h11 takes a bare LF for the end of a line"),
    ("the first line must be", BARE_LF, "h11 takes a bare LF for the end of a line"),
    ("each header line", b"|".join((CONTROL, FOLD, BARE_LF)), "h11 takes control characters and folded lines"),
    ("each trailer line", b"|".join((CONTROL, FOLD, BARE_LF)), "h11 takes control characters and folded lines"),
    ("at most 100 header lines", rb"(?:\n[^\n]*){100}", "h11 has no limit of its own for lines"),
    ("the head of a request may", rb"(?s).{32000}", "we ask h11 for a larger limit"),
    ("a target may have", rb"[^ ]{8000}", "we ask h11 for a larger limit"),
    ("a body may have", rb"[1-9a-fA-F][0-9a-fA-F]{4}", "h11 leaves the limit of bodies to the application"),
    ("this server speaks HTTP/1.1", rb"HTTP/[02-9]", "h11 leaves the version to the application"),
    ("send Content-Length or", LENGTH + rb"(?s:.*)" + CODING + b"|" + CODING + rb"(?s:.*)" + LENGTH,
     "h11 ignores the length beside Transfer-Encoding, as RFC 9112 allows"),
    ("HTTP/1.0 has no Transfer", rb"HTTP/1\.0", "h11 reads chunks of HTTP/1.0, too"),
    ("Content-Length must be one", LENGTH + rb":[^\n]*,|" + LENGTH + rb":(?s:.*)\n" + LENGTH + b":",
     "h11 takes equal lengths for one"),
    ("the chunked body is not",
     rb"(?m)^[0-9a-fA-F]{9,20}[ \t]*(;.*)?\r$|^[0-9a-fA-F]+[ \t]+\r$"
     rb"|^[0-9a-fA-F]+[ \t]*;.*[^\t\x20-\x7e\x80-\xff\r]|^.{256}",
     "h11 takes sizes of 20 digits, blanks behind a size, extensions with control characters, and lines of any length"),
    ("the Host header must be", rb"(?i)host|://", "h11 does not look into the host"),
    ("the target must be a path", rb"", "h11 leaves the form of the target to the application"),
    ("the only expectation", rb"(?i)expect", "h11 leaves the expectation to the application"),
)  # fmt: skip
MORE_LENIENT = (  # how the error of h11 begins; what must be in the bytes then; why we accept it
    ("illegal chunk header", rb"(?m)^[0-9a-fA-F]+[ \t]+;",
     "a server must read white space before an extension (RFC 9112, 7.1.1)"),
)  # fmt: skip


def valid_request(random, with_body: bool) -> tuple[bytes, tuple]:
    """The bytes of a request, and (method, target, version, headers, body)."""
    method, target, minor = random.choice(METHODS), random.choice(TARGETS), random.choice((1, 1, 1, 0))
    lines = [("Host", random.choice(HOSTS))]
    for _ in range(random.choice((0, 1, 2, 5))):
        lines.insert(random.randint(0, len(lines)), (random.choice(NAMES), random.choice(VALUES)))
    body, sent = b"", b""
    if with_body:
        some = random.randbytes(random.randint(1, 300))
        body = random.choice((b"", b"{}", some, b"\r\n\r\nGET / HTTP/1.1\r\n", b"\n"))
        is_chunked = minor and random.random() < 0.7
        sent = chunked(random, body) if is_chunked else body
        lines.append(("Transfer-Encoding", "chunked") if is_chunked else ("Content-Length", str(len(body))))
    before, after = random.choice(("", " ", "\t ")), random.choice(("", " ", " \t"))
    head = "".join(f"{name}:{before}{value}{after}\r\n" for name, value in lines)
    headers = {}
    for name, value in ((name.lower(), value) for name, value in lines):
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    data = f"{method} {target} HTTP/1.{minor}\r\n{head}\r\n".encode("latin-1") + sent
    return data, (method, target, (1, minor), headers, body)


def chunked(random, body: bytes) -> bytes:
    """The body in chunks, with zeros before a size, extensions and trailers now and then."""
    sent = b""
    while body:
        size = random.randint(1, len(body))
        extension = random.choice((b"", b"", b";a=b", b' ;q="x y"', b";" + b"x" * 90))
        sent += random.choice((b"%x", b"%X", b"00%x")) % size + extension + b"\r\n" + body[:size] + b"\r\n"
        body = body[size:]
    return sent + b"0\r\n" + random.choice((b"", b"", b"Trailer: x\r\n")) + b"\r\n"


def read(pieces):
    """(requests, error, bytes left over): what our reader makes of bytes that arrive in these pieces."""
    reader, requests = RequestReader(), []
    for piece in pieces:
        reader.receive(piece)
        try:
            while (request := reader.next_request()) is not None:
                requests.append(request)
        except BadRequest as problem:
            return requests, problem, 0
    return requests, None, reader.unread


def parts(request) -> tuple:
    return request.method, request.target, request.version, request.headers, request.body


def summary(result) -> tuple:
    """A result as something to compare; of errors only whether there is one: the cuts decide which is told.

    The body of a request that its head refuses is not kept, if it comes in pieces.
    """
    requests, problem, unread = result
    for request in requests:
        request.body = b"" if request.fault else request.body
    return [(*parts(request), str(request.fault)) for request in requests], problem is not None, unread


class Requests(BytesFuzzer):
    """Requests whose head (or body) is damaged in two of three cases."""

    def __init__(self, h11=None, with_body: bool = False):
        self.h11, self.with_body = h11, with_body

    def make(self, random):
        count = random.randint(1, 4)
        made = [valid_request(random, self.with_body or random.random() < 0.2) for _ in range(count)]
        data = b"".join(random.choice((b"", b"", b"\r\n")) + data for data, _ in made)
        if random.random() < 0.3:
            return data, [expected for _, expected in made]
        start = data.index(b"\r\n\r\n") + 4 if self.with_body else 0
        return mutated(random, data, BODY_SNIPPETS if start else HEAD_SNIPPETS, start), None

    def check(self, case) -> None:
        data, expected = case
        first, *others = [read(pieces) for pieces in cuts(data)]
        for other in others:
            assert summary(other) == summary(first), f"cuts change the result: {summary(first)} or {summary(other)}"
        if expected is not None:
            assert first[1] is None and [parts(request) for request in first[0]] == expected, f"not as made: {first}"
        if self.h11:
            self.compare(data, first)

    def compare(self, data, ours) -> None:
        """Our result against h11's, request by request, up to the first that one of the two refuses."""
        requests, problem, unread = ours
        for request in requests:
            theirs, data_after = read_with_h11(self.h11, data)
            if not isinstance(theirs, tuple):
                assert request.fault or is_on_purpose(theirs, data), f"h11 does not accept it: {theirs!r}"
                return
            if request.fault:
                self.explain(request.fault, data)
            if request.fault:  # we do not keep its body
                theirs = (*theirs[:4], request.body, theirs[5])
            assert theirs == comparable(request), f"read in two ways: {theirs} by h11, {comparable(request)} by us"
            data = data_after
        theirs, _ = read_with_h11(self.h11, data)
        if problem and theirs is None:  # it waits for the end of the head or of the trailers
            theirs, _ = read_with_h11(self.h11, data + b"\r\n\r\n")
        if problem and not isinstance(theirs, Exception):
            self.explain(problem, data)
        elif not problem:
            assert not isinstance(theirs, tuple), f"h11 reads one more: {theirs}"

    def explain(self, problem, data) -> None:
        """Fail unless STRICTER has the reason why we refuse what h11 accepts."""
        for begins, pattern, _ in STRICTER:
            if str(problem).startswith(begins):
                assert re.search(pattern, data), f"no reason to refuse it: {problem}"
                return
        raise AssertionError(f"a refusal that STRICTER does not have: {problem}")


def is_on_purpose(theirs, data) -> bool:
    """Whether we accept on purpose what h11 does not."""
    return any(str(theirs).startswith(begins) and re.search(pattern, data) for begins, pattern, _ in MORE_LENIENT)


Heads, Bodies = Requests, partial(Requests, with_body=True)


def read_with_h11(h11, data: bytes):
    """(the first request, the bytes after it); in place of the request None for too few bytes, or h11's error."""
    while data.startswith(b"\r\n"):  # RFC 9112, 2.2: a server should skip empty lines; h11 does not
        data = data[2:]
    if not data:  # for h11 the end of the connection
        return None, b""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=2 * MAX_BODY)
    connection.receive_data(data)
    head, body = None, b""
    try:
        while not isinstance(event := connection.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                return None, b""
            if isinstance(event, h11.Request):
                head = event
            else:
                body += event.data
    except h11.RemoteProtocolError as problem:
        return problem, b""
    headers = {}
    for name, value in ((name.decode(), value.decode("latin-1")) for name, value in head.headers):
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    version = tuple(map(int, head.http_version.decode().split(".")))
    closes = connection.their_state is h11.MUST_CLOSE if version == (1, 1) and head.method != b"CONNECT" else None
    found = head.method.decode(), head.target.decode(), version, lower_coding(headers), bytes(body), closes
    return found, connection.trailing_data[0]


def comparable(request) -> tuple:
    closes = not request.keep_alive if request.version == (1, 1) and request.method != "CONNECT" else None
    return (*parts(request)[:3], lower_coding(request.headers), request.body, closes)


def lower_coding(headers):
    """h11 makes the name of the transfer coding lower-case."""
    coding = headers.get("transfer-encoding")
    return headers if coding is None else {**headers, "transfer-encoding": coding.lower()}
