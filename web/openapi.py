"""The route table as an OpenAPI 3.1 document. Pure: routes and rules in, a dict out.

Nothing here is a second list: paths, bodies and queries come from ROUTES, enums and limits from
schema.sql, summaries from the endpoints' docstrings. A route's `responses` says what no rule can tell:

    "201 Ticket"            it answers 201 with the schema Ticket of response_schemas.py
    "200 Ticket[] 304"      200 with a list of them, or 304: so it takes If-None-Match
    "200 Ticket 409 412"    it can also refuse with 409 and, taking If-Match, with 412
    "200 text/csv"          200 with a body of that type
    "101 426"               101 without a body

_refusals() adds the rest by rule.
"""

import re

from web.response_schemas import EXAMPLES, example_of, list_of, ref, schema_of, schemas
from web.http1 import FIELD_VALUE, PHRASES
from web.validation import IDEMPOTENCY_KEY, NAME, Body

REFUSALS = {  # by status: the codes it comes with, and what it means, whatever the operation
    400: ("VALIDATION_ERROR BAD_REQUEST", "Not what the operation takes; `details` tells the fields at fault"),
    401: ("UNAUTHORIZED", "Needs a valid token, or a stated identity"),
    403: ("FORBIDDEN", "Not for these roles; or a page of a foreign origin tried to write"),
    404: ("NOT_FOUND", "There is no such thing, or not for this caller"),
    405: ("METHOD_NOT_ALLOWED", "The path lacks this method; `Allow` names those it has"),
    408: ("REQUEST_TIMEOUT", "The rest of the request did not arrive in time"),
    409: ("TRANSITION_FAILED ALREADY_DECIDED IDEMPOTENCY_IN_PROGRESS", "Not now, in the state that the thing is in"),
    412: ("PRECONDITION_FAILED", "The thing has changed since the version in `If-Match`"),
    413: ("TOO_LARGE", "The body is over 1 MiB"),
    414: ("URI_TOO_LONG", "The target is over 8 KiB"),
    415: ("UNSUPPORTED_MEDIA_TYPE", "The body is not declared as JSON"),
    417: ("EXPECTATION_FAILED", "The one expectation known here is `100-continue`"),
    421: ("MISDIRECTED_REQUEST", "The host asked for is not this desk"),
    422: ("IDEMPOTENCY_KEY_REUSED", "This `Idempotency-Key` was used with another body"),
    423: ("LOCKED", "Somebody else holds the lock"),
    426: ("UPGRADE_REQUIRED", "Needs an upgrade of the connection"),
    429: ("TOO_MANY_REQUESTS", "Too many failed logins"),
    431: ("HEADERS_TOO_LARGE", "Too many or too long header lines"),
    500: ("INTERNAL_ERROR", "The desk made a mistake; its log tells more under the `request_id`"),
    501: ("NOT_IMPLEMENTED", "The one transfer coding known here is `chunked`"),
    503: ("UNAVAILABLE", "Busy, full, draining, or something that it needs is away"),
    505: ("VERSION_NOT_SUPPORTED", "HTTP/1.1 and HTTP/1.0 are spoken here"),
}
BEFORE_ROUTING = (400, 403, 404, 405, 408, 413, 414, 417, 421, 431, 501, 503, 505)  # the operation is not known yet
NO_OPERATION = (404, 405)  # of those: there is none, so none can document them
ANYTIME = (500, 503)  # whatever the operation
PARAMETERS = {  # headers that requests may carry: name, what for, pattern
    "RequestId": ("X-Request-Id", "Comes back, and stands in the log and in the event", FIELD_VALUE),
    "UserId": ("X-User-Id", "Who is calling, on a desk in open mode", NAME),
    "UserRole": ("X-User-Role", "The caller's roles, with commas; `customer` where none is stated", FIELD_VALUE),
    "IdempotencyKey": ("Idempotency-Key", "A retry with the same key changes nothing", IDEMPOTENCY_KEY),
    "IfMatch": ("If-Match", "The `ETag` of the version that the change is meant for, or `*`", FIELD_VALUE),
    "IfNoneMatch": ("If-None-Match", "The `ETag` of what the client has already", FIELD_VALUE),
    "Prefer": ("Prefer", "`handling=strict` tells an LLM's failure by a 503", FIELD_VALUE),
    "PreferCount": ("Prefer", "`count=exact` has every match counted, however many there are", FIELD_VALUE),
    "LastEventId": ("Last-Event-ID", "The last event that the client has seen", "[0-9]{0,18}"),
}
TAKEN_WITH = {
    "304": "IfNoneMatch",
    "412": "IfMatch",
    "Suggestion": "Prefer",
    "TicketPage": "PreferCount",
    "Ticket[]": "PreferCount",
    "text/event-stream": "LastEventId",
}
HEADERS = {  # that answers carry
    "X-Request-Id": "The request's id",
    "ETag": "The version of what is in the answer, for `If-None-Match` and `If-Match`",
    "Location": "Where what was created can be read",
    "Idempotent-Replayed": "`true` where this answer is a repetition and nothing was changed",
    "X-Total-Count": "How many there are on all pages",
    "X-Total-Is-Exact": "`false` where `X-Total-Count` is only what was counted so far",
    "Link": 'The next page, as `<…>; rel="next"`, unless this is the last one',
    "Retry-After": "Seconds after which the same request may succeed",
    "WWW-Authenticate": "Which kind of token is asked for",
}
ALWAYS_SENT = ("X-Request-Id", "Location", "X-Total-Count", "WWW-Authenticate")  # where they are documented at all
SENT_WITH = {401: "WWW-Authenticate", 409: "Retry-After", 412: "ETag", 429: "Retry-After", 503: "Retry-After"}
OF_A_TICKET = ("Ticket", "WholeTicket", "Aggregate", "Fired", "Lease")  # their ETag is the ticket's version
TAGS = (  # by the beginning of the path; the first that fits
    ("tickets", "/tickets", "/api/tickets"),
    ("drafts", "/drafts"),
    ("audit log", "/audit-events"),
    ("live", "/events", "/ws"),
    ("log in", "/user/", "/api/debug/"),
    ("workflow", "/api/"),
    ("desk", "/"),
)
BEARER = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "From `POST /user/login`"}
ABOUT = """A support desk on a bare Python. A trailing slash makes no difference, HEAD is GET without the body, and
OPTIONS tells the methods of a path. A text is trimmed before its length counts. A blank query parameter is an absent
one. Read-only fields may be sent back: they are taken and ignored. Every refusal has the shape of `Error`, or of
`Problem` (RFC 9457) with `Accept: application/problem+json`. An operation's `x-statuses` are those of its own; the
others among its responses are those that any request can meet: `x-before-routing` before its path and method are looked
at, `x-anytime` later, too."""


def document(routes, rules: dict, is_locked: bool) -> dict:
    """The OpenAPI document of one desk.

    `routes` have their rules bound, `rules` are validation's by table and column, and `is_locked` tells
    the two auth modes apart.
    """
    named = schemas(rules)
    paths = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, named, is_locked)
    possible = {*BEFORE_ROUTING, *ANYTIME}.union(*(statuses(route, is_locked) for route in routes))
    return {
        "openapi": "3.1.0",
        "info": {"title": "Support Desk", "version": "1", "description": ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag[0]} for tag in TAGS],
        "paths": paths,
        "x-before-routing": list(BEFORE_ROUTING),
        "x-anytime": list(ANYTIME),
        "components": {
            "schemas": {**named, "Ignored": {"description": "Read-only: taken and ignored"}},
            "parameters": {name: _header_parameter(*parts) for name, parts in PARAMETERS.items()},
            "headers": {name: _header(name, text) for name, text in HEADERS.items()},
            "responses": {str(status): _refusal(status, named) for status in sorted(possible) if status in REFUSALS},
            "securitySchemes": _schemes(is_locked),
        },
    }


def summary(route) -> str:
    """The first line of the endpoint's docstring; `python3 -OO` keeps no docstrings, so there its name."""
    return (route.endpoint.__doc__ or route.endpoint.__name__).partition("\n")[0].removesuffix(".")


def statuses(route, is_locked: bool) -> set[int]:
    """The statuses that this route's operation can answer with, without those that any request can meet."""
    return {int(word) for word in route.responses.split() if word.isdigit()} | _refusals(route, is_locked)


def _refusals(route, is_locked):
    """The refusals that follow from what a route takes and who may use it."""
    found = set()
    if route.body or route.query or route.takes_key or "{version}" in route.path or not is_locked:
        found.add(400)  # on an open desk X-User-Id, too, may be a wrong one
    if (is_locked and route.locked != "anyone") or (not is_locked and (route.role or route.anonymous_role is None)):
        found.add(401)
    if route.role or (is_locked and route.locked == "staff"):
        found.add(403)
    if "{" in route.path:
        found.add(404)
    if route.body:
        found.add(415)
    if route.body and route.takes_key:
        found.add(422)
    if route.prepare and route.takes_key:
        found.add(409)  # it waits for others, and meanwhile the same key may come again
    return found


def _operation(route, named, is_locked):
    operation = {
        "operationId": re.sub(r"\W+", "_", f"{route.method}{route.path}").strip("_").lower(),
        "tags": [next(tag[0] for tag in TAGS if route.path.startswith(tag[1:]))],
        "summary": summary(route),
        "security": _security(route, is_locked),
        "parameters": list(_parameters(route, is_locked)),
    }
    if route.body:
        operation["requestBody"] = _request_body(route.body)
    own = sorted(statuses(route, is_locked))
    return {**operation, "x-statuses": own, "responses": _responses(route, own, named)}


def _security(route, is_locked):
    """Alternatives: each is enough. An empty one means that nothing is needed."""
    if is_locked:
        return [] if route.locked == "anyone" else [{"token": []}]
    stated = [{"user": [], "role": []}, {"token": []}]
    return stated if route.role or route.anonymous_role is None else [{}, *stated]


def _schemes(is_locked):
    if is_locked:
        return {"token": BEARER}
    stated = {"user": PARAMETERS["UserId"], "role": PARAMETERS["UserRole"]}
    keys = {
        name: {"type": "apiKey", "in": "header", "name": header, "description": text}
        for name, (header, text, _) in stated.items()
    }
    return {"token": BEARER, **keys}


def _parameters(route, is_locked):
    for name in re.findall(r"\{(\w+)\}", route.path):
        yield {"name": name, "in": "path", "required": True, **_path_schema(name, route.path)}
    for name, rule in route.query.items():
        yield {"name": name, "in": "query", "allowEmptyValue": True, "schema": schema_of(name, rule)}
    taken = [TAKEN_WITH[word] for word in route.responses.split() if word in TAKEN_WITH]
    keyed = ["IdempotencyKey"] if route.takes_key else []
    stated = [] if is_locked else ["UserId", "UserRole"]
    for name in (*keyed, *taken, *stated, "RequestId"):
        yield {"$ref": f"#/components/parameters/{name}"}


def _path_schema(name, path):
    if name == "version":
        return {"schema": {"type": "integer", "minimum": 1}, "example": 1}
    if name == "id":
        what = "The draft's `id`" if path.startswith("/drafts/") else "The ticket's `id` or `uuid`"
        return {"description": what, "schema": {"type": "string"}, "example": "1"}
    if path.startswith("/static/"):
        return {"description": "A file of the page", "schema": {"type": "string"}, "example": "main.js"}
    return {"schema": {"type": "string"}}


def _header_parameter(name, text, pattern):
    return {
        "name": name,
        "in": "header",
        "description": text,
        "schema": {"type": "string", "pattern": f"^(?:{pattern})$"},
    }


def _header(name, text):
    """A header of answers; some are always there where an answer has them documented."""
    return {"description": text, "schema": {"type": "string"}, **({"required": True} if name in ALWAYS_SENT else {})}


def _request_body(body: Body):
    """The fields that the operation takes, those that it ignores, and an example with the former."""
    taken = {name: schema_of(name, rule) for name, (_, rule) in body.writable.items()}
    taken |= {name: {"const": default} for name, (default, _) in body.defaults.items()}
    ignored = {name: ref("Ignored") for name in (*body.rules, *body.ignored.split()) if name not in taken}
    schema = {"type": "object", "properties": {**taken, **ignored}, "additionalProperties": False}
    if body.required:
        schema["required"] = body.required.split()
    if body.aliases:  # either name, not both
        schema["not"] = {"anyOf": [{"required": [alias, name]} for alias, name in body.aliases.items()]}
    example = {name: EXAMPLES[name] for name in taken if name in EXAMPLES.keys() - body.aliases - body.defaults.keys()}
    content = {"application/json": {"schema": schema, "example": example}}
    return {"required": bool(body.required), "content": content}


def _responses(route, own, named):
    """By status: what the operation answers itself, then what any request can meet."""
    word, *more = route.responses.split()
    kind = more[0] if more and not more[0].isdigit() else None
    success = {"description": PHRASES[int(word)], "headers": _headers(_success_headers(route, kind))}
    found = {word: success | ({"content": _content(kind, named)} if kind else {})}
    found |= {str(status): _response_ref(status) for status in own if str(status) != word}
    if "304" in found:
        found["304"] = {"description": PHRASES[304], "headers": _headers(["X-Request-Id", "ETag"])}
    if "503" in more:  # it says so in the words of its success, or in those of a refusal
        found["503"] = {**_refusal(503, named), "content": _content(kind, named, ref("Error"))}
    for status in (*BEFORE_ROUTING, *ANYTIME):
        if status not in NO_OPERATION and (status != 403 or route.method != "GET" or route.is_websocket):
            found.setdefault(str(status), _response_ref(status))
    return dict(sorted(found.items()))


def _response_ref(status):
    return {"$ref": f"#/components/responses/{status}"}


def _success_headers(route, kind):
    yield "X-Request-Id"
    if "304" in route.responses.split() or (kind in OF_A_TICKET and "{version}" not in route.path):
        yield "ETag"
    if route.responses.startswith("201"):
        yield "Location"
    if route.takes_key:
        yield "Idempotent-Replayed"
    if kind and kind.endswith("[]"):
        yield from ("X-Total-Count", "X-Total-Is-Exact", "Link")


def _headers(names):
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _content(kind, named, *others):
    """A body of the schema or media type `kind`; where there are others, one of those schemas."""
    if kind == "text/event-stream":
        return {kind: {"schema": ref("StreamedEvent")}}  # each of its events
    if "/" in kind:
        return {kind: {"schema": {"type": "string"}}}
    name = kind.removesuffix("[]")
    schema = ref(name) if name == kind else list_of(ref(name))
    example = example_of(schema, named)
    return {"application/json": {"schema": {"anyOf": [schema, *others]} if others else schema, "example": example}}


def _refusal(status, named):
    """One status as every refusal says it, in both forms; the examples are of this status."""
    (code, *others), text = REFUSALS[status][0].split(), REFUSALS[status][1]
    said = {"error": PHRASES[status], "message": text, "code": code}
    standard = {"type": "about:blank", "title": PHRASES[status], "status": status, "detail": text, "code": code}
    content = {}
    for media_type, name, facts in (("json", "Error", said), ("problem+json", "Problem", standard)):
        schema = {"allOf": [ref(name), {"properties": {"code": {"enum": [code, *others]}}}]}
        example = {**example_of(named[name], named), **facts}
        content[f"application/{media_type}"] = {"schema": schema, "example": example}
    headers = ["X-Request-Id", *([SENT_WITH[status]] if status in SENT_WITH else [])]
    return {"description": text, "headers": _headers(headers), "content": content}
