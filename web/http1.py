"""HTTP/1.1 by RFC 9112: bytes → requests, responses → bytes. Pure: no sockets, no clock.

Strict, against request smuggling (one request hidden inside another): a bare CR or LF, a folded line, a line
without a colon, two lengths, or a length with Transfer-Encoding is an error, and the connection is closed.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from itertools import count
from typing import Callable

MAX_TARGET = 8 * 1024
MAX_HEAD = 32 * 1024
MAX_FIELDS = 100
MAX_BODY = 1024 * 1024
MAX_CHUNK_LINE = 256
CHUNKS_AT_ONCE = 64  # of a body that a client cuts into many small chunks, before other clients have their turn

TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
REQUEST_LINE = re.compile(rf"({TOKEN}) ([\x21-\x7e]+) HTTP/(\d)\.(\d)")
FIELD_VALUE = r"[\t\x20-\x7e\x80-\xff]*"  # no control character, so no bare CR or LF
FIELD_LINE = re.compile(rf"({TOKEN}):({FIELD_VALUE})")
BARE_LF = re.compile(rb"(?<!\r)\n")
ABSOLUTE_FORM = re.compile(r"https?://([^/?#]+)(.*)", re.IGNORECASE)
HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.\-_]*)(:\d*)?")
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,8})([ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
TRAILER_LINE = re.compile(FIELD_LINE.pattern.encode())
PHRASES = {status.value: status.phrase for status in HTTPStatus}
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class BadRequest(Exception):
    """A request that this server does not accept; the error response has this status."""

    def __init__(self, status: int, code: str, message: str, *headers: tuple[str, str]):
        super().__init__(message)
        self.status, self.code, self.headers = status, code, headers


@dataclass(slots=True, eq=False)
class Request:
    """One request with its complete body; checks.py and handler.py fill in the last fields.

    `headers` maps lower-case names to values, repeated lines joined by ", " (RFC 9110, 5.2).
    `fault` is an exception if the request is wrong but its end is clear: then the connection stays open.
    """

    method: str
    target: str
    version: tuple = (1, 1)
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    path: str = "-"
    query: str = ""
    host: str = ""
    fault: Exception | None = None
    is_last: bool = False  # the connection is closed after the response
    id: str = ""
    client: str = ""  # the client's address
    started: float = 0.0  # when it was complete, by time.monotonic()
    route: object = None  # the row of the route table
    references: tuple = ()  # the values of the {…} in the route's path
    caller: object = None
    fields: object = None  # its body or query, checked
    fingerprint: str = ""  # a hash of its body, if it has an Idempotency-Key
    scope: tuple | None = None  # of that key: caller, method, path, key
    stamp: object = None  # the state of the database at the look-up in the response cache
    prepared: object = None  # the result of a worker thread
    is_prepared: bool = False  # whether the worker thread is done

    @property
    def keep_alive(self) -> bool:
        """RFC 9112, 9.3: persistent unless HTTP/1.0 without keep-alive, or close."""
        if self.is_last:
            return False
        stated = self.headers.get("connection")
        if stated is None:
            return self.version >= (1, 1)
        options = [option.strip() for option in stated.lower().split(",")]
        return "close" not in options and (self.version >= (1, 1) or "keep-alive" in options)


@dataclass(slots=True)
class Response:
    """A status, the body's bytes, and headers as (name, value) pairs.

    A streamed response has `more`: a worker thread calls it again and again for the next piece of the body; b"" is
    the end. With a `session` (live.py) the connection becomes an event stream or a WebSocket.
    """

    status: int
    body: bytes = b""
    headers: tuple = ()
    more: Callable[[], bytes] | None = None
    session: object = None

    @property
    def is_unfinished(self) -> bool:
        """Whether more bytes follow after this: pieces of the body, or a session."""
        return self.more is not None or self.session is not None


class RequestReader:
    """Collects bytes and returns complete requests, one after the other.

    If the body of a request is still on its way, check_head(request) may set request.fault, an exception: then the body
    is read, but not kept.
    """

    def __init__(self, check_head: Callable[[Request], None] = lambda request: None):
        self._buffer, self._chunked = bytearray(), bytearray()  # _chunked: the decoded part of a chunked body
        self._steps, self._check_head = self._requests(), check_head
        self.stage = "idle"  # or "head" or "body": what the connection is waiting for
        self.wants_continue = False
        self.is_paused = False  # next_request() has returned None to let other clients have their turn

    @property
    def unread(self) -> int:
        """Bytes received that are not part of a returned request."""
        return len(self._buffer) + len(self._chunked)

    def receive(self, data: bytes) -> None:
        self._buffer += data

    def rest(self) -> bytes:
        """The bytes that arrived after the last request."""
        return bytes(self._buffer)

    def close(self) -> None:
        """Read no more, and forget everything: what refers to each other would stay in memory for a while."""
        self._steps.close()
        self._buffer, self._chunked, self._check_head = bytearray(), bytearray(), None

    def next_request(self) -> Request | None:
        """The next complete request, None when more bytes are needed or after a pause. Raises BadRequest."""
        self.is_paused = False
        return next(self._steps, None)

    def _requests(self):
        while True:
            while self._buffer.startswith(b"\r\n") or self._buffer in (b"", b"\r"):
                if len(self._buffer) < 2:  # an empty line before a request is skipped (RFC 9112, 2.2)
                    yield None
                else:
                    del self._buffer[:2]
            self.stage = "head"
            head = yield from self._until(b"\r\n\r\n", MAX_HEAD, _head_too_large)
            request = parse_head(head.decode("latin-1"))
            self.stage = "body"
            coding, length = request.headers.get("transfer-encoding"), request.headers.get("content-length")
            if coding is not None or length is not None:
                request.body = yield from self._body(request, coding, length)
            self.stage = "idle"
            yield request

    def _body(self, request, coding, length):
        size = _length(request, coding, length)
        if size is not None and size <= len(self._buffer):
            return self._take(size)
        self._check_head(request)
        self.wants_continue = _expects_continue(request) and not self._buffer
        if self.wants_continue and request.fault:  # the client waits for an answer before it sends the body
            self.wants_continue, request.is_last = False, True
            return b""
        read = self._skip if request.fault else self._exactly
        body = yield from (self._chunks(read) if size is None else read(size))
        self.wants_continue = False
        return body

    def _chunks(self, read):
        """A chunked body, decoded (RFC 9112, 7.1); extensions and trailers are read and dropped."""
        received = 0
        for number in count(1):
            line = CHUNK_LINE.fullmatch((yield from self._until(b"\r\n", MAX_CHUNK_LINE, _bad_chunk)))
            size = int(line[1], 16) if line else _bad_chunk()
            if size == 0:
                break
            received += size
            if received > MAX_BODY:
                raise _too_large()
            self._chunked += yield from read(size)
            if (yield from self._exactly(2)) != b"\r\n":
                _bad_chunk()
            if number % CHUNKS_AT_ONCE == 0:
                self.is_paused = True
                yield None
        body, self._chunked = bytes(self._chunked), bytearray()
        seen = 0
        while (trailer := (yield from self._until(b"\r\n", MAX_HEAD - seen, _bad_chunk))) != b"":
            if not TRAILER_LINE.fullmatch(trailer):
                raise _malformed("each trailer line must be Name: value, unfolded, no space before the colon")
            seen += len(trailer) + 2
        return body

    def _until(self, end, limit, complain):
        """The bytes before `end`, which is removed too; calls complain(bytes), which raises, for more than `limit`."""
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
        return self._take(size)

    def _skip(self, size):
        """Read `size` bytes and keep none of them."""
        while len(self._buffer) < size:
            size -= len(self._buffer)
            self._buffer.clear()
            yield None
        del self._buffer[:size]
        return b""

    def _take(self, size):
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken


def parse_head(head: str) -> Request:
    """A request without its body from the text before the empty line. Raises BadRequest."""
    first, *lines = head.split("\r\n")
    method, target, version, authority, path, query = _parse_request_line(first)
    if len(lines) > MAX_FIELDS:
        raise BadRequest(431, "HEADERS_TOO_LARGE", f"at most {MAX_FIELDS} header lines")
    headers = {}
    for line in lines:
        name, value = _parse_field(line)
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    host = headers.get("host", "") if authority is None else authority
    request = Request(method, target, version, headers, b"", path, query, host)
    request.fault = _fault(request)
    return request


# A client sends nearly the same head each time: with these two caches the head of a create takes 6 µs instead of 11.


@lru_cache(256)
def _parse_request_line(line):
    """(method, target, version, authority, path, query); authority is None unless the target is a whole URL."""
    found = REQUEST_LINE.fullmatch(line)
    if not found:
        raise _malformed("the first line must be: METHOD target HTTP/1.1")
    method, target, version = found[1], found[2], (int(found[3]), int(found[4]))
    if version[0] != 1:
        raise BadRequest(505, "VERSION_NOT_SUPPORTED", "this server speaks HTTP/1.1 and HTTP/1.0")
    if len(target) > MAX_TARGET:
        raise _target_too_long()
    authority, local, absolute = None, target, ABSOLUTE_FORM.fullmatch(target)
    if absolute:  # RFC 9112, 3.2.2: this host replaces the Host header
        authority, local = absolute[1], absolute[2] or "/"
        if local[0] == "?":
            local = f"/{local}"
    path, _, query = local.partition("?")
    return method, target, version, authority, path, query


@lru_cache(256)
def _parse_field(line):
    """A header line's name, in lower case, and value."""
    found = FIELD_LINE.fullmatch(line)
    if not found:
        raise _malformed("each header line must be Name: value CR LF, unfolded, no space before the colon")
    return found[1].lower(), found[2].strip(" \t")


@lru_cache(256)
def _is_host(text):
    return HOST.fullmatch(text) is not None


def _fault(request):
    """The error in a request whose end is clear (RFC 9112, 3.2), as an exception; None if there is none."""
    stated = request.headers.get("host")
    if stated is None and request.version >= (1, 1):
        return _malformed("HTTP/1.1 needs a Host header")
    if not (_is_host(stated or "") and _is_host(request.host)):
        return _malformed("the Host header must be one name or address, with a port or without")
    is_path = request.path[:1] == "/" or (request.path == "*" and request.method == "OPTIONS" and not request.query)
    if not is_path or "#" in request.target:
        return _malformed("the target must be a path such as /tickets")
    if request.headers.get("expect", "100-continue").lower() != "100-continue":
        return BadRequest(417, "EXPECTATION_FAILED", "the only expectation known here is 100-continue")
    return None


def _length(request, coding, length) -> int | None:
    """The body's size in bytes, None for chunked (RFC 9112, 6.3). Raises BadRequest."""
    if coding is not None:
        if length is not None:
            raise _malformed("send Content-Length or Transfer-Encoding, not both")
        if request.version < (1, 1):
            raise _malformed("HTTP/1.0 has no Transfer-Encoding")
        *others, last = [name.strip() for name in coding.lower().split(",")]
        if last != "chunked" or "chunked" in others:  # nobody can tell where such a body ends
            raise _malformed("the last transfer coding must be chunked, once")
        if others:
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


@lru_cache(64)
def _status_line(status):
    return f"HTTP/1.1 {status} {PHRASES[status]}\r\n"


def render(response: Response, fixed: str, *, version: tuple, close: bool, head_only: bool) -> bytes:
    """The bytes of a response, head and body in one piece so that one send carries both.

    `fixed` are header lines that need no check, each with its line end; `version` is the client's. Raises ValueError
    if a header value of the response has a line break (header injection).
    """
    status, own = response.status, "".join([f"{name}: {value}\r\n" for name, value in response.headers])
    if own.count("\r") + own.count("\n") > 2 * len(response.headers):
        raise ValueError("a header value has a line break")
    is_bare = head_only or status in (204, 304)
    if status in (101, 204, 304):
        framing = ""
    elif not response.is_unfinished:
        framing = f"Content-Length: {len(response.body)}\r\n"
    else:
        framing = "Transfer-Encoding: chunked\r\n" if version >= (1, 1) else ""
    # a 101 says Connection: Upgrade
    connection = "" if status == 101 else "Connection: close\r\n" if close else "Connection: keep-alive\r\n"
    head = f"{_status_line(status)}{own}{fixed}{framing}{connection}\r\n".encode("latin-1")
    return head if is_bare else head + response.body
