"""Delay and failure on demand: the header X-Lab of a request, on a desk with DEBUG=true only.

TAKES says what its value may be, and README.md what each value does. A fault is for its own request: other clients do
not notice it. Paths under /debug/ ignore the header: what shows a lab must work while the lab does not.
"""

import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from web.handler import CLOSED, WAITING, Handler, Job
from web.http1 import PHRASES, BadRequest, Request, Response
from web.server import DeskServer
from workflow import Invalid, Unavailable

TAKES = (
    "delay=MILLISECONDS (up to 60000), status=CODE (an error status of HTTP, such as 503), drop, lose-answer, and "
    "fail=commit, fail=audit or fail=comment; several with commas, each name once"
)
STATUSES = "|".join(str(status) for status in PHRASES if status >= 400)
PART = rf"(delay=([0-5]?[0-9]{{1,4}}|60000)|status=({STATUSES})|drop|lose-answer|fail=(commit|audit|comment))"
ABOUT = f"A fault on demand, with `DEBUG=true` only: {TAKES}. The error that it asks for has the code `LAB_FAULT`"
HEADERS = {"Lab": ("X-Lab", ABOUT, f"{PART}( *, *{PART})*")}  # in the form of openapi.PARAMETERS
FAILING = {  # fail=…: how the statement begins that fails
    "commit": "COMMIT",
    "audit": "INSERT INTO audit_events",
    "comment": "INSERT INTO comments",
}
BROKEN_DISK = "disk I/O error"  # as SQLite says it
RETRY_LATER = (429, 503)  # the statuses that come with Retry-After


class Faults(NamedTuple):
    """What the X-Lab of one request asks for."""

    delay: float = 0.0  # seconds between the commit and the answer
    status: int = 0  # of the error that the answer is; then the request is not handled
    drop: bool = False  # the request is not handled, and gets no answer
    lose_answer: bool = False  # the request is handled, and gets no answer
    fail: str = ""  # the write that fails
    problem: str = ""  # why the header is wrong; then it asks for nothing

    @property
    def has_answer(self) -> bool:
        return not (self.drop or self.lose_answer)

    @property
    def refusal(self) -> Exception | None:
        """The error that replaces the handling of the request, None if it is handled."""
        if self.problem:
            return Invalid(self.problem)
        if self.drop:  # this one only goes to the log
            return BadRequest(503, "LAB_FAULT", "X-Lab asked to drop this request: it is not handled")
        if self.status:
            retry = [("Retry-After", "1")] if self.status in RETRY_LATER else []
            return BadRequest(self.status, "LAB_FAULT", f"X-Lab asked for this {self.status}; nothing is done", *retry)
        return None


NO_FAULTS = Faults()


def faults_of(request: Request) -> Faults:
    """What the X-Lab of a request asks for."""
    value = request.headers.get("x-lab")
    if value is None or f"{unquote(request.path)}/".startswith("/debug/"):
        return NO_FAULTS
    return parse(value)


@lru_cache(256)
def parse(value: str) -> Faults:
    """The faults that a value of X-Lab names."""
    found = {}
    for part in map(str.strip, value.split(",")):
        name, _, argument = part.partition("=")
        if name in found or not re.fullmatch(PART, part):
            return Faults(problem=f"X-Lab cannot take {part[:80]!r} here; it takes {TAKES}")
        found[name] = argument
    delay, status = int(found.get("delay", 0)) / 1000, int(found.get("status", 0))
    return Faults(delay, status, "drop" in found, "lose-answer" in found, found.get("fail", ""))


@dataclass(slots=True)
class WatchedStatement:
    """An SQL statement that the store runs; see Store.watch(). `failure` is the error to raise instead, if any."""

    sql: str
    values: object
    failure: str | None = None
    rows: int = 0
    changed: int = 0
    seconds: float = 0.0


class FaultHandler(Handler):
    """A connection whose requests may ask for faults."""

    def handle_one_request(self) -> Response | Job:
        request, faults = self.current, faults_of(self.current)
        if faults is NO_FAULTS:
            return super().handle_one_request()
        if not request.is_prepared:
            request.fault = request.fault or faults.refusal  # the first check raises it
        with self.server.failing(faults.fail):
            self.current = request  # a commit that fails answers earlier requests of this connection
            return super().handle_one_request()

    def log_request(self, code="-", size="-") -> None:
        """Log an error that X-Lab asked for, but do not count it: the metrics are about the desk."""
        if faults_of(self.current).status:
            self.server.log.request(self.current, code, round((time.monotonic() - self.current.started) * 1000))
        else:
            super().log_request(code, size)


class FaultServer(DeskServer):
    """A server that delays, loses and fails what X-Lab asks for. It watches the statements of the store."""

    def __init__(self, address: tuple[str, int], log, handler_class=FaultHandler):
        super().__init__(address, log, handler_class)
        self._delayed = {}  # {handler: (when its response is due, request, response)}
        self._committed = []  # as _uncommitted: responses whose changes an extra commit of this turn has saved
        self._failing = None  # how the statement begins that fails now

    def open(self, context, gate) -> None:
        super().open(context, gate)
        context.store.watch(self)

    # -- writes that fail -----------------------------------------------------------------------

    def statement(self, sql: str, values) -> WatchedStatement:
        """The store runs a statement now: see Store.watch()."""
        return WatchedStatement(sql, values, self.failure_of(sql))

    def failure_of(self, sql: str) -> str | None:
        """The error of a statement that X-Lab lets fail now."""
        return BROKEN_DISK if self._failing and sql.startswith(self._failing) else None

    @contextmanager
    def failing(self, write: str):
        """Let a write fail in this block, which handles one request.

        One COMMIT is for all requests of a turn. If it must fail for this one alone, the others get one before it.
        """
        if write == "commit":
            self._commit()
            self._committed += self._uncommitted
            self._uncommitted = []
        self._failing = FAILING.get(write)
        try:
            yield
        finally:
            self._failing = None

    def _hold(self, handler, outcome):
        super()._hold(handler, outcome)
        faults = faults_of(handler.current)
        if isinstance(outcome, Job):
            return
        if not faults.has_answer:
            handler.close_after = True
        if faults.delay and handler.state.takes_requests:
            handler.enter(WAITING)  # the next request of this connection waits, too
        if faults.fail == "commit" and self.context.store.has_changes:
            self._failing = FAILING["commit"]
            self._commit()  # it fails, and holds a 503 instead
            self._failing = None

    # -- answers that come late, or never -------------------------------------------------------

    def _read(self, timeout) -> bool:
        """Read, but wait no longer than until the next delayed response is due."""
        if self._delayed:
            next_one = min(due for due, *_ in self._delayed.values())
            timeout = max(0, min(timeout, next_one - time.monotonic()))
        return super()._read(timeout)

    def _send(self):
        """Send the delayed responses that are due, too: all, if the desk stops; at once, if the client has gone."""
        self._uncommitted = [*self._committed, *self._uncommitted]
        self._committed, now = [], time.monotonic()
        for handler, (due, request, response) in self._delayed.items():
            if due <= now or self.is_stopping or handler.state is CLOSED:
                self._uncommitted.append((handler, request, response))
        super()._send()

    def _send_one(self, handler, response):
        faults = faults_of(handler.current)
        has_waited = self._delayed.pop(handler, None) is not None
        if faults.delay and not (has_waited or self.is_stopping):
            handler.responses_due += 1
            self._delayed[handler] = time.monotonic() + faults.delay, handler.current, response
            return
        if faults.delay:
            response = self._after_delay(handler, response)
        if faults.has_answer:
            super()._send_one(handler, response)
        elif faults.lose_answer:
            handler.log_request(response.status, len(response.body))
            self.log.trouble(handler.current, "X-Lab asked to lose this answer: the connection is closed instead")

    def _after_delay(self, handler, response) -> Response:
        """Let the connection go on; on a desk that stops this is its end, and no session begins."""
        if self.is_stopping:
            handler.close_after = True
            if response.session:
                response = handler.refuse(Unavailable("the desk is stopping"))
                handler.resume()
        if handler.state is WAITING:
            handler.resume()
            if not handler.close_after:
                self._ready[handler] = None
        return response
