"""One client's connection, and one request on its way to its answer. No socket is touched here."""

import time
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import NamedTuple

from web.http1 import Request, RequestReader

OUTBOX = 256 * 1024  # bytes a client may leave unread before the desk stops reading from it
INBOX = 2 * 1024 * 1024  # bytes it may send ahead: one largest request, and some
AHEAD = 1024  # bytes of these while slow work is done for it: one must read to hear that it hangs up


class Exchange(NamedTuple):
    """A request on its way to its answer."""

    connection: "Connection"
    request: Request
    started: float
    is_last: bool  # the connection closes behind its answer


class Connection(BaseHTTPRequestHandler):
    """One client's socket and what is under way on it.

    A BaseHTTPRequestHandler in what it knows (command, path, headers, requestline, request_version,
    client_address), not in how it works: the stock one reads and parses blocking, one connection at a
    time, and takes bytes that RFC 9112 refuses. So __init__ does not serve, and http1.py parses.
    """

    protocol_version = "HTTP/1.1"

    def __init__(self, sock, client_address, server):
        self.connection, self.client_address, self.server = sock, client_address, server
        self.reader = RequestReader()  # makes requests of bytes; a WebSocket brings its own
        self.session = None  # a live.Session, once the connection is one
        self.current = Request("-", "-")
        self.outbox = bytearray()
        self.stage, self.since = "idle", time.monotonic()
        self.watched = 0  # what the selector watches this socket for
        self.owed = 0  # answers that have not reached the outbox
        self.stream = None  # the exchange whose body is being made piece by piece, and the job that makes it
        self.held = 0  # bytes of those that wait for the commit
        self.is_waiting = False  # for the slow lane
        self.is_last = False  # no request after the one under way
        self.is_half_closed = False  # the client will send no more

    command = property(lambda self: self.current.method)
    path = property(lambda self: self.current.target)
    request_version = property(lambda self: "HTTP/{}.{}".format(*self.current.version))
    requestline = property(lambda self: f"{self.command} {self.path} {self.request_version}")

    @property
    def headers(self) -> Message:
        message = Message()
        for name, value in self.current.headers.items():
            message[name] = value
        return message

    @property
    def is_live(self) -> bool:
        return self.session is not None

    @property
    def may_send_more(self) -> bool:
        """Whether to read from this client: not while it leaves answers unread, nor far ahead of slow work."""
        room = AHEAD if self.is_waiting else INBOX
        return len(self.outbox) < OUTBOX and self.reader.unread < room and not self.is_half_closed

    def enter(self, stage: str) -> None:
        self.stage, self.since = stage, time.monotonic()

    def log_message(self, format, *arguments):
        """Nothing: web/log.py writes one line per request, once per beat."""
