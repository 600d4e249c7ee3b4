"""The table of routes: the columns of a row, how to find the row of a path, and which thread does the work. Pure."""

from typing import Callable, NamedTuple
from urllib.parse import unquote

from web.http1 import Request
from web.responses import prefers
from web.validation import Body
from workflow import Invalid, NotFound

READERS, LLM_CALLS, PASSWORDS, AUDITS = "readers", "LLM calls", "passwords", "audits"  # the pools of worker threads
BETWEEN_TURNS = "between turns"  # not a pool of threads: see between_turns()
MOST_ON_THE_LOOP = 100  # tickets in a list; a longer list runs on a worker thread, so that other clients do not wait
MAY_READ_ALL = {"search", "sort"}  # parameters of a list
ANY, METHODS = object(), object()  # keys in the tree of routes that no path segment can equal


def event_loop(request: Request) -> None:
    """Most requests: they take much less than a millisecond, on the one thread that serves all clients."""


def worker(request: Request) -> str:
    """Slow requests: a worker thread reads with its own store, or computes."""
    return READERS


def llm_worker(request: Request) -> str:
    """Requests that wait for an LLM: they have their own threads, so that a call that hangs does not delay reads."""
    return LLM_CALLS


def password_worker(request: Request) -> str:
    """Requests with a password: its hash takes long, so many logins at the same time must not delay reads."""
    return PASSWORDS


def audit_worker(request: Request) -> str:
    """Checks of the whole audit log: they compute for seconds, so they have one thread for all."""
    return AUDITS


def worker_if_long(request: Request) -> str | None:
    """Lists: on a worker thread if the list is long or may read every ticket, else on the event loop (None)."""
    fields = request.fields
    is_long = prefers(request, "count", "exact") or fields.get("limit", 0) > MOST_ON_THE_LOOP
    return worker(request) if is_long or MAY_READ_ALL & fields.keys() else event_loop(request)


def llm_worker_for_a_draft(request: Request) -> str | None:
    """Drafts: the LLM writes on a worker thread; a text that is in the request needs no thread (None)."""
    return event_loop(request) if "body" in request.fields else llm_worker(request)


def between_turns(request: Request) -> str:
    """Work on the whole database: the event loop does it after a turn, when all is committed, sent and published."""
    return BETWEEN_TURNS


class Route(NamedTuple):
    """One row of the route table: who may call it, what a client may send, and which function makes the response.

    A rule in `query` is a Rule, or "table.column" for the rule of that column. If `runs_on` returns a pool of worker
    threads, all of a read runs there, with a read-only store. For a write, prepare(context, request) checks and reads
    on the event loop, and returns the slow function that runs there; then the endpoint runs on the loop, in one
    savepoint, with the function's result in `request.prepared`.
    """

    method: str
    path: str  # {…} stands for one segment; its value is in request.references
    responses: str  # statuses and schema of its responses, in the format of openapi.py
    endpoint: Callable
    body: Body | None = None
    query: dict = {}
    role: str | None = None  # the role that it needs
    locked: str = "user"  # who may call it on a locked desk: "anyone", a "user" with a token, or "staff"
    anonymous_role: str | None = "customer"  # the role of a caller without any identity; None: 401
    runs_on: Callable[[Request], str | None] = event_loop
    prepare: Callable | None = None
    keeps_response: bool = True  # for an idempotency key; False: it takes none
    is_websocket: bool = False
    is_cacheable: bool = False  # equal requests have equal responses until the database changes

    @property
    def takes_key(self) -> bool:
        """Whether a retry with the same Idempotency-Key gets the first response again."""
        return self.method in ("POST", "PATCH") and self.keeps_response


def route_tree(routes) -> dict:
    """Nested dicts by path segment; under ANY what follows a {…}, under METHODS the routes that end here."""
    tree = {}
    for route in routes:
        node = tree
        for segment in route.path[1:].split("/"):
            node = node.setdefault(ANY if segment.startswith("{") else segment, {})
        node.setdefault(METHODS, {})[route.method] = route
    return tree


def find(tree: dict, path: str) -> tuple[dict, tuple]:
    """({method: route} of a path, the values of its {…}). A trailing slash makes no difference. Raises NotFound."""
    node, references = tree, ()
    if path == "*":
        return {}, references
    for segment in path[1:].removesuffix("/").split("/"):
        if "%" in segment:
            segment = _unquoted(segment)
        if segment in node:
            node = node[segment]
        elif ANY in node:
            node, references = node[ANY], (*references, segment)
        else:
            node = {}
            break
    if METHODS not in node:
        is_off = path.startswith("/debug/") and "debug" not in tree
        where = "/debug/ needs a desk that runs with DEBUG=true" if is_off else "GET /docs shows all paths"
        raise NotFound(f"nothing is at {path}; {where}")
    return node[METHODS], references


def _unquoted(segment):
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise Invalid(f"the path is not percent-encoded UTF-8: {segment[:80]}") from None


def allowed(routes: dict) -> str:
    """The methods of a path, as the header Allow lists them."""
    names = {*routes, "OPTIONS"} | ({"HEAD"} if "GET" in routes else set())
    return ", ".join(sorted(names))


def with_rules(route: Route, rules: dict) -> Route:
    """The route with its body bound to the rules of its columns, and every "table.column" replaced by that rule."""

    def bind(named):
        found = {}
        for name, rule in named.items():
            if isinstance(rule, str):
                table, _, column = rule.partition(".")
                rule = rules[table][column]
            found[name] = rule._replace(members=bind(rule.members))
        return found

    body = route.body and route.body.bound(rules.get(route.body.table, {}), bind(route.body.extra))
    return route._replace(query=bind(route.query), body=body)
