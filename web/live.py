"""Live updates: the clients that listen (SSE, WebSocket), and the last event that each of them has been sent.

Every session has a cursor: the id of the last audit event that it was sent. In each turn of the event loop,
after the commit, each session that is behind gets the events after its cursor. So a client gets each committed
event exactly once, in order. A client that reconnects with the id of its last event is simply behind. A session
has no queue: bytes that its client has not read wait in the outbox of the connection.
"""

import json
import re
import time
from bisect import bisect_right
from functools import cache, cached_property
from typing import NamedTuple
from urllib.parse import quote

from web.handler import OUTBOX, WAITING
from web.http1 import Request, Response, render_chunk
from web.responses import encode
from web.validation import parse_json
from web.websocket import INTERNAL_ERROR, TRY_LATER, MessageReader, Opcode, ProtocolError, accept, render, render_close
from workflow import Caller, Invalid, NotFound

PUBLISH_BUDGET = 0.004  # seconds per turn for sending events: so many listeners delay no request
BATCH_EVENTS, BATCH_BYTES = 100, 64 * 1024  # the most events, and about the most bytes, for one session at a time
RECENT_EVENTS, RECENT_BYTES = 1000, 8 * 1024 * 1024  # events kept in memory, each rendered once for all sessions
CACHED_PAGES = 4  # pages of older events, for clients that reconnect at the same time
PING_INTERVAL = 15  # seconds after which an idle connection is sent a ping
RETRY = b"retry: 2000\n\n"  # milliseconds after which a browser reconnects
SSE_HEADERS = (("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"))
UNSUPPORTED_DATA, TOKEN_EXPIRED, RESTART = 1003, 1008, 1012  # close codes
LONGEST_ID = 64  # characters of the id of a ticket, or of a message


class Command(NamedTuple):
    """A message that a client may send on a WebSocket: the HTTP request that it becomes, and the tag of its reply."""

    method: str
    path: str
    needs: str  # a member that the message must have; a ticket becomes the request's body
    answer: str
    query: str = ""


COMMANDS = {
    "GetTickets": Command("GET", "/tickets", "_tag", "AllTickets", "limit=1000"),
    "CreateTicket": Command("POST", "/tickets", "ticket", "TicketCreated"),
    "UpdateTicket": Command("PATCH", "/tickets/{id}", "ticket", "TicketUpdated"),
    "LockTicket": Command("POST", "/tickets/{id}/lock", "ticketId", "TicketLocked"),
    "UnlockTicket": Command("DELETE", "/tickets/{id}/lock", "ticketId", "TicketUnlocked"),
}
IDENTITY_HEADERS = ("authorization", "x-user-id", "x-user-role")  # copied from the handshake to each request


class LiveEvent:
    """An audit event with its ticket as it is now. Each wire format is rendered once, for all sessions."""

    def __init__(self, event: dict, ticket: dict):
        self.id, self.event, self.ticket = event["id"], event, ticket

    @cached_property
    def sse_bytes(self) -> bytes:
        """As a server-sent event: its id, its name, one line of JSON."""
        data = encode({**self.event, "ticket": self.ticket})
        return f"id: {self.id}\nevent: {self.event['type']}\ndata: {data}\n\n".encode()

    @cached_property
    def websocket_frame(self) -> bytes:
        """As a message of the WebSocket protocol at /ws."""
        kind, uuid = self.event["type"], self.ticket["uuid"]
        if kind == "Locked":
            lease = self.event["data"]["changes"]
            ends = {"lockedBy": lease["locked_by"], "expiresAt": lease["lock_expires_at"]}
            facts = {"_tag": "TicketLocked", "ticketId": uuid, **ends}
        elif kind == "Unlocked":
            facts = {"_tag": "TicketUnlocked", "ticketId": uuid}
        else:
            facts = {"_tag": "TicketCreated" if kind == "Created" else "TicketUpdated", "ticket": self.ticket}
        return _text_frame({**facts, "eventId": self.id})

    def seen_by(self, caller: Caller) -> "LiveEvent | None":
        """The part of it that this caller may see, None if nothing."""
        if not caller.only_own:
            return self
        event = caller.visible_part(self.event) if caller.sees(self.ticket) else None
        return event and LiveEvent(event, self.ticket)


class Session:
    """What a connection becomes after its last HTTP response. `cursor` is the id of the last event sent on it."""

    wants_events = True
    open_responses = 0  # responses that have started and not ended
    pending_replies = {}  # replies that are sent once all events are sent: see TicketSocket

    def __init__(self, request: Request, cursor: int, store):
        self.caller, self.cursor, self.store = request.caller, cursor, store
        self.has_caught_up = False  # it has got all events, at least once
        self.last_sent = 0.0  # when the last ping was sent; 0.0: send the first one soon
        self.control_frames = bytearray()  # frames that need no commit: pongs, the close frame
        self.is_over = False

    def send_events(self, events: list[LiveEvent]) -> bytes:
        """The bytes of those events that this caller may see."""
        raise NotImplementedError

    def ping(self) -> bytes:
        raise NotImplementedError

    def close_frame(self, code: int) -> bytes:
        """The last bytes on the connection. `code` is a WebSocket close code."""
        raise NotImplementedError

    def take_pending_replies(self) -> bytes:
        replies, self.pending_replies = self.pending_replies, {}
        return b"".join(replies.values())

    def release_requests(self) -> list[Request]:
        """Requests that release the locks that the client took on this connection."""
        return []

    def _visible(self, events):
        return filter(None, (event.seen_by(self.caller) for event in events))


class EventStream(Session):
    """Server-sent events (HTML standard, 9.2), in chunks if the client uses HTTP/1.1."""

    open_responses = 1

    def __init__(self, request: Request, cursor: int, store):
        super().__init__(request, cursor, store)
        self._to_chunk = render_chunk if request.version >= (1, 1) else bytes

    def opening(self) -> Response:
        return Response(200, self._to_chunk(RETRY), SSE_HEADERS, session=self)

    def send_events(self, events: list[LiveEvent]) -> bytes:
        data = b"".join(event.sse_bytes for event in self._visible(events))
        return self._to_chunk(data) if data else b""

    def ping(self) -> bytes:
        return self._to_chunk(b": ping\n\n")

    def close_frame(self, code: int) -> bytes:
        return self._to_chunk(b"")


class WebSocket(Session):
    """One WebSocket. It reads the bytes of its connection in place of http1.RequestReader, by the same methods."""

    stage, wants_continue = "live", False

    def __init__(self, request: Request, cursor: int = 0, store=None):
        super().__init__(request, cursor, store)
        self._messages, self._handshake = MessageReader(), accept(request)

    def opening(self) -> Response:
        return Response(101, b"", self._handshake.headers, session=self)

    @property
    def unread(self) -> int:
        return self._messages.unread

    @property
    def is_paused(self) -> bool:
        return self._messages.is_paused

    def receive(self, data: bytes) -> None:
        self._messages.receive(data)

    def close(self) -> None:
        """Read no more, and forget everything."""
        self._messages.close()

    def next_request(self) -> Request | None:
        """The next message as a request; None when more bytes are needed or after a pause."""
        try:
            while not self.is_over and (message := self._messages.next_message()):
                if message.opcode is Opcode.CLOSE:
                    self.control_frames += self.close_frame(message.code)
                elif message.opcode is Opcode.PING:
                    self.control_frames += render(Opcode.PONG, message.data)
                elif message.opcode is not Opcode.PONG and (request := self.on_message(message)):
                    return request
        except ProtocolError as problem:
            self.control_frames += self.close_frame(problem.code, str(problem))
        return None

    def on_message(self, message) -> Request | None:
        """The request for a TEXT or BINARY message, None if the message needs none."""
        raise NotImplementedError

    def ping(self) -> bytes:
        return render(Opcode.PING, b"")

    def close_frame(self, code: int, reason: str = "") -> bytes:
        was_over, self.is_over = self.is_over, True
        return b"" if was_over else render_close(code, reason)


class Echo(WebSocket):
    """Sends each message back, for WebSocket test suites."""

    wants_events = False

    def on_message(self, message) -> None:
        self.control_frames += render(message.opcode, message.data)


class TicketSocket(WebSocket):
    """Events about tickets, and commands that run the same endpoints as HTTP requests."""

    def __init__(self, request: Request, cursor: int, store):
        super().__init__(request, cursor, store)
        self._headers = {name: request.headers[name] for name in IDENTITY_HEADERS if name in request.headers}
        self._headers["content-type"] = "application/json"
        self._client = request.client
        self._in_progress = {}  # request → tag of its command, and the replyTo of an error
        self.pending_replies = {}  # request id → reply, sent if that request had no event (nothing changed)
        self.locks = set()  # ids of tickets that were last locked on this socket, not elsewhere

    def on_message(self, message) -> Request | None:
        if message.opcode is Opcode.BINARY:
            self.control_frames += self.close_frame(UNSUPPORTED_DATA, "messages are JSON as text")
            return None
        fields, request = {}, Request("-", "/ws", client=self._client, headers=self._headers)
        try:
            fields = _parse_message(message.data)
            request = self._request(fields)
        except Invalid as problem:
            request.fault = problem
        self._in_progress[request] = fields.get("_tag"), _message_id(fields)
        return request

    def _request(self, fields):
        command, headers = COMMANDS[fields["_tag"]], dict(self._headers)
        if fields.get("idempotencyKey") is not None:
            headers["idempotency-key"] = _idempotency_key(fields)
        path = command.path.format(id=quote(_ticket_id(fields), safe="")) if "{id}" in command.path else command.path
        body = json.dumps(fields["ticket"]).encode() if command.needs == "ticket" else b""
        target = f"{path}?{command.query}"
        return Request(command.method, target, (1, 1), headers, body, path, command.query, client=self._client)

    def reply(self, request: Request, response: Response) -> bytes:
        """What only the sender of a command gets: a list or an error; nothing if an event tells it to all clients."""
        if request not in self._in_progress:  # one of release_requests()
            return b""
        (tag, reply_to), facts = self._in_progress.pop(request), json.loads(response.body)
        if response.status >= 300:
            return _text_frame({"_tag": "Error", **facts, "replyTo": reply_to})
        reply_tag = COMMANDS[tag].answer
        if tag == "GetTickets":
            return _text_frame({"_tag": reply_tag, "tickets": facts["tickets"]})
        if tag == "LockTicket":
            self.locks.add(facts["ticket_id"])
        elif tag == "UnlockTicket":
            self.locks.discard(facts["ticket_id"])
        about = {"ticketId": facts["uuid"]} if "ticket_id" in facts else {"ticket": facts}
        self.pending_replies[request.id] = _text_frame({"_tag": reply_tag, **about})
        return b""

    def send_events(self, events: list[LiveEvent]) -> bytes:
        for event in (live_event.event for live_event in events):
            is_mine = self.pending_replies.pop(event["request_id"], None)  # the event is the reply
            if event["type"] == "Locked":  # only the last lock of a ticket counts
                (self.locks.add if is_mine else self.locks.discard)(event["ticket_id"])
        return b"".join(event.websocket_frame for event in self._visible(events))

    def release_requests(self) -> list[Request]:
        paths = [f"/tickets/{number}/lock" for number in sorted(self.locks)]
        self.locks.clear()
        return [Request("DELETE", path, headers=self._headers, path=path, client=self._client) for path in paths]


class Live:
    """The sessions of one desk, and the recent events that they are sent."""

    def __init__(self, end_session, report):
        """`end_session(handler, code)` ends a session whose client reads too slowly, or whose token expires;
        `report(stage, problem)` logs what has failed."""
        self._end_session, self._report, self._sessions, self._behind = end_session, report, {}, {}
        self._recent, self._newest_id, self._pages = [], 0, {}
        self.clock = time.time  # when tokens expire

    @property
    def is_busy(self) -> bool:
        return bool(self._behind)

    def add(self, handler) -> None:
        session = handler.session
        if session.wants_events:
            if not self._sessions:
                self._recent, self._newest_id = [], session.store.last_event()
            self._behind[handler] = None
            self._sessions[handler] = session

    def remove(self, handler) -> list[Request]:
        """Remove a session; returns the requests that release the locks that its client took on it."""
        session = self._sessions.pop(handler, None)
        self._behind.pop(handler, None)
        return session.release_requests() if session else []

    def schedule(self, handler) -> None:
        """Let the next publish() look at this session, if there is something to send to it."""
        session = self._sessions.get(handler)
        if session and (session.cursor < self._newest_id or session.pending_replies):
            self._behind[handler] = None

    def publish(self):
        """Send missed events to sessions that are behind, for PUBLISH_BUDGET; yields the handlers to flush."""
        if not self._sessions:
            return
        self._read_new_events()
        deadline = time.monotonic() + PUBLISH_BUDGET
        for handler in list(self._behind):
            del self._behind[handler]
            session, unread = self._sessions[handler], len(handler.outbox)
            if handler.state is WAITING:  # for a list: later events must not arrive before it
                continue
            if session.has_caught_up and unread > OUTBOX:  # backpressure: its client cannot keep up
                self._end_session(handler, TRY_LATER)
            elif session.has_caught_up or unread < BATCH_BYTES:  # else schedule() comes when the client has read
                try:
                    self._send_missed_events(handler, session)
                    yield handler
                except Exception as problem:  # an event that cannot be read, or sent
                    self._report("publishing", problem)
                    self._end_session(handler, INTERNAL_ERROR)
            if time.monotonic() > deadline:
                return
        self._pages.clear()

    def end_all(self, code: int = INTERNAL_ERROR) -> None:
        """End every session with this close code; without one: there are events that the desk cannot read now."""
        for handler in list(self._sessions):
            self._end_session(handler, code)

    def restart(self, newest_id: int) -> None:
        """The database is another one: end every session, so that clients connect again, and release no lock."""
        for session in self._sessions.values():
            session.release_requests()  # they would release locks in the new database
        self.end_all(RESTART)
        self._recent, self._newest_id, self._pages = [], newest_id, {}

    def keep_alive(self, now: float, is_current):
        """Ping idle clients, and end sessions whose token has ended; yields the handlers to flush.

        is_current(user, version) says whether the user's tokens have this version.
        """
        is_current = cache(is_current)  # a user can have many sessions
        for handler, session in list(self._sessions.items()):
            caller = session.caller
            is_ended = caller.token_version is not None and not is_current(caller.id, caller.token_version)
            if is_ended or caller.expires <= self.clock():
                self._end_session(handler, TOKEN_EXPIRED)
            elif session.last_sent + PING_INTERVAL <= now and not handler.outbox:
                handler.outbox += session.ping()
                session.last_sent = now
                yield handler

    def _read_new_events(self):
        """Read the events committed since the last turn; then every session is behind."""
        store = next(iter(self._sessions.values())).store
        while self._newest_id < store.last_event():
            self._pages.clear()  # their tickets may have changed
            new_events = self._events_after(store, self._newest_id)
            self._recent = _keep_recent([*self._recent, *new_events])
            self._newest_id = new_events[-1].id
            self._behind |= dict.fromkeys(self._sessions)

    def _send_missed_events(self, handler, session):
        """Send one session the next batch of events after its cursor."""
        start = bisect_right(self._recent, session.cursor, key=lambda event: event.id)
        if session.cursor == self._newest_id or (start and self._recent[start - 1].id == session.cursor):
            events = self._recent[start : start + BATCH_EVENTS]
        else:
            events = self._events_after(session.store, session.cursor)
        events = _first_batch(events)
        handler.outbox += session.send_events(events)
        if events:
            session.cursor = events[-1].id
        if session.cursor < self._newest_id:
            self._behind[handler] = None
        else:
            session.has_caught_up = True
            handler.outbox += session.take_pending_replies()

    def _events_after(self, store, cursor):
        if cursor not in self._pages:
            if len(self._pages) == CACHED_PAGES:
                self._pages.clear()
            events = store.events({"after": cursor, "limit": BATCH_EVENTS})["events"]
            self._pages[cursor] = [LiveEvent(event, store.ticket(str(event["ticket_id"]))) for event in events]
        return self._pages[cursor]


def _keep_recent(events):
    """The newest events: at most RECENT_EVENTS and RECENT_BYTES."""
    kept = events[-RECENT_EVENTS:]
    size = sum(len(event.sse_bytes) for event in kept)
    while size > RECENT_BYTES:
        size -= len(kept.pop(0).sse_bytes)
    return kept


def _first_batch(events):
    """The first events, up to the one that reaches BATCH_BYTES; at least one, if there is one."""
    size = 0
    for count, event in enumerate(events, 1):
        size += len(event.sse_bytes)
        if size >= BATCH_BYTES:
            return events[:count]
    return events


def stream_events(context, request: Request) -> Response:
    """Stream events as they happen, as server-sent events."""
    return EventStream(request, starting_point(request, context.store.last_event()), context.store).opening()


def open_socket(context, request: Request) -> Response:
    """Open a WebSocket that sends events and takes commands."""
    return TicketSocket(request, starting_point(request, context.store.last_event()), context.store).opening()


def open_echo(context, request: Request) -> Response:
    """Open a WebSocket that sends each message back; only with DEBUG=true."""
    if not context.settings.debug:
        raise NotFound("the echo needs a desk that runs with DEBUG=true")
    return Echo(request).opening()


def starting_point(request: Request, last: int) -> int:
    """Where the cursor of a new session starts: Last-Event-ID, else ?after=, else `last`, the newest event.

    A customer of a locked desk gets no error for an id beyond `last`: it would tell how many events the desk has.
    """
    given = request.headers.get("last-event-id", "").strip()
    if given and not re.fullmatch("[0-9]{1,18}", given):
        raise Invalid("Last-Event-ID must be the id of an event: a whole number")
    after = int(given) if given else request.fields.get("after", last)
    if after > last and request.caller.only_own:
        return last
    if after > last:
        raise NotFound(
            f"there is no event {after} yet, the last is {last}: is this another database? Begin at ?after=0"
        )
    return after


def _parse_message(text: str) -> dict:
    """The fields of a client's message. Raises Invalid if it is not one of COMMANDS."""
    fields = parse_json(text.encode())
    if not isinstance(fields, dict) or fields.get("_tag") not in list(COMMANDS):
        raise Invalid(f"a message is a JSON object with a _tag: {', '.join(COMMANDS)}")
    needed = COMMANDS[fields["_tag"]].needs
    if needed not in fields:
        raise Invalid(details={needed: ["This field is required."]})
    return fields


def _ticket_id(fields) -> str:
    """The number or uuid of the ticket that a message is about."""
    needed = COMMANDS[fields["_tag"]].needs
    ticket = fields[needed] if needed == "ticket" else {"id": fields[needed]}
    number = isinstance(ticket, dict) and (ticket.get("id") or ticket.get("uuid"))
    if not _is_id(number):
        raise Invalid(details={needed: [f"Must have the ticket's id, of up to {LONGEST_ID} characters."]})
    return str(number)


def _message_id(fields):
    """The `id` that the client gave its message, else the message's tag."""
    return fields["id"] if _is_id(fields.get("id")) else fields.get("_tag")


def _is_id(value) -> bool:
    return isinstance(value, (int, str)) and not isinstance(value, bool) and len(str(value)) <= LONGEST_ID


def _idempotency_key(fields) -> str:
    if not isinstance(fields["idempotencyKey"], str):
        raise Invalid(details={"idempotencyKey": ["Must be a string."]})
    return fields["idempotencyKey"]


def _text_frame(facts: dict) -> bytes:
    return render(Opcode.TEXT, encode(facts))
