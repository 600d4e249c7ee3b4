"""The desk's API: one small function per endpoint, one table of routes, and main().

An endpoint takes the context (settings, store, assistant, …) and a request whose caller, fields and path values
(`references`) web/checks.py has checked. It returns a response, or raises an error of workflow.py. Each write runs
inside one savepoint. A slow route runs on a worker thread: see web/routes.py.
"""

import sys

if sys.version_info < (3, 10):  # checked first: an older Python fails at the imports below
    sys.exit(f"app.py: Python {sys.version.split()[0]} is too old; the desk needs 3.10 or newer")

import os
from contextlib import closing
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Callable, NamedTuple

import workflow
from llm import PLUGINS, Assistant, default_plugin, with_suggestions
from store import Damaged, Store, Unusable
from web import accounts, bodies, commands, debug, demo, export, files, live, metrics, offline, openapi, petri_net
from web import rate_limit
from web.checks import Gate, ticket_to_change
from web.http1 import Response
from web.identity import Identity, Throttle
from web.lab import HEADERS, Lab, TracingServer
from web.log import Log, say
from web.responses import cached, encode, etag, is_known, next_link, prefers, reply, reply_text, tagged, with_members
from web.routes import Route, audit_worker, llm_worker, llm_worker_for_a_draft, password_worker, with_rules
from web.routes import worker, worker_if_long
from web.server import DeskServer, tune_interpreter
from web.settings import BadSetting, all_settings, banner, command_line, read
from web.validation import read_rules

HERE = Path(__file__).resolve().parent
MOST_COUNTED = 500  # matches that a search counts before it stops; `Prefer: count=exact` counts all
ENABLED = {state: encode(workflow.enabled(state)) for state in workflow.PLACES}
BUG_MODE_MARK = HERE / "bug-mode.txt"  # exists only in a copy with a planted bug, and names the bug


class Context(NamedTuple):
    """What every endpoint needs; the same for all requests."""

    settings: SimpleNamespace
    identity: Identity
    throttle: Throttle
    store: Store
    assistant: Assistant
    log: Log
    rules: dict  # validation rules by table and column, read from schema.sql
    metrics: metrics.Metrics
    problems: dict  # {stage of the event loop: its last error}, for some seconds; /ready shows the stages
    reference: Callable[[], dict]  # returns the OpenAPI document; the first call makes it
    lab: Lab | None  # only with DEBUG=true


# -- endpoints ----------------------------------------------------------------------------------


def health(context, request) -> Response:
    """Show that the desk is running, and with which settings."""
    facts = {"status": "ok", "bug_mode": context.settings.bug_mode or None, "auth": context.settings.auth}
    of_lab = context.lab.facts() if context.lab else {}
    return reply(200, {**facts, "classifier": context.settings.classifier, **of_lab})


def ready(context, request) -> Response:
    """Show whether the desk can read its database."""
    checks = {"database": "ok", **dict.fromkeys(context.problems, "failed; the log tells more")}
    try:
        context.store.ping()
    except workflow.Unavailable as problem:
        checks["database"] = str(problem)
    status = "ready" if set(checks.values()) == {"ok"} else "unavailable"
    return reply(200 if status == "ready" else 503, {"status": status, "checks": {**checks, **context.store.warnings}})


def create_ticket(context, request) -> Response:
    """Create a ticket; the built-in rules fill in a missing category or priority."""
    ticket = context.store.add_ticket(request.caller, *with_suggestions(request.fields))
    return reply(201, ticket, ("Location", f"/tickets/{ticket['id']}"), etag(ticket))


def create_support_ticket(context, request) -> Response:
    """Create a ticket for a client of the Petri net; the body may be empty."""
    uuid = workflow.new_uuid()
    defaults = {"uuid": uuid, "title": f"Ticket {uuid[:8]}", "description": "No description"}
    ticket = context.store.add_ticket(request.caller, *with_suggestions({**defaults, **request.fields}))
    return reply(201, petri_net.as_aggregate(ticket), ("Location", f"/tickets/{ticket['id']}"), etag(ticket))


def get_events(context, request) -> Response:
    """List the history of a ticket, oldest event first."""
    ticket = context.store.ticket(request.references[0], request.caller)
    return reply(200, context.store.history(ticket, request.caller, request.fields))


def get_ticket_at(context, request) -> Response:
    """Show a ticket as it was at a version, rebuilt from its events."""
    ticket = context.store.ticket(request.references[0], request.caller)
    return reply(200, context.store.ticket_at(ticket, request.references[1]))


def get_schema(context, request) -> Response:
    """Show the Petri net with its roles, and who may call which endpoint."""
    access = [{"method": r.method, "path": r.path, "role": r.role, "on_a_locked_desk": r.locked} for r in ROUTES]
    return reply(200, {**workflow.net(), "access": access})


def get_openapi(context, request) -> Response:
    """Describe the API as an OpenAPI 3.1 document."""
    return cached(request, context.reference())


def ticket_filters(request) -> dict:
    filters = {"limit": 100, **request.fields}
    if not prefers(request, "count", "exact"):
        filters["most_counted"] = MOST_COUNTED
    if request.caller.only_own:
        filters["owner"] = request.caller.id
    if filters.pop("mine", False):
        filters["mine"] = request.caller.id
    filters |= {"sent": request.fields, "priorities": request.route.query["priority"].choices}
    Store.check_cursor(filters)
    return filters


def export_tickets(context, request) -> Response:
    """Export tickets as a CSV file, with the filters of the list; no cell is a formula: see X-Formula-Guard."""
    limit = request.fields.get("limit", workflow.MAX_ID)
    return export.as_csv(context, {**ticket_filters(request), "most_counted": 0, "limit": limit})


def list_tickets(context, request) -> Response:
    """List tickets, newest first or sorted, with filters and pages."""
    page = context.store.tickets(ticket_filters(request))
    tickets = f"[{','.join(page.pop('tickets'))}]"
    return tagged(request, f'{{"tickets":{tickets},{encode(page)[1:]}')


def list_bare_tickets(context, request) -> Response:
    """List tickets as a bare array; the total and the next page are in the headers."""
    page = context.store.tickets(ticket_filters(request))
    headers = [("X-Total-Count", str(page["total"]))]
    if "total_is_exact" in page:
        headers.append(("X-Total-Is-Exact", "false"))
    if page["next"] is not None:
        headers.append(next_link(request, page["next"]))
    return tagged(request, f"[{','.join(page['tickets'])}]", *headers)


def get_stats(context, request) -> Response:
    """Count tickets: totals, the average per day, breakdowns, the last 30 days."""
    return cached(request, stats(context, request.caller.id if request.caller.only_own else None))


def stats(context, owner=None) -> dict:
    choices = {name: context.rules["tickets"][name].choices for name in ("priority", "category", "status", "state")}
    return context.store.stats(context.store.clock()[:10], choices, owner)


def get_metrics(context, request) -> Response:
    """Show counts and durations of requests for Prometheus."""
    return Response(200, context.metrics.text(stats(context), context.store.file_sizes()), metrics.HEADERS)


def get_ticket(context, request) -> Response:
    """Show a ticket with its comments, its drafts and its enabled transitions."""
    whole = context.store.whole_ticket(request.references[0], request.caller)
    if is_known(request, etag(whole)[1]):
        return Response(304, b"", (etag(whole),))
    parts = {name: whole[name] for name in ("comments", "comments_next", "drafts", "drafts_next")}
    parts["enabled_transitions"] = ENABLED[whole["state"]]
    return reply_text(200, with_members(whole["ticket"], **parts), etag(whole))


def ticket_of_staff(context, request, what) -> dict:
    """The ticket in the path. Raises Forbidden for a customer of a locked desk; `what` is the word for the error
    message, for example "a lock"."""
    ticket = ticket_to_change(context, request)
    if request.caller.only_own:
        request.caller.must("agent", f"{what} on a locked desk")
    return ticket


def edit_ticket(context, request) -> Response:
    """Change fields; a status fires every transition on the shortest path to it, each with its own role check."""
    ticket = ticket_to_change(context, request)
    fields = dict(request.fields)
    status = fields.pop("status", ticket["status"])
    if request.caller.only_own:
        workflow.check_own_changes(ticket, {name for name, value in fields.items() if ticket[name] != value})
    assignee = fields.get("assignee") or ticket["assignee"]
    for step in workflow.path_to_status(ticket["state"], status, request.caller):
        data = {"assignee": assignee} if assignee and step.name == "assign" else {}
        ticket = context.store.fire(request.caller, ticket, step.name, data)
    ticket = context.store.edit_ticket(request.caller, ticket, fields)
    return reply(200, ticket, etag(ticket))


def fire_transition(context, request) -> Response:
    """Fire one transition of a ticket."""
    ticket = ticket_to_change(context, request)
    ticket = context.store.fire(request.caller, ticket, request.fields["transition"], request.fields.get("data", {}))
    return reply(200, ticket, etag(ticket))


def lock_ticket(context, request) -> Response:
    """Lock a ticket for 60 seconds, or renew your lock."""
    ticket = context.store.lock_ticket(request.caller, ticket_of_staff(context, request, "a lock"))
    return reply(200, lease(ticket), etag(ticket))


def unlock_ticket(context, request) -> Response:
    """Release your lock of a ticket."""
    ticket = context.store.unlock_ticket(request.caller, ticket_of_staff(context, request, "a lock"))
    return reply(200, lease(ticket), etag(ticket))


def lease(ticket) -> dict:
    return {"ticket_id": ticket["id"], **{name: ticket[name] for name in ("uuid", "locked_by", "lock_expires_at")}}


def list_part(context, request) -> Response:
    """List the newest comments or drafts of a ticket, oldest first; `before` gives older ones."""
    kind = request.route.path.rpartition("/")[2]
    ticket = context.store.ticket(request.references[0], request.caller)
    page, following = context.store.part_of_ticket(kind, ticket, request.caller, **request.fields)
    return reply_text(200, f'{{"{kind}":{page},"next":{following}}}')


def add_comment(context, request) -> Response:
    """Add a comment to a ticket; only agents may add an internal one."""
    ticket = ticket_to_change(context, request)
    internal = request.fields.get("internal", False)
    if internal:
        request.caller.must("agent", "an internal comment")
    comment = context.store.add_comment(request.caller, ticket, request.fields["body"], internal)
    return reply(201, comment, ("Location", f"/tickets/{ticket['id']}/comments"))


def write_reply(context, request) -> Callable:
    """The work of a worker thread for add_draft: write a reply to the ticket, which is read here."""
    ticket, deadline = ticket_of_staff(context, request, "a draft"), context.assistant.start("draft", request)
    return lambda: context.assistant.write(ticket, deadline)


def add_draft(context, request) -> Response:
    """Add a draft of a reply: your text, or one that the assistant writes."""
    ticket = ticket_of_staff(context, request, "a draft")  # read again: it may have changed while the LLM wrote
    body, source, problem = request.prepared or (request.fields["body"], "hand", "")
    report_llm(context, request, problem)
    draft = context.store.add_draft(request.caller, ticket, body, source)
    return reply(201, draft, ("Location", f"/tickets/{ticket['id']}"))


def suggest(context, request) -> Callable:
    """The work of a worker thread for classify: ask the assistant for a category and a priority."""
    text, deadline = request.fields["description"], context.assistant.start("classify", request)
    return lambda: context.assistant.classify(text, deadline)


def report_llm(context, request, problem) -> None:
    if problem:
        context.log.trouble(request, f"LLM {context.settings.classifier}: {problem}")


def classify(context, request) -> Response:
    """Suggest a category and a priority; callers who prefer handling=strict get 503 when the LLM fails."""
    suggestion, problem = request.prepared
    report_llm(context, request, problem)
    if suggestion["source"] == "fallback" and prefers(request, "handling", "strict"):
        return reply(503, suggestion, ("Retry-After", str(context.assistant.retry_after())))
    return reply(200, suggestion)


def draft_to_change(context, request) -> dict:
    """The draft in the path. Raises PreconditionFailed if its ticket has another version than If-Match."""
    draft = context.store.draft(request.references[0])
    ticket_to_change(context, request, str(draft["ticket_id"]))
    return draft


def edit_draft(context, request) -> Response:
    """Change the text of a pending draft."""
    draft = draft_to_change(context, request)
    return reply(200, context.store.edit_draft(request.caller, draft, request.fields["body"]))


def approve_draft(context, request) -> Response:
    """Send a pending draft, once: its text becomes a comment."""
    draft = draft_to_change(context, request)
    if "body" in request.fields:
        draft = context.store.edit_draft(request.caller, draft, request.fields["body"])
    return reply(200, context.store.approve_draft(request.caller, draft))


def reject_draft(context, request) -> Response:
    """Reject a pending draft, once."""
    return reply(200, context.store.reject_draft(request.caller, draft_to_change(context, request)))


def list_events(context, request) -> Response:
    """List audit events of all tickets, oldest first."""
    filters = {"limit": 100, **request.fields}
    if "ticket" in filters:
        filters["ticket_id"] = context.store.ticket(filters["ticket"])["id"]
    return reply(200, context.store.events(filters))


def verify_events(context, request) -> Response:
    """Recompute the hash chain of the audit log."""
    return reply(200, context.store.verify_chain())


# -- routes -------------------------------------------------------------------------------------

CHANGED = "200 Ticket 401 403 409 412 423"
FIRED = "200 Fired 403 404 409 412 423"
LIST = {"query": bodies.TICKET_FILTERS, "runs_on": worker_if_long, "is_cacheable": True}
SUGGESTION = {"body": bodies.UNCLASSIFIED, "runs_on": llm_worker, "prepare": suggest}
DRAFT = {"body": bodies.DRAFT, "runs_on": llm_worker_for_a_draft, "prepare": write_reply}
AUDIT = {"query": bodies.EVENT_FILTERS, "locked": "staff", "runs_on": worker}
HISTORY = {"query": bodies.HISTORY, "runs_on": worker}
FIRING = {"body": bodies.FIRING_BY_PATH, "anonymous_role": None}
LOGIN = {"locked": "anyone", "keeps_response": False}
LOGGING_IN = {"runs_on": password_worker, "prepare": accounts.check_password, **LOGIN}
PASSWORD = {"runs_on": password_worker, "prepare": accounts.check_passwords, "keeps_response": False}
CONSOLE = {"anonymous_role": "admin"}  # the clients of /api/tickets have no login

ROUTES = (
    Route("GET", "/health", "200 Health", health, locked="anyone"),
    Route("GET", "/ready", "200 Readiness 503", ready, locked="anyone"),
    Route("POST", "/tickets", "201 Ticket", create_ticket, body=bodies.NEW_TICKET),
    Route("GET", "/tickets", "200 TicketPage 304", list_tickets, **LIST),
    Route("GET", "/tickets.csv", "200 text/csv", export_tickets, query=bodies.TICKET_FILTERS),
    Route("GET", "/tickets/stats", "200 Stats 304", get_stats),
    Route("POST", "/tickets/classify", "200 Suggestion 429 503", classify, **SUGGESTION),
    Route("POST", "/api/tickets/classify", "200 Suggestion 429 503", classify, **SUGGESTION, **CONSOLE),
    Route("GET", "/tickets/{id}", "200 WholeTicket 304", get_ticket, is_cacheable=True),
    Route("PATCH", "/tickets/{id}", CHANGED, edit_ticket, body=bodies.TICKET_CHANGES),
    Route("GET", "/tickets/{id}/comments", "200 CommentPage", list_part, query=bodies.PART),
    Route("GET", "/tickets/{id}/drafts", "200 DraftPage", list_part, query=bodies.PART),
    Route("POST", "/tickets/{id}/comments", "201 Comment 401 403 412", add_comment, body=bodies.COMMENT),
    Route("POST", "/tickets/{id}/draft", "201 Draft 403 412 429", add_draft, **DRAFT),
    Route("PATCH", "/drafts/{id}", "200 Draft 409 412", edit_draft, body=bodies.DRAFT_CHANGES, role="agent"),
    Route("POST", "/drafts/{id}/approve", "200 Draft 409 412", approve_draft, body=bodies.DRAFT, role="agent"),
    Route("POST", "/drafts/{id}/reject", "200 Draft 409 412", reject_draft, body=bodies.NOTHING, role="agent"),
    Route("POST", "/tickets/{id}/transitions", CHANGED, fire_transition, body=bodies.FIRING),
    Route("POST", "/tickets/{id}/lock", "200 Lease 403 412 423", lock_ticket, body=bodies.NO_CHANGES),
    Route("DELETE", "/tickets/{id}/lock", "200 Lease 403 412 423", unlock_ticket),
    Route("GET", "/tickets/{id}/events", "200 EventPage", get_events, **HISTORY),
    Route("GET", "/tickets/{id}/at/{version}", "200 Ticket", get_ticket_at, runs_on=worker),
    Route("GET", "/audit-events", "200 EventPage 404", list_events, **AUDIT),
    Route("GET", "/audit-events/verify", "200 Chain", verify_events, locked="staff", runs_on=audit_worker),
    Route("POST", "/api/tickets", "201 Ticket", create_ticket, body=bodies.NEW_TICKET, **CONSOLE),
    Route("GET", "/api/tickets", "200 Ticket[] 304", list_bare_tickets, **LIST, **CONSOLE),
    Route("GET", "/api/tickets/stats", "200 Stats 304", get_stats, **CONSOLE),
    Route("GET", "/api/tickets/{id}", "200 WholeTicket 304", get_ticket, is_cacheable=True, **CONSOLE),
    Route("PATCH", "/api/tickets/{id}", CHANGED, edit_ticket, body=bodies.TICKET_CHANGES, **CONSOLE),
    Route("GET", "/events", "200 text/event-stream 404", live.stream_events, query=bodies.LISTENING),
    Route("GET", "/ws", "101 404 426", live.open_socket, query=bodies.SOCKET, is_websocket=True),
    Route("GET", "/ws/echo", "101 404 426", live.open_echo, is_websocket=True),
    Route("GET", "/metrics", "200 text/plain", get_metrics, locked="staff"),
    Route("POST", "/api/support-ticket", "201 Aggregate", create_support_ticket, body=bodies.NEW_SUPPORT_TICKET),
    Route("GET", "/api/support-ticket/{id}", "200 Aggregate", petri_net.get_aggregate),
    Route("GET", "/api/support-ticket/{id}/events", "200 AggregateEventPage", petri_net.get_events, **HISTORY),
    Route("GET", "/api/support-ticket/{id}/at/{version}", "200 Aggregate", petri_net.get_aggregate_at, runs_on=worker),
    *(Route("POST", f"/api/{name}", FIRED, petri_net.fire_by_path, **FIRING) for name in workflow.TRANSITIONS),
    Route("GET", "/api/schema", "200 Net", get_schema),
    Route("GET", "/openapi.json", "200 OpenAPI 304", get_openapi, locked="anyone"),
    Route("GET", "/docs", "200 text/html 304", files.get_docs, locked="anyone"),
    Route("GET", "/", "200 text/html 304", files.get_page_file, locked="anyone"),
    Route("GET", "/beside", "200 text/html 304", files.get_beside, locked="anyone"),
    Route("GET", "/static/{name}", "200 */* 304", files.get_page_file, locked="anyone"),
    Route("POST", "/user/login", "200 Token 401 429", accounts.log_in, bodies.LOGIN, **LOGGING_IN),
    Route("POST", "/user/logout", "200 LoggedOut 401 403", accounts.log_out, bodies.NOTHING, keeps_response=False),
    Route("POST", "/user/password", "200 Token 401 403 429", accounts.change_password, bodies.NEW_PASSWORD, **PASSWORD),
    Route("POST", "/api/debug/login", "200 Token 404", accounts.debug_log_in, body=bodies.DEBUG_LOGIN, **LOGIN),
)

# -- start ----------------------------------------------------------------------------------------


# Below: SETTINGS has every setting, read_settings() reads their values, listen() opens the port, open_desk() the rest.
def main(argv: list[str], environ: dict) -> int:
    """Run one command. Returns the exit status: 0 done, 1 --verify or --rebuild found a difference, 2 cannot start."""
    options = command_line(SETTINGS, workflow.ROLES).parse_args(argv)
    try:
        settings = read_settings(vars(options), environ)
        if (status := commands.run(options, settings, Store, fill_with_demo, open_desk)) is not None:
            return status
        colour = bool(sys.stderr) and sys.stderr.isatty() and not environ.get("NO_COLOR")
        return serve(settings, Log(sys.stderr, settings.log_format == "json", colour), options.demo)
    except (Unusable, BadSetting, offline.Refused) as problem:
        print(f"app.py: {problem}", file=sys.stderr)
        return 1 if options.verify and isinstance(problem, Damaged) else 2
    except OSError as problem:  # the output takes no more: its disk is full, or as in `--verify | head -1`
        sys.stdout = None
        if not isinstance(problem, BrokenPipeError):
            print(f"app.py: {problem}", file=sys.stderr)
        return 2


def serve(settings, log, with_demo: bool) -> int:
    schema_rules()  # an error in schema.sql is told before a file is made
    with listen(settings, log) as server:
        server.stop_on_signals()
        who = f"process {os.getpid()} on port {server.server_port}"
        with closing(Store(settings.db, holder=who)) as store:
            if with_demo:
                if not store.is_empty():
                    raise Unusable(f"--demo: {settings.db} has tickets already; use another SUPPORT_DESK_DB")
                fill_with_demo(store)
            open_desk(server, settings, store)
            say(banner(settings, server.server_port))
            tune_interpreter()
            server.serve_forever()
    say("stopped: every open request has its response")
    return 0


# ==== the first sitting ends here: what follows is there for scale, proof and operations ====================

SETTINGS = all_settings(HERE / "support-desk.sqlite3", PLUGINS)


def read_settings(options: dict, environ: dict) -> SimpleNamespace:
    settings = read(SETTINGS, options, environ)
    settings.classifier = settings.classifier or default_plugin(settings)
    settings.bug_mode = BUG_MODE_MARK.read_text(encoding="utf-8").strip() if BUG_MODE_MARK.exists() else ""
    return settings


def fill_with_demo(store) -> None:
    demo.fill(store, workflow.text_time, PLUGINS["rules"].write)


def listen(settings, log) -> DeskServer:
    """A server that listens, but does not answer requests yet."""
    try:
        return (TracingServer if settings.debug else DeskServer)((settings.host, settings.port), log)
    except (OSError, UnicodeError, TypeError) as problem:
        why = getattr(problem, "strerror", None) or problem
        hint = "choose others, or stop the program that listens there"
        raise Unusable(f"cannot listen on HOST {settings.host}, PORT {settings.port}: {why}; {hint}") from None


@cache
def schema_rules() -> dict:
    """The rules of every column, by table. Raises Unusable for a schema.sql that validation cannot read."""
    try:
        return read_rules(Store.table_definitions())
    except ValueError as problem:
        raise Unusable(f"schema.sql: {problem}") from None


def open_desk(server, settings, store) -> None:
    """Connect the server to the store and to everything else that endpoints need."""
    identity, rules = Identity(settings.auth == "tokens", settings.secret, store.token_version), schema_rules()
    lab = Lab(server, store, identity, PLUGINS["rules"].write) if settings.debug else None
    routes = tuple(with_rules(route, rules) for route in ROUTES + (debug.ROUTES if lab else ()))
    reference = cache(lambda: openapi.document(routes, rules, identity.is_locked, HEADERS if lab else {}))
    assistant = Assistant(settings, rules, rate_limit.RateLimiter())
    tools = Throttle(), store, assistant, server.log, rules, metrics.Metrics(), {}, reference, lab
    server.open(Context(settings, identity, *tools), Gate(routes, identity, settings))


if __name__ == "__main__":
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="backslashreplace")  # print the code of a character that the terminal cannot show
    if os.environ.get("VEDYA_BUG_MODE") and not BUG_MODE_MARK.exists():
        from drills import plant

        sys.exit(plant.run(os.environ["VEDYA_BUG_MODE"], sys.argv[1:]))
    sys.exit(main(sys.argv[1:], os.environ))
