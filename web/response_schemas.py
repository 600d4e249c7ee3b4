"""The response of each endpoint as JSON Schema, version 2020-12, which OpenAPI 3.1 uses.

Pure. Enums and limits come from the validation rules, which are read from schema.sql. This file only says
which members a response has.
"""

from web.validation import CURSOR, NAME, VISIBLE, Rule
from workflow import PLACES, ROLES, TRANSITIONS

EXAMPLES = {  # by field, for requests and responses
    "id": 1,
    "ticket_id": 1,
    "uuid": "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b",
    "title": "Login broken",
    "subject": "Login broken",
    "description": "Cannot access account",
    "category": "account",
    "priority": "high",
    "assignee": "agent-1",
    "created_by": "user-1",
    "created_at": "2026-11-20T10:00:00.123Z",
    "body": "Could you send us a screenshot?",
    "internal": False,
    "author": "agent-1",
    "actor": "agent-1",
    "transition": "assign",
    "aggregate_id": "1",
    "data": {"assignee": "agent-1"},
    "email": "ann@example.com",
    "password": "correct horse battery staple",
    "new_password": "battery staple",
    "login": "ann",
    "roles": ["agent"],
    "advance": "61s",
    "source": "rules",
    "request_id": "8c1e5d4a-1",
    "snapshot": "before-class",
    "event": 1,
    "column": "actor",
    "byte": 0,
    "token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl",
}
DATE_TIME = "2026-11-20T10:00:00.123Z"
NO_NUL = r"[^\u0000]*"
PATTERNS = {"text": f"^{NO_NUL}{VISIBLE}{NO_NUL}$", "password": f"^{NO_NUL}$"}
TYPES = {"text": "string", "name": "string", "password": "string", "roles": "array", "cursor": ["integer", "string"]}
A_NAME = {"type": "string", "pattern": f"^{NAME}$"}
SAYS = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}
NUMBER = {"type": "number"}
TIME = {"type": "string", "format": "date-time"}
LEASE = ("uuid", "locked_by", "lock_expires_at")
AN_EVENT = {"description": "an Event as JSON, with its ticket as it is now under `ticket`"}
HASH = {"type": "string", "pattern": "^[0-9a-f]{64}$", "examples": ["9f" * 32]}


def schema_of(name: str, rule: Rule) -> dict:
    """The JSON Schema of a field by its rule; the example and the format depend on its name."""
    kind = TYPES.get(rule.kind, rule.kind)
    schema = {"type": [kind, "null"] if rule.nullable else kind, **_limits(rule)}
    if name == "uuid":
        schema["format"] = "uuid"
    elif name == "at" or name.endswith("_at"):
        schema["format"] = "date-time"
    if name in EXAMPLES and (not rule.choices or EXAMPLES[name] in rule.choices):
        schema["examples"] = [EXAMPLES[name]]
    return schema


def _limits(rule):
    """What a rule says about a value beyond its type."""
    if rule.kind == "cursor":
        return {"minimum": rule.lowest, "maximum": rule.highest, "pattern": f"^{CURSOR}$"}
    if rule.kind == "integer":
        return {"minimum": rule.lowest, "maximum": rule.highest}
    if rule.kind == "object":
        return {"properties": {member: schema_of(member, inner) for member, inner in rule.members.items()}}
    if rule.kind == "roles":
        return {"items": A_NAME}
    if rule.kind == "name":
        return {"pattern": A_NAME["pattern"]}
    if rule.choices:
        return {"enum": [*rule.choices, None] if rule.nullable else list(rule.choices)}
    if rule.kind in PATTERNS and rule.highest < Rule().highest:
        pattern = {"pattern": PATTERNS[rule.kind]} if rule.lowest else {}  # an empty text has no visible character
        return {"minLength": rule.lowest, "maxLength": rule.highest, **pattern}
    return {}


def ref(name: str) -> dict:
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(schema: dict) -> dict:
    return {"type": "array", "items": schema}


def an_object(members: dict, optional: str = "") -> dict:
    """An object with exactly these members, all required except the optional ones."""
    required = [name for name in members if name not in optional.split()]
    return {"type": "object", "properties": members, "required": required, "additionalProperties": False}


SNAPSHOT = {"name": {**SAYS, "examples": [EXAMPLES["snapshot"]]}, "bytes": COUNT}
SNAPSHOT |= {"tickets": {"type": ["integer", "null"]}, "made_at": TIME}
MAYBE = {"type": ["integer", "null"]}
SUMMARY = {  # of one request that the desk has answered, or is at work for
    **{name: SAYS for name in ("id", "at", "method", "path", "caller", "client", "protocol", "route")},
    **{"number": COUNT, "status": MAYBE, "milliseconds": {"type": ["number", "null"]}, "shared_commit": COUNT},
}
STEP = {
    **{"depth": COUNT, "kind": {"enum": "stack call sql worker error publish".split()}, "line": COUNT},
    **{name: SAYS for name in ("name", "file", "text", "result")},
    **{"at_us": {"type": "integer"}, "took_us": COUNT, "values": list_of(list_of({}))},
    **{"sql": SAYS, "rows": COUNT, "changed": COUNT, "failure": {"type": ["string", "null"]}, "plan": list_of(SAYS)},
}
OF_SQL = "sql rows changed failure plan"  # the members that only a statement has
AN_EVENT_OF_A_TRACE = an_object({"id": COUNT, "type": SAYS, "version": COUNT, "hash": HASH, "listeners": COUNT})
WHOLE_TRACE = {
    **{"facts": {"type": "object"}, "shared_with": list_of(SAYS), "events": list_of(AN_EVENT_OF_A_TRACE)},
    **{"left_out": COUNT, "bytes_in": MAYBE, "bytes_out": COUNT, "steps": list_of(an_object(STEP, OF_SQL))},
}
SENT = {"method": SAYS, "target": SAYS, "headers": {"type": "object"}, "body": SAYS}
ANSWERED = {"status": COUNT, "headers": list_of(list_of(SAYS)), "body": SAYS}
OF_LABS = {  # only a desk with DEBUG=true has them
    "RequestList": an_object({"requests": list_of(an_object(SUMMARY))}),
    "Trace": an_object({**SUMMARY, **WHOLE_TRACE}),
    "Bodies": an_object({"request": an_object(SENT), "response": {"anyOf": [{"type": "null"}, an_object(ANSWERED)]}}),
    "TraceDifference": an_object(
        {
            **{"a": an_object(SUMMARY), "b": an_object(SUMMARY), "rows": list_of(list_of({}))},
            **{"first_difference": MAYBE, "different": list_of(COUNT)},
        }
    ),
    "Source": an_object({"file": SAYS, "line": COUNT, "first": COUNT, "lines": list_of(SAYS)}),
    "Clock": an_object({"now": TIME, "real": TIME, "offset_seconds": NUMBER}),
    "Rows": an_object({"tickets": COUNT, "users": COUNT}),
    "Snapshot": an_object(SNAPSHOT),
    "Snapshots": an_object({"snapshots": list_of(an_object(SNAPSHOT))}),
    "Tampered": an_object({"before": SAYS, "after": SAYS, "lines": list_of(SAYS), "chain": ref("Chain")}),
}


def schemas(rules: dict) -> dict[str, dict]:
    """Every schema that a route's `responses` can name, and the parts of these schemas."""
    return {**_of_tables(rules), **_of_the_net(), **_of_the_desk(rules), **_of_refusals(), **OF_LABS}


def _columns(rules, table):
    return {name: schema_of(name, rule) for name, rule in rules[table].items()}


def _of_tables(rules):
    ticket, event = _columns(rules, "tickets"), _columns(rules, "audit_events")
    event |= {"data": {"type": "object"}, "previous_hash": HASH, "hash": HASH}
    unhashed = "hash previous_hash"  # customers on a locked desk do not see these
    in_the_net = {"aggregate_id": ticket["uuid"], "timestamp": event["at"]}
    following = {"type": ["integer", "null"]}
    comments, drafts = {"comments": list_of(ref("Comment"))}, {"drafts": list_of(ref("Draft"))}
    parts = {**comments, "comments_next": following, **drafts, "drafts_next": following}
    total = {"total": COUNT, "total_is_exact": {"const": False}}  # only there if it is False
    cursor = {"type": ["integer", "string", "null"], "pattern": f"^{CURSOR}$"}  # a text in a sorted list
    page = {"tickets": list_of(ref("Ticket")), **total, "next": cursor}
    return {
        "Ticket": an_object(ticket),
        "WholeTicket": an_object({**ticket, **parts, "enabled_transitions": _enabled()}),
        "TicketPage": an_object(page, "total_is_exact"),
        "Lease": an_object({"ticket_id": ticket["id"], **{name: ticket[name] for name in LEASE}}),
        "Comment": an_object(_columns(rules, "comments")),
        "CommentPage": an_object({**comments, "next": following}),
        "Draft": an_object(_columns(rules, "drafts")),
        "DraftPage": an_object({**drafts, "next": following}),
        "Event": an_object(event, unhashed),
        "StreamedEvent": an_object({"id": SAYS, "event": event["type"], "data": {**SAYS, **AN_EVENT}}),
        "EventPage": an_object({"events": list_of(ref("Event")), "next": following}),
        "AggregateEvent": an_object({**event, **in_the_net}, unhashed),
        "AggregateEventPage": an_object({"events": list_of(ref("AggregateEvent")), "next": following}),
    }


def _enabled():
    return list_of({"enum": list(TRANSITIONS)})


def _of_the_net():
    token, place, role = {"type": "integer", "minimum": 0, "maximum": 1}, {"enum": list(PLACES)}, {"enum": list(ROLES)}
    marking = an_object({name: token for name in PLACES})
    aggregate = {
        "aggregate_id": {"type": "string", "format": "uuid", "examples": [EXAMPLES["uuid"]]},
        "version": {"type": "integer", "minimum": 1},
        "state": marking,
        "places": marking,
        "enabled_transitions": _enabled(),
    }
    step = {"name": {"enum": list(TRANSITIONS)}, "from": place, "to": place, "event": SAYS, "role": role}
    access = {"method": SAYS, "path": SAYS, "role": {"enum": [*ROLES, None]}, "on_a_locked_desk": SAYS}
    roles = an_object({"name": role, "includes": list_of(role)})
    net = {"name": SAYS, "places": list_of(place), "initial": place, "transitions": list_of(an_object(step))}
    return {
        "Aggregate": an_object(aggregate),
        "Fired": an_object({"success": {"const": True}, **aggregate}),
        "Net": an_object({**net, "roles": list_of(roles), "access": list_of(an_object(access))}),
    }


def _of_the_desk(rules):
    tickets, user = rules["tickets"], _columns(rules, "users")
    counts = {
        f"{name}_breakdown": an_object({choice: COUNT for choice in tickets[name].choices})
        for name in ("priority", "category", "status", "state")
    }
    number, day = {"type": "number", "minimum": 0}, {"type": "string", "format": "date"}
    totals = {"total_tickets": COUNT, "open_tickets": COUNT, "avg_tickets_per_day": number, **counts}
    suggested = {f"suggested_{name}": schema_of(name, tickets[name]) for name in ("category", "priority")}
    broken = an_object({"id": COUNT, "problem": SAYS})
    facts = {"status": {"const": "ok"}, "bug_mode": {"type": ["string", "null"]}, "auth": {"enum": ["open", "tokens"]}}
    of_lab = {"debug": {"const": True}, "clock_offset": {**NUMBER, "description": "seconds"}}  # only with DEBUG=true
    who = {"id": SAYS, "email": user["email"], "name": user["name"], "roles": list_of(SAYS)}
    checks = {**an_object({"database": SAYS, "write_ahead_log": SAYS}, "write_ahead_log"), "additionalProperties": SAYS}
    return {
        "Stats": an_object({**totals, "daily": list_of(an_object({"day": day, "tickets": COUNT}))}),
        "Suggestion": an_object({**suggested, "source": SAYS, "warning": SAYS}, "warning"),
        "Chain": an_object({"ok": {"type": "boolean"}, "events": COUNT, "head": HASH, "broken": broken}, "head broken"),
        "Health": an_object({**facts, "classifier": SAYS, **of_lab}, " ".join(of_lab)),
        "Readiness": an_object({"status": {"enum": ["ready", "unavailable"]}, "checks": checks}),
        "LoggedOut": an_object({"status": {"const": "logged out"}}),
        "Token": an_object({"token": SAYS, "expires_at": TIME, "user": an_object(who, "email name")}),
        "OpenAPI": {"type": "object", "description": "This document, in OpenAPI 3.1"},
    }


def _of_refusals():
    """Both formats of an error response. It can have more members, such as `allowed` or `version`."""
    details = {"type": "object", "additionalProperties": list_of(SAYS), "examples": [{}]}
    code = {"type": "string", "examples": ["NOT_FOUND"]}
    facts = {"code": code, "details": details, "request_id": {"type": "string", "examples": [EXAMPLES["request_id"]]}}
    error = an_object({"error": SAYS, "message": SAYS, **facts}) | {"additionalProperties": True}
    standard = {"type": SAYS, "title": SAYS, "status": {"type": "integer"}, "detail": SAYS}
    return {"Error": error, "Problem": an_object({**standard, **facts}) | {"additionalProperties": True}}


def example_of(schema: dict, named: dict):
    """A value that fits the schema, from the examples, formats and enums in it."""
    if "$ref" in schema:
        return example_of(named[schema["$ref"].rpartition("/")[2]], named)
    for word in ("examples", "enum"):
        if word in schema:
            return schema[word][0]
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type", "null")
    if kind == "object":
        members = schema.get("properties", {})
        return {name: example_of(members[name], named) for name in schema.get("required", ())}
    if kind == "array":
        return [example_of(schema["items"], named)]
    if isinstance(kind, list):
        return None
    text = {"date-time": DATE_TIME, "date": DATE_TIME[:10]}.get(schema.get("format"), "text")
    return {"string": text, "integer": schema.get("minimum", 0), "number": 0.0, "boolean": True}.get(kind)
