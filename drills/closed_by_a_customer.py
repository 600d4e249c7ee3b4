"""A customer has closed a ticket, and its history does not say how it came to be closed.

"Our contract says that only an agent closes a ticket. This one was closed while Ann was still at work on it. In the
history I see no resolve and no close, only that somebody has edited it. Who has closed it, and how?"
"""

STARS = 3
FAMILY = ""
SECTION = "Workflow"
FILE = "app.py"
CLEAN = """    assignee = fields.get("assignee") or ticket["assignee"]
    for step in workflow.way_to(ticket["state"], status, request.caller):
        data = {"assignee": assignee} if assignee and step.name == "assign" else {}
        ticket = desk.store.fire(request.caller, ticket, step.name, data)
"""
PLANTED = """    for step in workflow.way_to(ticket["state"], status, request.caller):
        fields["state"] = step.target
"""
HINTS = (
    'As a customer, send PATCH /tickets/1 with {"status": "closed"}, and read GET /tickets/1/events. Then try POST '
    "/tickets/1/transitions. Which of the two says no?",
    "Two ways lead to a new state. Which function of store.py has the gate of a role in it, and which way goes past it?",
    "Read edit_ticket in app.py. What does it do with the steps that workflow.way_to has found?",
)
EXPLANATION = """
The net of states has its guard in one place, Store.fire: role, source, event. PATCH with a status took the net's way
only to see where it ends, and wrote the last state into the row like any other field. No role was asked for, no step
was taken, and the history had one "Edited" for all of it. A state machine holds as long as there is one way to change
the state; an admin's form, an import and a bulk edit are the side doors of real systems. Take the column out of what
can be edited, and try the whole table of states, steps and roles through each door.
"""
PROVENANCE = (
    "CWE-841: Improper Enforcement of Behavioral Workflow",
    "CWE-862: Missing Authorization",
    "OWASP API6:2023 Unrestricted Access to Sensitive Business Flows",
)
WAYS = (  # the steps before, the status that an agent asks for, and the events on the way there
    ((), "in_progress", ["Assigned", "StartWorked"]),
    ((), "resolved", ["Assigned", "StartWorked", "Resolveed"]),
    (("assign", "start_work"), "closed", ["Resolveed", "Closeed"]),
)


SUPERVISOR = {"X-User-Id": "sue", "X-User-Role": "supervisor"}


def check(lab):
    desk = lab.desk()
    customer, agent = ({"X-User-Id": f"a-{role}", "X-User-Role": role} for role in ("customer", "agent"))

    def state_and_events(number, since=0):
        events = desk.get(f"/tickets/{number}/events").json["events"]
        return desk.get(f"/tickets/{number}").json["state"], [event["type"] for event in events[1 + since :]]

    for status in ("in_progress", "resolved", "closed"):
        number = desk.new_ticket()["id"]
        reply = desk.patch(f"/tickets/{number}", {"status": status}, customer)
        yield f"a customer may not make a new ticket {status}", 403, reply.status
        state, events = state_and_events(number)
        yield f"a ticket that a customer wanted to be {status} is still new", "new", state
        yield f"a ticket that a customer wanted to be {status} has no new entry in its history", [], events
    for steps, status, wanted in WAYS:
        number = desk.new_ticket()["id"]
        desk.fire(number, *steps)
        reply = desk.patch(f"/tickets/{number}", {"status": status}, agent)
        yield f"an agent may make a ticket {status}", (200, status), (reply.status, reply.json.get("status"))
        state, events = state_and_events(number, len(steps))
        yield f"this ticket is then {status}", status, state
        yield f"its history has each step to {status}", wanted, events
    yield from escalated(desk, customer, agent)


def escalated(desk, customer, agent):
    """Only a supervisor brings such a ticket on; everybody may still edit it."""
    number = desk.new_ticket()["id"]
    desk.fire(number, "assign", "start_work", "escalate")
    reply = desk.patch(f"/tickets/{number}", {"status": "resolved"}, agent)
    yield "an agent may not make an escalated ticket resolved", 403, reply.status
    reply = desk.patch(f"/tickets/{number}", {"status": "resolved"}, SUPERVISOR)
    yield "a supervisor may make it resolved", (200, "resolved"), (reply.status, reply.json.get("state"))
    reply = desk.patch(f"/tickets/{number}", {"title": "Login still broken"}, customer)
    answer = reply.status, reply.json.get("state")
    yield "a customer may change its title, and it stays resolved", (200, "resolved"), answer
