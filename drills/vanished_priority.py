"""One agent's change of a ticket is lost as soon as another agent saves the same ticket.

"I had set the priority of the burning server to critical. Two minutes later it was medium again, and the history says
that Ann did it. Ann swears that she only corrected a word in the title; she had had the ticket open since the
morning. Our form sends back everything that it has read, and the version of what it has read, as your manual says."
"""

STARS = 3
FAMILY = ""
SECTION = "Concurrency"
FILE = "web/checks.py"
CLEAN = 'expected = request.headers.get("if-match", "*")'
PLANTED = 'expected = request.headers.get("If-Match", "*")'
HINTS = (
    "Be both agents: read a ticket twice, change it as the one, then send the other one's copy back, with the ETag of "
    "that copy as If-Match. Which response should the second agent get?",
    "The request contains the version that the sender has read. Which function compares it with the ticket's version, "
    "and what is `expected` there? Print it, or set a breakpoint.",
    "How are header names written in request.headers? Compare ticket_to_change in web/checks.py with the other "
    "functions there that read a header.",
)
EXPLANATION = """
Header names can be sent in any case, so the desk stores them in lower case. One place looked up "If-Match", as the
RFC spells it, found nothing, and used the default "*" (any version). So every outdated change was accepted, and the
last writer won (a lost update). A lookup with a default cannot tell "not sent" from "wrong name". In real systems the
version gets lost in a proxy, in a client library, or in an ORM's save() that writes every column. Test the conflict
itself: two reads, two writes, and the second write must be refused.
"""
PROVENANCE = (
    "CWE-362: Concurrent Execution using Shared Resource with Improper Synchronization",
    "CWE-178: Improper Handling of Case Sensitivity",
    "RFC 9110, section 13.1.1: If-Match, and the lost update problem",
    "zammad#246, osTicket#2504 and chatwoot#775: two agents overwrite each other",
)
ANN = {"X-User-Id": "ann", "X-User-Role": "agent"}
BOB = {"X-User-Id": "bob", "X-User-Role": "agent"}


def check(lab):
    desk = lab.desk()
    path = f"/tickets/{desk.new_ticket(title='Servr burns', priority='medium')['id']}"
    read = desk.get(path, ANN)
    seen = {"If-Match": read.headers["ETag"]}
    form = {name: read.json[name] for name in ("title", "description", "category", "priority")}
    yield "bob's change of the version that he has read is accepted", 200, desk.patch(
        path, {"priority": "critical"}, BOB | seen
    ).status
    late = desk.patch(path, form | {"title": "Server burns"}, ANN | seen)
    yield "ann's change of the version from before bob's is refused", lab.one_of(409, 412), late.status
    rows = "SELECT title, priority, state FROM tickets"
    yield "the ticket has bob's change, and not ann's", [("Servr burns", "critical", "new")], desk.rows(rows)
    late = desk.post(f"{path}/transitions", {"transition": "assign"}, ANN | seen)
    yield "an assign by ann of the version from before bob's is refused", lab.one_of(409, 412), late.status
    events = desk.rows("SELECT type, actor FROM audit_events WHERE version > 1")
    yield "the history has bob's change alone", [("Edited", "bob")], events
    again = {"If-Match": desk.get(path, ANN).headers["ETag"]}
    yield "ann's change of the version that she has read again is accepted", 200, desk.patch(
        path, {"title": "Server burns"}, ANN | again
    ).status
    anyway = desk.patch(path, {"category": "technical"}, BOB).status, desk.patch(path, {"assignee": "bob"}, ANN).status
    yield "changes of one field that name no version are accepted", (200, 200), anyway
    last = desk.rows("SELECT title, priority, category, assignee FROM tickets")
    yield "the ticket has all four changes", [("Server burns", "critical", "technical", "bob")], last
