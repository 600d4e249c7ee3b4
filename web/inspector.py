"""The endpoints that show the last requests and what each of them did: the request inspector of a lab."""

import ast

from web import snippets
from web.http1 import PHRASES, Request, Response
from web.recording import ROOT
from web.responses import encode, reply, tagged
from web.routes import Route
from web.trace import Trace, difference_as_json, difference_as_text
from web.tracer import MOST_TRACES
from web.validation import Rule
from workflow import NotFound

TEXT = (("Content-Type", "text/plain; charset=utf-8"),)
LONGEST_FUNCTION = 120  # lines of source code that are shown
FILES = tuple(sorted(path.relative_to(ROOT).as_posix() for at in (ROOT, ROOT / "web") for path in at.glob("*.py")))
LANGUAGES = {"curl": snippets.curl, "python": snippets.python, "fetch": snippets.fetch}


def list_requests(context, request) -> Response:
    """List the last requests of all clients, the newest first."""
    found = [trace.summary() for trace in _filtered(context, request.fields)]
    return tagged(request, encode({"requests": found[: request.fields.get("limit", MOST_TRACES)]}))


def _filtered(context, filters):
    """The traces that match: `status` is a number or 4xx, `method` is one, `path` is a part of the path."""
    status, method, path = filters.get("status"), filters.get("method", "").upper(), filters.get("path", "")
    for trace in context.lab.tracer.traces:
        own = str(trace.status or "")
        is_status = status in (None, own, f"{own[:1]}xx")
        if is_status and method in ("", trace.request.method) and path in trace.request.path:
            yield trace


def get_request(context, request) -> Response:
    """Show what a request did, step by step: as JSON, or as a tree for `Accept: text/plain` and for curl."""
    trace = _trace(context, request.references[0])
    if wants_text(request):
        return _text(trace.as_text())
    return reply(200, trace.as_json(context.store.query_plan))


def get_bodies(context, request) -> Response:
    """Show what a request sent and what it was answered, without passwords and tokens."""
    return reply(200, _trace(context, request.references[0]).bodies())


def get_code(context, request) -> Response:
    """Show a request as text to run it again, with curl, with http.client of Python, or with fetch of JavaScript."""
    trace, language = _trace(context, request.references[0]), request.references[1]
    if language not in LANGUAGES:
        raise NotFound(f"there is no text for {language[:40]}; there are {', '.join(LANGUAGES)}")
    return _text(LANGUAGES[language](trace.to_repeat(), _base(request)))


def get_http_file(context, request) -> Response:
    """Show the last requests as a .http file, the oldest first, for the REST clients of editors."""
    traces = reversed(list(_filtered(context, request.fields)))
    repeated = [trace.to_repeat() for trace in traces if trace.request.method != "-"]
    return _text(snippets.http_file(repeated, _base(request)))


def compare_requests(context, request) -> Response:
    """Compare two requests step by step, as JSON, or as two columns for `Accept: text/plain` and for curl."""
    one, other = (_trace(context, reference) for reference in request.references)
    if wants_text(request):
        return _text(difference_as_text(one, other))
    return reply(200, difference_as_json(one, other))


def get_source(context, request) -> Response:
    """Show the source code of the function around a line: a step of a trace has its file and a line."""
    name, line = request.fields.get("file", FILES[0]), request.fields.get("line", 1)
    code = (ROOT / name).read_text(encoding="utf-8")
    first, last = _function_around(code, line)
    first = max(first, line - LONGEST_FUNCTION // 2)  # of a very long one a part, with the line in it
    lines = code.splitlines()[first - 1 : min(last, first + LONGEST_FUNCTION - 1)]
    return reply(200, {"file": name, "line": line, "first": first, "lines": lines})


def _function_around(code, line):
    """The first and the last line of the innermost function or class around a line; if there is none, the line."""
    spans = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if first <= line <= node.end_lineno:
                spans.append((first, node.end_lineno))
    return max(spans, default=(line, line))


def wants_text(request: Request) -> bool:
    """Whether the client wants text and no JSON: it says so, or it says nothing, as curl does."""
    accept = request.headers.get("accept", "")
    return accept == "*/*" or accept.startswith("text/plain")


def _trace(context, request_id) -> Trace:
    if trace := context.lab.tracer.find(request_id):
        return trace
    kept = f"only those of the last {MOST_TRACES} requests are kept, see GET /debug/requests"
    raise NotFound(f"there is no trace of a request {request_id[:128]}; {kept}")


def _text(text):
    return Response(200, text.encode("utf-8", "replace"), TEXT)


def _base(request):
    return f"http://{request.host or 'localhost'}"


FILTERS = {
    "status": Rule(choices=("2xx", "3xx", "4xx", "5xx", *map(str, PHRASES))),
    "method": Rule(highest=20),
    "path": Rule(highest=200),
    "limit": Rule("integer", lowest=1, highest=MOST_TRACES),
}
SOURCE = {"file": Rule(choices=FILES), "line": Rule("integer", lowest=1, highest=100_000)}

ROUTES = (
    Route("GET", "/debug/requests", "200 RequestList 304", list_requests, query=FILTERS, locked="staff"),
    Route("GET", "/debug/requests.http", "200 text/plain", get_http_file, query=FILTERS, locked="staff"),
    Route("GET", "/debug/requests/{id}", "200 Trace", get_request, locked="staff"),
    Route("GET", "/debug/requests/{id}/body", "200 Bodies", get_bodies, locked="staff"),
    Route("GET", "/debug/requests/{id}/code/{language}", "200 text/plain", get_code, locked="staff"),
    Route("GET", "/debug/requests/{id}/diff/{other}", "200 TraceDifference", compare_requests, locked="staff"),
    Route("GET", "/debug/source", "200 Source", get_source, query=SOURCE, locked="staff"),
)
