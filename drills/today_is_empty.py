"""The dashboard's chart has nothing for today until noon, and today's number is wrong.

"Our team lead opens the dashboard each morning at nine. Twelve tickets are in the queue, all from this morning, and
the chart has no bar for today. The colleagues in London say that theirs is right. After lunch ours is right, too."
"""

from datetime import date, datetime, timedelta, timezone
from uuid import uuid4

STARS = 3
FAMILY = "wrong dashboard number"
SECTION = "Time and numbers"
FILE = "store.py"
CLEAN = """(WITH RECURSIVE past (day) AS (SELECT date(:today, '-29 days') UNION ALL
            SELECT date(day, '+1 day') FROM past WHERE day < :today)
"""
PLANTED = """(WITH RECURSIVE past (day) AS (SELECT date('now', 'localtime', '-29 days') UNION ALL
            SELECT date(day, '+1 day') FROM past WHERE day < date('now', 'localtime'))
"""
HINTS = (
    "Create a ticket, and compare the last day of daily in GET /tickets/stats with the ticket's created_at. What is "
    "different in London, and what after lunch?",
    "You can simulate other time zones: start the desk with TZ=AAA12, again with TZ=AAA-14, each with a new database. "
    "A ticket counts for the day in the first ten characters of its created_at; which code decides which day is the "
    "last one?",
    "Store.stats gets today's date as a parameter, in UTC. Read `daily` in STATS, in store.py: which day does it end "
    "with, and in which time zone is that?",
)
EXPLANATION = """
The rows are in UTC, but the chart ended with date('now', 'localtime'), which is the local date of the machine. East of
Greenwich the chart had the new day too early, and its bar stayed empty until UTC reached that day; west of it the new
day came too late. On a server or a CI that runs in UTC it is always right, so the people who could fix it never saw
it. A time without a time zone is like a number without a unit. Store UTC, get the time from one function, convert it
only for display, and run the tests in two time zones that never have the same date as each other.
"""
PROVENANCE = (
    "CWE-682: Incorrect Calculation",
    "electerious/Ackee#130: for hours the new day has no visitors, and yesterday's number grows",
    "osTicket/osTicket#722: the days of a report begin in the time zone of the database server",
    "osTicket/osTicket#6023: the last day of a report ends too early",
)
ADD = """INSERT INTO tickets (uuid, title, description, created_by, created_at, updated_at)
    VALUES (?, 'Login broken', 'Cannot get in', ?, ?, ?)"""
DAYS_SHOWN = 30


def today() -> str:
    return f"{datetime.now(timezone.utc):%Y-%m-%d}"


def check(lab):
    for where, zone in (("far in the west", "12"), ("far in the east", "-14")):
        desk = lab.desk(TZ=f"{lab.word(3).upper()}{zone}", SUPPORT_DESK_AUTH="tokens", DEBUG="true")
        agent, name = desk.login(lab.word(), "agent"), lab.word()
        customer = desk.login(name, "customer")
        day = desk.new_ticket(customer)["created_at"][:10]
        before, first, older = (f"{date.fromisoformat(day) - timedelta(days)}" for days in (1, 29, 30))
        night, midnight = "T23:59:59.999Z", "T00:00:00.000Z"
        for moment in (f"{before}{night}", f"{day}{midnight}", f"{first}{midnight}", f"{older}{night}"):
            desk.rows(ADD, (str(uuid4()), name, moment, moment))
        for whose, who, path in (("the", agent, "/tickets/stats"), ("a customer's", customer, "/api/tickets/stats")):
            stats = desk.get(path, who).json
            daily, chart = {one["day"]: one["tickets"] for one in stats["daily"]}, f"{where} {whose} chart"
            yield f"{chart} has 30 days", 30, len(daily)
            yield f"{chart} ends with today", True, max(daily) in (day, today())
            yield f"{chart} has two tickets today: that of this moment and that of 00:00:00.000", 2, daily.get(day)
            yield f"{chart} has one ticket yesterday: that of 23:59:59.999", 1, daily.get(before)
            yield f"{chart} has one ticket on its first day", 1, daily.get(first)
            yield f"{chart} leaves out the fifth ticket, which is older", (4, 5), (
                sum(daily.values()),
                stats["total_tickets"],
            )
        stranger = desk.login(lab.word(), "customer")
        last = desk.get("/tickets/stats", stranger).json["daily"][-1]["day"]
        yield f"{where} the chart of a customer without tickets ends with today, too", True, last in (day, today())
