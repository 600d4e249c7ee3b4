"""The input of each endpoint: the fields of its body and the parameters of its query.

A rule written as "table.column" is the rule of that column, read from schema.sql when the desk starts.
"""

from web.validation import Body, Rule
from workflow import MAX_ID, TRANSITIONS

DEFAULTS = {  # a client may send these with a new ticket, but with no other value
    "status": ("open", "a new ticket is open; PATCH it."),
    "assignee": (None, "a new ticket has no assignee; PATCH it."),
}
NEW_TICKET = Body(
    "tickets", required="title description", optional="category priority status assignee", defaults=DEFAULTS
)
NEW_SUPPORT_TICKET = Body(
    "tickets",
    optional="title description category priority status assignee",
    aliases={"subject": "title"},
    defaults=DEFAULTS,
)
TICKET_CHANGES = Body(
    "tickets",
    optional="title description category priority assignee status",
    ignored="comments comments_next drafts drafts_next enabled_transitions",
)
LIMIT = Rule("integer", lowest=1, highest=1000)
PART = {"limit": LIMIT, "before": Rule("integer", highest=MAX_ID)}
TICKET_FILTERS = {
    **{name: f"tickets.{name}" for name in ("category", "priority", "status", "state", "assignee", "created_by")},
    "mine": Rule("boolean"),
    "search": Rule(highest=200),
    **PART,
    "sort": Rule(choices=("created_at", "updated_at", "priority")),
    "before": Rule("cursor", highest=MAX_ID),
}
EVENT_FILTERS = {
    "ticket": Rule(highest=36),
    "type": "audit_events.type",
    "actor": Rule(highest=64),
    "after": Rule("integer", lowest=0, highest=MAX_ID),
    "limit": LIMIT,
}
LISTENING = {"after": Rule("integer", lowest=0, highest=MAX_ID)}
SOCKET = {**LISTENING, "user_id": Rule("name"), "role": Rule(highest=256)}
HISTORY = {"from": Rule("integer", highest=MAX_ID), "limit": LIMIT}
DATA = Rule("object", highest=20_000, members={"assignee": "tickets.assignee"})
FIRING = Body(
    "", required="transition", optional="data", extra={"transition": Rule(choices=tuple(TRANSITIONS)), "data": DATA}
)
FIRING_BY_PATH = Body(
    "", required="aggregate_id", optional="data", extra={"aggregate_id": Rule(highest=36), "data": DATA}
)
LOGIN = Body(
    "",
    required="email password",
    ignored="_tag",
    extra={"email": Rule(highest=64), "password": Rule("password", highest=1024)},
)
NEW_PASSWORD = Body(
    "",
    required="password new_password",
    extra={"password": Rule("password", highest=1024), "new_password": Rule("password", highest=1024)},
)
DEBUG_LOGIN = Body("", required="login roles", extra={"login": Rule("name"), "roles": Rule("roles")})
UNCLASSIFIED = Body("tickets", required="description")
COMMENT = Body("comments", required="body", optional="internal")
DRAFT = Body("drafts", optional="body")
DRAFT_CHANGES = Body("drafts", required="body")
NO_CHANGES = Body("tickets")  # no fields; a client may send back a ticket that it has read
RESET = Body("", optional="demo", extra={"demo": Rule("boolean")})
CLOCK = Body("", optional="advance at", extra={"advance": Rule(highest=64), "at": Rule(highest=64)})
TAMPER = Body(
    "",
    required="event column byte",
    extra={
        "event": Rule("integer", lowest=1, highest=MAX_ID),
        "column": Rule(choices=("actor", "type", "at", "request_id", "data", "previous_hash", "hash")),
        "byte": Rule("integer", lowest=0, highest=MAX_ID),
    },
)
EMPTY = Body("")
NOTHING = Body("drafts")  # no fields; a client may send back a draft that it has read
