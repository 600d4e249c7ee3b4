"""Untitled rows stand in the queue; the agents cannot find those tickets again."""

STARS = 1
FILE = "schema.sql"
CLEAN = "12288, 65279))) BETWEEN 1 AND 200)"
PLANTED = "12288, 65279))) BETWEEN 0 AND 200)"
HINTS = (
    'Send one yourself: POST /tickets with "title": "". Which of the two texts is refused, and which is not?',
    "No line of Python holds a limit. web/validation.py reads every limit from somewhere: from where?",
    "Compare the CHECK of tickets.title with that of tickets.description in schema.sql. A database that was "
    "made before you mend it keeps its old rule: start with a new file.",
)


def check(desk):
    for title in ("", " ", "\u00a0\t", "\u2003"):
        reply = desk.post("/tickets", {"title": title, "description": "Cannot get in"})
        yield f"a ticket titled {title!r} is refused", 400, reply.status
    yield "a refused ticket leaves no row", 0, desk.count("tickets")
    yield "a refused ticket leaves no event", 0, desk.count("audit_events")
    reply = desk.post("/tickets", {"title": "x", "description": "Cannot get in"})
    yield "a ticket titled 'x' is taken", 201, reply.status
    yield "it is in the queue", 1, desk.get("/tickets").json["total"]
