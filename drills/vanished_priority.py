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
Header names can be sent in any case, so the desk stores them in lower case. One place looked up "If-Match", as the RFC
spells it, found nothing, and used the default "*" (any version): without a version there is no optimistic locking. So
every outdated change was accepted, and the last writer won (a lost update). A lookup with a default cannot tell "not
sent" from "wrong name". In real systems the version gets lost in a proxy, in a client library, or in an ORM's save()
that writes every column. Test the conflict itself: two reads, two writes, and the second write must be refused.
"""
PROVENANCE = (
    "CWE-362: Concurrent Execution using Shared Resource with Improper Synchronization",
    "CWE-178: Improper Handling of Case Sensitivity",
    "RFC 9110, section 13.1.1: If-Match, and the lost update problem",
    "martinrotter/rssguard#1296: a header was ignored, because it came in lower case",
    "linuxfoundation/lfevents#962: who saves an old form overwrites what others have saved meanwhile",
)
STATE = "SELECT title, priority, state, coalesce(assignee, ''), coalesce(locked_by, ''), version FROM tickets"


def late_requests(path, number, form):
    """Changes by somebody who has read an old version: {what: (method, path, body)}."""
    return {
        "change": ("PATCH", path, form),
        "change by /api/tickets": ("PATCH", f"/api{path}", form),
        "assign": ("POST", f"{path}/transitions", {"transition": "assign"}),
        "assign by /api/assign": ("POST", "/api/assign", {"aggregate_id": str(number)}),
        "comment": ("POST", f"{path}/comments", {"body": "It burns"}),
        "draft": ("POST", f"{path}/draft", {"body": "Please leave the building."}),
        "lock": ("POST", f"{path}/lock", {}),
        "edit of a draft": ("PATCH", "/drafts/1", {"body": "Please stay."}),
        "approval": ("POST", "/drafts/1/approve", {}),
        "reject": ("POST", "/drafts/1/reject", {}),
    }


def check(lab):
    desk, refused = lab.desk(), lab.one_of(409, 412)
    ann, bob = ({"X-User-Id": lab.word(), "X-User-Role": "agent"} for _ in range(2))
    number = desk.new_ticket(title="Servr burns", priority="medium")["id"]
    path = f"/tickets/{number}"
    desk.post(f"{path}/draft", {"body": "Please wait."}, bob)
    read = desk.get(path, ann)
    seen = read.headers["ETag"]
    form = {name: read.json[name] for name in ("description", "category", "priority")} | {"title": "Server burns"}
    yield "bob's change of the version that he has read is accepted", 200, desk.patch(
        path, {"priority": "critical"}, bob | {"If-Match": seen}
    ).status
    before = desk.rows(STATE)
    for what, request in late_requests(path, number, form).items():
        late = desk.request(*request, ann | {"If-Match": seen})
        yield f"ann's {what} of the version from before bob's is refused", refused, late.status
    for name in ("if-match", "IF-MATCH"):
        late = desk.patch(path, form, ann | {name: seen})
        yield f"ann's change of an old version is refused with the header {name}, too", refused, late.status
    for what, tags in (("a version that is not there yet", '"1000"'), ("two old versions", f'"1", {seen}')):
        status = desk.patch(path, form, ann | {"If-Match": tags}).status
        yield f"ann's change of {what} is refused", refused, status
    yield "the ticket has bob's change, and not ann's", before, desk.rows(STATE)
    events = desk.rows("SELECT type, actor FROM audit_events WHERE version > 2")
    yield "the history has bob's change alone", True, events == [("Edited", bob["X-User-Id"])]
    kept = desk.rows("SELECT body, status FROM drafts"), desk.count("comments")
    yield "the draft is as before, and there is no comment", ([("Please wait.", "pending")], 0), kept
    now = desk.get(path, ann).headers["ETag"]
    yield "ann's change of the version that she has read again is accepted", 200, desk.patch(
        path, {"title": "Server burns"}, ann | {"If-Match": now}
    ).status
    for which, tags, text in (("second", "{0}, {1}", "It burns"), ("first", "{1}, {0}", "It is hot")):
        now = desk.get(path, ann).headers["ETag"]
        status = desk.patch(path, {"description": text}, ann | {"If-Match": tags.format(seen, now)}).status
        yield f"a change of one of two versions, the {which} of which is the right one, is accepted", 200, status
    status = desk.patch(path, {"assignee": "cid"}, ann | {"If-Match": "*"}).status
    yield "a change of any version is accepted", 200, status
    anyway = desk.patch(path, {"category": "technical"}, bob).status, desk.patch(path, {"assignee": "bob"}, ann).status
    yield "changes of one field that name no version are accepted", (200, 200), anyway
    now = desk.get(path, ann).headers["ETag"]
    yield "an approval of the version that bob has read is accepted", 200, desk.post(
        "/drafts/1/approve", {}, bob | {"If-Match": now}
    ).status
    last = desk.rows("SELECT title, priority, category, assignee, description FROM tickets")
    yield "the ticket has all these changes", [("Server burns", "critical", "technical", "bob", "It is hot")], last
