"""How a value becomes a response: JSON bodies, ETags, and the one place where refusals become HTTP statuses. Pure."""

from functools import lru_cache
from hashlib import sha256

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
DEFAULTS = {  # headers of every response that does not bring its own
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
    "Tracestate, X-CSRFToken, X-Request-Id, X-Requested-With, X-User-Id, X-User-Role"
)
encode = workflow.json_encoder(sort_keys=False)


def reply(status: int, value, *headers: tuple[str, str]) -> Response:
    """A JSON response; its body ends with a newline so that curl reads well."""
    return Response(status, f"{encode(value)}\n".encode("utf-8", "replace"), headers)


def reply_text(status: int, text: str, *headers: tuple[str, str]) -> Response:
    """The same of a value that is JSON text already, as store.py makes of rows that go out as they are."""
    return Response(status, f"{text}\n".encode("utf-8", "replace"), headers)


def with_members(text: str, **members: str) -> str:
    """The JSON object `text` with more members behind its own; each is JSON text, too."""
    return "".join([text[:-1], *[f',"{name}":{value}' for name, value in members.items()], "}"])


def cached(request: Request, value, *headers: tuple[str, str]) -> Response:
    """A 200 with an ETag of its content, or 304 where the client has just that."""
    return tagged(request, encode(value), *headers)


def tagged(request: Request, text: str, *headers: tuple[str, str]) -> Response:
    """The same of JSON text."""
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


def etag(ticket: dict) -> tuple[str, str]:
    """The ETag of a ticket is its version: every change of it or around it has an event."""
    return "ETag", f'"{ticket["version"]}"'


def prefers(request: Request, preference: str, value: str) -> bool:
    """Whether the header Prefer says so; where it says a preference twice, the first one counts (RFC 7240)."""
    header = request.headers.get("prefer")
    for stated in header.lower().split(",") if header else ():
        name, _, wanted = stated.partition(";")[0].partition("=")
        if name.strip() == preference:
            return wanted.strip().strip('"') == value
    return False


@lru_cache(256)  # few routes bring headers of their own, each nearly always the same
def default_lines(own_names: tuple, has_body: bool, bug_mode: str) -> str:
    """The default headers of a response that brings headers with these names, as lines."""
    lines = {name: value for name, value in DEFAULTS.items() if name not in own_names}
    if not has_body:
        lines.pop("Content-Type", None)
    if bug_mode:
        lines["X-Bug-Mode"] = bug_mode
    return "".join(f"{name}: {value}\r\n" for name, value in lines.items())


def preflight(allow: str) -> tuple:
    """What a browser wants to know before it sends a page's request to another origin (the Fetch standard's CORS)."""
    methods = ("Access-Control-Allow-Methods", allow)
    return methods, ("Access-Control-Allow-Headers", CORS_ALLOWED), ("Access-Control-Max-Age", "600")


def refusal(request: Request, problem: Exception) -> Response:
    """The response to anything raised: JSON, or RFC 9457 where the client asks for it. What is not ours is a 500."""
    status = problem.status if isinstance(problem, BadRequest) else STATUS.get(type(problem), 500)
    facts = {"error": _title(status, problem), "code": getattr(problem, "code", "INTERNAL_ERROR")}
    facts |= {"message": str(problem), "details": getattr(problem, "details", {}), "request_id": request.id}
    facts |= getattr(problem, "facts", {})
    if status == 500:
        facts["message"] = f"the desk made a mistake; its log tells more under request {request.id}"
    headers = getattr(problem, "headers", ()) + _refusal_headers(status, problem, facts)
    if "application/problem+json" in request.headers.get("accept", ""):
        standard = {"type": "about:blank", "title": facts.pop("error"), "status": status}
        standard["detail"] = facts.pop("message")
        facts = {**standard, **facts, "status": status}  # a draft's status gives way: RFC 9457 wants the number
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
