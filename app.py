"""The desk's API: one small function per endpoint, one table of routes, and main().

An endpoint gets the desk (settings, store, assistant, …) and a request whose fields, caller and
references the door has checked. It returns an answer, raises a refusal of workflow.py, or yields a
job for the slow lane and goes on with its result. Every write runs inside a savepoint.
"""

import sys

if sys.version_info < (3, 10):  # before the imports, which an older Python cannot read
    sys.exit(f"app.py: Python {sys.version.split()[0]} is too old; the desk needs 3.10 or newer")

import gc
import os
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timezone
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

import workflow
from llm import PLUGINS, Assistant, classify_by_rules, default_plugin
from store import Damaged, Store, Unusable
from web import demo, export, files, metrics, offline, openapi, shapes
from web.door import Door, Route, cached, etag, is_known, prefers, reply, with_rules
from web.http1 import Answer
from web.identity import NOBODYS_HASH, Identity, Throttle, password_fits
from web.lane import Far
from web.live import Echo, EventStream, TicketSocket, starting_point
from web.log import Log
from web.server import DeskServer
from web.settings import BadSetting, all_settings, banner, command_line, read
from web.validation import read_rules

HERE = Path(__file__).resolve().parent
MOST_COUNTED = 500  # tickets that no counter knows; who wants to know beyond that says Prefer: count=exact
README = HERE / "README.md"  # its table of endpoints has the summaries of the API reference
MOST_ON_THE_BEAT = 100  # tickets that a list shows while everybody else waits
NO_STORE = ("Cache-Control", "no-store")  # an answer with a token in it
BUG_MODE_MARK = HERE / "bug-mode.txt"  # stands in a planted copy and names its bug


class Desk(NamedTuple):
    """What endpoints work with."""

    settings: SimpleNamespace
    identity: Identity
    throttle: Throttle
    store: Store
    assistant: Assistant
    log: Log
    rules: dict  # of every column, as validation reads them from the schema
    metrics: metrics.Metrics
    reference: Callable[[], dict]  # of the API: what /openapi.json answers, made when first asked for


# -- endpoints ----------------------------------------------------------------------------------


def health(desk, request) -> Answer:
    facts = {"status": "ok", "bug_mode": desk.settings.bug_mode or None, "auth": desk.settings.auth}
    return reply(200, {**facts, "classifier": desk.settings.classifier})


def ready(desk, request) -> Answer:
    try:
        desk.store.ping()
    except workflow.Unavailable as problem:
        return reply(503, {"status": "unavailable", "checks": {"database": str(problem)}})
    return reply(200, {"status": "ready", "checks": {"database": "ok"}})


def create_ticket(desk, request) -> Answer:
    ticket = add_with_suggestions(desk, request.caller, request.fields)
    return reply(201, ticket, ("Location", f"/tickets/{ticket['id']}"), etag(ticket))


def add_with_suggestions(desk, caller, fields) -> dict:
    """A new ticket; a category or priority that was not given is suggested by the rules, never the network."""
    category, priority = classify_by_rules(f"{fields['title']}\n{fields['description']}")
    suggested = {"category": category, "priority": priority}
    chosen = {name: value for name, value in suggested.items() if name not in fields}
    return desk.store.add_ticket(caller, {**chosen, **fields}, **({"suggested_by_rules": chosen} if chosen else {}))


def create_support_ticket(desk, request) -> Answer:
    uuid = str(uuid4())
    unstated = {"uuid": uuid, "title": f"Ticket {uuid[:8]}", "description": "No description"}
    ticket = add_with_suggestions(desk, request.caller, {**unstated, **request.fields})
    return reply(201, as_aggregate(ticket), ("Location", f"/tickets/{ticket['id']}"), etag(ticket))


def as_aggregate(ticket) -> dict:
    """A ticket as the Petri net sees it."""
    net = {"state": workflow.marking(ticket["state"]), "places": list(workflow.PLACES)}
    enabled = workflow.enabled(ticket["state"])
    return {"aggregate_id": ticket["uuid"], "version": ticket["version"], **net, "enabled_transitions": enabled}


def get_aggregate(desk, request) -> Answer:
    ticket = desk.store.ticket(request.references[0], request.caller)
    return reply(200, as_aggregate(ticket), etag(ticket))


def get_aggregate_events(desk, request):
    """The same history as get_events, each event with the names that the Petri net's clients read, too."""
    ticket, page = yield from history(desk, request)
    for event in page["events"]:
        event.update(aggregate_id=ticket["uuid"], timestamp=event["at"])
    return reply(200, page)


def get_aggregate_at(desk, request):
    return reply(200, as_aggregate((yield from moment(desk, request))))


def get_events(desk, request):
    _, page = yield from history(desk, request)
    return reply(200, page)


def history(desk, request):
    """The ticket and a page of its events, oldest first, without those that this caller may not see."""
    ticket = desk.store.ticket(request.references[0], request.caller)
    page = yield desk.store.slow_read(Store.events, {"ticket_id": ticket["id"], "limit": 1000, **request.fields})
    if page["next"] is not None:
        page["next"] = page["events"][-1]["version"] + 1
    page["events"] = list(filter(None, map(request.caller.view_of, page["events"])))
    return ticket, page


def get_ticket_at(desk, request):
    return reply(200, (yield from moment(desk, request)))


def moment(desk, request):
    """The ticket's row at the version that the path names, rebuilt from its events."""
    ticket = desk.store.ticket(request.references[0], request.caller)
    version = workflow.row_number(request.references[1]) or 0
    return (yield desk.store.slow_read(Store.ticket_at, ticket, version))


def get_schema(desk, request) -> Answer:
    access = [{"method": r.method, "path": r.path, "role": r.role, "on_a_locked_desk": r.locked} for r in ROUTES]
    return reply(200, {**workflow.net(), "access": access})


def get_views(desk, request) -> Answer:
    return reply(200, {"views": shapes.VIEWS})


def get_openapi(desk, request) -> Answer:
    return cached(request, desk.reference())


def get_docs(desk, request) -> Answer:
    return files.docs(request, request.fields.get("ui"))


def get_page_file(desk, request) -> Answer:
    return files.page_file(request, *request.references)


def ticket_filters(request) -> dict:
    filters = {"limit": 100, **request.fields}
    if not prefers(request, "count", "exact"):
        filters["most_counted"] = MOST_COUNTED
    if request.caller.only_own:
        filters["owner"] = request.caller.id
    if filters.pop("mine", False):
        filters["mine"] = request.caller.id
    return filters


def list_tickets(desk, request):
    return (yield from answer_with_page(desk, request, cached))


def list_bare_tickets(desk, request):
    return (yield from answer_with_page(desk, request, bare_page))


def answer_with_page(desk, request, render):
    """render(request, page). What may read every ticket or show very many is read and rendered off the beat."""
    filters = ticket_filters(request)
    if "search" in filters or "most_counted" not in filters or filters["limit"] > MOST_ON_THE_BEAT:
        return (yield desk.store.slow_read(lambda store: render(request, store.tickets(filters))))
    return render(request, desk.store.tickets(filters))


def bare_page(request, page) -> Answer:
    """The tickets alone, as a console reads them: the total and the next page travel as headers."""
    headers = [("X-Total-Count", str(page["total"]))]
    if "total_is_exact" in page:
        headers.append(("X-Total-Is-Exact", "false"))
    if page["next"] is not None:
        asked = [(name, value) for name, value in parse_qsl(request.query) if name != "before"]
        query = urlencode([*asked, ("before", page["next"])])
        headers.append(("Link", f'<{request.path}?{query}>; rel="next"'))
    return cached(request, page["tickets"], *headers)


def export_tickets(desk, request) -> Answer:
    """Every ticket that the filters leave, newest first: read, written and sent page by page."""
    filters = {**ticket_filters(request), "most_counted": 0}

    def read_page(size, before):
        page = {"limit": size, "before": before or filters.get("before", workflow.MAX_ID)}
        return desk.store.slow_read(Store.tickets, {**filters, **page})()

    return Answer(200, b"", export.HEADERS, export.as_csv(read_page, request.fields.get("limit", workflow.MAX_ID)))


def get_stats(desk, request) -> Answer:
    return cached(request, stats(desk, request.caller.id if request.caller.only_own else None))


def stats(desk, owner=None) -> dict:
    choices = {name: desk.rules["tickets"][name].choices for name in ("priority", "category", "status", "state")}
    return desk.store.stats(workflow.utc_now()[:10], choices, owner)


def get_metrics(desk, request) -> Answer:
    return Answer(200, desk.metrics.text(stats(desk)["state_breakdown"]), metrics.HEADERS)


def get_ticket(desk, request) -> Answer:
    ticket = desk.store.ticket(request.references[0], request.caller)
    if is_known(request, etag(ticket)[1]):
        return Answer(304, b"", (etag(ticket),))
    parts = {
        "comments": comments_for(desk, request.caller, ticket),
        "drafts": [] if request.caller.only_own else desk.store.drafts(ticket["id"]),
        "enabled_transitions": workflow.enabled(ticket["state"]),
    }
    return reply(200, {**ticket, **parts}, etag(ticket))


def comments_for(desk, caller, ticket) -> list[dict]:
    comments = desk.store.comments(ticket["id"])
    return [comment for comment in comments if not (caller.only_own and comment["internal"])]


def ticket_to_change(desk, request, reference=None) -> dict:
    """The ticket that a request is about, if it is still what If-Match says; else PreconditionFailed."""
    ticket = desk.store.ticket(reference or request.references[0], request.caller)
    expected = request.headers.get("if-match", "*")
    if expected != "*" and etag(ticket)[1] not in [tag.strip() for tag in expected.split(",")]:
        stale = f"ticket {ticket['id']} is at version {ticket['version']} now; read it again, then repeat the change"
        raise workflow.PreconditionFailed(stale, version=ticket["version"])
    return ticket


def ticket_of_staff(desk, request, what) -> dict:
    """The same for `what` a customer on a locked desk has no part in."""
    ticket = ticket_to_change(desk, request)
    if request.caller.only_own:
        request.caller.must("agent", f"{what} on a locked desk")
    return ticket


def edit_ticket(desk, request) -> Answer:
    """Change fields; a status fires every transition on the shortest way to it, each with its own gate."""
    ticket = ticket_to_change(desk, request)
    fields = dict(request.fields)
    status = fields.pop("status", ticket["status"])
    if request.caller.only_own:
        workflow.check_own_changes(ticket, {name for name, value in fields.items() if ticket[name] != value})
    assignee = fields.get("assignee") or ticket["assignee"]
    for step in workflow.way_to(ticket["state"], status, request.caller):
        data = {"assignee": assignee} if assignee and step.name == "assign" else {}
        ticket = desk.store.fire(request.caller, ticket, step.name, data)
    ticket = desk.store.edit_ticket(request.caller, ticket, fields)
    return reply(200, ticket, etag(ticket))


def fire_transition(desk, request) -> Answer:
    ticket = ticket_to_change(desk, request)
    name, data = request.fields["transition"], request.fields.get("data", {})
    ticket = desk.store.fire(request.caller, ticket, name, data)
    return reply(200, ticket, etag(ticket))


def fire_by_path(desk, request) -> Answer:
    """POST /api/<transition>, as the Petri net's clients call it."""
    name = request.route.rpartition("/")[2]
    ticket = ticket_to_change(desk, request, request.fields["aggregate_id"])
    ticket = desk.store.fire(request.caller, ticket, name, request.fields.get("data", {}))
    return reply(200, {"success": True, **as_aggregate(ticket)}, etag(ticket))


def lock_ticket(desk, request) -> Answer:
    ticket = desk.store.lock_ticket(request.caller, ticket_of_staff(desk, request, "a lock"))
    return reply(200, lease(ticket), etag(ticket))


def unlock_ticket(desk, request) -> Answer:
    ticket = desk.store.unlock_ticket(request.caller, ticket_of_staff(desk, request, "a lock"))
    return reply(200, lease(ticket), etag(ticket))


def lease(ticket) -> dict:
    names = ("uuid", "locked_by", "lock_expires_at")
    return {"ticket_id": ticket["id"], **{name: ticket[name] for name in names}}


def list_comments(desk, request) -> Answer:
    ticket = desk.store.ticket(request.references[0], request.caller)
    return reply(200, {"comments": comments_for(desk, request.caller, ticket)})


def add_comment(desk, request) -> Answer:
    ticket = ticket_to_change(desk, request)
    internal = request.fields.get("internal", False)
    if internal:
        request.caller.must("agent", "an internal comment")
    comment = desk.store.add_comment(request.caller, ticket, request.fields["body"], internal)
    return reply(201, comment, ("Location", f"/tickets/{ticket['id']}/comments"))


def write_draft(desk, request):
    ticket = ticket_of_staff(desk, request, "a draft")
    body, source = request.fields.get("body"), "hand"
    if body is None:
        body, source = yield from ask_assistant(desk, request, desk.assistant.write, ticket)
        ticket = ticket_to_change(desk, request)  # it may have moved on while the writer wrote
    draft = desk.store.add_draft(request.caller, ticket, body, source)
    return reply(201, draft, ("Location", f"/tickets/{ticket['id']}"))


def classify(desk, request):
    """What the assistant suggests; where its LLM fails the fallback, as a 503 for callers who want to be told."""
    (suggestion,) = yield from ask_assistant(desk, request, desk.assistant.classify, request.fields["description"])
    if suggestion["source"] == "fallback" and prefers(request, "handling", "strict"):
        return reply(503, suggestion, ("Retry-After", str(desk.assistant.retry_after())))
    return reply(200, suggestion)


def ask_assistant(desk, request, work, told) -> list:
    """What the assistant's `work` makes of what it is told, in the far lane; why its LLM did not help goes to the log."""
    *made, trouble = yield Far(partial(work, told, desk.assistant.deadline()))
    if trouble:
        desk.log.trouble(request, f"LLM {desk.settings.classifier}: {trouble}")
    return made


def draft_to_change(desk, request) -> dict:
    """The draft of the path, if its ticket is still what If-Match says."""
    draft = desk.store.draft(request.references[0])
    ticket_to_change(desk, request, str(draft["ticket_id"]))
    return draft


def edit_draft(desk, request) -> Answer:
    draft = draft_to_change(desk, request)
    return reply(200, desk.store.edit_draft(request.caller, draft, request.fields["body"]))


def approve_draft(desk, request) -> Answer:
    draft = draft_to_change(desk, request)
    if "body" in request.fields:
        draft = desk.store.edit_draft(request.caller, draft, request.fields["body"])
    return reply(200, desk.store.approve_draft(request.caller, draft))


def reject_draft(desk, request) -> Answer:
    return reply(200, desk.store.reject_draft(request.caller, draft_to_change(desk, request)))


def list_events(desk, request):
    filters = {"limit": 100, **request.fields}
    if "ticket" in filters:
        filters["ticket_id"] = desk.store.ticket(filters["ticket"])["id"]
    return reply(200, (yield desk.store.slow_read(Store.events, filters)))


def verify_events(desk, request):
    return reply(200, (yield desk.store.slow_read(Store.verify_chain)))


def stream_events(desk, request) -> Answer:
    return EventStream(request, starting_point(request, desk.store.last_event()), desk.store).opening()


def open_socket(desk, request) -> Answer:
    return TicketSocket(request, starting_point(request, desk.store.last_event()), desk.store).opening()


def open_echo(desk, request) -> Answer:
    if not desk.settings.debug:
        raise workflow.NotFound("the echo needs a desk that runs with DEBUG=true")
    return Echo(request).opening()


def log_in(desk, request):
    desk.throttle.check(request.client)
    user = desk.store.user(request.fields["email"])
    stored = user["password_hash"] if user else NOBODYS_HASH
    fits = yield partial(password_fits, request.fields["password"], stored)
    desk.throttle.check(request.client)
    if not user or not fits:
        desk.throttle.failed(request.client)
        raise workflow.Unauthorized("the e-mail address or the password is wrong")
    return reply(200, token_for(desk, {name: user[name] for name in ("id", "email", "name", "roles")}), NO_STORE)


def debug_log_in(desk, request) -> Answer:
    """A token for anybody in any roles, with DEBUG only: so that a lab can act as everybody at once."""
    if not desk.settings.debug:
        raise workflow.NotFound("the debug login needs a desk that runs with DEBUG=true")
    user = {"id": request.fields["login"], "roles": request.fields["roles"]}
    return reply(200, token_for(desk, user), NO_STORE)


def token_for(desk, user) -> dict:
    token, ends = desk.identity.issue(user["id"], user["roles"])
    return {"token": token, "expires_at": workflow.text_time(datetime.fromtimestamp(ends, timezone.utc)), "user": user}


# -- routes -------------------------------------------------------------------------------------

ROUTES = (
    Route("GET", "/health", "200 Health", health, locked="anyone"),
    Route("GET", "/ready", "200 Readiness 503", ready, locked="anyone"),
    Route("POST", "/tickets", "201 Ticket", create_ticket, body=shapes.NEW_TICKET),
    Route("GET", "/tickets", "200 TicketPage 304", list_tickets, query=shapes.TICKET_FILTERS, is_memorable=True),
    Route("GET", "/tickets.csv", "200 text/csv", export_tickets, query=shapes.TICKET_FILTERS),
    Route("GET", "/tickets/stats", "200 Stats 304", get_stats),
    Route("POST", "/tickets/classify", "200 Suggestion 503", classify, body=shapes.UNCLASSIFIED),
    Route("POST", "/api/tickets/classify", "200 Suggestion 503", classify, body=shapes.UNCLASSIFIED, stranger="admin"),
    Route("GET", "/tickets/{id}", "200 WholeTicket 304", get_ticket, is_memorable=True),
    Route("PATCH", "/tickets/{id}", "200 Ticket 401 403 409 412 423", edit_ticket, body=shapes.TICKET_CHANGES),
    Route("GET", "/tickets/{id}/comments", "200 Comments", list_comments),
    Route("POST", "/tickets/{id}/comments", "201 Comment 401 403 412", add_comment, body=shapes.COMMENT),
    Route("POST", "/tickets/{id}/draft", "201 Draft 403 412", write_draft, body=shapes.DRAFT),
    Route("PATCH", "/drafts/{id}", "200 Draft 409 412", edit_draft, body=shapes.DRAFT_CHANGES, role="agent"),
    Route("POST", "/drafts/{id}/approve", "200 Draft 409 412", approve_draft, body=shapes.DRAFT, role="agent"),
    Route("POST", "/drafts/{id}/reject", "200 Draft 409 412", reject_draft, body=shapes.NOTHING, role="agent"),
    Route("POST", "/tickets/{id}/transitions", "200 Ticket 401 403 409 412 423", fire_transition, body=shapes.FIRING),
    Route("POST", "/tickets/{id}/lock", "200 Lease 403 412 423", lock_ticket, body=shapes.NO_CHANGES),
    Route("DELETE", "/tickets/{id}/lock", "200 Lease 403 412 423", unlock_ticket),
    Route("GET", "/tickets/{id}/events", "200 EventPage", get_events, query=shapes.HISTORY),
    Route("GET", "/tickets/{id}/at/{version}", "200 Ticket", get_ticket_at),
    Route("GET", "/audit-events", "200 EventPage 404", list_events, query=shapes.EVENT_FILTERS, locked="staff"),
    Route("GET", "/audit-events/verify", "200 Chain", verify_events, locked="staff"),
    Route("POST", "/api/tickets", "201 Ticket", create_ticket, body=shapes.NEW_TICKET, stranger="admin"),
    Route(
        "GET",
        "/api/tickets",
        "200 Ticket[] 304",
        list_bare_tickets,
        query=shapes.TICKET_FILTERS,
        stranger="admin",
        is_memorable=True,
    ),
    Route("GET", "/api/tickets/stats", "200 Stats 304", get_stats, stranger="admin"),
    Route("GET", "/api/tickets/{id}", "200 WholeTicket 304", get_ticket, stranger="admin", is_memorable=True),
    Route(
        "PATCH",
        "/api/tickets/{id}",
        "200 Ticket 401 403 409 412 423",
        edit_ticket,
        body=shapes.TICKET_CHANGES,
        stranger="admin",
    ),
    Route("GET", "/events", "200 text/event-stream 404", stream_events, query=shapes.LISTENING),
    Route("GET", "/ws", "101 404 426", open_socket, query=shapes.SOCKET, is_websocket=True),
    Route("GET", "/ws/echo", "101 404 426", open_echo, is_websocket=True),
    Route("GET", "/metrics", "200 text/plain", get_metrics, locked="staff"),
    *(
        route
        for base in ("/api/support-ticket", "/api/supportticket")
        for route in (
            Route("POST", base, "201 Aggregate", create_support_ticket, body=shapes.NEW_SUPPORT_TICKET),
            Route("GET", f"{base}/{{id}}", "200 Aggregate", get_aggregate),
            Route("GET", f"{base}/{{id}}/events", "200 AggregateEventPage", get_aggregate_events, query=shapes.HISTORY),
            Route("GET", f"{base}/{{id}}/at/{{version}}", "200 Aggregate", get_aggregate_at),
        )
    ),
    *(
        Route(
            "POST",
            f"/api/{name}",
            "200 Fired 403 404 409 412 423",
            fire_by_path,
            body=shapes.FIRING_BY_PATH,
            stranger=None,
        )
        for name in workflow.TRANSITIONS
    ),
    Route("GET", "/api/schema", "200 Net", get_schema),
    Route("GET", "/api/views", "200 Views", get_views),
    Route("GET", "/openapi.json", "200 OpenAPI 304", get_openapi, locked="anyone"),
    Route("GET", "/docs", "200 text/html 304 404", get_docs, query=shapes.DOCS, locked="anyone"),
    Route("GET", "/", "200 text/html 304", get_page_file, locked="anyone"),
    Route("GET", "/static/{name}", "200 */* 304", get_page_file, locked="anyone"),
    Route("POST", "/user/login", "200 Token 401 429", log_in, body=shapes.LOGIN, locked="anyone", is_secret=True),
    Route(
        "POST",
        "/api/debug/login",
        "200 Token 404",
        debug_log_in,
        body=shapes.DEBUG_LOGIN,
        locked="anyone",
        is_secret=True,
    ),
)

# -- settings -----------------------------------------------------------------------------------


SETTINGS = all_settings(HERE / "support-desk.sqlite3", PLUGINS)


def read_settings(options: dict, environ: dict) -> SimpleNamespace:
    settings = read(SETTINGS, options, environ)
    settings.classifier = settings.classifier or default_plugin(settings)
    settings.bug_mode = BUG_MODE_MARK.read_text(encoding="utf-8").strip() if BUG_MODE_MARK.exists() else ""
    return settings


# -- commands -----------------------------------------------------------------------------------


def main(argv: list[str], environ: dict) -> int:
    """Run one command. Returns the exit status: 0 done, 1 --verify found a difference, 2 cannot start."""
    options = command_line(SETTINGS, workflow.ROLES).parse_args(argv)
    try:
        settings = read_settings(vars(options), environ)
        if options.verify:
            with closing(Store(settings.db, read_only=True)) as store:
                return offline.verify(store)
        if options.backup is not None:
            with closing(Store(settings.db, read_only=True)) as store:
                return offline.backup(store, options.backup)
        if options.add_user is not None:
            with closing(Store(settings.db, holder=f"--add-user in process {os.getpid()}")) as store:
                return offline.add_user(store, options.add_user, options.roles, options.password_stdin)
        colour = bool(sys.stderr) and sys.stderr.isatty() and not environ.get("NO_COLOR")
        return serve(settings, Log(sys.stderr, settings.log_format == "json", colour), options.demo)
    except (Unusable, BadSetting, offline.Refused) as problem:
        print(f"app.py: {problem}", file=sys.stderr)
        return 1 if options.verify and isinstance(problem, Damaged) else 2
    except BrokenPipeError:  # whoever read our output has gone, as in `python3 app.py --verify | head -1`
        sys.stdout = None
        return 2


def serve(settings, log, with_demo: bool) -> int:
    with listen(settings, log) as server:
        server.stop_on_signals()
        who = f"process {os.getpid()} on port {server.server_port}"
        with closing(Store(settings.db, holder=who)) as store:
            if with_demo:
                if not store.is_empty():
                    raise Unusable(f"--demo: {settings.db} has tickets already; use another SUPPORT_DESK_DB")
                demo.fill(store, workflow.text_time, PLUGINS["rules"].write)
            server.door = open_door(settings, store, log)
            print(banner(settings, server.server_port), flush=True)
            gc.freeze()  # what is here now lives as long as the desk: no need to look at it again
            gc.set_threshold(50_000)
            server.serve_forever()
    print("stopped: what was in flight is answered", flush=True)
    return 0


def listen(settings, log) -> DeskServer:
    """A server that listens and does not serve yet."""
    try:
        return DeskServer((settings.host, settings.port), log)
    except (OSError, UnicodeError, TypeError) as problem:
        why = getattr(problem, "strerror", None) or problem
        where = f"HOST {settings.host}, PORT {settings.port}"
        raise Unusable(
            f"cannot listen on {where}: {why}; choose others, or stop the program that listens there"
        ) from None


def open_door(settings, store, log) -> Door:
    identity, rules = Identity(settings.auth == "tokens", settings.secret), read_rules(store.table_definitions())
    routes = tuple(with_rules(route, rules) for route in ROUTES)
    readme = README.read_text(encoding="utf-8") if README.exists() else ""
    reference = cache(lambda: openapi.document(routes, rules, openapi.read_summaries(readme), identity.is_locked))
    tools = Throttle(), store, Assistant(settings, rules), log, rules, metrics.Metrics(), reference
    return Door(Desk(settings, identity, *tools), routes)


if __name__ == "__main__":
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character shows its number
    if os.environ.get("VEDYA_BUG_MODE") and not BUG_MODE_MARK.exists():
        from drills import plant

        sys.exit(plant.run(os.environ["VEDYA_BUG_MODE"], sys.argv[1:]))
    sys.exit(main(sys.argv[1:], os.environ))
