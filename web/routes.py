"""The table of routes: what a row says, how a path finds its row, and on which thread its work runs. Pure."""

from typing import Callable, NamedTuple
from urllib.parse import unquote

from web.http1 import Request
from web.validation import Body
from workflow import Invalid, NotFound

READERS, LLM_CALLS = "readers", "LLM calls"  # the two pools of worker threads
ANY, METHODS = object(), object()  # keys in the tree of routes that no path segment can equal


def event_loop(request: Request) -> None:
    """Most requests: done in well under a millisecond, by the one thread that serves everybody."""


def worker(request: Request) -> str:
    """What takes longer: a worker thread reads with a store of its own, or computes."""
    return READERS


def llm_worker(request: Request) -> str:
    """What waits for another machine: so that calls that hang cannot keep reads waiting, it has threads of its own."""
    return LLM_CALLS


class Route(NamedTuple):
    """One row of the route table: who may ask for what, what may be sent, and which function answers.

    A query's rule is a Rule, or "table.column" for the column's own. Where `runs_on` names a pool of worker
    threads, a read runs there as a whole, with a read-only store; a write has `prepare` run there (which opens
    context.store.reader() if it has to read), and then its endpoint on the loop, in one savepoint, with the result in
    `request.prepared`.
    """

    method: str
    path: str  # {…} stands for one segment; it reaches the endpoint in request.references
    responses: str  # its status, what is in it, and what it refuses beyond the rules: openapi.py reads this
    endpoint: Callable
    body: Body | None = None
    query: dict = {}
    role: str | None = None  # who may
    locked: str = "user"  # who may on a locked desk: "anyone", a "user" with a token, or "staff"
    anonymous_role: str | None = "customer"  # the role of a caller without any identity; None: it is 401
    runs_on: Callable[[Request], str | None] = event_loop
    prepare: Callable | None = None
    is_secret: bool = False  # its responses are not kept under an idempotency key
    is_websocket: bool = False
    is_cacheable: bool = False  # the same question has the same answer until the database changes

    @property
    def takes_key(self) -> bool:
        """Whether a retry with the same Idempotency-Key gets the first response again."""
        return self.method in ("POST", "PATCH") and not self.is_secret


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
    """The routes of a path by method, and what stands at its {…}. A trailing slash makes no difference."""
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
        raise NotFound(f"nothing is at {path}; GET /health tells that the desk is there")
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
    """The route with its body bound to the rules of its columns, and every "table.column" replaced by that column's."""

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
