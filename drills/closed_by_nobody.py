"""A ticket is closed and nobody has closed it: its history knows no such step.

"The customer asks why his ticket is closed. I ask my team, and nobody was near it. The history has the ticket being
made, then an ordinary edit by the customer himself, and no transition at all; customers cannot even close. The
auditors would like to know how a ticket gets from new to closed without passing anything in between."
"""

STARS = 2
FAMILY = ""
SECTION = "Authorization"
FILE = "web/validation.py"
CLEAN = "        if name in writable:\n"
PLANTED = "        if name in columns or name in body.aliases:\n"
HINTS = (
    "Look at that edit in the history: GET /tickets/1/events says under data.changes what it set. Can you send such "
    "an edit yourself?",
    "PATCH /tickets/1 has six fields that a client may set; the README's table lists them. What happens to the others "
    "that a ticket has, when somebody sends them?",
    "Each endpoint says in a Body which fields it takes, and one loop of web/validation.py goes through what was sent. "
    "Which names does it let through, and what is `writable` good for?",
)
EXPLANATION = """
The door applied every field that is a column, instead of every field that this endpoint lets a client set. So a
PATCH could write `state` past the workflow, `locked_by` past the locks, and a create could choose its own `uuid`.
Nothing looks wrong, because the fields that were meant to work go on working, and a client that sends a ticket back
as it was read changes nothing. In real systems this comes with convenience: update(**request.json), a serializer
with "all fields", a form bound straight to a row. In 2012 somebody added his own key to the Rails project on GitHub
that way. List what may be set, endpoint by endpoint; everything else is ignored or refused, never applied.
"""
PROVENANCE = (
    "CWE-915: Improperly Controlled Modification of Dynamically-Determined Object Attributes",
    "OWASP API3:2023 Broken Object Property Level Authorization",
    "GitHub, March 2012: a public key was added to another account by an extra form field",
)

OTHERS = {
    "id": 77,
    "uuid": "00000000-0000-4000-8000-000000000000",
    "state": "closed",
    "created_by": "user-2",
    "created_at": "2020-01-01T00:00:00.000Z",
    "updated_at": "2020-01-01T00:00:00.000Z",
    "version": 40,
    "locked_by": "user-1",
    "lock_expires_at": "2999-01-01T00:00:00.000Z",
}
CUSTOMER = {"X-User-Id": "user-1", "X-User-Role": "customer"}


def check(lab):
    desk = lab.desk()
    ticket = desk.new_ticket()
    path = f"/tickets/{ticket['id']}"
    for name, value in OTHERS.items():
        before = desk.get(path).json[name]
        desk.patch(path, {name: value}, CUSTOMER)
        yield f"an edit that sends {name} leaves it as it was", before, desk.get(path).json[name]
    types = {event["type"] for event in desk.get(f"{path}/events").json["events"]}
    yield "the history of this ticket has no event but Created", ["Created"], sorted(types)
    yield from from_birth(desk)
    read = desk.get(path).json
    changed = {"title": "Changed", "category": "billing", "priority": "low"}
    reply = desk.patch(path, {**read, **changed}, CUSTOMER)
    yield "a ticket that was read may be sent back with changes", 200, reply.status
    seen = desk.get(path).json
    yield "title, category and priority are then what was sent", changed, {name: seen[name] for name in changed}
    yield "these three fields are one change: the version grows by one", 1, seen["version"] - read["version"]
    other = desk.new_ticket()["id"]
    desk.fire(other, "assign", "start_work", "resolve", "close")
    yield "assign, start_work, resolve and close make another ticket closed", "closed", desk.get(
        f"/tickets/{other}"
    ).json["state"]
    types = [event["type"] for event in desk.get(f"/tickets/{other}/events").json["events"]]
    yield "its history has these four steps", ["Assigned", "StartWorked", "Resolveed", "Closeed"], types[-4:]


def from_birth(desk):
    """A new ticket takes none of them either."""
    new = desk.new_ticket(**OTHERS)
    for name, value in OTHERS.items():
        came = "what was sent" if new[name] == value else "the desk's own"
        yield f"a create that sends {name} gets the desk's own", "the desk's own", came
    told = desk.get(f"/tickets/{new['id']}/at/1").json or {}
    others = sorted(name for name in new.keys() | told.keys() if new.get(name) != told.get(name))
    yield "the new ticket and its history differ in no field", [], others
