"""A customer changed the number in an address and read somebody else's ticket.

"I wanted to see an older version of my ticket, and typed a wrong number. I got the letter of a man whom I have never
met, about his divorce and his bank account. I closed it. Please tell me that nobody can read mine."
"""

STARS = 2
FAMILY = "somebody else's ticket"
SECTION = "Authorization"
FILE = "app.py"
CLEAN = """rebuilt from its events.\"\"\"
    ticket = context.store.ticket(request.references[0], request.caller)"""
PLANTED = """rebuilt from its events.\"\"\"
    ticket = context.store.ticket(request.references[0])"""
HINTS = (
    "Run the desk with SUPPORT_DESK_AUTH=tokens DEBUG=true, get tokens for two customers from POST /api/debug/login, "
    "and request every address with a ticket number in it, as the customer who does not own the ticket.",
    "GET /tickets/{id} says 404, as it should. `python3 -m pydoc app` or web/README.md lists the other addresses of a "
    "ticket: which of them fits the story?",
    "Store.ticket() decides who may see a ticket, by its parameter `viewer`. Look for the endpoint in app.py that "
    "calls it without one.",
)
EXPLANATION = """
Store.ticket() checks the owner if it gets the viewer, and one caller did not pass it. The call without that argument is
valid Python, and the endpoint works in every demo. Whoever tests "may Bob read Alice's ticket?" tries the main address,
and that one is protected. This is the most common security bug of APIs, broken object level authorization (IDOR): the
check is right in nine places and missing in the tenth, usually in the newest or the least used one: an export, a
history, a preview, a second version of the path. Use the one rule that the other endpoints use: a second one, written
by hand, forgets a role. Make the argument required, so that leaving it out is an error, and test a table of every
endpoint with every caller, which fails if a route is missing.
"""
PROVENANCE = (
    "CWE-639: Authorization Bypass Through User-Controlled Key",
    "OWASP API1:2023 Broken Object Level Authorization",
    "hoppscotch/hoppscotch pull request #6409: entries of a history were found by their id alone, not by their owner",
)

PARTS = ("", "/comments", "/drafts", "/events", "/at/1", "/at/2")
CHANGES = (
    ("PATCH", "/tickets/{id}", {"title": "Hello"}),
    ("PATCH", "/api/tickets/{id}", {"title": "Hello again"}),
    ("POST", "/tickets/{id}/comments", {"body": "Hello"}),
)


def check(lab):
    desk = lab.desk(SUPPORT_DESK_AUTH="tokens", DEBUG="true")
    names, secret = [f"{lab.word()}-{number}" for number in range(3)], lab.word(12)
    alice, bob = (desk.login(name, "customer") for name in names[:2])
    agent = desk.login(names[2], "agent")
    ticket = desk.new_ticket(alice, title=f"Help {secret}", description=f"About {secret}")
    for number in (2, 3):
        desk.patch(f"/tickets/{ticket['id']}", {"title": f"Help {secret} {number}"}, alice)
    own = desk.new_ticket(bob, title="Mine")
    addresses = {f"/tickets/{{id}}{part}": f"/tickets/{ticket['id']}{part}" for part in PARTS}
    addresses |= {f"/tickets/{{uuid}}{part}": f"/tickets/{ticket['uuid']}{part}" for part in ("", "/at/1", "/at/2")}
    addresses["/api/tickets/{id}"] = f"/api/tickets/{ticket['id']}"
    for part in ("", "/events", "/at/1", "/at/2"):
        addresses[f"/api/support-ticket/{{uuid}}{part}"] = f"/api/support-ticket/{ticket['uuid']}{part}"
    for name, path in addresses.items():
        reply = desk.get(path, bob)
        yield f"Bob may not GET {name} of Alice's", lab.one_of(403, 404), reply.status
        yield f"Bob's answer to GET {name} of Alice's has no word of hers", False, secret.encode() in reply.body
        yield f"Alice and an agent may GET {name}", [200, 200], [desk.get(path, who).status for who in (alice, agent)]
    for method, address, body in CHANGES:
        refused = desk.request(method, address.format(**ticket), body, bob).status
        yield f"Bob may not {method} {address} of Alice's", lab.one_of(403, 404), refused
        taken = desk.request(method, address.format(**own), body, bob).status
        yield f"Bob may {method} {address} of his own", lab.one_of(200, 201), taken
    yield "Alice's ticket still has three versions", 3, desk.get(f"/tickets/{ticket['id']}", alice).json["version"]
    for path in ("/tickets", "/tickets?search=Help", "/api/tickets", "/tickets.csv"):
        yield f"{path} shows Bob nothing of Alice's", False, secret.encode() in desk.get(path, bob).body
        yield f"{path} shows Alice's ticket to an agent", True, secret.encode() in desk.get(path, agent).body
    yield "Bob's dashboard says one ticket, his own", 1, desk.get("/tickets/stats", bob).json["total_tickets"]
    first = desk.get(f"/tickets/{own['id']}/at/1", bob).json.get("title")
    yield "Bob may GET /tickets/{id}/at/1 of his own", "Mine", first
    yield from staff_and_open_desks(lab, desk, ticket, names[1])


def staff_and_open_desks(lab, desk, ticket, customer):
    """Who may read the versions of every ticket today may still read them."""
    path = f"/tickets/{ticket['id']}/at/2"
    for roles in (("supervisor",), ("admin",), ("customer", "agent")):
        reply = desk.get(path, desk.login(f"{customer}-{roles[0]}", *roles))
        yield f"with the roles {', '.join(roles)} one may GET /tickets/{{id}}/at/2", 200, reply.status
    opened = lab.desk()
    path = f"/tickets/{opened.new_ticket()['id']}/at/1"
    statuses = [opened.get(path, who).status for who in (None, {"X-User-Id": customer, "X-User-Role": "customer"})]
    yield "on an open desk, where all see all tickets, everybody may GET /tickets/{id}/at/1", [200, 200], statuses
