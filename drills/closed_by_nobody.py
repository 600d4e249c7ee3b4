"""A ticket is closed and nobody closed it: its history has no such step.

"The customer asks why his ticket is closed. I asked my team, and nobody touched it. The history has the creation of
the ticket, then an ordinary edit by the customer, and no transition at all; customers cannot even close. The auditors
ask how a ticket gets from new to closed without the steps in between."
"""

STARS = 2
FAMILY = ""
SECTION = "Authorization"
FILE = "web/validation.py"
CLEAN = """named = {name: name for name in f"{self.required} {self.optional}".split()} | self.aliases"""
PLANTED = "named = {name: name for name in rules} | self.aliases"
HINTS = (
    "Look at that edit in the history: GET /tickets/1/events shows under data.changes what it set. Can you send such "
    "an edit yourself?",
    "PATCH /tickets/1 has six fields that a client may set. What happens when a client sends one of the other fields "
    "of a ticket?",
    "web/bodies.py lists the fields of each endpoint in a Body. check_body in web/validation.py applies every field "
    "that is in `writable`. Which fields does Body.bound put there?",
)
EXPLANATION = """
The validation accepted every field that is a column, not only the fields that this endpoint lets a client set. So a
PATCH could set `state` without the workflow and `locked_by` without a lock, and a create could choose its own `uuid`.
Nothing looks wrong: the intended fields still work, and a client that sends a ticket back unchanged changes nothing.
In real systems this bug comes from convenient code: update(**request.json), a serializer with "all fields", a form
bound directly to a row. In 2012 somebody used it to add his public key to the Rails project on GitHub. List the
fields that may be set, for each endpoint, and ignore or refuse all others.
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
    yield "the history of this ticket has only the event Created", ["Created"], sorted(types)
    yield from check_create(desk)
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
    yield "its history has these four events", ["Assigned", "StartWorked", "Resolveed", "Closeed"], types[-4:]


def check_create(desk):
    """A new ticket does not accept these fields either."""
    new = desk.new_ticket(**OTHERS)
    for name, value in OTHERS.items():
        came = "what was sent" if new[name] == value else "the desk's own"
        yield f"a create that sends {name} gets the desk's own", "the desk's own", came
    rebuilt = desk.get(f"/tickets/{new['id']}/at/1").json or {}
    others = sorted(name for name in new.keys() | rebuilt.keys() if new.get(name) != rebuilt.get(name))
    yield "the new ticket and its history differ in no field", [], others
