"""The route table as an OpenAPI 3.1 document. Pure: routes and rules in, a dict out.

Nothing is listed twice: paths, bodies and queries come from ROUTES, enums and limits from schema.sql,
summaries from the docstrings of the endpoints. The `responses` of a route says the rest:

    "201 Ticket"            a 201 with the schema Ticket of response_schemas.py
    "200 Ticket[] 304"      a 200 with a list of them, or a 304: so it takes If-None-Match
    "200 Ticket 409 412"    other errors are 409 and 412: so it takes If-Match
    "200 text/csv"          a 200 with a body of that type
    "101 426"               a 101 without a body

_refusals() adds the error statuses that follow from the other columns of the row.
"""

import re

from web.response_schemas import EXAMPLES, OF_LABS, example_of, list_of, ref, schema_of, schemas
from web.http1 import FIELD_VALUE, PHRASES
from web.responses import STATUS
from web.validation import IDEMPOTENCY_KEY, NAME, Body

REFUSALS = {  # error responses by status: the codes, and the meaning for every operation
    400: ("VALIDATION_ERROR BAD_REQUEST", "The input is wrong; `details` names the wrong fields"),
    401: ("UNAUTHORIZED", "Needs a valid token, or `X-User-Id` or `X-User-Role` on an open desk"),
    403: ("FORBIDDEN", "The caller's roles are not enough; or a page of another origin tried to write"),
    404: ("NOT_FOUND", "It does not exist, or this caller may not see it"),
    405: ("METHOD_NOT_ALLOWED", "The path does not have this method; `Allow` lists its methods"),
    408: ("REQUEST_TIMEOUT", "The rest of the request did not arrive in time"),
    409: (
        "TRANSITION_FAILED ALREADY_DECIDED IDEMPOTENCY_IN_PROGRESS TOO_MANY_SNAPSHOTS SNAPSHOT_UNUSABLE",
        "The current state does not allow it",
    ),
    412: ("PRECONDITION_FAILED", "The resource has changed since the version in `If-Match`"),
    413: ("TOO_LARGE", "The body is over 1 MiB"),
    414: ("URI_TOO_LONG", "The target is over 8 KiB"),
    415: ("UNSUPPORTED_MEDIA_TYPE", "The body is not declared as JSON"),
    417: ("EXPECTATION_FAILED", "The only supported expectation is `100-continue`"),
    421: ("MISDIRECTED_REQUEST", "The host of the request is not this desk"),
    422: ("IDEMPOTENCY_KEY_REUSED", "This `Idempotency-Key` was used with another body"),
    423: ("LOCKED", "Somebody else holds the lock"),
    426: ("UPGRADE_REQUIRED", "Needs an upgrade of the connection"),
    429: ("TOO_MANY_REQUESTS", "Too many failed logins, or this caller asks the LLM too often"),
    431: ("HEADERS_TOO_LARGE", "Too many or too long header lines"),
    500: ("INTERNAL_ERROR", "The desk has a bug; its log tells more under the `request_id`"),
    501: ("NOT_IMPLEMENTED", "The only supported transfer coding is `chunked`"),
    503: ("UNAVAILABLE", "The desk is busy, full or stopping, or the database or the LLM does not answer"),
    505: ("VERSION_NOT_SUPPORTED", "The desk supports HTTP/1.1 and HTTP/1.0"),
}
BEFORE_ROUTING = (400, 403, 404, 405, 408, 413, 414, 417, 421, 431, 501, 503, 505)  # before the operation is known
NO_OPERATION = (404, 405)  # errors that no operation can document: there is no operation
ANYTIME = (500, 503)  # errors of every operation
PARAMETERS = {  # request headers: name, purpose, pattern
    "RequestId": ("X-Request-Id", "The response, the log and the event have it, too", FIELD_VALUE),
    "UserId": ("X-User-Id", "Who is calling, on a desk in open mode", NAME),
    "UserRole": ("X-User-Role", "The caller's roles, with commas; `customer` if there is none", FIELD_VALUE),
    "IdempotencyKey": ("Idempotency-Key", "A retry with the same key changes nothing", IDEMPOTENCY_KEY),
    "IfMatch": ("If-Match", "The `ETag` of the version that the change is meant for, or `*`", FIELD_VALUE),
    "IfNoneMatch": ("If-None-Match", "The `ETag` of the content that the client has already", FIELD_VALUE),
    "Prefer": ("Prefer", "`handling=strict`: a 503 if the LLM fails", FIELD_VALUE),
    "PreferCount": ("Prefer", "`count=exact`: count all matches, however many there are", FIELD_VALUE),
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
HEADERS = {  # of responses
    "X-Request-Id": "The request's id",
    "ETag": "The version of the content, for `If-None-Match` and `If-Match`",
    "Location": "The path of the new resource",
    "Idempotent-Replayed": "`true` if this is the kept response of an earlier request: nothing was changed",
    "X-Total-Count": "The number of tickets on all pages",
    "X-Total-Is-Exact": "`false` if the count stopped early, at `X-Total-Count`",
    "Link": 'The next page, as `<…>; rel="next"`, unless this is the last one',
    "Retry-After": "Seconds after which the same request may succeed",
    "WWW-Authenticate": "The kind of token that is needed",
}
ALWAYS_SENT = ("X-Request-Id", "Location", "X-Total-Count", "WWW-Authenticate")  # if the response has them documented
SENT_WITH = {401: "WWW-Authenticate", 409: "Retry-After", 412: "ETag", 429: "Retry-After", 503: "Retry-After"}
OF_A_TICKET = ("Ticket", "WholeTicket", "Aggregate", "Fired", "Lease")  # their ETag is the ticket's version
TAGS = (  # (tag, beginnings of paths); the first match counts
    ("tickets", "/tickets", "/api/tickets"),
    ("drafts", "/drafts"),
    ("audit log", "/audit-events"),
    ("live", "/events", "/ws"),
    ("log in", "/user/", "/api/debug/"),
    ("labs", "/debug/"),
    ("workflow", "/api/"),
    ("desk", "/"),
)
BEARER = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "From `POST /user/login`"}
ABOUT = """A support desk in plain Python. A trailing slash makes no difference, HEAD is GET without the body, and
OPTIONS lists the methods of a path. The length of a text is its length after trimming. A blank query parameter is
ignored. You may send back read-only fields: they are ignored. Every error response is an `Error`, or a `Problem`
(RFC 9457) with `Accept: application/problem+json`. `x-statuses` lists the statuses of one operation. The other
responses can follow any request: those in `x-before-routing` before the desk looks at the path and the method, those in
`x-anytime` also later."""


def document(routes, rules: dict, is_locked: bool, more_headers: dict = {}) -> dict:
    """The OpenAPI document of one desk.

    `routes` contain their rules (see with_rules), `rules` are the validation rules by table and column, and
    `is_locked` is the auth mode. Every operation but those of /debug/ takes `more_headers`, too, in the form of
    PARAMETERS.
    """
    answers = {name: {"type": "object"} for name in map(answers_with, routes) if name}
    known = schemas(rules)
    named = answers | {name: known[name] for name in known if name in answers or name not in OF_LABS}
    paths = {}
    for route in routes:
        operation = paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, named, is_locked)
        operation["parameters"] += map(_parameter_ref, () if route.path.startswith("/debug/") else more_headers)
    used = {_tag(route) for route in routes}
    possible = {*BEFORE_ROUTING, *ANYTIME}.union(*(statuses(route, is_locked) for route in routes))
    return {
        "openapi": "3.1.0",
        "info": {"title": "Support Desk", "version": "1", "description": ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag[0]} for tag in TAGS if tag[0] in used],
        "paths": paths,
        "x-before-routing": list(BEFORE_ROUTING),
        "x-anytime": list(ANYTIME),
        "components": {
            "schemas": {**named, "Ignored": {"description": "Read-only: accepted and ignored"}},
            "parameters": {name: _header_parameter(*parts) for name, parts in (PARAMETERS | more_headers).items()},
            "headers": {name: _header(name, text) for name, text in HEADERS.items()},
            "responses": {str(status): _refusal(status, named) for status in sorted(possible) if status >= 400},
            "securitySchemes": _schemes(is_locked),
        },
    }


def summary(route) -> str:
    """The first line of the endpoint's docstring; with `python3 -OO`, which drops docstrings, its name."""
    return (route.endpoint.__doc__ or route.endpoint.__name__).partition("\n")[0].removesuffix(".")


def answers_with(route) -> str | None:
    """The schema of what this route answers, as its `responses` names it; None for another media type than JSON."""
    _, *more = route.responses.split()
    kind = more[0].removesuffix("[]") if more else ""
    return None if kind.isdigit() or "/" in kind else kind or None


def statuses(route, is_locked: bool) -> set[int]:
    """The statuses of this route's responses, without those that any request can get."""
    return {int(word) for word in route.responses.split() if word.isdigit()} | _refusals(route, is_locked)


def _refusals(route, is_locked):
    """The error statuses that follow from a route's input and its roles."""
    has_input = route.body or route.query or route.takes_key or "{version}" in route.path
    applies = {
        400: has_input or not is_locked,  # on an open desk X-User-Id can be invalid, too
        401: route.locked != "anyone" if is_locked else route.role or route.anonymous_role is None,
        403: route.role or (is_locked and route.locked == "staff"),
        404: "{" in route.path and not (route.method == "POST" and route.path.endswith("}")),  # this one makes it
        409: route.prepare and route.takes_key,  # it is slow: a retry with the same key can arrive before it is done
        415: route.body,
        422: route.body and route.takes_key,
    }
    return {status for status in applies if applies[status]}


def _operation(route, named, is_locked):
    operation = {
        "operationId": re.sub(r"\W+", "_", f"{route.method}{route.path}").strip("_").lower(),
        "tags": [_tag(route)],
        "summary": summary(route),
        "security": _security(route, is_locked),
        "parameters": list(_parameters(route, is_locked)),
    }
    if route.body:
        operation["requestBody"] = _request_body(route.body)
    own = sorted(statuses(route, is_locked))
    return {**operation, "x-statuses": own, "responses": _responses(route, own, named)}


def _tag(route):
    return next(tag[0] for tag in TAGS if route.path.startswith(tag[1:]))


def _security(route, is_locked):
    """Alternatives: one of them is enough. An empty one means that the caller needs nothing."""
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
        yield _parameter_ref(name)


def _parameter_ref(name):
    return {"$ref": f"#/components/parameters/{name}"}


def _path_schema(name, path):
    if name == "version":
        return {"schema": {"type": "integer", "minimum": 1}, "example": 1}
    if name == "id":
        kinds = {"/drafts/": "The draft's `id`", "/debug/": "The request's id, as `X-Request-Id` has it"}
        what = next((kinds[start] for start in kinds if path.startswith(start)), "The ticket's `id` or `uuid`")
        return {"description": what, "schema": {"type": "string"}, "example": "1"}
    if name == "other":
        return {"description": "The id of another request", "schema": {"type": "string"}, "example": "1"}
    if name == "language":
        return {"schema": {"enum": ["curl", "python", "fetch"]}, "example": "curl"}
    if path.startswith("/static/"):
        return {"description": "A file of the page", "schema": {"type": "string"}, "example": "main.js"}
    if path.startswith("/debug/snapshots/"):
        return {"schema": {"type": "string", "pattern": "^[a-z0-9-]{1,40}$"}, "example": EXAMPLES["snapshot"]}
    return {"schema": {"type": "string"}}


def _header_parameter(name, text, pattern):
    return {
        "name": name,
        "in": "header",
        "description": text,
        "schema": {"type": "string", "pattern": f"^(?:{pattern})$"},
    }


def _header(name, text):
    """A response header; some of them are always there if the response has them documented."""
    return {"description": text, "schema": {"type": "string"}, **({"required": True} if name in ALWAYS_SENT else {})}


def _request_body(body: Body):
    """The fields that the operation takes, the fields that it ignores, and an example."""
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
    """{status: response}: those of the operation, and those that any request can get."""
    word, *more = route.responses.split()
    kind = more[0] if more and not more[0].isdigit() else None
    success = {"description": PHRASES[int(word)], "headers": _headers(_success_headers(route, kind))}
    found = {word: success | ({"content": _content(kind, named)} if kind else {})}
    found |= {str(status): _response_ref(status) for status in own if str(status) != word}
    if "304" in found:
        found["304"] = {"description": PHRASES[304], "headers": _headers(["X-Request-Id", "ETag"])}
    if "503" in more:  # it has the schema of the success, or of an error
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
    """A body of the schema or media type `kind`, or of one of the schemas in `others`."""
    if kind == "text/event-stream":
        return {kind: {"schema": ref("StreamedEvent")}}  # one event of the stream
    if "/" in kind:
        return {kind: {"schema": {} if kind == "application/json" else {"type": "string"}}}
    name = kind.removesuffix("[]")
    schema = ref(name) if name == kind else list_of(ref(name))
    example = example_of(schema, named)
    return {"application/json": {"schema": {"anyOf": [schema, *others]} if others else schema, "example": example}}


def _refusal(status, named):
    """The error response of one status, in both formats, with examples."""
    (code, *others), text = _meaning(status)
    error = {"error": PHRASES[status], "message": text, "code": code}
    problem = {"type": "about:blank", "title": PHRASES[status], "status": status, "detail": text, "code": code}
    content = {}
    for media_type, name, facts in (("json", "Error", error), ("problem+json", "Problem", problem)):
        schema = {"allOf": [ref(name), {"properties": {"code": {"enum": [code, *others]}}}]}
        example = {**example_of(named[name], named), **facts}
        content[f"application/{media_type}"] = {"schema": schema, "example": example}
    headers = ["X-Request-Id", *([SENT_WITH[status]] if status in SENT_WITH else [])]
    return {"description": text, "headers": _headers(headers), "content": content}


def _meaning(status):
    """The codes of a status, and what it means; STATUS tells the codes of workflow.py's refusals."""
    listed, text = REFUSALS.get(status, ("", PHRASES[status]))
    own = [refusal.code for refusal, given in STATUS.items() if given == status]
    return list(dict.fromkeys([*listed.split(), *own])), text
