"""HTTP/1.1 on paper: bytes → requests, answers → bytes, by RFC 9112. Pure: no sockets, no clock.

Strict where leniency lets one request hide inside another: a bare CR or LF, a folded or colonless
line, two lengths, a length beside Transfer-Encoding are refused and the connection is closed.
"""

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Callable

MAX_TARGET = 8 * 1024
MAX_HEAD = 32 * 1024
MAX_FIELDS = 100
MAX_BODY = 1024 * 1024
MAX_CHUNK_LINE = 256

TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
REQUEST_LINE = re.compile(rf"({TOKEN}) ([\x21-\x7e]+) HTTP/(\d)\.(\d)")
FIELD_VALUE = r"[\t\x20-\x7e\x80-\xff]*"  # no control character, so no bare CR or LF
FIELD_LINE = re.compile(rf"({TOKEN}):({FIELD_VALUE})")
BARE_LF = re.compile(rb"(?<!\r)\n")
ABSOLUTE_FORM = re.compile(r"https?://([^/?#]+)(.*)", re.IGNORECASE)
HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.\-_]*)(:\d*)?")
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(;[\t\x20-\x7e\x80-\xff]*)?")
TRAILER_LINE = re.compile(FIELD_LINE.pattern.encode())
PHRASES = {status.value: status.phrase for status in HTTPStatus}
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class BadRequest(Exception):
    """Bytes that are not a request this server takes; the answer is an error with this status."""

    def __init__(self, status: int, code: str, message: str, *headers: tuple[str, str]):
        super().__init__(message)
        self.status, self.code, self.headers = status, code, headers


@dataclass(slots=True, eq=False)
class Request:
    """One request as it arrived, its body complete; the door (door.py) adds what it found out.

    `headers` maps lower-case names to values, repeated lines joined by ", " (RFC 9110, 5.2).
    `fault` is set when the framing was sound but the request is not: answer it, keep the connection.
    """

    method: str
    target: str
    version: tuple = (1, 1)
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    path: str = "-"
    query: str = ""
    host: str = ""
    fault: BadRequest | None = None
    id: str = ""
    caller: object = None
    references: tuple = ()  # what stood at the {…} of the route
    client: str = ""  # the client's address
    route: str = ""  # the template of its path
    fields: object = None

    @property
    def keep_alive(self) -> bool:
        """RFC 9112, 9.3: persistent unless HTTP/1.0 without keep-alive, or close."""
        options = [option.strip() for option in self.headers.get("connection", "").lower().split(",")]
        return "close" not in options and (self.version >= (1, 1) or "keep-alive" in options)


@dataclass(slots=True)
class Answer:
    """What goes back: a status, the body's bytes, and headers as (name, value) pairs.

    A streamed answer has `more`, a job for the slow lane that returns the next piece of the body each
    time it is called, and b"" at the end. With a `session` (live.py) the connection goes on as that.
    """

    status: int
    body: bytes = b""
    headers: tuple = ()
    more: Callable[[], bytes] | None = None
    session: object = None

    @property
    def goes_on(self) -> bool:
        """Whether more will follow on the connection when this has been sent."""
        return self.more is not None or self.session is not None


class RequestReader:
    """Collects bytes and hands out complete requests, one after the other."""

    def __init__(self):
        self._buffer = bytearray()
        self._steps = self._requests()
        self.stage = "idle"  # or "head" or "body": what the connection is waiting for
        self.wants_continue = False

    @property
    def unread(self) -> int:
        """Bytes received and not yet handed out."""
        return len(self._buffer)

    def receive(self, data: bytes) -> None:
        self._buffer += data

    def rest(self) -> bytes:
        """What has arrived behind the last request."""
        return bytes(self._buffer)

    def next_request(self) -> Request | None:
        """The next complete request, None when more bytes are needed, BadRequest when they make no sense."""
        return next(self._steps)

    def _requests(self):
        while True:
            self.stage = "idle"
            while self._buffer.startswith(b"\r\n") or self._buffer in (b"", b"\r"):
                if len(self._buffer) < 2:  # an empty line before a request is skipped (RFC 9112, 2.2)
                    yield None
                else:
                    del self._buffer[:2]
            self.stage = "head"
            head = yield from self._until(b"\r\n\r\n", MAX_HEAD, _head_too_large)
            request = parse_head(head.decode("latin-1"))
            self.stage = "body"
            request.body = yield from self._body(request)
            yield request

    def _body(self, request):
        coding, length = request.headers.get("transfer-encoding"), request.headers.get("content-length")
        if coding is None and length is None:
            return b""
        size = _length(request, coding, length)
        self.wants_continue = _expects_continue(request) and not self._buffer
        if size is None:
            body = yield from self._chunks()
        else:
            body = yield from self._exactly(size)
        self.wants_continue = False
        return body

    def _chunks(self):
        """A chunked body, decoded (RFC 9112, 7.1); extensions and trailers are read and dropped."""
        body = bytearray()
        while True:
            line = CHUNK_LINE.fullmatch((yield from self._until(b"\r\n", MAX_CHUNK_LINE, _bad_chunk)))
            size = int(line[1], 16) if line else _bad_chunk()
            if size == 0:
                break
            if len(body) + size > MAX_BODY:
                raise _too_large()
            body += yield from self._exactly(size)
            if (yield from self._exactly(2)) != b"\r\n":
                _bad_chunk()
        seen = 0
        while (trailer := (yield from self._until(b"\r\n", MAX_HEAD - seen, _bad_chunk))) != b"":
            if not TRAILER_LINE.fullmatch(trailer):
                raise _malformed("each trailer line must be Name: value, unfolded, no space before the colon")
            seen += len(trailer) + 2
        return bytes(body)

    def _until(self, end, limit, complain):
        """The bytes before `end`, which is consumed too; `complain(bytes)` where they pass `limit`."""
        searched = 0
        while (found := self._buffer.find(end, max(searched - len(end), 0), limit + len(end))) < 0:
            if len(self._buffer) >= limit + len(end):
                complain(self._buffer)
            if BARE_LF.search(self._buffer, max(searched - 1, 0)):
                raise _malformed("a line must end with CR LF; a bare LF was sent")
            searched = len(self._buffer)
            yield None
        taken = bytes(self._buffer[:found])
        del self._buffer[: found + len(end)]
        return taken

    def _exactly(self, size):
        while len(self._buffer) < size:
            yield None
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken


def parse_head(head: str) -> Request:
    """A request without its body from the text before the empty line. Raises BadRequest."""
    first, *lines = head.split("\r\n")
    line = REQUEST_LINE.fullmatch(first)
    if not line:
        raise _malformed("the first line must be: METHOD target HTTP/1.1")
    request = Request(line[1], line[2], (int(line[3]), int(line[4])))
    if request.version[0] != 1:
        raise BadRequest(505, "VERSION_NOT_SUPPORTED", "this server speaks HTTP/1.1 and HTTP/1.0")
    if len(request.target) > MAX_TARGET:
        raise _target_too_long()
    if len(lines) > MAX_FIELDS:
        raise BadRequest(431, "HEADERS_TOO_LARGE", f"at most {MAX_FIELDS} header lines")
    headers = request.headers
    for text in lines:
        field = FIELD_LINE.fullmatch(text)
        if not field:
            raise _malformed("each header line must be Name: value CR LF, unfolded, no space before the colon")
        name, value = field[1].lower(), field[2].strip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    _split_target(request)
    return request


def _split_target(request):
    """Set path, query and host from the target (RFC 9112, 3.2) and the Host header; else `fault`."""
    target, stated = request.target, request.headers.get("host")
    host, absolute = stated or "", ABSOLUTE_FORM.fullmatch(target)
    if absolute:  # its host counts, and the Host header must be sound all the same
        host, target = absolute[1], absolute[2] or "/"
        if target[0] == "?":
            target = "/" + target
    if stated is None and request.version >= (1, 1):
        request.fault = _malformed("HTTP/1.1 needs a Host header")
    elif not (HOST.fullmatch(stated or "") and HOST.fullmatch(host)):
        request.fault = _malformed("the Host header must be one name or address, with a port or without")
    elif "#" in target or not (target[0] == "/" or (target == "*" and request.method == "OPTIONS")):
        request.fault = _malformed("the target must be a path such as /tickets")
    elif request.headers.get("expect", "100-continue").lower() != "100-continue":
        request.fault = BadRequest(417, "EXPECTATION_FAILED", "the only expectation known here is 100-continue")
    request.path, _, request.query = target.partition("?")
    request.host = host


def _length(request, coding, length) -> int | None:
    """The body's size in bytes, None for chunked (RFC 9112, 6.3). Raises BadRequest."""
    if coding is not None:
        if length is not None:
            raise _malformed("send Content-Length or Transfer-Encoding, not both")
        if request.version < (1, 1):
            raise _malformed("HTTP/1.0 has no Transfer-Encoding")
        if coding.lower() != "chunked":
            raise BadRequest(501, "NOT_IMPLEMENTED", "the only transfer coding known here is chunked")
        return None
    if not (length.isascii() and length.isdigit()):
        raise _malformed("Content-Length must be one whole number")
    if len(length) > 12 or int(length) > MAX_BODY:
        raise _too_large()
    return int(length)


def _expects_continue(request):
    return request.version >= (1, 1) and request.headers.get("expect", "").lower() == "100-continue"


def _malformed(message):
    return BadRequest(400, "BAD_REQUEST", message)


def _target_too_long():
    return BadRequest(414, "URI_TOO_LONG", f"a target may have {MAX_TARGET} bytes")


def _too_large():
    return BadRequest(413, "TOO_LARGE", f"a body may have {MAX_BODY} bytes")


def _head_too_large(head):
    if b"\r\n" not in head[: MAX_TARGET + 64]:
        raise _target_too_long()
    raise BadRequest(431, "HEADERS_TOO_LARGE", f"the head of a request may have {MAX_HEAD} bytes")


def _bad_chunk(line=b""):
    raise _malformed("the chunked body is not: size in hex, CR LF, that many bytes, CR LF")


def render_chunk(piece: bytes) -> bytes:
    """One chunk of a chunked body; an empty piece is the last one (RFC 9112, 7.1)."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def render(answer: Answer, date: str, *, close: bool, head_only: bool) -> bytes:
    """The bytes of an answer, head and body in one piece so that one send carries both.

    Raises ValueError for a header that would break out of its line.
    """
    lines = [f"HTTP/1.1 {answer.status} {PHRASES[answer.status]}", f"Date: {date}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    if answer.status not in (101, 204, 304) and not answer.goes_on:
        lines.append(f"Content-Length: {len(answer.body)}")
    if answer.status != 101:  # it says Connection: Upgrade
        lines.append("Connection: close" if close else "Connection: keep-alive")
    head = "\r\n".join(lines)
    if head.count("\r") + head.count("\n") > 2 * (len(lines) - 1):
        raise ValueError("a header value has a line break")
    is_bare = head_only or answer.status in (204, 304)
    return f"{head}\r\n\r\n".encode("latin-1") + (b"" if is_bare else answer.body)
