"""I opened my list of tickets and saw the tickets of somebody else; a minute later they were mine again.

"It was only a moment. I logged in, and the list had an invoice of a company that I have never heard of. I pressed
reload, nothing changed; later it was my own again. My colleague swears that he once saw mine."
"""

from itertools import product

STARS = 3
FAMILY = "somebody else's ticket"
SECTION = "Cache, queries, resources"
FILE = "web/door.py"
CLEAN = 'request.headers.get("prefer"), request.caller.id, request.caller.only_own)'
PLANTED = 'request.headers.get("prefer"))'
HINTS = (
    "On a locked desk (SUPPORT_DESK_AUTH=tokens DEBUG=true) make a ticket each as two customers. Let one read "
    "GET /tickets, and then the other. Then change the order.",
    "The SQL is right: whoever asks first after a change gets the right answer. Where does the second answer come from?",
    "Door._remembered makes one answer for all who ask the same. What does it take for the same?",
)
EXPLANATION = """
An answer is kept until the database changes, and given to everybody who asks the same. What counted as the same was
the path, the query and the preference, and not who asks: the first one to ask after a change decided what all others
saw. Every test with one user passes, and so does every test that writes before each read. A key has to name all that
the answer depends on; who asks is the part that is forgotten most often, in memos, in proxies and in CDNs.
"""
PROVENANCE = (
    "CWE-524: Use of Cache Containing Sensitive Information",
    "CWE-488: Exposure of Data Element to Wrong Session",
    "OWASP API1:2023 Broken Object Level Authorization",
    "Steam, 25 December 2015: pages of other customers out of a cache",
    "OpenAI, 20 March 2023: titles of other people's chats",
)


def come_to_rest(desk):
    """Let the desk write down what it puts off after a change, so that nothing changes while it is asked."""
    for _ in range(500):
        if not desk.count("search_pending"):
            break


def check(lab):
    desk = lab.desk(SUPPORT_DESK_AUTH="tokens", DEBUG="true")
    people = {name: desk.login(name, "customer") for name in ("ann", "bob")}
    people["sue"] = desk.login("sue", "agent")
    tickets = {name: desk.new_ticket(people[name], title=f"A ticket of {name}")["id"] for name in ("ann", "bob")}
    mine = {**{name: [number] for name, number in tickets.items()}, "sue": sorted(tickets.values())}

    def seen_by(name, path="/tickets"):
        found = desk.get(path, people[name]).json
        return sorted(ticket["id"] for ticket in (found if isinstance(found, list) else found["tickets"]))

    for order in (("ann", "bob", "sue"), ("sue", "bob", "ann")):
        desk.post(f"/tickets/{tickets['ann']}/comments", {"body": "Hello"}, people["ann"])
        come_to_rest(desk)
        for path, name in product(("/tickets", "/api/tickets"), order):
            promise = f"in the order {', '.join(order)}: {name} reads in {path} what is for {name}"
            yield promise, mine[name], seen_by(name, path)
    for owner, other in (("ann", "bob"), ("bob", "ann")):
        path = f"/tickets/{tickets[owner]}"
        yield f"{owner} may read the ticket of {owner}", 200, desk.get(path, people[owner]).status
        status = desk.get(path, people[other]).status
        yield f"{other} may not read it, right after {owner}", lab.one_of(403, 404), status
    yield "ann may read her ticket again after that", 200, desk.get(f"/tickets/{tickets['ann']}", people["ann"]).status
