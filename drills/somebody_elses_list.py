"""I opened my list of tickets and saw somebody else's tickets; a minute later they were mine again.

"It was only a moment. I logged in, and the list had an invoice of a company that I do not know. I pressed reload,
nothing changed; later it was my own list again. My colleague swears that he once saw mine."
"""

from itertools import product

STARS = 3
FAMILY = "somebody else's ticket"
SECTION = "Cache, queries, resources"
FILE = "web/response_cache.py"
CLEAN = """    caller = request.caller
    return request.path, request.query, request.headers.get("prefer"), caller.id, caller.only_own
"""
PLANTED = """    return request.path, request.query, request.headers.get("prefer")
"""
HINTS = (
    "On a locked desk (SUPPORT_DESK_AUTH=tokens DEBUG=true) create one ticket for each of two customers. Read GET "
    "/tickets as the one, then as the other. Then change the order.",
    "The SQL is right: the first request after a change gets the right response. Where does the second response come "
    "from?",
    "The response cache in web/response_cache.py gives one response to all requests that ask the same question. Which "
    "values make up a question?",
)
EXPLANATION = """
The response cache keeps a response until the database changes, and gives it to every request with the same key. The
key had the path, the query and the Prefer header, but not the caller: the first caller after a change decided what
all others saw. Every test with one user passes, and so does every test that writes before each read. A cache key must
contain everything that the response depends on. The caller is the part that is forgotten most often, in caches of an
application, in proxies and in CDNs.
"""
PROVENANCE = (
    "CWE-524: Use of Cache Containing Sensitive Information",
    "CWE-488: Exposure of Data Element to Wrong Session",
    "OWASP API1:2023 Broken Object Level Authorization",
    "Steam, 25 December 2015: pages of other customers out of a cache",
    "OpenAI, 20 March 2023: titles of other people's chats",
)


def wait_until_idle(desk):
    """Wait until the desk has updated its search index, so that the database does not change during the reads."""
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
        wait_until_idle(desk)
        for path, name in product(("/tickets", "/api/tickets"), order):
            expectation = f"in the order {', '.join(order)}: {name} gets the tickets of {name} from {path}"
            yield expectation, mine[name], seen_by(name, path)
    for owner, other in (("ann", "bob"), ("bob", "ann")):
        path = f"/tickets/{tickets[owner]}"
        yield f"{owner} may read the ticket of {owner}", 200, desk.get(path, people[owner]).status
        status = desk.get(path, people[other]).status
        yield f"{other} may not read it, right after {owner}", lab.one_of(403, 404), status
    yield "ann may read her ticket again after that", 200, desk.get(f"/tickets/{tickets['ann']}", people["ann"]).status
