"""A customer's dashboard says nine open tickets, and the list below it shows three.

"I have three tickets with you, and I see three in the list. Above it I read: 9 open. Each time one of your people
writes to me the number grows by one. Am I paying for nine?"
"""

from collections import Counter

STARS = 2
FAMILY = "wrong dashboard number"
SECTION = "Time and numbers"
FILE = "store.py"
CLEAN = """count(*) AS tickets FROM tickets
    WHERE created_by = :owner GROUP BY 1, 2, 3, 4)"""
PLANTED = """count(*) AS tickets FROM tickets
    LEFT JOIN comments ON ticket_id = tickets.id WHERE :owner IN (created_by, author) GROUP BY 1, 2, 3, 4)"""
HINTS = (
    "On a locked desk (SUPPORT_DESK_AUTH=tokens DEBUG=true) create a ticket as a customer, and read that customer's "
    "GET /tickets/stats after each comment. An agent's number stays right.",
    "For agents the desk keeps counters; for a customer it counts the rows on each request. Where is that SQL?",
    "Run the SELECT of TICKETS_OF_OWNER without its GROUP BY and count(*), and look at the rows of a ticket with three "
    "comments.",
)
EXPLANATION = """
The query counted tickets joined with their comments: a ticket with three comments gives three rows, and count(*) counts
rows. Somebody added the join for a condition (has this customer commented?), and it multiplied the rows (a join
fan-out). The condition was wrong, too: it took tickets of others if the caller had commented on them, for example as an
agent. Tests with at most one comment for each ticket do not detect it. For a condition use EXISTS, or count DISTINCT
keys; and test that a total equals the length of its list.
"""
PROVENANCE = (
    "CWE-682: Incorrect Calculation",
    "frappe/erpnext#10952: totals of reports with a join count repeated rows",
    "sysgears/apollo-universal-starter-kit#536: a count over joins counts rows twice, countDistinct does not",
)


BREAKDOWNS = ("priority", "category", "status", "state")


def check(lab):
    desk = lab.desk(SUPPORT_DESK_AUTH="tokens", DEBUG="true")
    sue = lab.word()
    people = {"ann": desk.login(lab.word(), "customer"), "bob": desk.login(lab.word(), "customer")}
    people["sue as a customer"], staff = desk.login(sue, "customer"), desk.login(sue, "agent")
    first, more = desk.new_ticket(people["ann"])["id"], lab.random.randint(1, 3)
    sent = {"ann": more + 2, "bob": 1, "sue as a customer": 0}
    for _ in range(more):
        desk.new_ticket(people["ann"], priority=lab.random.choice(("low", "high")))
    bobs = desk.new_ticket(people["bob"])["id"]
    desk.new_ticket(people["ann"], title="It works")
    times = lab.random.randint(2, 4)
    said = [
        desk.post(f"/tickets/{number}/comments", {"body": "Hello", "internal": is_internal}, staff).status
        for number in (first, bobs)
        for is_internal in (False, True)
        for _ in range(times)
    ]
    said.append(desk.post(f"/tickets/{first}/comments", {"body": "Hello"}, people["ann"]).status)
    desk.post(f"/tickets/{first}/draft", {"body": "We look into it."}, staff)
    said.append(desk.post("/drafts/1/approve", {}, staff).status)
    yield "comments and a reply are accepted", {200, 201}, set(said)
    desk.fire(bobs, "assign", "start_work", headers=staff)
    for name, who in people.items():
        desk.post(f"/tickets/{bobs}/comments", {"body": "Hello again"}, staff)  # so that no list was read before
        listed = desk.get("/tickets", who, limit=100).json["tickets"]
        yield f"{name} has the right number of tickets in the list", sent[name], len(listed)
        for path in ("/tickets/stats", "/api/tickets/stats"):
            yield from agrees(f"{path} for {name}", desk.get(path, who).json or {}, listed)
    desk.post(f"/tickets/{bobs}/comments", {"body": "Hello again"}, staff)
    everything = desk.get("/tickets", staff, limit=100).json["tickets"]
    yield from agrees("/tickets/stats for an agent", desk.get("/tickets/stats", staff).json, everything)
    desk.new_ticket(people["sue as a customer"])
    stats = desk.get("/tickets/stats", people["sue as a customer"]).json
    yield "after sue has sent a ticket as a customer, her dashboard says one", 1, stats.get("total_tickets")


def agrees(what, stats, listed):
    """The numbers of a dashboard must be those of the list."""
    is_open = [ticket for ticket in listed if ticket["status"] == "open"]
    yield f"{what}: the total is that of the list", len(listed), stats.get("total_tickets")
    yield f"{what}: the open tickets are those of the list", len(is_open), stats.get("open_tickets")
    for name in BREAKDOWNS:
        counted = {value: number for value, number in stats.get(f"{name}_breakdown", {}).items() if number}
        yield f"{what}: the numbers by {name} are those of the list", Counter(t[name] for t in listed), counted
    days = sum(day["tickets"] for day in stats.get("daily", ()))
    yield f"{what}: the numbers by day add up to the list", len(listed), days
