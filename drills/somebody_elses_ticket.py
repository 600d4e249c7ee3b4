"""A customer changed the number in an address and read somebody else's ticket.

"I wanted to see an older version of my ticket, and mistyped its number. I got the letter of a man I have never met,
about his divorce and his bank account. I closed it. Please tell me that nobody reads mine."
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
Store.ticket() checks the owner if it gets the viewer, and one caller did not pass it. The call without that argument
is valid Python, and the endpoint works in every demo. Whoever tests "may Bob read Alice's ticket?" tries the main
address, and that one is protected. This is the most common security bug of APIs: the check is right in nine places
and missing in the tenth, usually in the newest or the least used one: an export, a history, a preview, a second
version of the path. Make the argument required, so that leaving it out is an error, and test a table of every
endpoint with every caller, which fails if a route is missing.
"""
PROVENANCE = (
    "CWE-639: Authorization Bypass Through User-Controlled Key",
    "OWASP API1:2023 Broken Object Level Authorization",
)

SECRET = "Only for Alice"
PARTS = ("", "/comments", "/events", "/at/1")


def check(lab):
    desk = lab.desk(SUPPORT_DESK_AUTH="tokens", DEBUG="true")
    alice, bob, agent = desk.login("alice", "customer"), desk.login("bob", "customer"), desk.login("dan", "agent")
    ticket, own = desk.new_ticket(alice, title=SECRET), desk.new_ticket(bob, title="Mine")
    addresses = {f"/tickets/{{id}}{part}": f"/tickets/{ticket['id']}{part}" for part in PARTS}
    for part in ("", "/events", "/at/1"):
        addresses[f"/api/support-ticket/{{uuid}}{part}"] = f"/api/support-ticket/{ticket['uuid']}{part}"
    for name, path in addresses.items():
        reply = desk.get(path, bob)
        yield f"Bob may not GET {name} of Alice's", lab.one_of(403, 404), reply.status
        yield f"Bob's answer to GET {name} of Alice's does not have her title", False, SECRET.encode() in reply.body
        yield f"Alice may GET {name}", 200, desk.get(path, alice).status
        yield f"an agent may GET {name}", 200, desk.get(path, agent).status
    for method, part, body in (("PATCH", "", {"title": "Hello"}), ("POST", "/comments", {"body": "Hello"})):
        refused = desk.request(method, f"/tickets/{ticket['id']}{part}", body, bob).status
        yield f"Bob may not {method} /tickets/{{id}}{part} of Alice's", lab.one_of(403, 404), refused
        taken = desk.request(method, f"/tickets/{own['id']}{part}", body, bob).status
        yield f"Bob may {method} /tickets/{{id}}{part} of his own", lab.one_of(200, 201), taken
    yield "Alice's ticket has still one version", 1, desk.get(f"/tickets/{ticket['id']}", alice).json["version"]
    for path in ("/tickets", "/tickets?search=Alice", "/api/tickets", "/tickets.csv"):
        yield f"{path} shows Bob nothing of Alice's", False, SECRET.encode() in desk.get(path, bob).body
        yield f"{path} shows Alice's ticket to an agent", True, SECRET.encode() in desk.get(path, agent).body
    yield "Bob's dashboard says one ticket, his own", 1, desk.get("/tickets/stats", bob).json["total_tickets"]
    yield "Bob may GET /tickets/{id}/at/1 of his own", "Mine", desk.get(f"/tickets/{own['id']}/at/1", bob).json["title"]
