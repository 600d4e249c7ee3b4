"""A customer has closed a ticket, and its history does not say how.

"Our contract says that only an agent closes a ticket. This one was closed while Ann was still at work on it. In the
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
state. In real systems an admin form, an import and a bulk edit are the ways around it. A role check in the endpoint is
not enough: the steps have different roles, and the history needs each of them. Fire the steps, and test the whole
table of states, transitions and roles through each endpoint.
"""
PROVENANCE = (
    "CWE-841: Improper Enforcement of Behavioral Workflow",
    "CWE-862: Missing Authorization",
    "OWASP API6:2023 Unrestricted Access to Sensitive Business Flows",
    "glpi-project/glpi#12469: a bulk edit changed the status of tickets without the rules of their life cycle",
)
WAYS = (  # the steps before, the status that an agent asks for, and the events on the way there
    ((), "in_progress", ["Assigned", "StartWorked"]),
    ((), "resolved", ["Assigned", "StartWorked", "Resolveed"]),
    (("assign",), "closed", ["StartWorked", "Resolveed", "Closeed"]),
    (("assign", "start_work"), "closed", ["Resolveed", "Closeed"]),
    (("assign", "start_work", "resolve"), "closed", ["Closeed"]),
)
TO_CLOSED = ("assign", "start_work", "resolve", "close")


def check(lab):
    desk = lab.desk()
    roles = ("customer", "agent", "supervisor", "admin")
    who = {role: {"X-User-Id": lab.word(), "X-User-Role": role} for role in roles}
    who |= {"an unknown role": {"X-User-Id": lab.word(), "X-User-Role": lab.word()}}
    for prefix in ("/tickets", "/api/tickets"):
        for status in ("in_progress", "resolved", "closed"):
            number = desk.new_ticket()["id"]
            changes = {"status": status, "title": "Changed"}
            for name in ("customer", "an unknown role"):
                refused = desk.patch(f"{prefix}/{number}", changes, who[name]).status
                yield f"PATCH {prefix}/{{id}}: {name} may not set a new ticket to {status}", 403, refused
            seen = state_and_events(desk, number)
            yield f"after PATCH {prefix}/{{id}} to {status} it is as before", ("new", "Login broken", []), seen
    yield from over_websocket(desk, who["customer"])
    for steps, status, expected in WAYS:
        number = desk.new_ticket()["id"]
        desk.fire(number, *steps, headers=who["agent"])
        reply = desk.patch(f"/tickets/{number}", {"status": status, "title": "Changed"}, who["agent"])
        way = f"an agent, after {', '.join(steps) or 'nothing'}"
        yield f"{way}, may set a ticket to {status}", (200, status), (reply.status, reply.json.get("status"))
        seen = state_and_events(desk, number, len(steps))
        yield f"{way}, has each step to {status} in the history", (status, "Changed", [*expected, "Edited"]), seen
    yield from assignees(desk, who["agent"], lab.word())
    yield from reopening(desk, who)
    yield from escalated(desk, who)


def state_and_events(desk, number, since=0):
    """State and title of a ticket, and the types of its events after Created and `since` others."""
    ticket, events = desk.get(f"/tickets/{number}").json, desk.get(f"/tickets/{number}/events").json["events"]
    return ticket["state"], ticket["title"], [event["type"] for event in events[1 + since :]]


def over_websocket(desk, customer):
    number = desk.new_ticket()["id"]
    socket = desk.websocket(headers=customer)
    socket.send({"_tag": "UpdateTicket", "ticket": {"id": number, "status": "closed"}})
    reply = socket.until(lambda message: message.get("_tag") in ("Error", "TicketUpdated")) or {}
    yield "a customer may not close a ticket by WebSocket", "FORBIDDEN", reply.get("code")
    seen = state_and_events(desk, number)
    yield "after a customer's close by WebSocket the ticket is still new", ("new", "Login broken", []), seen


def assignees(desk, agent, other):
    """The step assign has an assignee: the one of the request, else the one who asks."""
    expected, seen = [agent["X-User-Id"], other], []
    for changes in ({}, {"assignee": other}):
        number = desk.new_ticket()["id"]
        seen.append(desk.patch(f"/tickets/{number}", {"status": "in_progress", **changes}, agent).json.get("assignee"))
    yield "a ticket set to in progress has the agent, or the one that he names, as its assignee", True, seen == expected
    number = desk.new_ticket()["id"]
    desk.post(f"/tickets/{number}/lock", {}, {"X-User-Id": other, "X-User-Role": "agent"})
    locked = desk.patch(f"/tickets/{number}", {"status": "closed"}, agent).status
    yield "nobody may close a ticket that somebody else has locked", 423, locked


def reopening(desk, who):
    """A customer may reopen a closed ticket, an agent may not; back from resolved takes the roles of both."""
    number = desk.new_ticket()["id"]
    desk.fire(number, *TO_CLOSED[:3], headers=who["agent"])
    for name in ("agent", "customer"):
        reply = desk.patch(f"/tickets/{number}", {"status": "open"}, who[name])
        yield f"a resolved ticket cannot be opened by: {name}", 403, reply.status
    resolved = ("resolved", "Login broken", [])
    seen = state_and_events(desk, number, 3)
    yield "after that the ticket is still resolved, with no step of this in its history", resolved, seen
    number = desk.new_ticket()["id"]
    desk.fire(number, *TO_CLOSED, headers=who["agent"])
    yield "an agent may not reopen a closed ticket", 403, desk.patch(
        f"/tickets/{number}", {"status": "open"}, who["agent"]
    ).status
    reply = desk.patch(f"/tickets/{number}", {"status": "open"}, who["customer"])
    yield "a customer may reopen a closed ticket", (200, "new"), (reply.status, reply.json.get("state"))
    yield "the reopening by a customer is a step in the history", ["Reopened"], state_and_events(desk, number, 4)[2]
    number = desk.new_ticket()["id"]
    desk.fire(number, *TO_CLOSED[:3], headers=who["agent"])
    reply = desk.patch(f"/tickets/{number}", {"status": "open"}, who["admin"])
    yield "an admin may open a resolved ticket", (200, "new"), (reply.status, reply.json.get("state"))
    steps = state_and_events(desk, number, 3)[2]
    yield "both steps of an admin's opening are in the history", ["Closeed", "Reopened"], steps


def escalated(desk, who):
    """Only a supervisor may resolve an escalated ticket; everybody may still edit it."""
    number = desk.new_ticket()["id"]
    desk.fire(number, "assign", "start_work", "escalate", headers=who["agent"])
    reply = desk.patch(f"/tickets/{number}", {"status": "resolved"}, who["agent"])
    yield "an agent may not make an escalated ticket resolved", 403, reply.status
    reply = desk.patch(f"/tickets/{number}", {"status": "resolved"}, who["supervisor"])
    yield "a supervisor may make it resolved", (200, "resolved"), (reply.status, reply.json.get("state"))
    reply = desk.patch(f"/tickets/{number}", {"title": "Login still broken"}, who["customer"])
    answer = reply.status, reply.json.get("state")
    yield "a customer may change its title, and it stays resolved", (200, "resolved"), answer
