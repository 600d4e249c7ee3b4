"""A customer has closed a ticket, and its history does not say how.

"Our contract says that only an agent closes a ticket. This one was closed while Ann was still working on it. In the
history I see no resolve and no close, only that somebody has edited it. Who closed it, and how?"
"""

STARS = 3
FAMILY = ""
SECTION = "Workflow"
FILE = "app.py"
CLEAN = """    assignee = fields.get("assignee") or ticket["assignee"]
    for step in workflow.path_to_status(ticket["state"], status, request.caller):
        data = {"assignee": assignee} if assignee and step.name == "assign" else {}
        ticket = context.store.fire(request.caller, ticket, step.name, data)
"""
PLANTED = """    for step in workflow.path_to_status(ticket["state"], status, request.caller):
        fields["state"] = step.target
"""
HINTS = (
    'As a customer, send PATCH /tickets/1 with {"status": "closed"}, and read GET /tickets/1/events. Then try POST '
    '/tickets/1/transitions. Which of the two is refused?',
    "There are two ways to change the state. Which function of store.py checks the role, and which way does not call "
    "it?",
    "Read edit_ticket in app.py. What does it do with the steps that workflow.path_to_status has found?",
)
EXPLANATION = """
The workflow is enforced in one place, Store.fire: role, source state, event. A PATCH with a status used the workflow
only to find the last state, and wrote that into the row like any other field. No role was checked, no transition was
fired, and the history had one "Edited" for all of it. A state machine is safe only if there is one way to change the
state. In real systems an admin form, an import and a bulk edit are the ways around it. Remove the state from the
editable fields, and test the whole table of states, transitions and roles through each endpoint.
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
        yield f"a customer may not set a new ticket to {status}", 403, reply.status
        state, events = state_and_events(number)
        yield f"a ticket that a customer tried to set to {status} is still new", "new", state
        yield f"a ticket that a customer tried to set to {status} has no new entry in its history", [], events
    for steps, status, expected in WAYS:
        number = desk.new_ticket()["id"]
        desk.fire(number, *steps)
        reply = desk.patch(f"/tickets/{number}", {"status": status}, agent)
        yield f"an agent may set a ticket to {status}", (200, status), (reply.status, reply.json.get("status"))
        state, events = state_and_events(number, len(steps))
        yield f"this ticket is then {status}", status, state
        yield f"its history has each step to {status}", expected, events
    yield from escalated(desk, customer, agent)


def escalated(desk, customer, agent):
    """Only a supervisor may resolve an escalated ticket; everybody may still edit it."""
    number = desk.new_ticket()["id"]
    desk.fire(number, "assign", "start_work", "escalate")
    reply = desk.patch(f"/tickets/{number}", {"status": "resolved"}, agent)
    yield "an agent may not make an escalated ticket resolved", 403, reply.status
    reply = desk.patch(f"/tickets/{number}", {"status": "resolved"}, SUPERVISOR)
    yield "a supervisor may make it resolved", (200, "resolved"), (reply.status, reply.json.get("state"))
    reply = desk.patch(f"/tickets/{number}", {"title": "Login still broken"}, customer)
    answer = reply.status, reply.json.get("state")
    yield "a customer may change its title, and it stays resolved", (200, "resolved"), answer
