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
The validation accepted every field that is a column, not only the fields that this endpoint lets a client set (mass
assignment). So a PATCH could set `state` without the workflow and `locked_by` without a lock, and a create could choose
its own `uuid`. Nothing looks wrong: the intended fields still work, and a client that sends a ticket back unchanged
changes nothing. In real systems this bug comes from convenient code: update(**request.json), a serializer with "all
fields", a form bound directly to a row. In 2012 somebody used it to add his public key to the Rails project on GitHub.
List the fields that may be set, for each endpoint, and ignore or refuse all others.
"""
PROVENANCE = (
    "CWE-915: Improperly Controlled Modification of Dynamically-Determined Object Attributes",
    "OWASP API3:2023 Broken Object Property Level Authorization",
    "rails/rails#5228 and GitHub, March 2012: a public key was added to another account by an extra form field",
)

CUSTOMER = {"X-User-Id": "user-1", "X-User-Role": "customer"}
AGENT = {"X-User-Id": "agent-1", "X-User-Role": "agent"}


def others_of(lab):
    """A value for each field of a ticket that no client may set."""
    date = f"{lab.random.randint(2000, 2020)}-01-01T00:00:00.000Z"
    return {
        "id": lab.random.randint(1000, 9999),
        "uuid": f"00000000-0000-4000-8000-{lab.random.randint(10**11, 10**12 - 1)}",
        "state": lab.random.choice(("closed", "resolved", "in_progress", "escalated", "pending_customer")),
        "created_by": lab.word(),
        "created_at": date,
        "updated_at": date,
        "version": lab.random.randint(40, 90),
        "locked_by": lab.word(),
        "lock_expires_at": "2999-01-01T00:00:00.000Z",
    }


def check(lab):
    desk = lab.desk()
    ticket, others = desk.new_ticket(), others_of(lab)
    path = f"/tickets/{ticket['id']}"
    for name, value in others.items():
        desk.patch(path, {name: value}, CUSTOMER)
        yield f"an edit that sends {name} leaves it as it was", True, desk.get(path).json[name] == ticket[name]
    types = {event["type"] for event in desk.get(f"{path}/events").json["events"]}
    yield "the history of this ticket has only the event Created", ["Created"], sorted(types)
    yield from check_create(desk, others)
    yield from check_other_edits(desk, others)
    ticket = desk.get(path).json
    changed = {"title": lab.word(), "category": "billing", "priority": "low"}
    reply = desk.patch(path, {**ticket, **changed}, CUSTOMER)
    yield "a ticket that was read may be sent back with changes", 200, reply.status
    seen = desk.get(path).json
    as_sent = {name: seen[name] for name in changed} == changed
    yield "title, category and priority are then what was sent", True, as_sent
    grown = seen["version"] - ticket["version"]
    yield "title, category and priority are one change: the version grows by one", 1, grown
    other = desk.new_ticket()["id"]
    desk.fire(other, "assign", "start_work", "resolve", "close")
    yield "assign, start_work, resolve and close make another ticket closed", "closed", desk.get(
        f"/tickets/{other}"
    ).json["state"]
    types = [event["type"] for event in desk.get(f"/tickets/{other}/events").json["events"]]
    yield "the other ticket's history has these four", ["Assigned", "StartWorked", "Resolveed", "Closeed"], types[-4:]


def check_create(desk, others):
    """A new ticket does not accept these fields either, on any path."""
    for where in ("/tickets", "/api/tickets", "/api/support-ticket"):
        made = desk.post(where, {"title": "Login broken", "description": "Cannot get in", **others}, CUSTOMER)
        path = f"/tickets/{made.headers.get('Location', '').rpartition('/')[2]}"
        new, rebuilt = desk.get(path).json, desk.get(f"{path}/at/1").json or {}
        taken = sorted(name for name in others if new.get(name) == others[name])
        yield f"a new ticket with POST {where} takes none of these fields", (201, []), (made.status, taken)
        differ = sorted(name for name in rebuilt if new.get(name) != rebuilt[name])
        yield f"a new ticket with POST {where} and its history differ in no field", [], differ


def check_other_edits(desk, others):
    """An edit has other ways, too: an agent, the path /api/tickets, a WebSocket."""
    number = desk.new_ticket()["id"]
    path, socket = f"/tickets/{number}", desk.websocket()

    def on_the_socket(fields):
        socket.send({"_tag": "UpdateTicket", "ticket": fields})
        socket.until(lambda message: "eventId" not in message or message["ticket"]["title"] == fields["title"])

    for name, edit in (
        ("an agent's edit", lambda fields: desk.patch(path, fields, AGENT)),
        ("an edit with /api/tickets", lambda fields: desk.patch(f"/api{path}", fields, AGENT)),
        ("UpdateTicket on a WebSocket", on_the_socket),
    ):
        before = desk.get(path).json
        edit({**others, "id": number, "title": f"By {name}"})
        now = desk.get(path).json
        changed = sorted(field for field in others if now[field] != before[field])
        yield f"{name} changes the title, and no other field", ["updated_at", "version"], changed
        yield f"{name} is one change: the version grows by one", 1, now["version"] - before["version"]
