"""A customer changed the number in an address and read the ticket of somebody else.

"I wanted to see what my ticket looked like last week, and mistyped its number. What I got was the letter of a man
I have never met, about his divorce and his bank account. I closed it. Please tell me that nobody reads mine."
"""

STARS = 2
FAMILY = "somebody else's ticket"
SECTION = "Authorization"
FILE = "app.py"
CLEAN = """rebuilt from its events.\"\"\"
    ticket = desk.store.ticket(request.references[0], request.caller)"""
PLANTED = """rebuilt from its events.\"\"\"
    ticket = desk.store.ticket(request.references[0])"""
HINTS = (
    "Run the desk with SUPPORT_DESK_AUTH=tokens DEBUG=true, get two customers' tokens from POST /api/debug/login, and "
    "walk through every address that has a ticket's number in it, as the customer whose ticket it is not.",
    "GET /tickets/{id} says 404, as it should. `python3 -m pydoc app` or the README lists what else begins with a "
    "ticket: which of these does the story sound like?",
    "Who may see a ticket is decided where it is read: Store.ticket() asks its `viewer`. Look for the endpoint in "
    "app.py that reads a ticket for nobody in particular.",
)
EXPLANATION = """
Store.ticket() checks the owner when it is told who is looking, and one caller did not tell. The same line with one
argument less is still a good line of Python, the endpoint works in every demo, and whoever tests "may Bob read
Alice's ticket?" tries the main address and finds it closed. That is the commonest hole of all APIs: the check is
right in nine places and absent in the tenth, usually in the newest or the oddest one: an export, a history, a
preview, a second version of the path. Make the safe form the short form, so that leaving something out refuses,
and test a table of every endpoint with every caller that fails when a route is not in it.
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
        yield f"{path} shows Bob nothing of hers", False, SECRET.encode() in desk.get(path, bob).body
        yield f"{path} shows Alice's ticket to an agent", True, SECRET.encode() in desk.get(path, agent).body
    yield "Bob's dashboard says one ticket, his own", 1, desk.get("/tickets/stats", bob).json["total_tickets"]
    yield "Bob may GET /tickets/{id}/at/1 of his own", "Mine", desk.get(f"/tickets/{own['id']}/at/1", bob).json["title"]
