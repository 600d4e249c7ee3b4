"""Who listens, and up to which event: server-sent events and WebSockets.

One idea serves both: a listener has a cursor in the audit log. In each beat, after the commit, those who
are behind are told what follows their cursor, some of them per beat. So nobody hears of what is not
durable, and nobody misses an event or hears it twice: whoever comes back with the last id it saw is
behind, that is all. Nothing is queued for a listener but what its client has not read yet.
"""

import json
import re
import time
from bisect import bisect_right
from functools import cached_property
from typing import NamedTuple
from urllib.parse import quote

from web.handler import OUTBOX
from web.http1 import Request, Response, render_chunk
from web.validation import parse_json
from web.websocket import TRY_LATER, MessageReader, Opcode, ProtocolError, accept, render, render_close
from workflow import Caller, Invalid, NotFound

TELLING = 0.02  # seconds of a beat that are spent on telling, so that a thousand listeners delay nobody else
BATCH, PIECE = 100, 64 * 1024  # events and about so many bytes that one listener is told at a time
RECENT, RECENT_BYTES = 1000, 8 * 1024 * 1024  # events kept in memory, each rendered once for all
PAGES = 4  # pages of older ones, for listeners who come back together
PING = 15  # seconds after which an idle connection is shown that it lives
RETRY = b"retry: 2000\n\n"  # milliseconds after which a browser comes back
STREAM = (("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"))
UNSUPPORTED, TOKEN_OVER = 1003, 1008  # close codes: data of a kind that is not taken; no valid token any more


class Saying(NamedTuple):
    """One thing that a client may say on a WebSocket: the HTTP request that does it, and what everybody hears."""

    method: str
    path: str
    needs: str  # the member that the message must have; a ticket is the request's body, too
    answer: str
    query: str = ""


SAYINGS = {
    "GetTickets": Saying("GET", "/tickets", "_tag", "AllTickets", "limit=1000"),
    "GetTicketList": Saying("GET", "/tickets", "_tag", "TicketList", "limit=1000"),
    "CreateTicket": Saying("POST", "/tickets", "ticket", "TicketCreated"),
    "UpdateTicket": Saying("PATCH", "/tickets/{id}", "ticket", "TicketUpdated"),
    "LockTicket": Saying("POST", "/tickets/{id}/lock", "ticketId", "TicketLocked"),
    "UnlockTicket": Saying("DELETE", "/tickets/{id}/lock", "ticketId", "TicketUnlocked"),
}
WHO = ("authorization", "x-user-id", "x-user-role")  # headers of the handshake that every message travels with

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Happening:
    """An audit event as listeners hear of it, with its ticket as it is now. Each form is made once for all."""

    def __init__(self, event: dict, ticket: dict):
        self.event, self.ticket = event, ticket

    @cached_property
    def lines(self) -> bytes:
        """A server-sent event: its id, its name, one line of JSON."""
        data = _encode({**self.event, "ticket": self.ticket})
        return f"id: {self.event['id']}\nevent: {self.event['type']}\ndata: {data}\n\n".encode()

    @cached_property
    def frame(self) -> bytes:
        """A message for WebSockets, in the words of their protocol."""
        kind, uuid = self.event["type"], self.ticket["uuid"]
        if kind == "Locked":
            lease = self.event["data"]["changes"]
            ends = {"lockedBy": lease["locked_by"], "expiresAt": lease["lock_expires_at"]}
            facts = {"_tag": "TicketLocked", "ticketId": uuid, **ends}
        elif kind == "Unlocked":
            facts = {"_tag": "TicketUnlocked", "ticketId": uuid}
        else:
            facts = {"_tag": "TicketCreated" if kind == "Created" else "TicketUpdated", "ticket": self.ticket}
        return _message({**facts, "eventId": self.event["id"]})

    def seen_by(self, caller: Caller) -> "Happening | None":
        """What this caller may hear of it."""
        if not caller.only_own:
            return self
        event = caller.view_of(self.event) if caller.sees(self.ticket) else None
        return event and Happening(event, self.ticket)


class Session:
    """What a connection is for behind its last HTTP answer. `after` is the id of the last event it has heard."""

    listens, is_over = True, False
    owes = 0  # answers without an end yet
    unheard = {}  # what is left to say to a client that has heard of every event

    def __init__(self, request: Request, after: int, store):
        self.caller, self.after, self.store = request.caller, after, store
        self.is_up_to_date = False  # has once heard everything there was
        self.spoke = 0.0  # when it was last shown that the desk lives: first as soon as it listens

    def tell(self, happenings: list[Happening]) -> bytes:
        """The bytes that say what has happened, as far as this caller may hear of it."""
        raise NotImplementedError

    def ping(self) -> bytes:
        raise NotImplementedError

    def farewell(self, code: int) -> bytes:
        """The last bytes. `code` is why, as WebSocket's close codes say it."""
        raise NotImplementedError

    def leftover(self) -> bytes:
        unheard, self.unheard = self.unheard, {}
        return b"".join(unheard.values())

    def releases(self) -> list[Request]:
        """Requests that give back what the client holds by this connection."""
        return []

    def _seen(self, happenings):
        return filter(None, (happening.seen_by(self.caller) for happening in happenings))


class EventStream(Session):
    """Server-sent events (HTML standard, 9.2), in chunks where the client speaks HTTP/1.1."""

    owes = 1

    def __init__(self, request: Request, after: int, store):
        super().__init__(request, after, store)
        self._piece = render_chunk if request.version >= (1, 1) else bytes

    def opening(self) -> Response:
        return Response(200, self._piece(RETRY), STREAM, session=self)

    def tell(self, happenings: list[Happening]) -> bytes:
        lines = b"".join(happening.lines for happening in self._seen(happenings))
        return self._piece(lines) if lines else b""

    def ping(self) -> bytes:
        return self._piece(b": ping\n\n")

    def farewell(self, code: int) -> bytes:
        return self._piece(b"")


class WebSocket(Session):
    """One WebSocket, and a reader of its connection's bytes, as http1.RequestReader is one."""

    stage, wants_continue = "live", False

    def __init__(self, request: Request, after: int = 0, store=None):
        super().__init__(request, after, store)
        self._messages, self._handshake = MessageReader(), accept(request)
        self.outgoing = bytearray()  # frames that wait for no commit: pongs, the close
        self.is_over = False

    def opening(self) -> Response:
        return Response(101, b"", self._handshake.headers, session=self)

    @property
    def unread(self) -> int:
        return self._messages.unread

    def receive(self, data: bytes) -> None:
        self._messages.receive(data)

    def next_request(self) -> Request | None:
        """The request that does what the next message asks for; None when more bytes are needed."""
        try:
            while not self.is_over and (message := self._messages.next_message()):
                if message.opcode is Opcode.CLOSE:
                    self.outgoing += self.farewell(message.code)
                elif message.opcode is Opcode.PING:
                    self.outgoing += render(Opcode.PONG, message.data)
                elif message.opcode is not Opcode.PONG and (request := self.on_message(message)):
                    return request
        except ProtocolError as problem:
            self.outgoing += self.farewell(problem.code, str(problem))
        return None

    def on_message(self, message) -> Request | None:
        """The request that a TEXT or BINARY message means, if it means one."""
        raise NotImplementedError

    def ping(self) -> bytes:
        return render(Opcode.PING, b"")

    def farewell(self, code: int, reason: str = "") -> bytes:
        is_over, self.is_over = self.is_over, True
        return b"" if is_over else render_close(code, reason)


class Echo(WebSocket):
    """Says what it hears: for the suites that test WebSockets."""

    listens = False

    def on_message(self, message) -> None:
        self.outgoing += render(message.opcode, message.data)


class TicketSocket(WebSocket):
    """The tickets as they move, and messages that do what HTTP requests do, by the very same code."""

    def __init__(self, request: Request, after: int, store):
        super().__init__(request, after, store)
        self._headers = {name: request.headers[name] for name in WHO if name in request.headers}
        self._headers["content-type"] = "application/json"
        self._client = request.client
        self._asked = {}  # what the client calls each request that is under way: its tag, and its id or tag
        self.unheard = {}  # about requests that turn out to have changed nothing, by their ids
        self.locks = set()  # tickets that were locked by this socket, and not again from elsewhere

    def on_message(self, message) -> Request | None:
        if message.opcode is Opcode.BINARY:
            self.outgoing += self.farewell(UNSUPPORTED, "messages are JSON as text")
            return None
        said, request = {}, Request("-", "/ws", client=self._client, headers=self._headers)
        try:
            said = _read(message.data)
            request = self._request(said)
        except Invalid as problem:
            request.fault = problem
        self._asked[request] = said.get("_tag"), said.get("id", said.get("_tag"))
        return request

    def _request(self, said):
        saying, headers = SAYINGS[said["_tag"]], dict(self._headers)
        if said.get("idempotencyKey") is not None:
            headers["idempotency-key"] = _key_of(said)
        path = saying.path.format(id=quote(_ticket_of(said), safe="")) if "{id}" in saying.path else saying.path
        body = json.dumps(said["ticket"]).encode() if saying.needs == "ticket" else b""
        target = f"{path}?{saying.query}"
        return Request(saying.method, target, (1, 1), headers, body, path, saying.query, client=self._client)

    def reply(self, request: Request, response: Response) -> bytes:
        """What the asker alone is told: a list, a refusal, or nothing, because the event tells everybody."""
        if request not in self._asked:  # a lock that is given back
            return b""
        (tag, reply_to), facts = self._asked.pop(request), json.loads(answer.body)
        if answer.status >= 300:
            return _message({"_tag": "Error", **facts, "replyTo": reply_to})
        done = SAYINGS[tag].answer
        if tag in ("GetTickets", "GetTicketList"):
            return _message({"_tag": done, "tickets": facts["tickets"]})
        if tag == "LockTicket":
            self.locks.add(facts["ticket_id"])
        elif tag == "UnlockTicket":
            self.locks.discard(facts["ticket_id"])
        about = {"ticketId": facts["uuid"]} if "ticket_id" in facts else {"ticket": facts}
        self.unheard[request.id] = _message({"_tag": done, **about})
        return b""

    def tell(self, happenings: list[Happening]) -> bytes:
        for event in (happening.event for happening in happenings):
            is_mine = self.unheard.pop(event["request_id"], None)
            if event["type"] == "Locked":  # the last one counts
                (self.locks.add if is_mine else self.locks.discard)(event["ticket_id"])
        return b"".join(happening.frame for happening in self._seen(happenings))

    def releases(self) -> list[Request]:
        paths = [f"/tickets/{number}/lock" for number in sorted(self.locks)]
        return [Request("DELETE", path, headers=self._headers, path=path, client=self._client) for path in paths]


class Live:
    """The sessions of one desk, and the events that they are about to hear of."""

    def __init__(self, end):
        """`end(connection, code)` ends a session whose client does not keep up."""
        self._end, self._sessions, self._behind = end, {}, {}
        self._recent, self._head, self._pages = [], 0, {}

    @property
    def is_busy(self) -> bool:
        return bool(self._behind)

    def join(self, connection) -> None:
        session = connection.session
        if session.listens:
            if not self._sessions:
                self._recent, self._head = [], session.store.last_event()
            self._behind[connection] = None
            self._sessions[connection] = session

    def leave(self, connection) -> list[Request]:
        """Forget a session; returns requests that give back what its client holds by it."""
        session = self._sessions.pop(connection, None)
        self._behind.pop(connection, None)
        return session.releases() if session else []

    def look_after(self, connection) -> None:
        """Tell this session in the next beat what it is owed, if it is."""
        session = self._sessions.get(connection)
        if session and (session.after < self._head or session.unheard):
            self._behind[connection] = None

    def publish(self):
        """Tell some of those who are behind what they have not heard; yields the connections to flush."""
        if not self._sessions:
            return
        self._look_for_news()
        ends = time.monotonic() + TELLING
        for connection in list(self._behind):
            del self._behind[connection]
            session, unread = self._sessions[connection], len(connection.outbox)
            if connection.is_waiting:  # for a list it asked for: what has happened since comes behind that, not before
                continue
            if session.is_up_to_date and unread > OUTBOX:  # it was, and could not keep up: nobody waits for it
                self._end(connection, TRY_LATER)
            elif session.is_up_to_date or unread < PIECE:  # else it goes on when its client has read: look_after()
                self._bring_up_to_date(connection, session)
                yield connection
            if time.monotonic() > ends:
                return
        self._pages.clear()

    def keep_alive(self, now: float):
        """Show clients now and then that the desk is there, and end sessions whose token is over; yields as above."""
        for connection, session in list(self._sessions.items()):
            if session.caller.expires <= time.time():
                self._end(connection, TOKEN_OVER)
            elif session.spoke + PING <= now and not connection.outbox:
                connection.outbox += session.ping()
                session.spoke = now
                yield connection

    def _look_for_news(self):
        store = next(iter(self._sessions.values())).store
        while self._head < store.last_event():
            self._pages.clear()  # their tickets are not as they are now any more
            news = self._read(store, self._head)
            self._recent = _newest([*self._recent, *news])
            self._head = news[-1].event["id"]
            self._behind |= dict.fromkeys(self._sessions)

    def _bring_up_to_date(self, connection, session):
        """Tell one session the events behind its cursor, or a batch of them."""
        known = bisect_right(self._recent, session.after, key=lambda happening: happening.event["id"])
        if session.after == self._head or (known and self._recent[known - 1].event["id"] == session.after):
            happenings = self._recent[known : known + BATCH]
        else:
            happenings = self._read(session.store, session.after)
        happenings = _piece(happenings)
        connection.outbox += session.tell(happenings)
        if happenings:
            session.after = happenings[-1].event["id"]
        if session.after < self._head:
            self._behind[connection] = None
        else:
            session.is_up_to_date = True
            connection.outbox += session.leftover()

    def _read(self, store, after):
        if after not in self._pages:
            if len(self._pages) == PAGES:
                self._pages.clear()
            events = store.events({"after": after, "limit": BATCH})["events"]
            self._pages[after] = [Happening(event, store.ticket(str(event["ticket_id"]))) for event in events]
        return self._pages[after]


def _newest(happenings):
    """As many of them as are kept."""
    kept = happenings[-RECENT:]
    size = sum(len(happening.lines) for happening in kept)
    while size > RECENT_BYTES:
        size -= len(kept.pop(0).lines)
    return kept


def _piece(happenings):
    """The first of them that make a piece, one at least: what a client reads before it is told more."""
    size = 0
    for place, happening in enumerate(happenings, 1):
        size += len(happening.lines)
        if size >= PIECE:
            return happenings[:place]
    return happenings


def starting_point(request: Request, last: int) -> int:
    """The event behind which a listener goes on: Last-Event-ID, else ?after=, else the `last` there is."""
    given = request.headers.get("last-event-id", "").strip()
    if given and not re.fullmatch("[0-9]{1,18}", given):
        raise Invalid("Last-Event-ID must be the id of an event: a whole number")
    after = int(given) if given else request.fields.get("after", last)
    if after > last:
        raise NotFound(
            f"there is no event {after} yet, the last is {last}: is this another database? Begin at ?after=0"
        )
    return after


def _read(text: str) -> dict:
    """A client's message, if it is one. Raises Invalid."""
    said = parse_json(text.encode())
    if not isinstance(said, dict) or said.get("_tag") not in list(SAYINGS):
        raise Invalid(f"a message is a JSON object with a _tag: {', '.join(SAYINGS)}")
    needed = SAYINGS[said["_tag"]].needs
    if needed not in said:
        raise Invalid(details={needed: ["This field is required."]})
    return said


def _ticket_of(said) -> str:
    """Which ticket a message is about: by its number or its uuid."""
    needed = SAYINGS[said["_tag"]].needs
    ticket = said[needed] if needed == "ticket" else {"id": said[needed]}
    number = isinstance(ticket, dict) and (ticket.get("id") or ticket.get("uuid"))
    if isinstance(number, bool) or not isinstance(number, (int, str)):
        raise Invalid(details={needed: ["Must tell the ticket's id, a number or a text."]})
    return str(number)


def _key_of(said) -> str:
    if not isinstance(said["idempotencyKey"], str):
        raise Invalid(details={"idempotencyKey": ["Must be a string."]})
    return said["idempotencyKey"]


def _message(facts: dict) -> bytes:
    return render(Opcode.TEXT, _encode(facts))
