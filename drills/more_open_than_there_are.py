"""A customer's dashboard says nine open tickets, and the list below it shows three.

"I have three tickets with you, and I see three in the list. Above it I read: 9 open. Each time one of your people
writes to me the number grows by one. Am I paying for nine?"
"""

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
The query counted tickets joined with their comments: a ticket with three comments gives three rows, and count(*)
counts rows. Somebody added the join for a condition (has this customer commented?), and it multiplied the rows. Tests
with at most one comment for each ticket do not detect it. For a condition use EXISTS, or count DISTINCT keys; and
test that a total equals the length of its list.
"""
PROVENANCE = (
    "CWE-682: Incorrect Calculation",
    "the fan-out trap of SQL: a join to a many-side multiplies the rows that are summed",
)


def check(lab):
    desk = lab.desk(SUPPORT_DESK_AUTH="tokens", DEBUG="true")
    ann, bob, staff = desk.login("ann", "customer"), desk.login("bob", "customer"), desk.login("sue", "agent")
    number = desk.new_ticket(ann)["id"]
    desk.new_ticket(ann, priority="high")
    desk.new_ticket(bob)
    said = [desk.post(f"/tickets/{number}/comments", {"body": "Hello"}, who).status for who in (ann, staff, staff)]
    yield "three comments are accepted", [201] * 3, said
    stats, listed = desk.get("/tickets/stats", ann).json, desk.get("/tickets", ann).json
    yield "the list has two tickets", (2, 2), (listed["total"], len(listed["tickets"]))
    yield "the dashboard says two tickets", 2, stats["total_tickets"]
    yield "the dashboard says two open tickets", 2, stats["open_tickets"]
    for name in ("priority", "category", "status", "state"):
        yield f"the dashboard's numbers by {name} add up to two", 2, sum(stats[f"{name}_breakdown"].values())
    yield "the dashboard's numbers by day add up to two", 2, sum(day["tickets"] for day in stats["daily"])
    yield "another customer's dashboard says one ticket", 1, desk.get("/tickets/stats", bob).json["total_tickets"]
    yield "an agent's dashboard says the three tickets of both", 3, desk.get("/tickets/stats", staff).json[
        "total_tickets"
    ]
