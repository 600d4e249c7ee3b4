"""The rules of a ticket: its Petri net, the roles, the replay of its history, and the errors of the desk.

Pure: no I/O, only the standard library. A Petri net with one token is a state machine: a ticket is in
exactly one place (its state). Firing, permissions, replay and docs all read the table TRANSITIONS.
"""

import json
import re
import unicodedata
from collections import deque
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from hashlib import sha256
from itertools import groupby, islice
from math import inf
from operator import itemgetter
from os import urandom
from time import time_ns
from typing import Callable, NamedTuple


class Transition(NamedTuple):
    name: str
    source: str
    target: str
    event: str  # spelled as in the published API, mistakes included
    role: str


TRANSITIONS = {
    t.name: t
    for t in (
        Transition("assign", "new", "assigned", "Assigned", "agent"),
        Transition("start_work", "assigned", "in_progress", "StartWorked", "agent"),
        Transition("escalate", "in_progress", "escalated", "Escalateed", "agent"),
        Transition("request_info", "in_progress", "pending_customer", "RequestInfoed", "agent"),
        Transition("customer_reply", "pending_customer", "in_progress", "CustomerReplyed", "customer"),
        Transition("resolve", "in_progress", "resolved", "Resolveed", "agent"),
        Transition("resolve_escalated", "escalated", "resolved", "ResolveEscalated", "supervisor"),
        Transition("close", "resolved", "closed", "Closeed", "agent"),
        Transition("reopen", "closed", "new", "Reopened", "customer"),
    )
}
TRANSITION_OF_EVENT = {t.event: t for t in TRANSITIONS.values()}

# The status of each place. schema.sql derives its status column in the same way (a test compares them).
STATUS = {
    "new": "open",
    "assigned": "open",
    "in_progress": "in_progress",
    "escalated": "in_progress",
    "pending_customer": "in_progress",
    "resolved": "resolved",
    "closed": "closed",
}
PLACES = tuple(STATUS)
INITIAL = {"state": "new", "assignee": None, "locked_by": None, "lock_expires_at": None}
FORWARD = tuple(dict.fromkeys(STATUS.values()))  # the statuses, in the order in which a ticket comes to them

STAFF_EVENTS = ("Drafted", "DraftEdited", "Rejected")
MOST_DETAILS = 50  # invalid fields listed in one error
MALFORMED = (ValueError, KeyError, TypeError, AttributeError)  # what reading a malformed event can raise
MAX_ID = 2**63 - 1  # the largest integer of SQLite
FIRST_HASH = "0" * 64  # previous_hash of the first event in the audit log


# role: the roles whose permissions it has, its own included. A role that is not listed here has none.
ROLES = {
    "customer": {"customer"},
    "agent": {"agent"},
    "supervisor": {"supervisor", "agent"},
    "admin": {"admin", "supervisor", "agent", "customer"},
}


class Caller(NamedTuple):
    """Who is calling, in which roles, and in which request: what the audit log records."""

    id: str
    roles: tuple = ("customer",)
    request_id: str = ""
    token_refused: bool = False  # an Authorization header was sent, but it is not valid
    expires: float = inf  # when the token expires, in seconds since 1970
    token_version: int | None = None  # of the user's tokens; only a token of POST /user/login has one
    only_own: bool = False  # sees only own tickets, and no internal comments or drafts

    def may(self, role: str) -> bool:
        return any(role in ROLES.get(own, ()) for own in self.roles)

    def must(self, role: str, what: str) -> None:
        """Raise Unauthorized or Forbidden unless this caller has the permissions of `role`."""
        if self.token_refused:
            raise Unauthorized(f"{what} needs a valid token; the Authorization header sent is not one")
        if not self.may(role):
            mine = ", ".join(self.roles) or "none"
            raise Forbidden(f"{what} needs the role {role}; your roles: {mine}", role=role)

    def sees(self, ticket: dict) -> bool:
        return not self.only_own or ticket["created_by"] == self.id

    def visible_part(self, event: dict) -> dict | None:
        """The part of an event that this caller may see, None if nothing. Check first that the caller sees the ticket.

        Only staff see drafts and their ids, internal comments, notes on transitions, and hashes (they depend on these).
        """
        if not self.only_own:
            return event
        if event["type"] in STAFF_EVENTS or event["data"].get("internal"):
            return None
        shown = {name: value for name, value in event.items() if name not in ("hash", "previous_hash")}
        data = {name: value for name, value in event["data"].items() if name not in ("data", "draft_id")}
        return {**shown, "data": data}


class Refusal(Exception):
    """An error that ends a request: the desk refuses it, and the client gets an error response.

    str() says what to do next; `facts` are extra members of the response. web/responses.py has the HTTP status.
    """

    code = "INTERNAL_ERROR"
    retry_after = None  # seconds after which the same request may succeed

    def __init__(self, message: str, **facts):
        super().__init__(message)
        self.facts = facts


class Invalid(Refusal):
    """Input that breaks a rule. `details` maps each invalid field to its list of messages."""

    code = "VALIDATION_ERROR"

    def __init__(self, message: str = "", details: dict | None = None):
        details = details or {}
        self.details = dict(islice(details.items(), MOST_DETAILS))
        fields = [f"{name}: {' '.join(messages)}" for name, messages in self.details.items()]
        if len(details) > MOST_DETAILS:
            fields.append(f"And {len(details) - MOST_DETAILS} more.")
        super().__init__(message or " ".join(fields))


class Unauthorized(Refusal):
    code = "UNAUTHORIZED"


class Forbidden(Refusal):
    code = "FORBIDDEN"


class TooManyRequests(Refusal):
    code = "TOO_MANY_REQUESTS"

    def __init__(self, message: str, retry_after: int):
        super().__init__(message)
        self.retry_after = retry_after


class NotFound(Refusal):
    code = "NOT_FOUND"


class TransitionFailed(Refusal):
    code = "TRANSITION_FAILED"


class AlreadyDecided(Refusal):
    code = "ALREADY_DECIDED"


class PreconditionFailed(Refusal):
    code = "PRECONDITION_FAILED"


class Locked(Refusal):
    """Somebody else has locked the ticket: `facts` say who, and until when."""

    code = "LOCKED"


class KeyReused(Refusal):
    code = "IDEMPOTENCY_KEY_REUSED"


class KeyInProgress(Refusal):
    code = "IDEMPOTENCY_IN_PROGRESS"
    retry_after = 1


class Unavailable(Refusal):
    code = "UNAVAILABLE"
    retry_after = 2


def enabled(state: str) -> list[str]:
    """The transitions that the net allows in `state`, for any role."""
    return [t.name for t in TRANSITIONS.values() if t.source == state]


def allowed(state: str, caller: Caller) -> list[str]:
    """The transitions that `caller` may fire in `state`."""
    return [name for name in enabled(state) if caller.may(TRANSITIONS[name].role)]


def net() -> dict:
    """The whole net with its roles, as plain data: the response of /api/schema, and the picture in the README."""
    steps = [
        {"name": t.name, "from": t.source, "to": t.target, "event": t.event, "role": t.role}
        for t in TRANSITIONS.values()
    ]
    roles = [{"name": role, "includes": sorted(passes - {role})} for role, passes in ROLES.items()]
    return {
        "name": "support-ticket",
        "places": list(PLACES),
        "initial": PLACES[0],
        "transitions": steps,
        "roles": roles,
    }


def marking(state: str) -> dict[str, int]:
    """Tokens per place: one in `state`, none elsewhere."""
    return {place: int(place == state) for place in PLACES}


def check(state: str, name: str, caller: Caller) -> Transition:
    """The transition `name`, if the caller may fire it in `state`. Raises Forbidden or TransitionFailed."""
    transition = TRANSITIONS[name]
    caller.must(transition.role, f"the transition {name}")
    if transition.source != state:
        raise illegal_step(f"cannot {name} a ticket that is {state}", state, caller)
    return transition


def path_to_status(state: str, status: str, caller: Caller) -> list[Transition]:
    """The shortest path through the net to `status`: forward, or back to open from resolved or closed."""
    here, there = FORWARD.index(STATUS[state]), FORWARD.index(status)
    if here == there:
        return []
    if there > here or (status == "open" and STATUS[state] in ("resolved", "closed")):
        steps = _shortest(state, status)
        if steps:
            return steps
    raise illegal_step(f"cannot move a ticket from {STATUS[state]} to {status}", state, caller)


def check_own_changes(ticket: dict, changed: set[str]) -> None:
    """On a locked desk customers may change only the title and description of their own open tickets."""
    others = sorted(changed - {"title", "description"})
    if others:
        raise Forbidden(f"only staff may change {', '.join(others)}", role="agent")
    if changed and ticket["status"] != "open":
        raise Forbidden(f"the ticket is {ticket['status']}: add a comment instead", role="agent")


def illegal_step(what: str, state: str, caller: Caller) -> TransitionFailed:
    """The error for a step that the net does not have; it lists what this caller may do instead."""
    may = allowed(state, caller)
    return TransitionFailed(f"{what}; allowed: {', '.join(may) or 'nothing for your roles'}", state=state, allowed=may)


def _shortest(state: str, status: str) -> list[Transition]:
    """The shortest path to a place with this status, by breadth-first search; empty if the net has none."""
    paths, seen = deque([(state, [])]), {state}
    while paths:
        place, steps = paths.popleft()
        if STATUS[place] == status:
            return steps
        onward = [TRANSITIONS[name] for name in enabled(place) if TRANSITIONS[name].target not in seen]
        seen.update(step.target for step in onward)
        paths.extend((step.target, [*steps, step]) for step in onward)
    return []


def fold(row: dict | None, event: dict) -> dict:
    """The ticket's row after `event`, given the row before it (None before Created).

    The columns that an event changes are in its data, under `changes`; the net gives the next state.
    Raises ValueError for an event that cannot come next.
    """
    if (row is None) != (event["type"] == "Created"):
        raise ValueError(f"{event['type']} cannot be event {event['version']} of a ticket")
    row = {**(row or INITIAL), **event["data"].get("changes", {})}
    transition = TRANSITION_OF_EVENT.get(event["type"])
    if transition:
        if row["state"] != transition.source:
            raise ValueError(f"{event['type']} cannot happen to a ticket that is {row['state']}")
        row["state"] = transition.target
    row.update(id=event["ticket_id"], status=STATUS[row["state"]], version=event["version"], updated_at=event["at"])
    return row


# ==== the first sitting ends here: what follows is there for scale, proof and operations ====================


def search_key(text: str) -> str:
    """The form of `text` that search compares: lower case, accents in one Unicode form (NFC)."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


# A formula of a spreadsheet begins with one of these: NFKC makes = + - or @ of each. Written with the hyphen first.
FORMULA_SIGNS = "-=+@＝＋－＠﹦﹢﹣﹫⁺⁼₊₌﬩⩵⩶"
CELL_STARTS = '\t\r\n;,"'  # a cell can begin after these, if a CSV file is opened with another separator


def without_formulas(text: str) -> str:
    """The text with an apostrophe before each sign that could begin a formula, as OWASP recommends for CSV files.

    That is at the start of the text or after one of CELL_STARTS. Some spreadsheets skip spaces and invisible characters
    before a sign, so these count as nothing. A text that begins with a tab or a line break gets an apostrophe, too.
    """
    guarded = FORMULA_SIGN.sub(lambda sign: f"'{sign[0]}" if _begins_a_cell(text, sign.start()) else sign[0], text)
    return f"'{guarded}" if text.startswith(("\t", "\r", "\n")) else guarded


def _begins_a_cell(text, place):
    while place and text[place - 1] not in CELL_STARTS:
        if text[place - 1].isprintable() and text[place - 1] != " ":
            return False
        place -= 1
    return True


FORMULA_SIGN = re.compile(f"[{FORMULA_SIGNS}]")


def row_number(text: str) -> int | None:
    """The row id in `text`: digits without a leading zero, at most MAX_ID. None for any other text."""
    return int(text) if re.fullmatch("[1-9][0-9]{0,18}", text) and int(text) <= MAX_ID else None


def utc_now() -> str:
    seconds, milliseconds = divmod(time_ns() // 1_000_000, 1000)
    return f"{_text_of_second(seconds)}.{milliseconds:03d}Z"


@lru_cache(2)  # cached: many requests share one second
def _text_of_second(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


def new_uuid() -> str:
    """A UUID of version 7 (RFC 9562, 5.7): 48 bits of milliseconds, 74 random ones.

    They are in order of time: new rows are neighbours in the index, so a commit writes a third fewer pages.
    """
    random = int.from_bytes(urandom(10), "big")
    value = (time_ns() // 1_000_000) << 80 | 7 << 76 | (random >> 68) << 64 | 2 << 62 | random & (1 << 62) - 1
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def later(at: str, seconds: int) -> str:
    """The time that is `seconds` after `at`."""
    return text_time(datetime.fromisoformat(at.replace("Z", "+00:00")) + timedelta(seconds=seconds))


def text_time(time: datetime) -> str:
    """The only time format of the desk: UTC, with milliseconds, `2026-11-20T10:00:00.123Z`."""
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def json_encoder(sort_keys: bool, default: Callable | None = None) -> Callable[[object], str]:
    """A function that makes compact JSON text of a value; `default` gives another value for one that JSON lacks.

    JSONEncoder.encode() does the same, but builds its C encoder again in each call: 5 µs for a ticket instead of 3.
    """
    form = {"ensure_ascii": False, "check_circular": False, "separators": (",", ":"), "default": default}
    encoder = json.JSONEncoder(sort_keys=sort_keys, **form)
    if not json.encoder.c_make_encoder:  # a Python without the C part
        return encoder.encode
    quote, signs = json.encoder.encode_basestring, (":", ",")
    parts = json.encoder.c_make_encoder(None, encoder.default, quote, None, *signs, sort_keys, False, True)
    return lambda value: "".join(parts(value, 0))


canonical = json_encoder(sort_keys=True)  # equal values give equal text: for hashes and fingerprints
_with_blobs = json_encoder(sort_keys=True, default=lambda blob: blob.decode("latin-1"))  # fits any bytes


def checksum(columns) -> str:
    """SHA-256 (hex) of a row without a checksum: of a JSON array of its columns, where a blob is Latin-1 text.

    It shows that a disk or a hand has damaged the row. It does not stop a person who makes the checksum anew.
    """
    return sha256(_with_blobs([*columns]).encode()).hexdigest()


def event_hash(event: dict) -> str:
    """SHA-256 (hex) of an event row and the hash before it: it hashes a JSON array of all columns, the last of which is
    `data` (JSON text already)."""
    names = ("previous_hash", "id", "ticket_id", "version", "type", "actor", "at", "request_id")
    columns = [event[name] for name in names]
    return sha256(f"{canonical(columns)[:-1]},{event['data']}]".encode()).hexdigest()


def verify_chain(events) -> dict:
    """Check event rows in order of id: {ok, events, head}, or {ok: False, events, broken: {id, problem}}."""
    count, head = 0, FIRST_HASH
    for event in events:
        count += 1
        problem = None
        if event["id"] != count:
            problem = f"event {count} is missing"
        elif event["previous_hash"] != head:
            problem = "it does not follow its predecessor"
        elif event["hash"] != event_hash(event):
            problem = "its content does not match its hash"
        if problem:
            return {"ok": False, "events": count, "broken": {"id": event["id"], "problem": problem}}
        head = event["hash"]
    return {"ok": True, "events": count, "head": head}


def replay(tickets, events) -> tuple[int, str | None]:
    """Compares each ticket with the fold() of its events. Returns (tickets compared, the first difference or None).

    Takes ticket rows in order of id, and event rows (data is JSON text) in order of ticket and version.
    """
    count, events = 0, iter(events)
    event = next(events, None)
    for ticket in tickets:
        count, row = count + 1, None
        try:
            while event and event["ticket_id"] == ticket["id"]:
                row = fold(row, {**event, "data": json.loads(event["data"])})
                event = next(events, None)
        except MALFORMED as problem:
            return count, f"ticket {ticket['id']}: {problem!r}"
        wrong = row != ticket and difference(ticket, row or {})
        if wrong:
            return count, f"ticket {ticket['id']}: {wrong}"
    return count, None


def replay_comments_and_drafts(rows_by_table: dict, events) -> str | None:
    """Compares comments and drafts with what their events say. Returns the first difference, in order of id, or None.

    Takes {"comments": [row, …], "drafts": [row, …]}, and event rows (data is JSON text) in order of id.
    """
    expected = {"comments": {}, "drafts": {}}
    try:
        for event in events:
            _expect_rows_of(event, json.loads(event["data"]), expected)
    except MALFORMED as problem:
        return f"event {event['id']}: {problem!r}"
    for table, rows in rows_by_table.items():
        found = {row["id"]: row for row in rows}
        for number in sorted(found.keys() | expected[table].keys()):
            wrong = difference(found.get(number, {}), expected[table].get(number, {}))
            if wrong:
                return f"{table} {number}: {wrong}"
    return None


def rows_of_events(events):
    """Yields (ticket row, {"comments": {id: row, …}, "drafts": {id: row, …}}) of each ticket, from its events.

    Takes event rows (data is JSON text) in order of ticket and version. Raises ValueError for one that cannot be next.
    """
    for _, history in groupby(events, itemgetter("ticket_id")):
        ticket, others = None, {"comments": {}, "drafts": {}}
        for event in history:
            try:
                data = json.loads(event["data"])
                ticket = fold(ticket, {**event, "data": data})
                _expect_rows_of(event, data, others)
            except MALFORMED as problem:
                which = f"event {event['id']} ({event['type']}) of ticket {event['ticket_id']}"
                raise ValueError(f"{which} cannot be replayed: {problem!r}") from None
        yield ticket, others


def _expect_rows_of(event, data, expected):
    """Write into `expected` the comment or the draft that this event added or changed."""
    kind, actor = event["type"], event["actor"]
    if kind in ("Commented", "Approved"):
        comment = {"ticket_id": event["ticket_id"], "author": actor, "body": data["body"], "created_at": event["at"]}
        expected["comments"][data["comment_id"]] = {**comment, "internal": int(data.get("internal", False))}
    if kind == "Drafted":
        expected["drafts"][data["draft_id"]] = {
            "ticket_id": event["ticket_id"],
            "status": "pending",
            "source": data["source"],
            "created_by": actor,
            "created_at": event["at"],
            "decided_by": None,
            "decided_at": None,
        }
    if kind in ("Drafted", "DraftEdited"):
        expected["drafts"][data["draft_id"]]["body"] = data["body"]
    if kind in ("Approved", "Rejected"):
        status = "sent" if kind == "Approved" else "rejected"
        expected["drafts"][data["draft_id"]].update(status=status, decided_by=actor, decided_at=event["at"])


def difference(row: dict, expected: dict) -> str:
    """How a row differs from what its events say, in the columns that both have; empty if it does not."""
    if not row or not expected:
        return "the row has no event" if row else "it has events, but no row"
    names = [name for name in row.keys() & expected.keys() if row[name] != expected[name]]
    return "; ".join(f"{name} is {row[name]!r:.80}, its events say {expected[name]!r:.80}" for name in sorted(names))
