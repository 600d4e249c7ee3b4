"""The checks before an endpoint: the host, the origin, the route, the caller, and the body or the query.

Plain functions, in the order in which admit() calls them. Each raises an error if its check fails. An endpoint runs
only for a request that passes all checks, so an error here never uses up an idempotency key.
"""

import re
from hashlib import blake2b
from ipaddress import ip_address
from urllib.parse import urlsplit

from web.http1 import BadRequest, Request
from web.identity import Identity, from_browser
from web.responses import etag
from web.routes import Route, allowed, find, route_tree
from web.settings import LOOPBACK
from web.validation import IDEMPOTENCY_KEY, check_body, check_query, parse_json
from workflow import Caller, Forbidden, Invalid, PreconditionFailed, canonical

WRITES = ("POST", "PATCH", "PUT", "DELETE")
LOOPBACK_HOSTS = {f"[{address}]" if ":" in address else address for address in LOOPBACK}
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
KEY = re.compile(IDEMPOTENCY_KEY)
TYPE_HINT = "send JSON and say so: -H 'Content-Type: application/json'"


class Gate:
    """What the checks need to know about a desk: its routes, its host names, its callers, the origins it trusts."""

    def __init__(self, routes, identity: Identity, settings):
        self.tree, self.identity = route_tree(routes), identity
        self.origins = set(settings.cors_origins)
        self.hosts = LOOPBACK_HOSTS | {settings.host.lower()}
        self.is_public = settings.host not in LOOPBACK


def stated_id(request: Request) -> str | None:
    """The X-Request-Id that the client sent; None if there is none, or if it is not allowed."""
    given = request.headers.get("x-request-id")
    return given if given is not None and REQUEST_ID.fullmatch(given) else None


def admit(gate: Gate, request: Request) -> None:
    """Set the request's route, references, caller, fields and idempotency scope. Raises the first error."""
    if request.fault:
        raise request.fault
    check_head(gate, request)
    route = request.route
    if route is None:
        return
    if route.body is not None:
        members = read_body(request)
        request.fields = check_body(members, route.body)
        if "idempotency-key" in request.headers and route.takes_key:
            request.scope = find_scope(request)
            request.fingerprint = blake2b(canonical(members).encode(), digest_size=32).hexdigest()
    else:
        request.fields = check_query(request.query, route.query) if route.query else {}


def check_head(gate: Gate, request: Request) -> None:
    """Set the request's route, references and caller. Raises the first error that its head alone shows.

    OPTIONS has no route: it only needs a path that exists.
    """
    check_host(gate, request)
    routes, request.references = find(gate.tree, request.path)
    if request.method == "OPTIONS":
        return
    if "origin" in request.headers:
        check_origin(gate, request)
    route = routes.get("GET" if request.method == "HEAD" else request.method)
    if route is None:
        allow = allowed(routes)
        raise BadRequest(405, "METHOD_NOT_ALLOWED", f"this path takes {allow}", ("Allow", allow))
    request.route = route
    request.caller = find_caller(gate.identity, request, route)


def check_host(gate: Gate, request: Request) -> None:
    """Refuse a Host that is not this desk: a foreign page could make its own name point to us (DNS rebinding).

    Beyond loopback any IP address is allowed: nobody can make an IP address point to another machine.
    """
    host = request.host.lower()
    name = host[: host.index("]") + 1] if "]" in host else host.partition(":")[0]
    if host and name not in gate.hosts and not (gate.is_public and _is_address(name)):
        raise BadRequest(421, "MISDIRECTED_REQUEST", f"this desk is not {request.host}; ask for it as localhost")


def _is_address(name):
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def check_origin(gate: Gate, request: Request) -> None:
    """Refuse writes and WebSockets of foreign pages: CORS does not stop simple writes, nor any WebSocket."""
    is_open_to_all = request.method not in WRITES and "upgrade" not in request.headers
    if not is_open_to_all and not is_trusted_origin(gate, request):
        raise Forbidden(f"a page of {request.headers['origin']} may not do that here; see CORS_ORIGINS")


def is_trusted_origin(gate: Gate, request: Request) -> bool:
    """Whether the request's page is the desk's own, on loopback, or in CORS_ORIGINS."""
    origin = request.headers["origin"]
    if origin in gate.origins or origin.lower() == f"http://{request.host.lower()}":
        return True
    try:
        parts = urlsplit(origin)
        name = parts.netloc.lower().removesuffix(f":{parts.port}")
        return parts.scheme in ("http", "https") and name in LOOPBACK_HOSTS
    except ValueError:
        return False


def find_caller(identity: Identity, request: Request, route: Route) -> Caller:
    """The caller. Raises Unauthorized or Forbidden if this caller may not use the route."""
    if route.is_websocket:
        request.headers = request.headers | from_browser(request.headers, request.query)
    if identity.is_locked and route.locked == "anyone":
        return Caller("anonymous", (), request.id)
    caller = identity.caller(request.headers, request.id, route.anonymous_role)
    role = route.role or ("agent" if identity.is_locked and route.locked == "staff" else None)
    if role:
        caller.must(role, f"{route.method} {route.path}")
    return caller


def read_body(request: Request):
    """The body's JSON; an empty body is {} and needs no Content-Type. Raises BadRequest (415) or Invalid."""
    if not request.body:
        return {}
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise BadRequest(415, "UNSUPPORTED_MEDIA_TYPE", "send the body as it is, without a Content-Encoding")
    content_type = request.headers.get("content-type", "")
    if content_type != "application/json" and not _is_json(content_type.lower()):
        raise BadRequest(415, "UNSUPPORTED_MEDIA_TYPE", TYPE_HINT)
    return parse_json(request.body)


def _is_json(content_type):
    media_type, _, parameters = content_type.partition(";")
    charset = re.search(r'charset\s*=\s*"?([^\s";]+)', parameters)
    is_json = media_type.strip() == "application/json" or media_type.strip().endswith("+json")
    return is_json and (not charset or charset[1] in ("utf-8", "utf8"))


def find_scope(request: Request) -> tuple[str, str, str, str]:
    """The scope of the request's Idempotency-Key: (caller, method, path, key). Raises Invalid."""
    key = KEY.fullmatch(request.headers["idempotency-key"])
    if not key:
        raise Invalid("Idempotency-Key must be 1 to 255 visible ASCII characters, in quotes or without")
    path = "/".join((request.route.path, *request.references))
    caller = f"{request.caller.id} (own tickets)" if request.caller.only_own else request.caller.id
    return caller, request.method, path, key[1] or key[2]


def ticket_to_change(context, request: Request, reference: str | None = None) -> dict:
    """The ticket in the path, or `reference`. Raises PreconditionFailed if If-Match has another version."""
    ticket = context.store.ticket(reference or request.references[0], request.caller)
    expected = request.headers.get("if-match", "*")
    if expected != "*" and etag(ticket)[1] not in [tag.strip() for tag in expected.split(",")]:
        stale = f"ticket {ticket['id']} is at version {ticket['version']} now; read it again, then repeat the change"
        raise PreconditionFailed(stale, version=ticket["version"])
    return ticket
