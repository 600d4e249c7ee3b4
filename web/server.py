"""The heartbeat: one thread, one loop, one commit per beat. Only this file opens sockets.

Each beat: read what has arrived → answer every complete request → one COMMIT for all of them → send
the held answers → tell listeners what happened. So nothing leaves the desk before it is durable, no thread
locks another out, and a debugger stops where you tell it to. What must wait for others runs in the slow lane.
"""

import os
import selectors
import signal
import socket
import socketserver
import time
from collections import deque
from contextlib import suppress
from email.utils import formatdate
from http.server import HTTPServer

from web.connection import OUTBOX, Connection, Exchange
from web.door import Door, Pending
from web.http1 import CONTINUE, BadRequest, Request, render, render_chunk
from web.lane import Far, SlowLane
from web.live import Live
from web.websocket import GOING_AWAY
from workflow import Unavailable

try:
    import resource
except ImportError:  # Windows
    resource = None

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
BLOCK = 64 * 1024  # bytes taken from one connection per beat
TURN = 32  # requests answered for one connection per beat, so that nobody starves
BUDGET = 64 * 1024 * 1024  # bytes of answers in memory; beyond it requests are refused until clients have read
PATIENCE = {"idle": 60, "head": 10, "body": 15, "live": 60, "send": 60, "linger": 2}  # seconds, per stage
QUIET = 0.001  # seconds without a request after which the desk looks after itself
CHORES_WAIT = 0.25  # seconds after which it does so for a moment all the same, or a busy desk never would
GRACE = 30  # seconds for what is in flight when the desk stops
ACCEPTS = 64
MOST_FILES = 10_000
TOO_SLOW = "the rest of the request did not arrive within {} seconds"


def capacity() -> int:
    """Connections to hold at most: what this process may open, less some for files; Windows watches 512."""
    if resource is None:
        return 400
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < MOST_FILES and hard != soft:  # the usual 1,024 are only where the system begins
        soft = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(MOST_FILES, max(48, soft)) - 40


class DeskServer(HTTPServer):
    """Listens on an address from its first line on, and serves `door` once serve_forever() runs."""

    door: Door

    request_queue_size = 1024
    allow_reuse_address = os.name != "nt"  # on Windows it would let two desks share a port

    def __init__(self, address: tuple[str, int], log):
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.log = log
        self.connections, self.live = set(), Live(self._end_session)
        self._ready = {}  # connections with bytes to look at, in order of arrival
        self._held, self._held_bytes = [], 0  # answers that wait for the commit
        self._clogged = set()  # connections whose client has not read everything
        self._jobs, self._in_lane = [], {}  # for the slow lane, and in it
        self._capacity, self._is_listening = capacity(), True
        self._is_stop_asked, self._stopped_at, self._hears_signals = False, None, False
        self._swept_at = self._dated_at = 0
        self._has_chores, self._chores_due = False, 0  # looked for after each write, and once a second
        self._date = ""
        self._selector = selectors.DefaultSelector()
        # Signals and the slow lane end a waiting select() through this pair.
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)
        self._results = deque()
        self._lane, self._far_lane = (SlowLane(self._results, self._wake) for _ in range(2))
        super().__init__(address, Connection)  # listens; where it cannot, it calls server_close
        self.socket.setblocking(False)
        self._selector.register(self.socket, READ, None)
        self._selector.register(self._wake_reader, READ, None)

    def server_bind(self):
        """As the base of HTTPServer does it, without asking the network for this machine's name."""
        if os.name == "nt":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def server_close(self) -> None:
        super().server_close()
        self._lane.close()
        self._far_lane.close()
        if self._hears_signals:
            signal.set_wakeup_fd(-1)
        for closable in (self._selector, self._wake_reader, self._wake_writer):
            closable.close()

    def serve_forever(self, poll_interval: float = 1.0) -> None:
        while self._stopped_at is None or (self.connections and time.monotonic() < self._stopped_at + GRACE):
            self.beat(poll_interval)
        for exchange in [exchange for exchange in self._in_lane if not exchange.connection.stream]:
            self._held.append((exchange, self.door.refuse(exchange.request, Unavailable("the desk is stopping"))))
        self._send_held()
        for connection in list(self.connections):
            self._drop(connection)
        self._commit()  # of what those gave back
        self._send_held()

    def beat(self, poll_interval: float) -> None:
        """Read, answer, commit, send, publish: in this order, so that an answer is a promise kept."""
        patience = QUIET if self._has_chores else poll_interval
        is_busy = self._ready or self._held or self.live.is_busy
        events = self._selector.select(0 if is_busy else patience)
        for key, mask in events:
            if key.data is None:
                self._accept() if key.fileobj is self.socket else self._on_wake()
                continue
            if mask & READ:
                self._receive(key.data)
            if mask & WRITE:
                self._flush(key.data)
        self._resume_finished()
        self._answer_ready()
        self._sweep()
        is_quiet = not (events or self._ready or self._held)
        if self._has_chores and (is_quiet or time.monotonic() > self._chores_due):
            self._has_chores = self.door.idle()
            self._chores_due = time.monotonic() + CHORES_WAIT
        self._commit()
        self._send_held()
        for connection in self.live.publish():
            self._flush(connection)
        self.log.flush()

    def shutdown(self) -> None:
        """Ask for the end, from any thread: take no new connection, finish what is in flight."""
        self._is_stop_asked = True
        self._wake()

    def stop_on_signals(self) -> None:
        """SIGTERM and Ctrl-C ask for the end; a second one ends the process at once."""
        signal.set_wakeup_fd(self._wake_writer.fileno(), warn_on_full_buffer=False)
        self._hears_signals = True
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number, frame):
        if self._is_stop_asked:
            os._exit(128 + number)
        self.shutdown()

    def _wake(self):
        try:
            self._wake_writer.send(b"!")
        except OSError:  # a wake-up is on its way already, or the desk is closed
            pass

    def _on_wake(self):
        self._wake_reader.recv(BLOCK)
        if self._is_stop_asked and self._stopped_at is None:
            self._stopped_at = time.monotonic()
            if self._is_listening:
                self._selector.unregister(self.socket)
            self.socket.close()
            for connection in list(self.connections):
                self._receive(connection)  # what has arrived by now is in flight
                if connection.is_live:
                    self._end_session(connection, GOING_AWAY)
                self._close_if_idle(connection)

    # -- reading --------------------------------------------------------------------------------

    def _accept(self):
        for _ in range(ACCEPTS):
            try:
                sock, address = self.socket.accept()
            except BlockingIOError:
                return
            except OSError:  # no descriptor is left: look again in a second, instead of again and again
                self._selector.unregister(self.socket)
                self._is_listening = False
                return
            sock.setblocking(False)
            if len(self.connections) >= self._capacity:
                self._turn_away(sock)
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(sock, address, self)
            self.connections.add(connection)
            self._watch(connection)

    def _turn_away(self, sock):
        """Answer 503 and hang up at once: a desk that is full has no descriptor to wait with."""
        problem = Unavailable(f"all {self._capacity} connections are in use; try again")
        with suppress(OSError), sock:
            answer = self.door.refuse(Request("-", "-"), problem)
            sock.send(render(answer, formatdate(usegmt=True), close=True, head_only=False))

    def _receive(self, connection):
        try:
            data = connection.connection.recv(BLOCK)
        except BlockingIOError:
            return
        except OSError:
            self._drop(connection)
            return
        if not data and connection.is_live:
            self._drop(connection)
        elif not data:
            connection.is_half_closed = True
            self._close_if_idle(connection)
            self._watch(connection)
        elif not connection.is_last:  # after the last request bytes are read only to be dropped
            connection.reader.receive(data)
            self._ready[connection] = None

    def _answer_ready(self):
        ready, self._ready = self._ready, {}
        for connection in ready:
            for _ in range(TURN):
                if not self._answer_next(connection):
                    break
            else:
                self._ready[connection] = None

    def _answer_next(self, connection) -> bool:
        """Answer the connection's next request; False when there is none to answer now."""
        if connection.is_last or connection.is_waiting or connection not in self.connections:
            return False
        if len(connection.outbox) + connection.held >= OUTBOX:  # _flush comes back when the client has read
            return False
        try:
            request = connection.reader.next_request()
        except BadRequest as problem:
            self._refuse(connection, problem)
            return False
        if request is None:
            self._wait_for_more(connection)
            return False
        connection.current = request
        request.client = connection.client_address[0]
        connection.enter("idle")
        connection.is_last = not request.keep_alive or self._stopped_at is not None
        connection.owed += 1
        self._has_chores |= request.method in ("POST", "PATCH")
        exchange = Exchange(connection, request, connection.since, connection.is_last)
        if self._unread() > BUDGET:
            self._settle(
                exchange, self.door.refuse(request, Unavailable("too many answers wait to be read; try again"))
            )
        else:
            self._settle(exchange, self.door.answer(request))
        return True

    def _unread(self) -> int:
        """Bytes of answers that this beat holds, and of those that clients have not read yet."""
        unread = (len(connection.outbox) for connection in self._clogged if not connection.is_live)
        return self._held_bytes + sum(unread)  # listeners have a bound of their own: see live.py

    def _wait_for_more(self, connection):
        if connection.is_live:
            self._hear(connection)
            return
        if connection.stage != connection.reader.stage and not connection.outbox:
            connection.enter(connection.reader.stage)
        if connection.reader.wants_continue and connection.owed:  # the answers before it go first
            self._ready[connection] = None
        elif connection.reader.wants_continue:
            connection.reader.wants_continue = False
            connection.outbox += CONTINUE
            self._flush(connection)
        self._watch(connection)
        if connection.is_half_closed or self._stopped_at is not None:
            self._close_if_idle(connection)

    def _refuse(self, connection, problem):
        """Answer bytes that are no request, and take nothing more from this connection."""
        request = Request("-", "-")
        connection.owed += 1
        connection.is_last = True
        self._settle(Exchange(connection, request, connection.since, True), self.door.refuse(request, problem))

    def _settle(self, exchange, outcome):
        if isinstance(outcome, Pending):
            exchange.connection.is_waiting = True
            self._jobs.append((exchange, outcome))
        else:
            self._held.append((exchange, outcome))
            exchange.connection.held += len(outcome.body)
            self._held_bytes += len(outcome.body)
            if outcome.goes_on and exchange.request.method != "HEAD":
                exchange.connection.is_waiting = True  # the next request waits for the end of this answer

    def _resume_finished(self):
        while self._results:
            exchange, pending, result, error = self._results.popleft()
            del self._in_lane[exchange]
            exchange.connection.is_waiting = False
            exchange.connection.enter("idle")
            self._ready[exchange.connection] = None
            outcome = pending.resume(result, error)
            if outcome:
                self._settle(exchange, outcome)

    def _sweep(self):
        """Once a second: end what has waited too long, and let the desk tidy up."""
        now = time.monotonic()
        if now < self._swept_at + 1:
            return
        self._swept_at = now
        for connection in self.live.keep_alive(now):
            self._flush(connection)
        if not self._is_listening and self._stopped_at is None:
            self._selector.register(self.socket, READ, None)
            self._is_listening = True
        for connection in list(self.connections):
            patience = PATIENCE[connection.stage]
            if (connection.owed and not connection.outbox) or now < connection.since + patience:
                continue
            if connection.stage in ("head", "body"):
                self._refuse(connection, BadRequest(408, "REQUEST_TIMEOUT", TOO_SLOW.format(patience)))
            else:
                self._drop(connection)
        self.door.housekeeping()
        self._has_chores = True

    # -- committing and sending -----------------------------------------------------------------

    def _commit(self):
        """One commit for the whole beat; where it fails, every answer of the beat becomes a 503."""
        try:
            self.door.commit()
        except Unavailable as problem:
            for place, (exchange, answer) in enumerate(self._held):
                exchange.connection.is_waiting &= not answer.goes_on
                self._held[place] = exchange, self.door.refuse(exchange.request, problem)
        jobs, self._jobs = self._jobs, []
        for exchange, pending in jobs:
            self._in_lane[exchange] = None
            self._watch(exchange.connection)
            lane = self._far_lane if isinstance(pending.job, Far) else self._lane
            lane.take(exchange, pending)

    def _send_held(self):
        held, self._held, self._held_bytes = self._held, [], 0
        now = time.monotonic()
        if held and now > self._dated_at + 1:
            self._date, self._dated_at = formatdate(usegmt=True), now
        for exchange, answer in held:
            connection, request = exchange.connection, exchange.request
            connection.owed, connection.held = connection.owed - 1, 0
            self.door.observe(request, answer.status, now - exchange.started)
            if connection.is_live:
                connection.outbox += connection.session.reply(request, answer)
                self.live.schedule(connection)
                continue
            head_only = request.method == "HEAD"
            is_streamed = bool(answer.more) and not head_only
            is_last = exchange.is_last or (is_streamed and request.version < (1, 1))
            connection.outbox += render(answer, self._date, close=is_last, head_only=head_only)
            if is_streamed:
                connection.owed, connection.is_last = connection.owed + 1, is_last
                connection.stream = Exchange(connection, request, now, is_last), answer.more
            if answer.session is not None and not head_only:
                self._begin_session(connection, answer.session)
        for connection in dict.fromkeys(exchange.connection for exchange, _ in held):
            (self._hear if connection.is_live and connection.session.is_over else self._flush)(connection)

    def _begin_session(self, connection, session):
        """The connection is a WebSocket or a stream of events from now on."""
        connection.session, connection.is_waiting = session, False
        connection.owed += session.open_responses
        connection.is_last = bool(session.open_responses)
        if not session.open_responses:
            session.receive(connection.reader.rest())
            connection.reader = session
            self._ready[connection] = None
        self.live.add(connection)

    def _hear(self, connection):
        """Pass on what a WebSocket says by itself, and close it behind its last word."""
        session = connection.session
        if session.is_over and connection.owed:  # what it has asked for is answered before the close
            return
        connection.outbox += session.control_frames
        session.control_frames.clear()
        connection.enter(session.stage)
        if session.is_over and not connection.is_last:
            connection.is_last = True
            self._leave(connection)
        self._flush(connection)

    def _end_session(self, connection, code):
        """Say good-bye to a listener; the connection closes behind that."""
        connection.outbox += connection.session.close_frame(code)
        connection.owed -= connection.session.open_responses
        connection.is_last = True
        self._leave(connection)
        self._flush(connection)

    def _leave(self, connection):
        """A session is over: what its client held is given back, by requests like any other."""
        for request in self.live.remove(connection):
            connection.owed += 1
            exchange = Exchange(connection, request, time.monotonic(), True)
            self._settle(exchange, self.door.answer(request))

    def _pull(self, connection):
        """Have the slow lane make the next piece of a streamed answer, once the client has room for it."""
        exchange, more = connection.stream
        if exchange not in self._in_lane and len(connection.outbox) < OUTBOX:
            self._in_lane[exchange] = None
            self._lane.take(exchange, Pending(more, lambda piece, error: self._take_piece(exchange, piece, error)))

    def _take_piece(self, exchange, piece, error):
        connection = exchange.connection
        if error:  # the head is sent: all that is left to say it with is an end that comes too early
            self.log.trouble(exchange.request, f"a streamed answer broke off: {error!r}")
            self._drop(connection)
            return
        connection.outbox += render_chunk(piece) if exchange.request.version >= (1, 1) else piece
        connection.is_waiting = bool(piece)
        if not piece:
            connection.stream = None
            connection.owed -= 1
        self._flush(connection)

    def _flush(self, connection):
        """Send what the socket takes; close behind the last answer."""
        try:
            sent = connection.connection.send(connection.outbox) if connection.outbox else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop(connection)
            return
        del connection.outbox[:sent]
        (self._clogged.add if connection.outbox else self._clogged.discard)(connection)
        if sent and connection.reader.unread and not connection.is_last and len(connection.outbox) < OUTBOX:
            self._ready[connection] = None
        if connection.outbox:
            if sent or connection.stage != "send":
                connection.enter("send")
        elif connection.is_last and not connection.owed:
            self._linger(connection)
        elif connection.stage == "send":
            connection.enter(connection.reader.stage)
        if connection.stream:
            self._pull(connection)
        if connection.is_live and sent:
            self.live.schedule(connection)
        self._watch(connection)
        if connection.is_half_closed:
            self._close_if_idle(connection)

    def _linger(self, connection):
        """Close our side only: a full close over unread bytes would take the answer back (RFC 9112, 9.6)."""
        try:
            connection.connection.shutdown(socket.SHUT_WR)
            connection.enter("linger")
        except OSError:
            self._drop(connection)

    def _close_if_idle(self, connection):
        """Drop a connection on which nothing is under way; a half-sent request counts unless the client left."""
        is_partial = connection.reader.stage in ("head", "body") and not connection.is_half_closed
        if not (connection.owed or connection.outbox or is_partial or connection in self._ready):
            self._drop(connection)

    def _watch(self, connection):
        wants = (READ if connection.may_send_more else 0) | (WRITE if connection.outbox else 0)
        if wants == connection.watched or connection not in self.connections:
            return
        if not connection.watched:
            self._selector.register(connection.connection, wants, connection)
        elif wants:
            self._selector.modify(connection.connection, wants, connection)
        else:
            self._selector.unregister(connection.connection)
        connection.watched = wants

    def _drop(self, connection):
        if connection in self.connections:
            self.connections.discard(connection)
            connection.is_half_closed = True  # what waits in a lane for it need not be done
            self._leave(connection)
            self._clogged.discard(connection)
            self._ready.pop(connection, None)
            if connection.watched:
                self._selector.unregister(connection.connection)
            connection.connection.close()
