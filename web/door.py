"""The door: from a request to its answer. Routes, manners, the caller, the body, the kept answer,
and the one place where the desk's refusals become HTTP statuses.

Order, so that a refusal never uses up an idempotency key: parse → identify → validate → look the
key up → work. Everything an endpoint receives has passed here; everything it raises ends here.
"""

import json
import re
import traceback
from bdb import BdbQuit
from contextlib import nullcontext
from dataclasses import dataclass
from hashlib import blake2b, sha256
from ipaddress import ip_address
from itertools import count
from secrets import token_hex
from types import GeneratorType
from typing import Callable, NamedTuple
from urllib.parse import unquote, urlsplit

import workflow
from web.http1 import PHRASES, Answer, BadRequest, Request
from web.identity import from_browser
from web.memo import Memo
from web.settings import LOOPBACK
from web.validation import IDEMPOTENCY_KEY, Body, check_body, check_query, parse_json

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
WRITES = ("POST", "PATCH", "PUT", "DELETE")
ANY, METHODS = object(), object()  # keys in the tree of routes that no path segment can equal
LOOPBACK_HOSTS = {f"[{address}]" if ":" in address else address for address in LOOPBACK}
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
KEY = re.compile(IDEMPOTENCY_KEY)
TYPE_HINT = "send JSON and say so: -H 'Content-Type: application/json'"
EXPOSED_HEADERS = (
    "ETag, Idempotent-Replayed, Link, Location, Retry-After, X-Bug-Mode, X-Request-Id, X-Total-Count, X-Total-Is-Exact"
)
ALLOWED_HEADERS = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Prefer, X-Request-Id, "
    "X-User-Id, X-User-Role"
)
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_encode_sorted = json.JSONEncoder(sort_keys=True).encode


class Route(NamedTuple):
    """One row of the route table. `role` is who may; `body` and `query` what may be sent.

    A query's rule is a Rule, or "table.column" for the column's own.
    """

    method: str
    path: str  # {…} stands for one segment; it reaches the endpoint in request.references
    answers: str  # its status, what is in it, and what it refuses beyond the rules: openapi.py reads this
    endpoint: Callable
    body: Body | None = None
    query: dict = {}
    role: str | None = None
    locked: str = "user"  # who may on a locked desk: "anyone", a "user" with a token, or "staff"
    stranger: str | None = "customer"  # the role of a caller without any identity; None: it is 401
    is_secret: bool = False  # its answers are not kept under an idempotency key
    is_websocket: bool = False
    is_memorable: bool = False  # the same question has the same answer until the database changes


@dataclass(slots=True)
class Pending:
    """An endpoint that waits for a job in the slow lane; `resume(result, error)` goes on with it."""

    job: Callable
    resume: Callable


def reply(status: int, value, *headers: tuple[str, str]) -> Answer:
    """A JSON answer; its body ends with a newline so that curl reads well."""
    return Answer(status, _json(value) + b"\n", headers)


def cached(request: Request, value, *headers: tuple[str, str]) -> Answer:
    """A 200 with an ETag of its content, or 304 where the client has just that."""
    body = _json_in_pieces(value) + b"\n"
    tag = f'"{blake2b(body, digest_size=9).hexdigest()}"'
    if is_known(request, tag):
        return Answer(304, b"", (("ETag", tag), *headers))
    return Answer(200, body, (("ETag", tag), *headers))


def _json(value) -> bytes:
    return _encode(value).encode("utf-8", "replace")


def _json_in_pieces(value) -> bytes:
    """The same, of lists one member at a time: no other thread can work, the beat's neither, while one is encoded."""
    if isinstance(value, list):
        return b"[%b]" % b",".join(map(_json, value))
    parts = ((name, _json_in_pieces(part) if isinstance(part, list) else _json(part)) for name, part in value.items())
    return b"{%b}" % b",".join(b"%b:%b" % (_json(name), part) for name, part in parts)


def is_known(request: Request, tag: str) -> bool:
    """Whether If-None-Match names this tag (RFC 9110, 13.1.2)."""
    known = [known.strip().removeprefix("W/") for known in request.headers.get("if-none-match", "").split(",")]
    return "*" in known or tag in known


def etag(ticket: dict) -> tuple[str, str]:
    """The ETag of a ticket is its version: every change of it or around it has an event."""
    return "ETag", f'"{ticket["version"]}"'


def prefers(request: Request, preference: str, value: str) -> bool:
    """Whether the header Prefer says so; where it says a preference twice, the first one counts (RFC 7240)."""
    for said in request.headers.get("prefer", "").lower().split(","):
        name, _, wanted = said.partition(";")[0].partition("=")
        if name.strip() == preference:
            return wanted.strip().strip('"') == value
    return False


class Door:
    """Answers requests for one desk, by routes with their rules. Never raises for anything a client can send."""

    def __init__(self, desk, routes):
        self.desk, self.log = desk, desk.log
        self.tree = _tree(routes)
        self.memo = Memo(desk.store.stamp)
        self.origins = set(desk.settings.cors_origins)
        self.hosts = LOOPBACK_HOSTS | {desk.settings.host.lower()}
        self.is_public = desk.settings.host not in LOOPBACK
        self.in_progress = set()  # scopes of idempotency keys whose endpoint waits for the slow lane
        self._ids = map(f"{token_hex(4)}-{{}}".format, count(1))
        self._always = (
            ("Vary", "Accept, Authorization, Origin, Prefer, X-User-Id, X-User-Role"),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
            ("Referrer-Policy", "no-referrer"),
        )
        if desk.settings.bug_mode:
            self._always += (("X-Bug-Mode", desk.settings.bug_mode),)

    def answer(self, request: Request) -> Answer | Pending:
        """The answer to `request`, or the job to do elsewhere before there is one."""
        given = request.headers.get("x-request-id", "")
        request.id = given if REQUEST_ID.fullmatch(given) else next(self._ids)
        try:
            if request.fault:
                raise request.fault
            self._check_host(request)
            methods, request.references = self._find(request.path)
            if request.method == "OPTIONS":
                return self._finish(request, Answer(204, b"", (("Allow", _allow(methods)), *_preflight(methods))))
            self._check_origin(request)
            route = methods.get("GET" if request.method == "HEAD" else request.method)
            if not route:
                allow = _allow(methods)
                raise BadRequest(405, "METHOD_NOT_ALLOWED", f"this path takes {allow}", ("Allow", allow))
            request.route = route.path
            self._identify(request, route)
            return self._work(request, route, self._steps(request, route, self._read(request, route)))
        except Exception as problem:
            return self.refuse(request, problem)

    def _identify(self, request, route):
        """Set request.caller, if this caller may use this route at all."""
        identity = self.desk.identity
        if route.is_websocket:
            request.headers |= from_browser(request.headers, request.query)
        if identity.is_locked and route.locked == "anyone":
            request.caller = workflow.Caller("anonymous", (), request.id)
            return
        request.caller = identity.caller(request.headers, request.id, route.stranger)
        role = route.role or ("agent" if identity.is_locked and route.locked == "staff" else None)
        if role:
            request.caller.must(role, f"{route.method} {route.path}")

    def _read(self, request, route):
        """Check body and query into request.fields; returns the fingerprint of the body."""
        if route.body is None:
            request.fields = check_query(request.query, route.query) if route.query else {}
            return ""
        members = _read_body(request)
        request.fields = check_body(members, route.body, self.desk.rules)
        if "idempotency-key" not in request.headers:
            return ""
        return sha256(_encode_sorted(members).encode()).hexdigest()

    def _work(self, request, route, steps, result=None, error=None) -> Answer | Pending:
        """Run the endpoint to its end, or to its next job for the slow lane, inside one savepoint."""
        try:
            with self.desk.store.savepoint() if route.method in WRITES else nullcontext():
                try:
                    job = steps.throw(error) if error else steps.send(result)
                except StopIteration as end:
                    return self._finish(request, end.value)
            return Pending(job, lambda result, error: self._work(request, route, steps, result, error))
        except Exception as problem:
            return self.refuse(request, problem)

    def _steps(self, request, route, fingerprint):
        """The endpoint's work, once per idempotency key: a retry gets the kept answer instead."""
        if route.is_memorable and "if-none-match" not in request.headers:
            return (yield from self._remembered(request, route))
        scope = _scope(request, route)
        if scope is None:
            return (yield from self._call(request, route))
        kept = self.desk.store.kept_answer(scope)
        if kept:
            if kept["fingerprint"] != fingerprint:
                raise workflow.KeyReused("this Idempotency-Key was used with another body; use a new key")
            location = (("Location", kept["location"]),) if kept["location"] else ()
            return Answer(kept["status"], kept["body"].encode(), (*location, ("Idempotent-Replayed", "true")))
        key = tuple(scope.values())
        if key in self.in_progress:
            raise workflow.KeyInProgress("the first request with this Idempotency-Key is still at work; try again")
        self.in_progress.add(key)
        try:
            answer = yield from self._call(request, route)
        finally:
            self.in_progress.discard(key)
        if answer.status < 300:
            location = dict(answer.headers).get("Location")
            self.desk.store.keep_answer(scope, fingerprint, answer.status, location, answer.body.decode())
        return answer

    def _call(self, request, route):
        """The endpoint's answer; where the endpoint yields jobs, they are passed on."""
        result = route.endpoint(self.desk, request)
        return (yield from result) if isinstance(result, GeneratorType) else result

    def _remembered(self, request, route):
        """The endpoint's answer, made once for all who ask the same until the database changes."""
        asked = (request.path, request.query, request.headers.get("prefer"), request.caller.id, request.caller.only_own)
        answer, stamp = self.memo.find(asked)
        if answer is None:
            answer = yield from self._call(request, route)
            self.memo.keep(asked, answer, stamp)
        return answer

    def observe(self, request: Request, status: int, seconds: float) -> None:
        """Count an answer that has left, in the metrics and in the log."""
        method = request.method if request.route or status == 204 else "other"
        self.desk.metrics.observe(method, request.route, status, seconds)
        self.log.request(request, status, round(seconds * 1000))

    def commit(self) -> None:
        """Make this beat's changes durable; raises Unavailable, and then none of them happened."""
        self.desk.store.commit()

    def housekeeping(self) -> None:
        """Called about once a second, between requests."""
        self._chore(self.desk.store.end_leases)
        self._chore(self.desk.store.forget_old_answers)

    def idle(self) -> bool:
        """Called in a beat that has time: a few milliseconds of work. True where there may be more of it."""
        return bool(self._chore(self.desk.store.index_some))

    def _chore(self, work):
        try:
            return work()
        except workflow.Unavailable:  # another program holds the database: there is time
            return None
        except Exception as problem:
            self.log.trouble(Request("-", "-", id="housekeeping"), "".join(traceback.format_exception(problem)))

    # -- manners --------------------------------------------------------------------------------

    def _find(self, path):
        """The methods of a path and what stands at its {…}. A trailing slash makes no difference."""
        node, references = self.tree, ()
        if path == "*":
            return {}, references
        for segment in map(_unquoted, path[1:].removesuffix("/").split("/")):
            if segment in node:
                node = node[segment]
            elif ANY in node:
                node, references = node[ANY], (*references, segment)
            else:
                node = {}
                break
        if METHODS not in node:
            raise workflow.NotFound(f"nothing is at {path}; GET /health tells that the desk is there")
        return node[METHODS], references

    def _check_host(self, request):
        """Refuse names that are not this desk's: a foreign page could point its own at us (DNS rebinding).

        Beyond loopback an address is as good as a name of ours: nobody can point that elsewhere.
        """
        host = request.host.lower()
        name = host[: host.index("]") + 1] if "]" in host else host.partition(":")[0]
        if host and name not in self.hosts and not (self.is_public and _is_address(name)):
            raise BadRequest(421, "MISDIRECTED_REQUEST", f"this desk is not {request.host}; ask for it as localhost")

    def _check_origin(self, request):
        """Refuse what a foreign page could do without asking: writes, and WebSockets, for which no CORS exists."""
        is_open_to_all = request.method not in WRITES and "upgrade" not in request.headers
        if "origin" in request.headers and not is_open_to_all and not self._is_friend(request):
            raise workflow.Forbidden(f"a page of {request.headers['origin']} may not do that here; see CORS_ORIGINS")

    def _is_friend(self, request):
        """Whether the page that asks is the desk's own, on loopback, or in CORS_ORIGINS."""
        origin = request.headers["origin"]
        if origin in self.origins or origin.lower() == f"http://{request.host.lower()}":
            return True
        try:
            parts = urlsplit(origin)
            name = parts.netloc.lower().removesuffix(f":{parts.port}")
            return parts.scheme in ("http", "https") and name in LOOPBACK_HOSTS
        except ValueError:
            return False

    def _finish(self, request, answer):
        """The answer with the headers that every answer carries."""
        given = {name for name, _ in answer.headers}
        always = (header for header in self._always if header[0] not in given)
        headers = (*answer.headers, ("X-Request-Id", request.id), *always)
        if answer.body and "Content-Type" not in given:
            headers = (("Content-Type", "application/json"), *headers)
        if "Cache-Control" not in given:
            headers += (("Cache-Control", "no-cache"),)
        if answer.goes_on and answer.status == 200 and request.version >= (1, 1):
            headers += (("Transfer-Encoding", "chunked"),)
        if "origin" in request.headers and self._is_friend(request):
            origin = ("Access-Control-Allow-Origin", request.headers["origin"])
            headers += (origin, ("Access-Control-Expose-Headers", EXPOSED_HEADERS))
        return Answer(answer.status, answer.body, headers, answer.more, answer.session)

    def refuse(self, request: Request, problem: Exception) -> Answer:
        """The error answer for anything raised: JSON, or RFC 9457 where the client asks for it."""
        if isinstance(problem, BdbQuit):  # "quit" in the debugger ends the desk, not the request
            raise problem
        request.id = request.id or next(self._ids)
        status = problem.status if isinstance(problem, BadRequest) else STATUS.get(type(problem), 500)
        facts = {"error": _title(status, problem), "code": getattr(problem, "code", "INTERNAL_ERROR")}
        facts |= {"message": str(problem), "details": getattr(problem, "details", {}), "request_id": request.id}
        facts |= getattr(problem, "facts", {})
        if status == 500:
            facts["message"] = f"the desk made a mistake; its log tells more under request {request.id}"
            self.log.trouble(request, "".join(traceback.format_exception(problem)))
        elif status == 503:
            self.log.trouble(request, str(problem))
        headers = getattr(problem, "headers", ()) + _error_headers(status, problem, facts)
        if "application/problem+json" in request.headers.get("accept", ""):
            standard = {"type": "about:blank", "title": facts.pop("error"), "status": status}
            standard["detail"] = facts.pop("message")
            facts = {**standard, **facts, "status": status}  # a draft's status gives way: RFC 9457 wants the number
            headers += (("Content-Type", "application/problem+json"),)
        return self._finish(request, reply(status, facts, *headers))


def _tree(routes):
    """Nested dicts by path segment; under ANY what follows a {…}, under METHODS the routes that end here."""
    tree = {}
    for route in routes:
        node = tree
        for segment in route.path[1:].split("/"):
            node = node.setdefault(ANY if segment.startswith("{") else segment, {})
        node.setdefault(METHODS, {})[route.method] = route
    return tree


def with_rules(route: Route, rules: dict) -> Route:
    """The route with every "table.column" in its query and body replaced by that column's rule."""

    def bind(named):
        found = {}
        for name, rule in named.items():
            if isinstance(rule, str):
                table, _, column = rule.partition(".")
                rule = rules[table][column]
            found[name] = rule._replace(members=bind(rule.members))
        return found

    body = route.body and route.body._replace(extra=bind(route.body.extra))
    return route._replace(query=bind(route.query), body=body)


def _is_address(name):
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _allow(methods):
    names = {*methods, "OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
    return ", ".join(sorted(names))


def _preflight(methods):
    allow = ("Access-Control-Allow-Methods", _allow(methods))
    return allow, ("Access-Control-Allow-Headers", ALLOWED_HEADERS), ("Access-Control-Max-Age", "600")


def _unquoted(segment):
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise workflow.Invalid(f"the path is not percent-encoded UTF-8: {segment[:80]}") from None


def _read_body(request):
    """The body's JSON; an empty body is {} and needs no type."""
    if not request.body:
        return {}
    media_type, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    charset = re.search(r'charset\s*=\s*"?([^\s";]+)', parameters)
    is_json = media_type.strip() == "application/json" or media_type.strip().endswith("+json")
    if not is_json or (charset and charset[1] not in ("utf-8", "utf8")):
        raise BadRequest(415, "UNSUPPORTED_MEDIA_TYPE", TYPE_HINT)
    return parse_json(request.body)


def _scope(request, route):
    """Where an idempotency key counts: its user, method and path. None without a key."""
    given = request.headers.get("idempotency-key")
    if given is None or route.method not in ("POST", "PATCH") or route.is_secret:
        return None
    key = KEY.fullmatch(given)
    if not key:
        raise workflow.Invalid("Idempotency-Key must be 1 to 255 visible ASCII characters, in quotes or without")
    path = "/".join((route.path, *request.references))
    caller = f"{request.caller.id} (own tickets)" if request.caller.only_own else request.caller.id
    return {"caller": caller, "method": route.method, "path": path, "key": key[1] or key[2]}


def _title(status, problem):
    if isinstance(problem, workflow.Invalid):
        return "Validation Error"
    return "Internal server error" if status == 500 else PHRASES[status]


def _error_headers(status, problem, facts):
    retry_after = getattr(problem, "retry_after", None)
    headers = (("Retry-After", str(retry_after)),) if retry_after else ()
    if status == 401:
        headers += (("WWW-Authenticate", 'Bearer realm="support desk"'),)
    if "version" in facts:
        headers += (("ETag", f'"{facts["version"]}"'),)
    return headers
