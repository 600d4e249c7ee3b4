"""Untitled rows stand in the queue; the agents cannot find those tickets again.

"Since the release there are tickets without any title. Nobody can say on the phone which one is meant, and
the search finds none of them. Our own form refuses an empty title, so they must come in some other way."
"""

STARS = 1
FAMILY = ""
SECTION = "Validation and types"
FILE = "schema.sql"
CLEAN = "12288, 65279))) BETWEEN 1 AND 200)"
PLANTED = "12288, 65279))) BETWEEN 0 AND 200)"
HINTS = (
    'Send one yourself: POST /tickets with "title": "". Which of the two texts is refused, and which is not?',
    "No line of Python holds a limit. web/validation.py reads every limit from somewhere: from where?",
    "Compare the CHECK of tickets.title with that of tickets.description in schema.sql. A database that was "
    "made before you mend it keeps its old rule: start with a new file.",
)
EXPLANATION = """
The shortest title was 0 characters instead of 1. The rule stands once, in schema.sql; the database keeps it and
web/validation.py reads it from there, so one wrong digit opened both doors at once. A form that checks is no
protection: the next client (a script, a phone, an import) does not have it. Limits that say "at least 0", a `NOT
NULL` without a length, and an `if not title` that blanks walk past are how this happens in real systems.
"""
PROVENANCE = (
    "CWE-20: Improper Input Validation",
    "CWE-1284: Improper Validation of Specified Quantity in Input",
    "the published lab mode accept_empty_title",
)


def check(lab):
    desk = lab.desk()
    for title in ("", " ", "\u00a0\t", "\u2003"):
        reply = desk.post("/tickets", {"title": title, "description": "Cannot get in"})
        yield f"a ticket titled {title!r} is refused", 400, reply.status
    yield "a refused ticket leaves no row", 0, desk.count("tickets")
    yield "a refused ticket leaves no event", 0, desk.count("audit_events")
    reply = desk.post("/tickets", {"title": "x", "description": "Cannot get in"})
    yield "a ticket titled 'x' is accepted", 201, reply.status
    yield "it is in the queue", ["x"], [title for (title,) in desk.rows("SELECT title FROM tickets WHERE title <> ''")]
