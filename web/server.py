"""The event loop: one thread, one commit per turn.

Each turn: read what has arrived → answer every complete request → one COMMIT for all of them → send the
responses → publish the new events. So no response leaves before its change is durable, no thread waits for
another one's lock, and a debugger stops where you tell it to. Slow work runs on worker threads.
"""

import gc
import socket
import sys
import time
import traceback
from bdb import BdbQuit
from collections import deque
from contextlib import contextmanager, suppress
from email.utils import formatdate
from itertools import count
from random import shuffle
from secrets import token_hex

from web.handler import CLOSED, LINGERING, LIVE, OUTBOX, READING, SENDING, STREAMING, WAITING, Handler, Job
from web.http1 import CONTINUE, BadRequest, Request, render_chunk
from web.listener import READ, WRITE, Listener
from web.live import Live
from web.response_cache import ResponseCache
from web.routes import AUDITS, BETWEEN_TURNS, LLM_CALLS, PASSWORDS, READERS
from web.websocket import GOING_AWAY, TRY_LATER
from web.workers import BetweenTurns, EventLoopPool, WorkerPool
from workflow import Unavailable

THREADS = {READERS: 4, LLM_CALLS: 4, PASSWORDS: 1, AUDITS: 1}
BLOCK = 64 * 1024  # bytes taken from one connection per turn
REQUESTS_AT_ONCE = 8  # requests of one connection before the next one has its turn
# Seconds per turn for handling requests. While there is time, a turn with changes reads again before its commit, so
# that one commit serves 64 writers instead of 35: creates are 1.25 times as fast.
ANSWERING_TIME = 0.02
# A client whose last slice took longer than LONG_SLICE, or that has sent more than a slice or a BLOCK, is greedy. In
# each turn greedy clients come after all others, and have GREEDY_TIME together to be read, and as much to be answered:
# so nobody waits long for their work. (seconds)
LONG_SLICE, GREEDY_TIME = 0.001, 0.002
MOST_UNREAD = 32 * 1024 * 1024  # bytes that clients leave unread; beyond that, the client that leaves most is dropped
MOST_INCOMPLETE = 32 * 1024 * 1024  # bytes of incomplete requests; beyond that, the largest is refused
STALL = 3  # seconds between two checks of the timeouts from which on the desk itself was late
IDLE_AFTER = 0.001  # seconds without a request until background work may start
CALM_AFTER = 0.05  # seconds without a change until background work may make a commit of its own
CHECKPOINT_EVERY = 5  # seconds between checkpoints of a desk that is not busy
BACKGROUND_EVERY = 0.25  # seconds; a busy desk does background work this often
PROBLEM_SHOWN = 10  # seconds that /ready shows an error that does not come again
GRACE = 30  # seconds for open requests when the desk stops
TOO_SLOW = "the rest of the request did not arrive within {} seconds"


def tune_interpreter() -> None:
    """Settings of the interpreter for a process that is nothing but a desk."""
    gc.freeze()  # startup objects live forever: keep the garbage collector from scanning them
    gc.set_threshold(50_000)
    sys.setswitchinterval(0.00001)  # seconds that a busy worker thread may keep the event loop waiting, not 0.005


class DeskServer(Listener):
    """Listens on an address at once, and handles requests after open() and serve_forever()."""

    time_factor = 1  # for the limits of a turn: a server that does more for each request has a larger one

    def __init__(self, address: tuple[str, int], log, handler_class=Handler):
        self._pools = {}  # which server_close() closes, also where the address is taken
        super().__init__(address, handler_class)
        self.log, self.cache, self.keys_in_progress = log, ResponseCache(), set()
        self.ids = map(f"{token_hex(4)}-{{}}".format, count(1))
        self.live = Live(self._end_session, self._report)
        self.problems, self._failed_at = {}, {}  # {stage of a turn: its last error, or when that was}
        self._ready = {}  # handlers with new bytes, in order of arrival
        self._answered = None  # the handler whose request is being answered
        self._uncommitted = []  # (handler, request, response)s that wait for the commit
        self._releases = []  # (handler, request)s that release the locks of ended sessions
        self._received = 0  # bytes since incomplete requests were last counted
        self._backpressured = set()  # handlers whose client has not read everything
        self._new_jobs, self._running_jobs, self._finished_jobs = [], {}, deque()
        self._checked_at = self._dated_at = 0
        self._has_background_work, self._background_due, self._calm_from, self._checkpoint_due = False, 0, 0, 0
        self._date = ""
        self._pools |= {
            name: WorkerPool(threads, self._finished_jobs, self._wake, is_costly=name == LLM_CALLS)
            for name, threads in THREADS.items()
        }
        self._between_turns = self._pools[BETWEEN_TURNS] = BetweenTurns(self._finished_jobs, self._wake)

    def open(self, context, gate) -> None:
        """Set the desk to serve: the context of its endpoints and the gate of checks.py."""
        self.context, self.gate, self.bug_mode = context, gate, context.settings.bug_mode
        self.problems = context.problems
        for name in (READERS, AUDITS) if context.store.in_memory else ():
            self._pools[name].close()
            self._pools[name] = EventLoopPool(self._finished_jobs, self._wake)

    def server_close(self) -> None:
        super().server_close()
        for pool in self._pools.values():
            pool.close()

    def serve_forever(self, poll_interval: float = 1.0) -> None:
        while self._stopped_at is None or (self.handlers and time.monotonic() < self._stopped_at + GRACE):
            self.run_once(poll_interval)
        for handler, request, *_ in [job for job in self._running_jobs if job is not job.handler.stream]:
            self._refuse(handler, request, Unavailable("the desk is stopping"))
        self._send()
        for handler in list(self.handlers):
            self._drop(handler)
        self._answer(self._came_back())  # requests that release their locks
        self._commit()
        self._send()

    def run_once(self, poll_interval: float) -> None:
        """One turn: read, handle, commit, send, publish. In this order no response leaves before it is durable."""
        is_busy, is_idle = self._ready or self._releases or self.live.is_busy, False
        with self._stage("reading", lambda: time.sleep(0.05)):  # else it could fail thousands of times a second
            is_idle = not self._read(0 if is_busy else IDLE_AFTER if self._has_background_work else poll_interval)
        with self._stage("answering", lambda: self._answered and self._drop(self._answered)):
            store, ends = self.context.store, time.monotonic() + ANSWERING_TIME * self.time_factor
            self._answer(self._came_back())
            while self._answer(self._slices(False, ends)) and store.has_changes and time.monotonic() < ends:
                self._read(0)
            self._answer(self._slices(True, time.monotonic() + GREEDY_TIME * self.time_factor))
        with self._stage("timeouts"):
            self._check_timeouts()
        with self._stage("background work"):
            self._work_in_background(is_idle)
        with self._stage("committing"):
            self._commit()
        with self._stage("sending"):
            self._send()
        with self._stage("publishing", self.live.end_all):
            for handler in self.live.publish():
                self._flush(handler)
        with self._stage("logging"):
            self.log.flush()
        self._between_turns.run()

    @contextmanager
    def _stage(self, name, give_up=lambda: None):
        """One stage of a turn. An exception ends only the stage; /ready shows it for a while."""
        try:
            yield
            if name in self.problems and time.monotonic() > self._failed_at[name] + PROBLEM_SHOWN:
                del self.problems[name]
        except BdbQuit:  # "quit" in the debugger
            raise
        except Exception as problem:
            self._report(name, problem)
            give_up()

    def _report(self, stage, problem):
        """Log an error with its traceback, once: not again in each turn that fails with the same error."""
        self._failed_at[stage] = time.monotonic()
        if self.problems.get(stage) != repr(problem):
            self.problems[stage] = repr(problem)
            with suppress(MemoryError):  # there may be too little memory for the report, too
                report = "".join(traceback.format_exception(problem))
                self.log.trouble(Request("-", "-", id=stage.replace(" ", "-")), report)

    # -- stopping -------------------------------------------------------------------------------

    def _on_wake(self):
        self._wake_reader.recv(BLOCK)
        if self._is_stop_asked and self._stopped_at is None:
            self._stopped_at = time.monotonic()
            if self._is_listening:
                self._selector.unregister(self.socket)
            self.socket.close()
            for handler in list(self.handlers):
                self._receive(handler)  # a request that has arrived by now is still handled
                if handler.session:
                    self._end_session(handler, GOING_AWAY)
                self._close_if_idle(handler)

    # -- reading --------------------------------------------------------------------------------

    def _read(self, timeout) -> bool:
        """Wait for something to do, and read what has arrived. False if there is nothing to do."""
        events, greedy = self._selector.select(timeout), []
        for key, mask in events:
            handler = key.data
            if handler is None:
                self._accept() if key.fileobj is self.socket else self._on_wake()
            elif handler.is_greedy:
                greedy.append((handler, mask))
            else:
                self._read_or_write(handler, mask)
        shuffle(greedy)  # so that each of them is read sooner or later
        ends = time.monotonic() + GREEDY_TIME * self.time_factor
        for handler, mask in greedy:
            self._read_or_write(handler, mask)
            if time.monotonic() > ends:
                break
        return bool(events or self._ready)

    def _read_or_write(self, handler, mask):
        try:
            if mask & READ:
                self._receive(handler)
            if mask & WRITE:
                self._flush(handler)
        except Exception as problem:  # MemoryError, for example
            self._drop(handler)
            self._report("reading", problem)

    def _receive(self, handler):
        try:
            data = handler.connection.recv(BLOCK)
        except BlockingIOError:
            return
        except OSError:
            self._drop(handler)
            return
        if data:
            if not handler.close_after:  # after the last request, bytes are dropped
                handler.reader.receive(data)
                self._ready[handler] = None
                self._received += len(data)
                if self._received > MOST_INCOMPLETE // 4:
                    self._limit_incomplete()
        elif handler.session:
            self._drop(handler)
        else:
            handler.input_closed = True
            self._close_if_idle(handler)
            self._watch(handler)

    def _limit_incomplete(self):
        """Beyond MOST_INCOMPLETE bytes refuse the largest incomplete request; of two equal ones, the older one."""
        self._received = 0
        sizes = {handler: handler.reader.unread for handler in self.handlers}
        while sum(sizes.values()) > MOST_INCOMPLETE:
            handler = max(sizes, key=lambda handler: (sizes[handler], -handler.since))
            del sizes[handler]
            handler.reader.close()
            if handler.session:
                self._end_session(handler, TRY_LATER)
            elif handler.state in (WAITING, STREAMING):  # an error now would look like the answer that comes first
                self._drop(handler)
            else:
                self._give_up(handler, Unavailable("clients have sent more than the desk can hold; try again"))

    def _give_up(self, handler, problem):
        """Answer a request that is not complete with an error, and close the connection after it."""
        handler.take(Request("-", "-"))
        handler.close_after = True
        self._refuse(handler, handler.current, problem)

    def _answer(self, handlers) -> bool:
        """Answer the current request of each handler. Returns whether there was one."""
        self._answered = None
        for self._answered in handlers:
            self._hold(self._answered, self._answered.handle_one_request())
        return self._answered is not None

    def _came_back(self):
        """Yield each handler whose current request comes back from a worker thread, or releases a lock."""
        releases, self._releases = self._releases, []
        for handler, request in releases:
            handler.take(request)
            yield handler
        while self._finished_jobs:
            job, result, problem = self._finished_jobs.popleft()
            handler, request = job.handler, job.request
            del self._running_jobs[job]
            if job is handler.stream:
                if handler.state is not CLOSED:
                    self._send_piece(handler, result, problem)
                continue
            request.is_prepared, request.prepared, request.fault = True, result, request.fault or problem
            handler.current = request
            if handler.state is not CLOSED:
                handler.resume()
                self._ready[handler] = None
            yield handler

    def _slices(self, is_greedy, ends):
        """Give each ready handler of this kind a slice, at least one of them; yield it with each complete request."""
        queue = deque(handler for handler in self._ready if handler.is_greedy == is_greedy)
        started = time.monotonic()
        while queue:
            handler = queue.popleft()
            self._ready.pop(handler, None)
            yield from self._slice(handler)
            now = time.monotonic()
            is_long = now > started + LONG_SLICE * self.time_factor
            handler.is_greedy = is_long or handler in self._ready or handler.reader.unread > BLOCK
            started = now
            if now > ends:
                break

    def _slice(self, handler):
        for _ in range(REQUESTS_AT_ONCE):
            if not self._take_request(handler):
                return
            yield handler
            if not (handler.reader.unread or handler.session):
                return
        self._ready[handler] = None  # it comes last in the next turn

    def _take_request(self, handler) -> bool:
        """Make the next complete request the handler's current one. False if there is none to handle now."""
        if not handler.may_take_request:  # _flush() continues when the client has read
            return False
        try:
            request = handler.reader.next_request()
        except BadRequest as problem:
            request = Request("-", "-", fault=problem)
            handler.close_after = True  # nobody knows where the next request begins
        except Exception as problem:
            self._drop(handler)
            self._report("reading", problem)
            return False
        if request is None:
            if handler.reader.is_paused:
                self._ready[handler] = None
            self._wait_for_more(handler)
            return False
        handler.take(request)
        if self._stopped_at is not None:
            handler.close_after = True
        if request.method in ("POST", "PATCH"):
            self._has_background_work = True
        return True

    def _wait_for_more(self, handler):
        if handler.session:
            self._send_control_frames(handler)
            return
        reader = handler.reader
        if not handler.outbox and handler.state is not READING[reader.stage]:
            handler.resume()
        if reader.wants_continue and handler.responses_due:  # send the responses before it first
            self._ready[handler] = None
        elif reader.wants_continue:
            reader.wants_continue = False
            handler.outbox += CONTINUE
            self._flush(handler)
        self._watch(handler)
        if handler.input_closed or self._stopped_at is not None:
            self._close_if_idle(handler)

    def _check_timeouts(self):
        """Once a second: close slow connections, end sessions and locks, forget old responses, watch the log's size."""
        now = time.monotonic()
        if now < self._checked_at + 1:
            return
        passed = now - self._checked_at
        # Time does not count while bytes wait for the desk, or while it stood still: by SIGSTOP, or in a long turn.
        for handler in self.handlers if passed > STALL else self._ready:
            handler.since = min(now, handler.since + passed)
        self._checked_at = now
        for handler in self.live.keep_alive(now, self.context.identity.is_current):
            self._flush(handler)
        if not self._is_listening and self._stopped_at is None:
            self._selector.register(self.socket, READ, None)
            self._is_listening = True
        for handler in [handler for handler in self.handlers if handler.is_overdue(now)]:
            if handler.state.name in ("head", "body"):
                why = TOO_SLOW.format(handler.state.timeout)
                self._give_up(handler, BadRequest(408, "REQUEST_TIMEOUT", why))
            elif handler.session and not handler.session.is_over:
                self._end_session(handler, GOING_AWAY)
            else:
                self._drop(handler)
        if news := self.context.store.watch_wal():
            self.log.trouble(Request("-", "-", id="write-ahead-log"), news)
        self._has_background_work = True
        with suppress(Unavailable):  # another program uses the database: try again later
            self.context.store.end_leases()
            self.context.store.delete_old_responses()

    def _work_in_background(self, is_idle):
        """Do work that can wait: a little in each commit, more without recent changes, some every BACKGROUND_EVERY."""
        now, has_changes = time.monotonic(), self.context.store.has_changes
        if has_changes:
            self._calm_from = now + CALM_AFTER
        is_time = has_changes or now > self._background_due or (is_idle and now > self._calm_from)
        if self._has_background_work and is_time:
            self._background_due, self._has_background_work = now + BACKGROUND_EVERY, False
            with suppress(Unavailable):
                self._has_background_work = self.context.store.index_some()
        if time.monotonic() > self._checkpoint_due and not self.context.store.is_copied:
            if is_idle and not self.context.store.has_changes:
                with suppress(Unavailable):
                    self.context.store.checkpoint()
                self._checkpoint_due = time.monotonic() + CHECKPOINT_EVERY
            else:
                self._has_background_work = True  # so the next turn waits only IDLE_AFTER for a request

    def restart_clients(self) -> None:
        """The database has other rows now: end the live sessions and the exports, and refuse the slow writes that have
        begun before. To be called between two turns."""
        for job in self._running_jobs:
            if job.request.route.takes_key:
                job.request.fault = Unavailable("the database was replaced meanwhile; look, and try again")
        for handler in [handler for handler in self.handlers if handler.stream]:
            self.log.trouble(handler.stream.request, "dropped: the database was replaced during this export")
            self._drop(handler)
        self._releases.clear()  # these locks were in the old database
        self.live.restart(self.context.store.last_event())

    # -- committing and sending -----------------------------------------------------------------

    def _hold(self, handler, outcome):
        """Hold a response back until the commit; a job, too."""
        if isinstance(outcome, Job):
            handler.enter(WAITING)
            self._new_jobs.append(outcome)
            return
        self._uncommitted.append((handler, handler.current, outcome))
        handler.uncommitted += len(outcome.body)
        if outcome.is_unfinished and handler.command != "HEAD":
            handler.enter(STREAMING)  # the next request waits for the end of this response

    def _refuse(self, handler, request, problem):
        handler.current = request
        self._hold(handler, handler.refuse(problem))

    def _commit(self):
        """One commit for the whole turn; if it fails, every response of the turn becomes a 503."""
        try:
            self.context.store.commit()
        except Exception as problem:
            if not isinstance(problem, Unavailable):
                self._report("committing", problem)
                problem = Unavailable("the database could not keep the change; try again")
            failed, self._uncommitted = self._uncommitted, []
            for handler, request, _ in failed:
                if handler.state is STREAMING:
                    handler.resume()
                self._refuse(handler, request, problem)
        jobs, self._new_jobs = self._new_jobs, []
        for job in jobs:
            self._watch(job.handler)
            self._start(job)

    def _start(self, job):
        self._running_jobs[job] = None
        self._pools[job.pool].start(job)

    def _send(self):
        """Send the responses whose changes are committed now."""
        held, self._uncommitted = self._uncommitted, []
        now = time.monotonic()
        if held and now > self._dated_at + 1:
            self._date, self._dated_at = formatdate(usegmt=True), now
        for handler, request, response in held:
            handler.current, handler.uncommitted = request, 0
            handler.responses_due -= 1
            try:
                self._send_one(handler, response)
            except Exception as problem:
                self._report("sending", problem)
                self._drop(handler)
        for handler in dict.fromkeys([handler for handler, _, _ in held if handler.state is not CLOSED]):
            is_over = handler.session and handler.session.is_over
            (self._send_control_frames if is_over else self._flush)(handler)
        if held and self._backpressured:
            self._make_room()

    def _make_room(self):
        """Beyond MOST_UNREAD drop the client that leaves most unread; of two equal ones, the slower reader."""
        readers = {handler: len(handler.outbox) for handler in self._backpressured if not handler.session}
        while sum(readers.values()) > MOST_UNREAD:  # (listeners have a limit of their own: see live.py)
            handler = max(readers, key=lambda handler: (readers[handler], -handler.since))
            unread = readers.pop(handler)
            self.log.trouble(handler.current, f"dropped: the client left {unread} bytes of responses unread")
            self._drop(handler)

    def _send_one(self, handler, response):
        """Put the response to handler.current into the outbox."""
        handler.log_request(response.status, len(response.body))
        if handler.session:
            handler.outbox += handler.session.reply(handler.current, response)
            self.live.schedule(handler)
            if handler.state is CLOSED:  # the client has left: release the lock that it has just taken
                self._releases += [(handler, release) for release in handler.session.release_requests()]
        elif handler.state is not CLOSED:
            self._add_response(handler, response)

    def _add_response(self, handler, response):
        """Put a response into the outbox; start the stream or the session that follows it."""
        request = handler.current
        is_streamed = response.more is not None and request.method != "HEAD"
        if is_streamed:
            handler.responses_due += 1
            handler.stream = Job(handler, request, response.more, READERS)
            if request.version < (1, 1):
                handler.close_after = True
        is_last = handler.close_after and handler.responses_due == int(is_streamed)
        handler.outbox += handler.render(response, self._date, is_last)
        if response.session is not None and request.method != "HEAD":
            self._begin_session(handler, response.session)

    def _begin_session(self, handler, session):
        """Make the connection a WebSocket or an event stream."""
        handler.session = session
        handler.responses_due += session.open_responses
        handler.close_after = bool(session.open_responses)
        if not session.open_responses:
            session.receive(handler.reader.rest())
            handler.reader.close()
            handler.reader = session
            self._ready[handler] = None
        handler.enter(LIVE)
        self.live.add(handler)

    def _send_control_frames(self, handler):
        """Send the pongs and the close frame of a WebSocket; close the connection after the close frame."""
        session = handler.session
        if session.is_over and handler.responses_due > session.open_responses:  # its open requests come first
            return
        handler.outbox += session.control_frames
        session.control_frames.clear()
        handler.resume()
        if session.is_over:
            handler.responses_due -= session.open_responses
            session.open_responses = 0
            handler.close_after = True
            self._release(handler)
        self._flush(handler)

    def _end_session(self, handler, code):
        """Send a listener its close frame, after the responses to its open requests; then close."""
        handler.session.control_frames += handler.session.close_frame(code)
        handler.session.is_over = True
        self._send_control_frames(handler)

    def _release(self, handler):
        """A session has ended: in the next turn, ordinary requests release the locks of its client."""
        self._releases += [(handler, request) for request in self.live.remove(handler)]

    def _send_piece(self, handler, piece, problem):
        """Send the next piece of a streamed body, which a worker thread has made; an empty one is the end."""
        if problem:  # the head is sent already: only a body without its end can show the error
            self.log.trouble(handler.stream.request, f"a streamed response broke off: {problem!r}")
            self._drop(handler)
            return
        handler.outbox += render_chunk(piece) if handler.stream.request.version >= (1, 1) else piece
        if not piece:
            handler.stream = None
            handler.responses_due -= 1
            handler.resume()
            self._ready[handler] = None
        self._flush(handler)

    def _flush(self, handler):
        """Send as much as the socket takes; close after the last response."""
        try:
            sent = handler.connection.send(handler.outbox) if handler.outbox else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop(handler)
            return
        del handler.outbox[:sent]
        if handler.is_at_rest and handler.watched == READ:  # the usual case: everything is sent
            return
        self._note_progress(handler, sent)
        if handler.stream and handler.stream not in self._running_jobs and len(handler.outbox) < OUTBOX:
            self._start(handler.stream)
        if handler.session and sent:
            self.live.schedule(handler)
        if sent and handler.reader.unread and handler.may_take_request:
            self._ready[handler] = None
        self._watch(handler)
        if handler.input_closed:
            self._close_if_idle(handler)

    def _note_progress(self, handler, sent):
        """Enter the state that follows when `sent` bytes have left the outbox."""
        if handler.outbox:
            self._backpressured.add(handler)
            if handler.state in READING.values():
                handler.enter(SENDING)
            elif sent:
                handler.enter(handler.state)  # the client reads: its timeout starts again
        else:
            self._backpressured.discard(handler)
            if handler.close_after and not handler.responses_due and handler.state is not LINGERING:
                self._linger(handler)
            elif handler.state is SENDING:
                handler.resume()

    def _linger(self, handler):
        """Close our side only: a full close with unread bytes can destroy the response (RFC 9112, 9.6)."""
        try:
            handler.connection.shutdown(socket.SHUT_WR)
            handler.enter(LINGERING)
        except OSError:
            self._drop(handler)

    def _close_if_idle(self, handler):
        """Close a connection with nothing in progress. An incomplete request counts, unless the client has left."""
        is_partial = handler.reader.stage in ("head", "body") and not handler.input_closed
        if not (handler.responses_due or handler.outbox or is_partial or handler in self._ready):
            self._drop(handler)

    def _watch(self, handler):
        """Tell the selector which events the handler waits for: bytes to read, room to write."""
        if handler.state is CLOSED:
            return
        wants = (READ if handler.may_send_more else 0) | (WRITE if handler.outbox else 0)
        if wants == handler.watched:
            return
        if not handler.watched:
            self._selector.register(handler.connection, wants, handler)
        elif wants:
            self._selector.modify(handler.connection, wants, handler)
        else:
            self._selector.unregister(handler.connection)
        handler.watched = wants

    def _drop(self, handler):
        if handler.state is CLOSED:
            return
        self.handlers.discard(handler)
        handler.enter(CLOSED)
        handler.input_closed = True  # a pool may skip the jobs that wait for it
        self._release(handler)
        self._backpressured.discard(handler)
        self._ready.pop(handler, None)
        if handler.watched:
            self._selector.unregister(handler.connection)
            handler.watched = 0
        handler.reader.close()
        handler.connection.close()
