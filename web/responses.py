"""How a value becomes a response: JSON bodies, ETags, and the one place where errors become HTTP statuses. Pure."""

from functools import lru_cache
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode

import workflow
from web.http1 import PHRASES, BadRequest, Request, Response

STATUS = {
    workflow.Invalid: 400,
    workflow.Unauthorized: 401,
    workflow.Forbidden: 403,
    workflow.NotFound: 404,
    workflow.TransitionFailed: 409,
    workflow.AlreadyDecided: 409,
    workflow.KeyInProgress: 409,
    workflow.Locked: 423,
    workflow.PreconditionFailed: 412,
    workflow.KeyReused: 422,
    workflow.TooManyRequests: 429,
    workflow.Unavailable: 503,
}
DEFAULTS = {  # headers of every response that does not set its own
    "Content-Type": "application/json",
    "Cache-Control": "no-cache",
    "Vary": "Accept, Authorization, Origin, Prefer, X-User-Id, X-User-Role",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
CORS_EXPOSED = (
    "Access-Control-Expose-Headers: ETag, Idempotent-Replayed, Link, Location, Retry-After, X-Bug-Mode, X-Request-Id, "
    "X-Total-Count, X-Total-Is-Exact\r\n"
)
CORS_ALLOWED = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Prefer, Traceparent, "
    "Tracestate, X-CSRFToken, X-Lab, X-Request-Id, X-Requested-With, X-User-Id, X-User-Role"
)
encode = workflow.json_encoder(sort_keys=False)


def reply(status: int, value, *headers: tuple[str, str]) -> Response:
    """A JSON response; its body ends with a newline so that curl reads well."""
    return Response(status, f"{encode(value)}\n".encode("utf-8", "replace"), headers)


def reply_text(status: int, text: str, *headers: tuple[str, str]) -> Response:
    """The same for a value that is JSON text already: store.py lets SQLite make it."""
    return Response(status, f"{text}\n".encode("utf-8", "replace"), headers)


def with_members(text: str, **members: str) -> str:
    """Add members at the end of the JSON object `text`; each value is JSON text, too."""
    return "".join([text[:-1], *[f',"{name}":{value}' for name, value in members.items()], "}"])


def cached(request: Request, value, *headers: tuple[str, str]) -> Response:
    """A 200 with an ETag (a hash of its content), or a 304 if the client has this content already."""
    return tagged(request, encode(value), *headers)


def tagged(request: Request, text: str, *headers: tuple[str, str]) -> Response:
    """The same for JSON text."""
    body = f"{text}\n".encode("utf-8", "replace")
    tag = f'"{sha256(body).hexdigest()[:20]}"'
    if is_known(request, tag):
        return Response(304, b"", (("ETag", tag), *headers))
    return Response(200, body, (("ETag", tag), *headers))


def is_known(request: Request, tag: str) -> bool:
    """Whether If-None-Match names this tag (RFC 9110, 13.1.2)."""
    stated = request.headers.get("if-none-match")
    if stated is None:
        return False
    known = [known.strip().removeprefix("W/") for known in stated.split(",")]
    return "*" in known or tag in known


def next_link(request: Request, before: int | str) -> tuple[str, str]:
    """The header that leads to the next page of a list: the same request, but with this `before` (RFC 8288)."""
    parameters = [(name, value) for name, value in parse_qsl(request.query) if name != "before"]
    return "Link", f'<{request.path}?{urlencode([*parameters, ("before", before)])}>; rel="next"'


def etag(ticket: dict) -> tuple[str, str]:
    """The ETag of a ticket is its version: each change of it, its comments or its drafts has an event."""
    return "ETag", f'"{ticket["version"]}"'


def prefers(request: Request, preference: str, value: str) -> bool:
    """Whether the header Prefer has this value for the preference; the first one counts (RFC 7240, 2)."""
    header = request.headers.get("prefer")
    for stated in header.lower().split(",") if header else ():
        name, _, wanted = stated.partition(";")[0].partition("=")
        if name.strip() == preference:
            return wanted.strip().strip('"') == value
    return False


@lru_cache(256)  # there are few combinations of headers
def default_lines(own_names: tuple, has_body: bool, bug_mode: str) -> str:
    """The lines of the default headers, without those that the response sets itself (`own_names`)."""
    lines = {name: value for name, value in DEFAULTS.items() if name not in own_names}
    if not has_body:
        lines.pop("Content-Type", None)
    if bug_mode:
        lines["X-Bug-Mode"] = bug_mode
    return "".join(f"{name}: {value}\r\n" for name, value in lines.items())


def preflight(allow: str) -> tuple:
    """Headers that tell a browser which requests a page of another origin may send (CORS, in the Fetch standard)."""
    methods = ("Access-Control-Allow-Methods", allow)
    return methods, ("Access-Control-Allow-Headers", CORS_ALLOWED), ("Access-Control-Max-Age", "600")


def refusal(request: Request, problem: Exception) -> Response:
    """The error response for an exception: JSON, or RFC 9457 if the client asks for it. An unknown one is a 500."""
    status = problem.status if isinstance(problem, BadRequest) else STATUS.get(type(problem), 500)
    facts = {"error": _title(status, problem), "code": getattr(problem, "code", "INTERNAL_ERROR")}
    facts |= {"message": str(problem), "details": getattr(problem, "details", {}), "request_id": request.id}
    facts |= getattr(problem, "facts", {})
    if status == 500 and not isinstance(problem, BadRequest):
        facts["message"] = f"the desk made a mistake; its log tells more under request {request.id}"
    headers = getattr(problem, "headers", ()) + _refusal_headers(status, problem, facts)
    if "application/problem+json" in request.headers.get("accept", ""):
        standard = {"type": "about:blank", "title": facts.pop("error"), "status": status}
        standard["detail"] = facts.pop("message")
        facts = {**standard, **facts, "status": status}  # not the status of a draft: RFC 9457 needs the number
        headers += (("Content-Type", "application/problem+json"),)
    return reply(status, facts, *headers)


def _title(status, problem):
    if isinstance(problem, workflow.Invalid):
        return "Validation Error"
    return "Internal server error" if status == 500 else PHRASES[status]


def _refusal_headers(status, problem, facts):
    retry_after = getattr(problem, "retry_after", None)
    headers = (("Retry-After", str(retry_after)),) if retry_after else ()
    if status == 401:
        headers += (("WWW-Authenticate", 'Bearer realm="support desk"'),)
    if "version" in facts:
        headers += (("ETag", f'"{facts["version"]}"'),)
    return headers
