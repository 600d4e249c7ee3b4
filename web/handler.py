"""One client's connection: its states, and how each of its requests becomes a response.

Nothing here reads from or writes to a socket: server.py reads, calls handle_one_request(), commits, and sends.
"""

import time
import traceback
from bdb import BdbQuit
from email.message import Message
from http.server import BaseHTTPRequestHandler
from math import inf
from typing import Callable, NamedTuple

from web import checks
from web.http1 import Request, RequestReader, Response, render
from web.responses import CORS_EXPOSED, default_lines, preflight, refusal
from web.routes import allowed, find
from workflow import KeyInProgress, KeyReused, Unavailable

OUTBOX = 256 * 1024  # bytes a client may leave unread before the desk stops reading from it
INBOX = 1280 * 1024  # bytes it may send in advance: a request of the largest size, and some more
AHEAD = 1024  # the same while a worker thread works for it; we read on, to notice that it hangs up


class State(NamedTuple):
    """A state of a connection, and what may happen in it."""

    name: str
    timeout: float  # seconds for the client's part; the time of the desk's own work does not count
    room: int  # bytes to read in advance, after the current request
    takes_requests: bool  # whether the next complete request is handled now
    then: str  # the states that may follow


# The states of a connection. IDLE, HEAD and BODY say which part of a request is read. A request is handled when its
# last byte has arrived. If nothing has to wait, its response is sent in the same turn, and the state is IDLE again.
#
#                    ┌─────────────────── the client has read all ◄────────────┐
#                    ▼                                                         │
#    accept ──────► IDLE ──► HEAD ──► BODY ──► handle_one_request() ─────► SENDING ──► LINGERING ──► CLOSED
#                    ▲                           │        ▲                     after the last response
#                    │          slow work:       ▼        │
#                    ├────────── a worker ◄── WAITING ────┘
#                    └── the last piece ◄─── STREAMING ──► LIVE (WebSocket, server-sent events)
#
# If a client hangs up, or is too slow in its part, every state leads to CLOSED (HEAD and BODY send a 408 first).
#
#             name      timeout  room   takes requests                        the client's part
IDLE = State("idle", 60, INBOX, True, "head body waiting streaming sending lingering closed")  # to begin a request
HEAD = State("head", 10, INBOX, True, "idle body sending lingering closed")  # to send the rest of its head
BODY = State("body", 15, INBOX, True, "idle sending lingering closed")  # to send the rest of its body
WAITING = State("waiting", inf, AHEAD, False, "idle head body live closed")  # none: a worker thread is at work
STREAMING = State("streaming", 60, AHEAD, False, "idle head body live lingering closed")  # to read the pieces
SENDING = State("sending", 60, INBOX, True, "idle head body live waiting streaming lingering closed")  # to read
LIVE = State("live", 60, INBOX, True, "waiting sending lingering closed")  # to answer a ping
LINGERING = State("lingering", 2, INBOX, False, "closed")  # to close, too; its last bytes are dropped
CLOSED = State("closed", 0, 0, False, "")
READING = {state.name: state for state in (IDLE, HEAD, BODY, LIVE)}  # by the stage of the reader: see http1.py


class Job(NamedTuple):
    """Slow work for a request; its result becomes request.prepared, its exception request.fault."""

    handler: "Handler"
    request: Request
    work: Callable
    pool: str


class Handler(BaseHTTPRequestHandler):
    """One connection, with the interface of http.server: `command`, `path` and `headers` are those of the current
    request, do_GET and the others are called for it, log_request() writes its log line.

    What differs from BaseHTTPRequestHandler, and why:

    - It does not read. The original handle() blocks its thread on the socket; here the event loop reads for all
      connections, and calls handle_one_request() when one complete request has arrived.
    - It does not parse. The original parser accepts what RFC 9112 forbids (a bare CR in a value starts a new header, a
      line without a colon hides all later ones, two lengths, a length with Transfer-Encoding), sends errors as HTML,
      and takes four times as long (95 µs for a request and its response instead of 25): see http1.py.
    - It does not send. A do_… method returns its Response instead of calling send_response() and writing to wfile.
      server.py sends it after the commit, head and body in one piece (two pieces take 44 ms more: Nagle's algorithm
      and delayed acknowledgements).
    - refuse() replaces send_error(): an error response is JSON.
    - A timeout is for a whole request, not for one recv(). An incomplete request is never handled, and a body that
      no route expects never becomes the next request.

    So there is nothing here that blocks: setup(), handle(), finish(), rfile, wfile, send_response(), send_header(),
    end_headers() and send_error() do not work. The server listens with a backlog of 1,024 instead of 5, and after
    SIGTERM it stops when every open request has its response.
    """

    def __init__(self, request, client_address, server):
        self.request = self.connection = request  # the socket; http.server uses both names
        self.client_address, self.server = client_address, server
        self.state, self.since = IDLE, time.monotonic()
        self.reader = RequestReader(self._check_head)  # makes requests from bytes; a WebSocket has its own
        self.current = Request("-", "-")  # the current request
        self.outbox = bytearray()  # bytes that the socket has not taken yet
        self.is_greedy = False  # its last slice took long, or was not enough: see server.py
        self.watched = 0  # the selector's events for this socket
        self.responses_due = 0  # requests whose response has not reached the outbox
        self.uncommitted = 0  # bytes of responses that wait for the commit
        self.close_after = False  # take no further request
        self.input_closed = False  # the client will send no more
        self.session = None  # a live.Session, if the connection has become one
        self.stream = None  # the job that makes the next piece of a body that is sent piece by piece

    # -- the connection -------------------------------------------------------------------------

    def enter(self, state: State) -> None:
        """Change the state; its timeout starts now. CLOSED never changes."""
        if self.state is not CLOSED:
            self.state, self.since = state, time.monotonic()

    def resume(self) -> None:
        """Enter the state that the reader of the bytes is in."""
        self.enter(LIVE if self.session else READING[self.reader.stage])

    def take(self, request: Request) -> None:
        """Make this complete request the current one."""
        request.started, request.client = time.monotonic(), self.client_address[0]
        self.current = request
        self.responses_due += 1
        if not request.keep_alive:
            self.close_after = True
        if self.state in (IDLE, HEAD, BODY):
            self.state, self.since = IDLE, request.started

    @property
    def may_send_more(self) -> bool:
        """Whether to read from this client: not while it has many bytes to read itself, or has sent many in advance."""
        has_room = self.reader.unread < self.state.room and len(self.outbox) < OUTBOX
        return has_room and not self.input_closed

    @property
    def may_take_request(self) -> bool:
        return self.state.takes_requests and not self.close_after and len(self.outbox) + self.uncommitted < OUTBOX

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is in progress, and the client may start a request."""
        is_busy = self.outbox or self.close_after or self.input_closed or self.reader.unread
        return self.state is IDLE and not is_busy

    def is_overdue(self, now: float) -> bool:
        """Whether the client is too slow. While the desk makes a response, the client's time does not count."""
        is_our_turn = self.responses_due and not self.outbox
        return not is_our_turn and now >= self.since + self.state.timeout

    def _check_head(self, request):
        """Note an error that shows before the body has arrived: so its bytes are not kept."""
        try:
            checks.check_head(self.server.gate, request)
        except Exception as problem:
            request.fault = problem

    # -- one request ----------------------------------------------------------------------------

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

    def handle_one_request(self) -> Response | Job:
        """The response to self.current, also for errors; or a Job, if a worker thread must do slow work first.

        A request with slow work comes here twice, the second time with its result in request.prepared.
        """
        request, server = self.current, self.server
        try:
            if request.is_prepared:
                server.keys_in_progress.discard(request.scope)
                if request.fault:
                    raise request.fault
            else:
                request.id = checks.stated_id(request) or next(server.ids)
                checks.admit(server.gate, request)
            response = getattr(self, f"do_{request.method}")()
            if server.is_stopping and isinstance(response, Response) and response.session:
                raise Unavailable("the desk is stopping")
            return response
        except Exception as problem:
            return self.refuse(problem)

    def do_GET(self) -> Response | Job:
        """A read: from the cache, from a worker thread, or from its endpoint here."""
        request, route, context, cache = self.current, self.current.route, self.server.context, self.server.cache
        stamp = context.store.begin_read()
        is_cacheable = route.is_cacheable and "if-none-match" not in request.headers
        if request.is_prepared:
            response = request.prepared
        elif is_cacheable and (response := cache.find(request, stamp)):
            return response
        elif pool := route.runs_on(request):
            return self._read(pool)
        else:
            response = route.endpoint(context, request)
        if is_cacheable:
            cache.keep(request, response, stamp)
        return response

    do_HEAD = do_GET

    def do_POST(self) -> Response | Job:
        """A write, all of it or nothing, in one savepoint; a retry with the same key gets the first response again."""
        request, route, store = self.current, self.current.route, self.server.context.store
        if route.prepare and not request.is_prepared and (pool := route.runs_on(request)):
            return self._prepare(pool)
        with store.savepoint():
            if request.scope and (response := self._kept_response()):
                return response
            response = route.endpoint(self.server.context, request)
            if request.scope and response.status < 300:
                location = dict(response.headers).get("Location")
                store.keep_response(request.scope, request.fingerprint, response.status, location, response.body)
        return response

    do_PATCH = do_PUT = do_DELETE = do_POST

    def do_OPTIONS(self) -> Response:
        allow = allowed(find(self.server.gate.tree, self.current.path)[0])
        return Response(204, b"", (("Allow", allow), *preflight(allow)))

    def _kept_response(self):
        """The response kept for the request's Idempotency-Key, None for a new key. Raises KeyInProgress, KeyReused."""
        request = self.current
        kept = self.server.context.store.kept_response(request.scope)
        if kept is None:
            if request.scope in self.server.keys_in_progress:
                raise KeyInProgress("the first request with this Idempotency-Key is still at work; try again")
            return None
        if kept["fingerprint"] != request.fingerprint:
            raise KeyReused("this Idempotency-Key was used with another body; use a new key")
        location = (("Location", kept["location"]),) if kept["location"] else ()
        return Response(kept["status"], kept["body"], (*location, ("Idempotent-Replayed", "true")))

    def _read(self, pool):
        """A job that reads for self.current, in one transaction of its own read-only store."""
        request, context = self.current, self.server.context

        def work():
            with context.store.reader() as store:
                store.begin_read()
                return request.route.endpoint(context._replace(store=store), request)

        return Job(self, request, work, pool)

    def _prepare(self, pool):
        """A job for the slow part of a write; or the kept response, if its key was used before."""
        request, context = self.current, self.server.context
        context.store.begin_read()
        if request.scope and (response := self._kept_response()):
            return response
        work = request.route.prepare(context, request)
        if request.scope:
            self.server.keys_in_progress.add(request.scope)
        return Job(self, request, work, pool)

    def refuse(self, problem: Exception) -> Response:
        """The error response to self.current for any exception; a bug of our own (500) goes to the log, too."""
        if isinstance(problem, BdbQuit):  # "quit" in the debugger ends the desk, not the request
            raise problem
        if isinstance(problem, MemoryError):
            problem = Unavailable("the desk has too little memory for this now; try again")
        request = self.current
        request.id = request.id or next(self.server.ids)
        response = refusal(request, problem)
        if response.status == 500:
            self.server.log.trouble(request, "".join(traceback.format_exception(problem)))
        elif response.status == 503:
            self.server.log.trouble(request, str(problem))
        return response

    def render(self, response: Response, date: str, close: bool) -> bytes:
        """The bytes of the response to self.current, with the headers that every response carries."""
        try:
            return self._render(response, date, close)
        except ValueError as problem:  # the endpoint set a header that cannot be sent
            return self._render(self.refuse(problem), date, close)

    def _render(self, response, date, close):
        request, names = self.current, tuple([name for name, _ in response.headers])
        lines = f"Date: {date}\r\nX-Request-Id: {request.id}\r\n"
        lines += default_lines(names, bool(response.body), self.server.bug_mode)
        if "origin" in request.headers and checks.is_trusted_origin(self.server.gate, request):
            lines += f"Access-Control-Allow-Origin: {request.headers['origin']}\r\n{CORS_EXPOSED}"
        return render(response, lines, version=request.version, close=close, head_only=request.method == "HEAD")

    def log_request(self, code="-", size="-") -> None:
        """Count self.current, whose response is sent now, and write its log line, without a size."""
        request, seconds = self.current, time.monotonic() - self.current.started
        route = request.route.path if request.route else ""
        method = request.method if route or code == 204 else "other"  # never use what clients invent
        self.server.context.metrics.observe(method, route, code, seconds)
        self.server.log.request(request, code, round(seconds * 1000))

    def log_message(self, format, *arguments):
        """Do nothing: log_request() and refuse() write the log."""
