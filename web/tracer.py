"""Keeps a trace of each request of a desk with DEBUG=true.

Calls and statements are recorded only while a thread works for a request: see recording.py. The classes TracingServer
and TracingHandler say when that is.
"""

import sys
from collections import OrderedDict
from threading import get_ident
from time import perf_counter
from urllib.parse import unquote

from web.faults import FaultHandler, FaultServer
from web.handler import CLOSED, Job
from web.http1 import Request, RequestReader, Response
from web.live import Live
from web.recording import OWN_FILES, name_of_file, recording_class, recordings
from web.redact import SHORTEST
from web.trace import Step, Trace
from workflow import Unavailable, utc_now

MOST_TRACES, MOST_OF_FILES = 200, 20  # traces that are kept; those of the page's own files
MOST_BYTES = 32 * 1024 * 1024  # of all traces, about
MOST_OF_RAW = 2000  # bytes that are kept of what is no request
CLIENT_HAS_GONE = "the desk itself, because its client has gone"
NOT_TRACED = "/debug/"  # requests that only look


class Tracer:
    """The last traces of one desk, and who is recording now."""

    def __init__(self):
        self.secrets = ()  # texts that no trace may show
        self._stacks = {}  # {id of a code object: (it, its stack)}
        self._number, self._size, self.most_bytes = 0, 0, MOST_BYTES
        self._traces = OrderedDict()  # by number. OrderedDict: the oldest one is found at once
        self._open, self._of_event = {}, {}  # traces by request in progress, by event
        self.recording = recording_class()

    # -- the traces -----------------------------------------------------------------------------

    def begin(self, request: Request, client: str, received: int | None, raw: bytes = b"") -> None:
        """Begin the trace of a complete request. `received` is its size in bytes, None for a WebSocket message.

        `raw` is what was sent, if it cannot be read as a request.
        """
        if self.is_ignored(request.path):
            return
        self._number += 1
        trace = Trace(self._number, request, perf_counter(), utc_now(), client, received)
        trace.keys, trace.raw = self.secrets, raw
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
                with self.recording(trace, trace.steps, len(trace.stack) + 2):
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
        with tracer.recording(trace, trace.steps, len(trace.stack)):
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
        recording = recordings.get(get_ident())
        if recording is None:  # nobody asked for it, as in background work
            return super().statement(sql, values)
        return recording.statement(sql, values, self.failure_of(sql))

    def _commit(self):
        traces = [trace for _, request, _ in self._uncommitted if (trace := self.tracer.trace_of(request))]
        if not self.context.store.has_changes:  # a turn of reads, which has nothing to commit
            super()._commit()
            for trace in traces:
                trace.note_commit([], "", [])
            return
        steps = []  # not those of a request that asks for this commit: see FaultServer.failing()
        with self.tracer.recording(None, steps, len(self.tracer.stack(sys._getframe(1)))):
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
