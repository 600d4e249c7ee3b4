"""Untitled tickets are in the queue, and the agents cannot find them again.

"Since the release there are tickets without a title. On the phone nobody can say which ticket they mean, and the
search does not find them. Our own form refuses an empty title, so they must come in some other way."
"""

STARS = 1
FAMILY = ""
SECTION = "Validation and types"
FILE = "schema.sql"
CLEAN = "CHECK (length(trim(title)) BETWEEN 1 AND 200)"
PLANTED = "CHECK (length(trim(title)) BETWEEN 0 AND 200)"
HINTS = (
    'Send one yourself: POST /tickets with "title": "", and another with "description": "". Which is refused?',
    "No line of Python contains a limit. web/validation.py reads every limit from another file: which one?",
    "Compare the CHECK of tickets.title with that of tickets.description in schema.sql. An existing database keeps "
    "its old CHECK: after the fix, start with a new file.",
)
EXPLANATION = """
The minimum length of a title was 0 characters instead of 1. The limit is written once, in schema.sql. The database
enforces it, and web/validation.py reads it from there, so one wrong digit disabled both checks. A check in a form
(client-side validation) does not protect the server: the next client (a script, a phone, an import) has no such form.
In real systems this bug comes from limits that say "at least 0", from `NOT NULL` without a length, and from `if not
title`, which accepts blanks.
"""
PROVENANCE = (
    "CWE-20: Improper Input Validation",
    "CWE-1284: Improper Validation of Specified Quantity in Input",
    "wagtail/wagtail#413: pages whose title is only spaces",
    "ukwa/w3act#349: titles that are one space, while the interface asks for a title",
    "the published lab mode accept_empty_title",
)
BLANKS = ("", " ", "\u00a0\t", "\u2003")


def check(lab):
    desk = lab.desk()
    for title in BLANKS:
        reply = desk.post("/tickets", {"title": title, "description": "Cannot get in"})
        yield f"a ticket titled {title!r} is refused", 400, reply.status
    yield "refused tickets leave no row and no event", (0, 0), (desk.count("tickets"), desk.count("audit_events"))
    title, other = lab.word(1), lab.word(2)
    reply = desk.post("/tickets", {"title": title, "description": "Cannot get in"})
    in_queue = [row[0] for row in desk.rows("SELECT title FROM tickets WHERE title <> ''")]
    yield "a ticket whose title is one letter is accepted, and is in the queue", (201, True), (
        reply.status,
        in_queue == [title],
    )
    number = (reply.json or {}).get("id", 0)
    yield "the other ways to give a ticket a title refuse a blank one, too", [], ways_that_accept(desk, number)
    edited = desk.patch(f"/tickets/{number}", {"title": f" {other} "}).json
    yield "an edit may give it another short title", True, (edited or {}).get("title") == other


def ways_that_accept(desk, number):
    """The ways that accept a blank title: an edit, the other paths for a ticket, a WebSocket."""
    found, new = [], {"description": "Cannot get in"}
    for method, path, body in (
        ("PATCH", f"/tickets/{number}", {"title": " "}),
        ("PATCH", f"/api/tickets/{number}", {"title": "\u00a0"}),
        ("POST", "/api/tickets", {"title": "", **new}),
        ("POST", "/api/support-ticket", {"title": "\t", **new}),
        ("POST", "/api/support-ticket", {"subject": "", **new}),
    ):
        reply = desk.request(method, path, body)
        found += [f"{method} {path} {', '.join(body)}"] if reply.status != 400 else []
    socket = desk.websocket()
    for tag, fields in (("CreateTicket", new), ("UpdateTicket", {"id": number})):
        socket.send({"_tag": tag, "ticket": {"title": "", **fields}})
        found += [tag] if (socket.next() or {}).get("_tag") != "Error" else []
    return found
