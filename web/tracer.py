"""Records a trace of each request of a desk with DEBUG=true.

Calls come from sys.settrace(): Python tells when a function begins and ends. Statements come from store.py. Both are
recorded only while a thread works for a request; the classes TracingServer and TracingHandler say when that is. While a
debugger is at work, which uses sys.settrace() itself, only statements are recorded.
"""

import sys
from dis import opname
from functools import cache
from inspect import CO_GENERATOR
from pathlib import Path
from threading import get_ident
from time import perf_counter
from urllib.parse import unquote

from web.faults import FaultHandler, FaultServer
from web.handler import CLOSED, Job
from web.http1 import Request, RequestReader, Response
from web.live import Live
from web.redact import SHORTEST, find_secrets
from web.short_repr import HIDDEN, CapturedText, capture
from web.trace import MOST_STEPS, SqlStep, Step, Trace
from workflow import Unavailable, utc_now

ROOT = Path(__file__).resolve().parent.parent
MOST_TRACES, MOST_OF_FILES = 200, 20  # traces that are kept; those of the page's own files
MOST_BYTES = 32 * 1024 * 1024  # of all traces, about
MOST_OF_RAW = 2000  # bytes that are kept of what is no request
CLIENT_HAS_GONE = "the desk itself, because its client has gone"
NOT_TRACED = "/debug/"  # requests that only look
OWN_FILES = ("web/tracer.py", "web/trace.py", "web/faults.py", "web/lab.py", "web/explain.py", "web/clock.py")
HELPERS = "http1 listener log metrics redact responses routes short_repr".split()  # they do the same for each request
NOT_SHOWN = (*OWN_FILES, *(f"web/{name}.py" for name in HELPERS))
OF_EACH_REQUEST = ("stated_id", "check_host")  # the same for functions of other files
WITH_DETAILS = ("web/handler.py", "web/server.py", "web/live.py")  # of the others in web/, public functions are shown
SECRET_FILES = ("web/identity.py", "web/accounts.py")  # their arguments and results are not shown
CURSOR_FUNCTIONS = ("execute", "fetchall", "fetchone", "<lambda>")  # functions of store.py that watch
QUERY_HELPERS = ("_all", "_tuples", "_cursor_of_tuples", "_rows")  # others of store.py; their statements are steps
OMITTED_ARGUMENTS = ("self", "context", "request", "gate", "handler", "identity", "route", "tree")  # seen everywhere
ADD_EVENT = "INSERT INTO audit_events"


@cache
def name_of_file(path: str) -> str:
    """The name of one of the desk's own files, as `web/handler.py`; "" for any other file."""
    full = Path(path).resolve()
    if path.startswith("<") or not full.is_relative_to(ROOT):  # <frozen …> and <string> are no files
        return ""
    name = full.relative_to(ROOT).as_posix()
    return name if name.startswith("web/") or "/" not in name else ""


def _shown_file(code) -> str:
    """The file of a function whose calls are steps of traces, "" for any other function."""
    file, name = name_of_file(code.co_filename), code.co_name
    if file.startswith("web/"):
        is_private = name[0] == "_" and file not in WITH_DETAILS
        is_hidden = file in NOT_SHOWN or name in OF_EACH_REQUEST or is_private
    else:
        is_hidden = name in CURSOR_FUNCTIONS or name in QUERY_HELPERS or name[:2] == "__"
    return "" if is_hidden or name[0] == "<" else file


def _about(code) -> tuple:
    """(code, its file if its calls are steps, the names of the arguments to show, whether it is a generator)."""
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    shown = tuple(name for name in names if name not in OMITTED_ARGUMENTS)
    return code, _shown_file(code), shown, bool(code.co_flags & CO_GENERATOR)


def _returns(frame) -> bool:
    """Whether a function that ends returns: its last instruction says so. Else it ends by an exception."""
    return opname[frame.f_code.co_code[frame.f_lasti]].startswith("RETURN")


class Recording:
    """Records what one thread does in a `with` block into a list of steps.

    While a request is handled, it only notes what is needed to show a value later: see capture().
    """

    def __init__(self, tracer, trace, steps, depth):
        self.tracer, self.trace, self.steps, self._open = tracer, trace, steps, []
        self.depth, self._codes, self._generators, self._raised = depth, tracer.codes, [], ""

    def __enter__(self):
        self._thread, self._tracing = get_ident(), sys.gettrace()
        recordings = self.tracer.recordings
        self._before = recordings.get(self._thread)
        recordings[self._thread] = self
        self._is_free = self._tracing is None or (self._before and self._tracing == self._before.on_call)
        if self._is_free:
            sys.settrace(self.on_call)

    def __exit__(self, *problem):
        if self._is_free:
            sys.settrace(self._tracing)
        if self._before:
            self.tracer.recordings[self._thread] = self._before
        else:
            del self.tracer.recordings[self._thread]

    def on_call(self, frame, event, value):
        """The function for sys.settrace(): a function begins. Returns the function to call at its end, if any."""
        code = frame.f_code
        known = self._codes.get(id(code))
        if known is None:
            known = self._codes[id(code)] = _about(code)
        _, file, names, is_generator = known
        if not file or (is_generator and self._goes_on(frame)):
            return None
        if len(self.steps) >= MOST_STEPS:
            self._leave_out()
            return None
        frame.f_trace_lines = False
        given = ()
        if names:
            values, is_secret = frame.f_locals, file in SECRET_FILES
            given = [(name, HIDDEN if is_secret else capture(values.get(name))) for name in names]
        depth, line = self.depth + len(self._open), code.co_firstlineno
        step = Step(depth, "call", code.co_name, perf_counter(), file, line, given)
        self._open.append((frame, step))
        self.steps.append(step)
        return self._on_event

    def _on_event(self, frame, event, value):
        if not self._open or self._open[-1][0] is not frame:  # a generator that goes on
            return
        if event == "return":
            step = self._open.pop()[1]
            step.seconds = perf_counter() - step.began
            if value is not None:
                step.result = capture(value) if step.file not in SECRET_FILES else HIDDEN
            elif self._raised and not _returns(frame):
                step.result = CapturedText(f"raises {self._raised}")
        elif event == "exception":
            self._raised = value[0].__name__

    def _goes_on(self, frame):
        """Whether a generator has begun before: it comes back for each value."""
        if frame in self._generators:
            return True
        self._generators.append(frame)
        return False

    def _leave_out(self):
        if self.trace:
            self.trace.left_out += 1

    def statement(self, sql, values, failure) -> SqlStep:
        """A record for store.py to fill in. The statement belongs to the function that asked for it."""
        frame = sys._getframe(2)
        while frame.f_code.co_name in CURSOR_FUNCTIONS + QUERY_HELPERS:
            frame = frame.f_back
        file = name_of_file(frame.f_code.co_filename)
        listed = values if isinstance(values, (tuple, list)) else ()  # SQLite refuses anything else
        pairs = values.items() if isinstance(values, dict) else enumerate(listed, 1)
        given = [(name, capture(value)) for name, value in pairs]
        step = SqlStep(self.depth + len(self._open), perf_counter(), file, frame.f_lineno, sql, given, failure)
        if len(self.steps) < MOST_STEPS:
            self.steps.append(step)
        else:
            self._leave_out()
        if self.trace and sql.startswith(ADD_EVENT):
            self.trace.appends.append(step)
        return step


class Tracer:
    """The last traces of one desk, and who is recording now."""

    def __init__(self):
        self.secrets = ()  # texts that no trace may show
        self._stacks = {}  # {id of a code object: (it, its stack)}
        self.codes = {}  # {id of a code object: what is known about it}
        self._number, self._size, self.most_bytes = 0, 0, MOST_BYTES
        self._traces, self._open, self._of_event = {}, {}, {}  # by number, by request in progress, by event
        self.recordings = {}  # {thread: what it records now}

    # -- the traces -----------------------------------------------------------------------------

    def begin(self, request: Request, client: str, received: int | None, raw: bytes = b"") -> None:
        """Begin the trace of a complete request. `received` is its size in bytes, None for a WebSocket message.

        `raw` is what was sent, if it cannot be read as a request.
        """
        if self.is_ignored(request.path):
            return
        self._number += 1
        trace = Trace(self._number, request, perf_counter(), utc_now(), client, received)
        trace.secrets, trace.raw = (*self.secrets, *find_secrets(request)), raw
        self._traces[self._number] = self._open[request] = trace
        self._drop_old(request.path.startswith("/static/"))

    @staticmethod
    def is_ignored(path: str) -> bool:
        return (unquote(path) if "%" in path else path).startswith(NOT_TRACED)

    def _drop_old(self, is_file=False):
        if is_file:
            files = [number for number, trace in self._traces.items() if trace.request.path.startswith("/static/")]
            for number in files[:-MOST_OF_FILES]:
                self._drop(number)
        while len(self._traces) > 1 and (len(self._traces) > MOST_TRACES or self._size > self.most_bytes):
            self._drop(next(iter(self._traces)))

    def _drop(self, number):
        trace = self._traces.pop(number)
        self._size -= trace.size
        self._open.pop(trace.request, None)
        for event in trace.events:
            self._of_event.pop(event, None)

    def trace_of(self, request: Request) -> Trace | None:
        """The trace of a request in progress."""
        return self._open.get(request)

    def finish(self, trace: Trace, response: Response, sent: bytes) -> None:
        """The response is in the outbox: `sent`."""
        trace.finish(response, sent)
        self._of_event |= dict.fromkeys(trace.events, trace)
        self._open.pop(trace.request, None)
        if trace.number in self._traces:
            self._size += trace.size
            self._drop_old()

    def published(self, number: int) -> None:
        """One listener was sent this event."""
        if trace := self._of_event.get(number):
            if not trace.listeners:
                trace.steps.append(Step(len(trace.stack), "publish", "publish", perf_counter(), "web/live.py"))
            trace.listeners[number] = trace.listeners.get(number, 0) + 1

    @property
    def traces(self) -> list[Trace]:
        """The newest one is first."""
        return list(reversed(self._traces.values()))

    def find(self, request_id: str) -> Trace | None:
        """The newest trace of a request with this id, else the trace with this number."""
        same = next((trace for trace in self.traces if trace.id == request_id), None)
        return same or (self._traces.get(int(request_id)) if request_id.isdecimal() else None)

    def recorded_work(self, trace: Trace, work, pool: str):
        """The work of a worker thread, recorded."""
        asked = perf_counter()

        def run():
            began = perf_counter()
            waited = f"on a worker thread, after {(began - asked) * 1e6:.0f} µs"
            step = Step(len(trace.stack) + 1, "worker", pool, began, "web/workers.py", text=waited)
            trace.steps.append(step)
            try:
                with Recording(self, trace, trace.steps, len(trace.stack) + 2):
                    return work()
            finally:
                step.seconds = perf_counter() - began

        return run

    def stack(self, frame) -> list[tuple]:
        """(name, file, line) of the functions of the desk that are at work from this frame outwards, outermost first.

        The event loop calls a function always in the same way, so the stack of each function is found only once.
        """
        code = frame.f_code
        if id(code) not in self._stacks:
            self._stacks[id(code)] = code, list(self._walk(frame))[::-1]
        return self._stacks[id(code)][1]

    def _walk(self, frame):
        while frame:
            code = frame.f_code
            file = name_of_file(code.co_filename)
            if file and file not in OWN_FILES:
                yield code.co_name, file, frame.f_lineno
            frame = frame.f_back


class CountingReader(RequestReader):
    """A reader that knows how many bytes each request has."""

    def __init__(self, check_head):
        super().__init__(check_head)
        self._received, self._start = 0, b""

    def receive(self, data: bytes) -> None:
        self._received += len(data)
        if not self.unread:
            self._start = data[:MOST_OF_RAW]
        super().receive(data)

    def take_raw(self) -> tuple[int, bytes]:
        """(how many bytes have come since the last request, the first of them): what cannot be read as a request."""
        size, self._received = self._received, 0
        return size, self._start

    def size_of_request(self) -> int:
        """The bytes since the last call that belong to requests which next_request() has returned."""
        size, self._received = self._received - self.unread, self.unread
        return size


class TracingHandler(FaultHandler):
    """A connection whose requests are recorded."""

    def __init__(self, request, client_address, server):
        super().__init__(request, client_address, server)
        self.reader = CountingReader(self._check_head)

    def take(self, request: Request) -> None:
        super().take(request)
        received, raw = None, b""
        if isinstance(self.reader, CountingReader):
            is_readable = request.method != "-"
            received, raw = (self.reader.size_of_request(), b"") if is_readable else self.reader.take_raw()
        client = "{}:{}".format(*self.client_address) if self.state is not CLOSED else CLIENT_HAS_GONE
        self.server.tracer.begin(request, client, received, raw)

    def handle_one_request(self) -> Response | Job:
        tracer, trace = self.server.tracer, self.server.tracer.trace_of(self.current)
        if trace is None:
            return super().handle_one_request()
        trace.stack = trace.stack or tracer.stack(sys._getframe(1))
        with Recording(tracer, trace, trace.steps, len(trace.stack)):
            return super().handle_one_request()

    def _read(self, pool):
        return self._recorded(super()._read(pool))

    def _prepare(self, pool):
        return self._recorded(super()._prepare(pool))

    def _recorded(self, outcome):
        trace = self.server.tracer.trace_of(self.current)
        if trace is None or not isinstance(outcome, Job):
            return outcome
        return outcome._replace(work=self.server.tracer.recorded_work(trace, outcome.work, outcome.pool))

    def refuse(self, problem: Exception) -> Response:
        if trace := self.server.tracer.trace_of(self.current):
            trace.note_error(problem, self._where(problem))
        return super().refuse(problem)

    def _where(self, problem):
        """(file, line) of the desk's own function that raised an exception, ("", 0) if there is none."""
        while isinstance(problem, Unavailable) and problem.__context__:  # it tells of an error of SQLite
            problem = problem.__context__
        place, where = problem.__traceback__, ("", 0)
        while place:
            if file := name_of_file(place.tb_frame.f_code.co_filename):
                where = file, place.tb_lineno
            place = place.tb_next
        return where


class TracingLive(Live):
    """Live updates that count the listeners of each event."""

    tracer: Tracer

    def _send_missed_events(self, handler, session):
        before, is_live = session.cursor, session.has_caught_up
        super()._send_missed_events(handler, session)
        for event in self._recent if is_live else ():  # else it reads what it has missed
            if before < event.id <= session.cursor and event.seen_by(session.caller):
                self.tracer.published(event.id)


class TracingServer(FaultServer):
    """A server whose requests are recorded, and what the whole turn does for them: its commit and its sending."""

    time_factor = 5  # a recorded request takes some times as long

    def __init__(self, address: tuple[str, int], log, handler_class=TracingHandler):
        super().__init__(address, log, handler_class)
        self.tracer, self._streams = Tracer(), {}  # {request: its trace}, while its response is sent piece by piece
        self.live = TracingLive(self._end_session, self._report)
        self.live.tracer = self.tracer

    def open(self, context, gate) -> None:
        settings = vars(context.settings)
        secrets = [settings[name] for name in settings if name == "secret" or name.endswith("_api_key")]
        self.tracer.secrets = tuple(secret for secret in secrets if len(secret) >= SHORTEST)
        super().open(context, gate)

    def statement(self, sql: str, values):
        """A record of a statement that begins now: see Store.watch()."""
        tracing, recording = sys.gettrace(), self.tracer.recordings.get(get_ident())
        if recording is None:  # nobody asked for it, as in background work
            return super().statement(sql, values)
        sys.settrace(None)  # what follows is no work of the request
        try:
            return recording.statement(sql, values, self.failure_of(sql))
        finally:
            sys.settrace(tracing)

    def _commit(self):
        traces = [trace for _, request, _ in self._uncommitted if (trace := self.tracer.trace_of(request))]
        if not self.context.store.has_changes:  # a turn of reads, which has nothing to commit
            super()._commit()
            for trace in traces:
                trace.note_commit([], "", [])
            return
        steps = []  # not those of a request that asks for this commit: see FaultServer.failing()
        with Recording(self.tracer, None, steps, len(self.tracer.stack(sys._getframe(1)))):
            super()._commit()
        failures = [step.failure for step in steps if step.kind == "sql" and step.failure]
        outcome = f"failed: {failures[0]}" if failures else "durable"
        writers = [trace for trace in traces if trace.has_changed and not trace.commit]
        for trace in traces:
            trace.note_commit(steps, outcome, writers)

    def _send_one(self, handler, response):
        trace = self.tracer.trace_of(handler.current)
        if trace is None:
            super()._send_one(handler, response)
            return
        stack, before = self.tracer.stack(sys._getframe(1)), len(handler.outbox)
        name, file, line = stack[-1]
        step = Step(len(stack) - 1, "call", name, perf_counter(), file, line)
        trace.steps.append(step)
        super()._send_one(handler, response)
        step.seconds = perf_counter() - step.began
        if handler not in self._delayed:
            self.tracer.finish(trace, response, bytes(handler.outbox[before:]))
        if handler.stream:
            trace.streamed, self._streams[handler.stream.request] = 0, trace

    def _send_piece(self, handler, piece, problem):
        request = handler.stream.request
        trace = self._streams.get(request) if piece else self._streams.pop(request, None)
        if trace:
            trace.streamed += len(piece or b"")
        super()._send_piece(handler, piece, problem)
