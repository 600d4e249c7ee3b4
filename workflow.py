"""What may happen to a ticket, who may make it happen, how to prove what did, and the words for "no".

Pure: no I/O, nothing but the standard library. The net is a Petri net with one token, so a ticket
stands in exactly one place; TRANSITIONS is the one table behind firing, permission, replay and docs.
"""

import json
import re
import unicodedata
from collections import deque
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from math import inf
from os import urandom
from time import time_ns
from typing import NamedTuple


class Transition(NamedTuple):
    name: str
    source: str
    target: str
    event: str  # as published on the wire, spelling included
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

# The coarse status of each place; schema.sql derives its status column alike (a test compares them).
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
# The row before its first event, its columns in the order of schema.sql.
INITIAL = dict.fromkeys(("id", "uuid", "title", "description", "category", "priority"))
INITIAL |= {"state": "new", "status": "open", "assignee": None, "created_by": None, "created_at": None}
INITIAL |= {"updated_at": None, "version": 1, "locked_by": None, "lock_expires_at": None}
FORWARD = ("open", "in_progress", "resolved", "closed")

STAFF_EVENTS = ("Drafted", "DraftEdited", "Rejected")
MOST_DETAILS = 50  # broken fields told at once
MALFORMED = (ValueError, KeyError, TypeError, AttributeError)  # what reading a forged event can raise
MAX_ID = 2**63 - 1  # as far as SQLite can count
FIRST_HASH = "0" * 64  # what the first event of the audit log follows

_encode = json.JSONEncoder(sort_keys=True, check_circular=False, separators=(",", ":"), ensure_ascii=False).encode

# A role passes its own gate and those it includes; a role that is not here passes none.
ROLES = {
    "customer": {"customer"},
    "agent": {"agent"},
    "supervisor": {"supervisor", "agent"},
    "admin": {"admin", "supervisor", "agent", "customer"},
}


class Caller(NamedTuple):
    """Who is calling, in which roles, and by which request: what the audit log writes down."""

    id: str
    roles: tuple = ("customer",)
    request_id: str = ""
    token_refused: bool = False  # an Authorization header was sent, and it is not valid
    expires: float = inf  # when the token is over, in seconds since 1970
    only_own: bool = False  # sees own tickets alone, without what staff say among themselves

    def may(self, role: str) -> bool:
        return any(role in ROLES.get(own, ()) for own in self.roles)

    def must(self, role: str, what: str) -> None:
        """Raise Unauthorized or Forbidden unless this caller passes the gate of `role`."""
        if self.token_refused:
            raise Unauthorized(f"{what} needs a valid token; the Authorization header sent is not one")
        if not self.may(role):
            mine = ", ".join(self.roles) or "none"
            raise Forbidden(f"{what} needs the role {role}; your roles: {mine}", role=role)

    def sees(self, ticket: dict) -> bool:
        return not self.only_own or ticket["created_by"] == self.id

    def view_of(self, event: dict) -> dict | None:
        """An event of a ticket that the caller sees: whole, or without what is the staff's own, or None.

        Drafts, internal comments and notes on transitions are; so are the hashes, which cover them.
        """
        if not self.only_own:
            return event
        if event["type"] in STAFF_EVENTS or event["data"].get("internal"):
            return None
        shown = {name: value for name, value in event.items() if name not in ("hash", "previous_hash")}
        return {**shown, "data": {name: value for name, value in event["data"].items() if name != "data"}}


class Refusal(Exception):
    """A "no" in the desk's words: str() says what to do next, `facts` are extra members of the answer."""

    code = "INTERNAL_ERROR"
    retry_after = None  # seconds after which the same request may succeed

    def __init__(self, message: str, **facts):
        super().__init__(message)
        self.facts = facts


class Invalid(Refusal):
    """Input that breaks a rule. `details` maps each field at fault to its list of messages."""

    code = "VALIDATION_ERROR"

    def __init__(self, message: str = "", details: dict | None = None):
        details = details or {}
        self.details = dict(islice(details.items(), MOST_DETAILS))
        fields = [f"{name}: {' '.join(said)}" for name, said in self.details.items()]
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
    """Somebody else is at work on the ticket: `facts` say who, and until when."""

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
    """The transitions that the net allows in `state`, whoever asks."""
    return [t.name for t in TRANSITIONS.values() if t.source == state]


def allowed(state: str, caller: Caller) -> list[str]:
    """The transitions that `caller` may fire in `state`."""
    return [name for name in enabled(state) if caller.may(TRANSITIONS[name].role)]


def net() -> dict:
    """The whole net with its roles, as plain data: what /api/schema answers and the README draws."""
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
    """The transition `name`, if the caller may fire it in `state`; else Forbidden or TransitionFailed."""
    transition = TRANSITIONS[name]
    caller.must(transition.role, f"the transition {name}")
    if transition.source != state:
        raise illegal_step(f"cannot {name} a ticket that is {state}", state, caller)
    return transition


def way_to(state: str, status: str, caller: Caller) -> list[Transition]:
    """The shortest way through the net to `status`: forward, or back to open from resolved or closed."""
    here, there = FORWARD.index(STATUS[state]), FORWARD.index(status)
    if here == there:
        return []
    if there > here or (status == "open" and STATUS[state] in ("resolved", "closed")):
        return _shortest(state, status)
    raise illegal_step(f"cannot move a ticket from {STATUS[state]} to {status}", state, caller)


def check_own_changes(ticket: dict, changed: set[str]) -> None:
    """On a locked desk a customer may change the words of an own open ticket, and nothing else."""
    others = sorted(changed - {"title", "description"})
    if others:
        raise Forbidden(f"only staff may change {', '.join(others)}", role="agent")
    if changed and ticket["status"] != "open":
        raise Forbidden(f"the ticket is {ticket['status']} by now: add a comment instead", role="agent")


def illegal_step(what: str, state: str, caller: Caller) -> TransitionFailed:
    """The refusal of a step that the net does not have; it lists what this caller may do instead."""
    may = allowed(state, caller)
    return TransitionFailed(f"{what}; allowed: {', '.join(may) or 'nothing for your roles'}", state=state, allowed=may)


def _shortest(state: str, status: str) -> list[Transition]:
    ways = deque([(state, [])])
    while ways:
        place, steps = ways.popleft()
        if STATUS[place] == status:
            return steps
        ways.extend((TRANSITIONS[name].target, [*steps, TRANSITIONS[name]]) for name in enabled(place))
    raise AssertionError(f"the net has no way from {state} to {status}")


def fold(row: dict | None, event: dict) -> dict:
    """The ticket's row after `event`, given the row before it (None before Created).

    An event's data carries the columns it sets under `changes`; where the token goes is the net's
    business. Raises ValueError for an event that cannot follow.
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


def search_key(text: str) -> str:
    """`text` as search sees it: case and composed or decomposed accents make no difference."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def row_number(text: str) -> int | None:
    """The row id that `text` names: digits without a leading zero, as far as SQLite can count."""
    return int(text) if re.fullmatch("[1-9][0-9]{0,18}", text) and int(text) <= MAX_ID else None


def utc_now() -> str:
    seconds, milliseconds = divmod(time_ns() // 1_000_000, 1000)
    return f"{_text_of_second(seconds)}.{milliseconds:03d}Z"


@lru_cache(2)  # a second has many requests
def _text_of_second(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


def new_uuid() -> str:
    """A UUID of version 7 (RFC 9562, 5.7): 48 bits of milliseconds, 74 random ones.

    In order of time, unlike version 4: new rows stand side by side in the index, so a commit writes a third fewer pages.
    """
    random = int.from_bytes(urandom(10), "big")
    value = (time_ns() // 1_000_000) << 80 | 7 << 76 | (random >> 68) << 64 | 2 << 62 | random & (1 << 62) - 1
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def later(at: str, seconds: int) -> str:
    """A time that many seconds after `at`."""
    return text_time(datetime.fromisoformat(at.replace("Z", "+00:00")) + timedelta(seconds=seconds))


def text_time(moment: datetime) -> str:
    """The one way the desk writes a time: UTC, always milliseconds, `2026-11-20T10:00:00.123Z`."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def canonical(value) -> str:
    """The one JSON text of a value: sorted keys, no spaces. Hashes and fingerprints are taken of it."""
    return _encode(value)


def event_hash(event: dict) -> str:
    """SHA-256 over an event row and its predecessor's hash: of the JSON array of all columns, `data` (which is JSON
    text already) as its last element."""
    columns = [event[name] for name in ("previous_hash", "id", "ticket_id", "version", "type", "actor", "at", "request_id")]
    return sha256(f"{canonical(columns)[:-1]},{event['data']}]".encode()).hexdigest()


def verify_chain(events) -> dict:
    """{ok, events, head} over event rows in order of id; {ok: False, events, broken: {id, problem}} at the first fault."""
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
    """How many tickets were folded from their events, and the first difference from a row.

    Takes ticket rows in order of id, event rows (data still JSON text) in order of ticket and version.
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
        if row != ticket:
            return count, f"ticket {ticket['id']}: {_differing(ticket, row or {})}"
    return count, None


def replay_papers(papers: dict, events) -> str | None:
    """The first comment or draft that differs from what the events say, in order of id.

    `papers` holds the rows of both tables: {"comments": […], "drafts": […]}.
    """
    told = {"comments": {}, "drafts": {}}
    try:
        for event in events:
            _write_down(told, event, json.loads(event["data"]))
    except MALFORMED as problem:
        return f"event {event['id']}: {problem!r}"
    for table, rows in papers.items():
        found = {row["id"]: row for row in rows}
        for number in sorted(found.keys() | told[table].keys()):
            row, expected = found.get(number, {}), told[table].get(number, {})
            if not row or not expected or any(row[name] != value for name, value in expected.items()):
                return f"{table} {number}: {_differing(row, expected)}"
    return None


def _write_down(told, event, data):
    """Note what an event says about a comment or a draft."""
    kind, who = event["type"], event["actor"]
    if kind in ("Commented", "Approved"):
        words = {"ticket_id": event["ticket_id"], "author": who, "body": data["body"], "created_at": event["at"]}
        told["comments"][data["comment_id"]] = {**words, "internal": int(data.get("internal", False))}
    if kind == "Drafted":
        told["drafts"][data["draft_id"]] = {
            "ticket_id": event["ticket_id"],
            "status": "pending",
            "source": data["source"],
            "created_by": who,
            "created_at": event["at"],
            "decided_by": None,
            "decided_at": None,
        }
    if kind in ("Drafted", "DraftEdited"):
        told["drafts"][data["draft_id"]]["body"] = data["body"]
    if kind in ("Approved", "Rejected"):
        status = "sent" if kind == "Approved" else "rejected"
        told["drafts"][data["draft_id"]].update(status=status, decided_by=who, decided_at=event["at"])


def _differing(row, expected):
    if not row or not expected:
        return "no event tells of it" if row else "its events are there, its row is not"
    names = [name for name in expected if row.get(name) != expected[name]]
    return "; ".join(f"{name} is {row.get(name)!r:.80}, its events say {expected[name]!r:.80}" for name in names)
