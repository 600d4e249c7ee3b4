"""The desk's API: one small function per endpoint, one table of routes, and main().

An endpoint gets the desk (settings, store, plug-in) and a request whose fields, caller and
reference the door has checked. It returns an answer, raises a refusal of workflow.py, or yields a
job for the slow lane and goes on with its result. Every write runs inside a savepoint.
"""

import sys

if sys.version_info < (3, 10):  # before the imports, which an older Python cannot read
    sys.exit(f"app.py: Python {sys.version.split()[0]} is too old; the desk needs 3.10 or newer")

import argparse
import gc
import os
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Callable, NamedTuple
from uuid import uuid4

import workflow
from llm import PLUGINS, Plugin, classify_by_rules
from store import MAX_ID, Store, Unusable, text_time
from web import demo
from web.door import Door, Route, reply
from web.http1 import Answer
from web.log import Log
from web.server import DeskServer
from web.validation import Body, Rule

HERE = Path(__file__).resolve().parent
BUG_MODE_MARK = HERE / "bug-mode.txt"  # stands in a planted copy and names its bug


class Desk(NamedTuple):
    """What endpoints work with."""

    settings: SimpleNamespace
    store: Store
    plugin: Plugin
    log: Log


# -- endpoints ----------------------------------------------------------------------------------


def health(desk, request) -> Answer:
    facts = {"status": "ok", "bug_mode": desk.settings.bug_mode or None, "auth": "open"}
    return reply(200, {**facts, "classifier": desk.settings.classifier})


def ready(desk, request) -> Answer:
    try:
        desk.store.ping()
    except workflow.Unavailable as problem:
        return reply(503, {"status": "unavailable", "checks": {"database": str(problem)}})
    return reply(200, {"status": "ready", "checks": {"database": "ok"}})


def create_ticket(desk, request) -> Answer:
    ticket = add_classified(desk, request.caller, request.fields)
    return reply(201, ticket, ("Location", f"/tickets/{ticket['id']}"))


def add_classified(desk, caller, fields) -> dict:
    """A new ticket; a category or priority that was not given is suggested by the rules, never the network."""
    category, priority = classify_by_rules(f"{fields['title']}\n{fields['description']}")
    suggested = {"category": category, "priority": priority}
    chosen = {name: value for name, value in suggested.items() if name not in fields}
    return desk.store.add_ticket(caller, {**chosen, **fields}, **({"suggested_by_rules": chosen} if chosen else {}))


def create_support_ticket(desk, request) -> Answer:
    uuid = str(uuid4())
    unstated = {"uuid": uuid, "title": f"Ticket {uuid[:8]}", "description": "No description"}
    ticket = add_classified(desk, request.caller, {**unstated, **request.fields})
    return reply(201, as_aggregate(ticket), ("Location", f"/tickets/{ticket['id']}"))


def as_aggregate(ticket) -> dict:
    """A ticket as the Petri net sees it."""
    net = {"state": workflow.marking(ticket["state"]), "places": list(workflow.PLACES)}
    enabled = workflow.enabled(ticket["state"])
    return {"aggregate_id": ticket["uuid"], "version": ticket["version"], **net, "enabled_transitions": enabled}


def list_tickets(desk, request):
    filters = {"limit": 100, **request.fields}
    if "search" in filters:  # may read every ticket: not on the beat
        return reply(200, (yield desk.store.aside(Store.tickets, filters)))
    return reply(200, desk.store.tickets(filters))


def get_ticket(desk, request) -> Answer:
    ticket = desk.store.ticket(request.reference)
    etag = f'"{ticket["version"]}"'
    known = request.headers.get("if-none-match", "")
    if known == "*" or etag in [tag.strip().removeprefix("W/") for tag in known.split(",")]:
        return Answer(304, b"", (("ETag", etag),))
    ticket["comments"] = desk.store.comments(ticket["id"])
    ticket["drafts"] = desk.store.drafts(ticket["id"])
    ticket["enabled_transitions"] = workflow.enabled(ticket["state"])
    return reply(200, ticket, ("ETag", etag))


def ticket_to_change(desk, request) -> dict:
    """The ticket of the request's path, if it is still what If-Match says; else PreconditionFailed."""
    ticket = desk.store.ticket(request.reference)
    expected = request.headers.get("if-match", "*")
    if expected != "*" and f'"{ticket["version"]}"' not in [tag.strip() for tag in expected.split(",")]:
        stale = f"ticket {ticket['id']} is at version {ticket['version']} now; read it again, then repeat the change"
        raise workflow.PreconditionFailed(stale, version=ticket["version"])
    return ticket


def edit_ticket(desk, request) -> Answer:
    """Change fields; a status fires every transition on the shortest way to it, each with its own gate."""
    ticket = ticket_to_change(desk, request)
    fields = dict(request.fields)
    status = fields.pop("status", ticket["status"])
    ticket = desk.store.edit_ticket(request.caller, ticket, fields)
    for step in workflow.path(ticket["state"], status, request.caller):
        data = {"assignee": fields["assignee"]} if fields.get("assignee") and step.name == "assign" else {}
        ticket = desk.store.fire(request.caller, ticket, step.name, data)
    return reply(200, ticket, ("ETag", f'"{ticket["version"]}"'))


def list_comments(desk, request) -> Answer:
    return reply(200, {"comments": desk.store.comments(desk.store.ticket(request.reference)["id"])})


def add_comment(desk, request) -> Answer:
    internal = request.fields.get("internal", False)
    if internal:
        request.caller.must("agent", "an internal comment")
    ticket = ticket_to_change(desk, request)
    comment = desk.store.add_comment(request.caller, ticket, request.fields["body"], internal)
    return reply(201, comment, ("Location", f"/tickets/{ticket['id']}/comments"))


def write_draft(desk, request):
    ticket = ticket_to_change(desk, request)
    body = yield lambda: desk.plugin.write(ticket)
    ticket = desk.store.ticket(request.reference)  # it may have moved on while the writer wrote
    draft = desk.store.add_draft(request.caller, ticket, body, desk.settings.classifier)
    return reply(201, draft, ("Location", f"/tickets/{ticket['id']}"))


def edit_draft(desk, request) -> Answer:
    draft = desk.store.draft(request.reference)
    return reply(200, desk.store.edit_draft(request.caller, draft, request.fields["body"]))


def approve_draft(desk, request) -> Answer:
    draft = desk.store.draft(request.reference)
    if "body" in request.fields:
        draft = desk.store.edit_draft(request.caller, draft, request.fields["body"])
    return reply(200, desk.store.approve_draft(request.caller, draft))


def reject_draft(desk, request) -> Answer:
    return reply(200, desk.store.reject_draft(request.caller, desk.store.draft(request.reference)))


def list_events(desk, request):
    filters = {"limit": 100, **request.fields}
    if "ticket" in filters:
        filters["ticket"] = desk.store.ticket(filters["ticket"])["id"]
    return reply(200, (yield desk.store.aside(Store.events, filters)))


def verify_events(desk, request):
    return reply(200, (yield desk.store.aside(Store.verify_chain)))


# -- routes -------------------------------------------------------------------------------------

NEW_TICKET = Body("tickets", required="title description", optional="category priority")
NEW_SUPPORT_TICKET = Body("tickets", optional="title description category priority", aliases={"subject": "title"})
TICKET_CHANGES = Body(
    "tickets",
    optional="title description category priority assignee status",
    ignored="comments drafts enabled_transitions",
)
LIMIT = Rule("integer", lowest=1, highest=1000)
TICKET_FILTERS = {
    name: f"tickets.{name}" for name in ("category", "priority", "status", "state", "assignee", "created_by")
} | {"search": Rule(highest=200), "limit": LIMIT, "before": Rule("integer", highest=MAX_ID)}
EVENT_FILTERS = {
    "ticket": Rule(highest=36),
    "type": "audit_events.type",
    "actor": Rule(highest=64),
    "after": Rule("integer", lowest=0, highest=MAX_ID),
    "limit": LIMIT,
}

ROUTES = (
    Route("GET", "/health", health),
    Route("GET", "/ready", ready),
    Route("POST", "/tickets", create_ticket, body=NEW_TICKET),
    Route("GET", "/tickets", list_tickets, query=TICKET_FILTERS),
    Route("GET", "/tickets/{id}", get_ticket),
    Route("PATCH", "/tickets/{id}", edit_ticket, body=TICKET_CHANGES),
    Route("GET", "/tickets/{id}/comments", list_comments),
    Route("POST", "/tickets/{id}/comments", add_comment, body=Body("comments", required="body", optional="internal")),
    Route("POST", "/tickets/{id}/draft", write_draft, body=Body("drafts")),
    Route("PATCH", "/drafts/{id}", edit_draft, body=Body("drafts", required="body"), role="agent"),
    Route("POST", "/drafts/{id}/approve", approve_draft, body=Body("drafts", optional="body"), role="agent"),
    Route("POST", "/drafts/{id}/reject", reject_draft, body=Body("drafts"), role="agent"),
    Route("GET", "/audit-events", list_events, query=EVENT_FILTERS),
    Route("GET", "/audit-events/verify", verify_events),
    Route("POST", "/api/support-ticket", create_support_ticket, body=NEW_SUPPORT_TICKET),
    Route("POST", "/api/supportticket", create_support_ticket, body=NEW_SUPPORT_TICKET),
)


# -- settings -----------------------------------------------------------------------------------


class Setting(NamedTuple):
    """One row of the settings: an option, the environment variables behind it, and what may stand there."""

    name: str
    variables: tuple
    default: str
    parse: Callable  # raises ValueError saying what is allowed
    help: str

    @property
    def option(self) -> str:
        return "--" + self.name.replace("_", "-")


def port_number(text):
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise ValueError("a whole number from 0 to 65535 (0 takes any free port)")
    return int(text)


def loopback(text):
    if text not in ("127.0.0.1", "::1", "localhost"):
        raise ValueError("127.0.0.1, ::1 or localhost: whoever reaches the desk may say who they are")
    return text


def one_of(*choices):
    def parse(text):
        if text not in choices:
            raise ValueError(" or ".join(choices))
        return text

    return parse


def origins(text):
    found = tuple(filter(None, (origin.strip() for origin in text.split(","))))
    if not all(origin.startswith(("http://", "https://")) and origin.count("/") == 2 for origin in found):
        raise ValueError("origins such as https://desk.example, separated by commas")
    return found


SETTINGS = (
    Setting("port", ("PORT",), "8080", port_number, "the port to listen on"),
    Setting("host", ("HOST",), "127.0.0.1", loopback, "the loopback address to listen on"),
    Setting("db", ("SUPPORT_DESK_DB", "DB_PATH"), str(HERE / "support-desk.sqlite3"), str, "the database file"),
    Setting("classifier", ("CLASSIFIER",), "rules", one_of(*PLUGINS), "who writes drafts: rules, offline"),
    Setting("log_format", ("LOG_FORMAT",), "text", one_of("text", "json"), "how the log is written: text or json"),
    Setting("cors_origins", ("CORS_ORIGINS",), "", origins, "other origins whose pages may use the desk"),
)


def read_settings(options: dict, environ: dict) -> SimpleNamespace:
    """Every setting's value: option, then environment, then default. Unusable for a value not allowed."""
    settings = SimpleNamespace(bug_mode=BUG_MODE_MARK.read_text().strip() if BUG_MODE_MARK.exists() else "")
    for setting in SETTINGS:
        named = {setting.option: options.get(setting.name), **{name: environ.get(name) for name in setting.variables}}
        where, text = next(((name, text) for name, text in named.items() if text), ("default", setting.default))
        try:
            setattr(settings, setting.name, setting.parse(text))
        except ValueError as allowed:
            raise Unusable(f"{where}={text!r} is not allowed; it may be {allowed}") from None
    return settings


def command_line() -> argparse.ArgumentParser:
    about = "A support desk on a bare Python. Options win over environment variables; an empty value counts as unset."
    parser = argparse.ArgumentParser("app.py", description=about, allow_abbrev=False)
    for setting in SETTINGS:
        variables = ", then ".join(setting.variables)
        parser.add_argument(setting.option, help=f"{setting.help} [{variables}; default: {setting.default or 'none'}]")
    parser.add_argument("--demo", action="store_true", help="fill an empty database with a believable desk, then serve")
    parser.add_argument("--verify", action="store_true", help="check the database, its audit chain and its replay")
    parser.add_argument("--backup", metavar="FILE", help="copy the database to FILE, also while a desk serves it")
    parser.epilog = (
        "VEDYA_BUG_MODE=NAME plants a bug in a copy of the desk and runs the copy: for labs only. "
        "NO_COLOR set to anything keeps the log without colour."
    )
    return parser


# -- commands -----------------------------------------------------------------------------------


def main(argv: list[str], environ: dict) -> int:
    """Run one command. Returns the exit status: 0 done, 1 --verify found a difference, 2 cannot start."""
    options = command_line().parse_args(argv)
    try:
        settings = read_settings(vars(options), environ)
        if options.verify:
            return verify(settings)
        if options.backup:
            return backup(settings, options.backup)
        colour = sys.stderr.isatty() and not environ.get("NO_COLOR")
        return serve(settings, Log(sys.stderr, settings.log_format == "json", colour), options.demo)
    except Unusable as problem:
        print(f"app.py: {problem}", file=sys.stderr)
        return 2


def serve(settings, log, with_demo: bool) -> int:
    with listen(settings, log) as server:
        who = f"process {os.getpid()} on port {server.server_port}"
        with closing(Store(settings.db, holder=who)) as store:
            if with_demo:
                if not store.is_empty():
                    raise Unusable(f"--demo: {settings.db} has tickets already; use another SUPPORT_DESK_DB")
                demo.fill(store, text_time, PLUGINS["rules"].write)
            server.door = open_door(settings, store, log)
            print(banner(settings, server.server_port), flush=True)
            gc.freeze()  # what is here now lives as long as the desk: no need to look at it again
            gc.set_threshold(50_000)
            server.stop_on_signals()
            server.serve_forever()
    print("stopped: every answer given is in the database", flush=True)
    return 0


def listen(settings, log) -> DeskServer:
    """A server that listens and does not serve yet."""
    try:
        server = DeskServer((settings.host, settings.port), log)
    except OSError as problem:
        where = f"{settings.host}:{settings.port}"
        raise Unusable(f"cannot listen on {where}: {problem.strerror}; stop what does or choose another PORT") from None
    return server


def open_door(settings, store, log) -> Door:
    return Door(Desk(settings, store, PLUGINS[settings.classifier], log), ROUTES)


def banner(settings, port) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return (
        f"Support Desk on http://{host}:{port}\n"
        f"database {settings.db}, auth open, bug mode {settings.bug_mode or 'none'}, classifier {settings.classifier}\n"
        "Ctrl-C stops"
    )


def verify(settings) -> int:
    sound = True
    with closing(Store(settings.db, read_only=True)) as store:
        for checked, difference in store.verify():
            print(f"{'NO' if difference else 'ok'}  {checked}{': ' if difference else ''}{difference or ''}")
            sound = sound and not difference
    return 0 if sound else 1


def backup(settings, path) -> int:
    if Path(path).exists():
        raise Unusable(f"{path} exists already; name a new file for the backup")
    with closing(Store(settings.db, read_only=True)) as store:
        store.backup(path, lambda done, pages: print(f"backup: {done} of {pages} pages", flush=True))
    return 0


if __name__ == "__main__":
    if os.environ.get("VEDYA_BUG_MODE") and not BUG_MODE_MARK.exists():
        from drills import plant

        sys.exit(plant.run(os.environ["VEDYA_BUG_MODE"], sys.argv[1:]))
    sys.exit(main(sys.argv[1:], os.environ))
