"""I opened my list of tickets and saw somebody else's tickets; a minute later they were mine again.

"It was only a moment. I logged in, and the list had an invoice of a company that I do not know. I pressed reload,
nothing changed; later it was my own list again. My colleague swears that he once saw mine."
"""

import time
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
    "Steam, 25 December 2015: a cache gave some users pages that were made for others",
    "fluojs/fluo#423: the key of a response cache had the path and the query, but not the user",
)
LISTS = ("/tickets", "/api/tickets", "/tickets?status=open", "/tickets?search=ticket")
PAGES = {"ticket": "/tickets/{id}", "ticket by uuid": "/api/tickets/{uuid}"}
MANY = """INSERT INTO tickets (uuid, title, description, created_by, created_at, updated_at)
    WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 60)
    SELECT printf('%08x-0000-4000-8000-000000000000', x), 'A long one', hex(zeroblob(10000)), ?,
        '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z' FROM n"""


def wait_until_idle(desk):
    """Wait until the desk has updated its search index, so that the database does not change during the reads."""
    for _ in range(200):
        if not desk.count("search_pending"):
            break
        time.sleep(0.005)


def check(lab):
    desk = lab.desk(SUPPORT_DESK_AUTH="tokens", DEBUG="true")
    ann, bob = lab.word(), lab.word()
    people = {"ann": desk.login(ann, "customer"), "bob": desk.login(bob, "customer")}
    tickets = {name: desk.new_ticket(people[name], title="A ticket") for name in people}
    people |= {"sue": desk.login(lab.word(), "agent"), "ann as an agent": desk.login(ann, "agent")}
    mine = {name: [ticket["id"]] for name, ticket in tickets.items()}
    mine |= dict.fromkeys(("sue", "ann as an agent"), sorted(ticket["id"] for ticket in tickets.values()))

    def seen_by(name, path):
        found = desk.get(path, people[name]).json
        return sorted(ticket["id"] for ticket in (found if isinstance(found, list) else found["tickets"]))

    for order in (("ann", "bob", "sue", "ann as an agent"), ("ann as an agent", "sue", "bob", "ann")):
        desk.post(f"/tickets/{tickets['ann']['id']}/comments", {"body": "Hello"}, people["ann"])
        wait_until_idle(desk)
        for path, name in product(LISTS, order):
            expectation = f"in the order {', '.join(order)}: {name} gets the tickets of {name} from {path}"
            yield expectation, mine[name], seen_by(name, path)
    for owner, other in (("ann", "bob"), ("bob", "ann")):
        for what, path in PAGES.items():
            path = path.format(**tickets[owner])
            yield f"{owner} may read the {what} of {owner}", 200, desk.get(path, people[owner]).status
            status = desk.get(path, people[other]).status
            yield f"{other} may not read this {what}, right after {owner}", lab.one_of(403, 404), status
            yield f"an agent may read this {what} after that", 200, desk.get(path, people["sue"]).status
            status = desk.get(path, people[other]).status
            yield f"{other} may not read this {what}, right after an agent", lab.one_of(403, 404), status
    path = f"/tickets/{tickets['bob']['id']}"
    yield "ann may read the ticket of bob as an agent", 200, desk.get(path, people["ann as an agent"]).status
    yield "ann may not read it as a customer after that", lab.one_of(403, 404), desk.get(path, people["ann"]).status
    first, again = durations(lab, desk, ann, people["ann"])
    yield "a list that ann has read already is there at least three times as fast", True, first > 3 * again


def durations(lab, desk, owner, headers):
    """Seconds for a list that nobody has read yet, and for one that the same customer has read: each the shortest."""
    desk.rows(MANY, (owner,))
    desk.rows("DELETE FROM search_pending")  # no work is left to do in the background
    first, again = [], []
    for _ in range(3):
        word = lab.word(12)
        for seconds in (first, again, again):
            since = time.perf_counter()
            desk.get("/tickets", headers, search=word)
            seconds.append(time.perf_counter() - since)
    return min(first), min(again)
