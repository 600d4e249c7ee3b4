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
    "CWE-187: Partial String Comparison",
    "osTicket #722 and #6023: the last day of a report ends too early",
    "electerious/Ackee #130: the statistics of today in another time zone",
)
ADD = """INSERT INTO tickets (uuid, title, description, created_by, created_at, updated_at)
    VALUES (?, 'Login broken', 'Cannot get in', 'user-1', ?, ?)"""


def today() -> str:
    return f"{datetime.now(timezone.utc):%Y-%m-%d}"


def check(lab):
    for where, zone in (("far in the west", "AAA12"), ("far in the east", "AAA-14")):
        desk = lab.desk(TZ=zone)
        day = desk.new_ticket()["created_at"][:10]
        before = f"{date.fromisoformat(day) - timedelta(days=1)}"
        for moment in (f"{before}T23:59:59.999Z", f"{day}T00:00:00.000Z"):
            desk.rows(ADD, (str(uuid4()), moment, moment))
        stats = desk.get("/tickets/stats").json
        daily = {one["day"]: one["tickets"] for one in stats["daily"]}
        yield f"{where} the chart has 30 days", 30, len(daily)
        yield f"{where} it ends with today", lab.one_of(*{day, today()}), max(daily)
        yield f"{where} a ticket of this moment and one of 00:00:00.000 are today's", 2, daily.get(day)
        yield f"{where} the one of 23:59:59.999 is yesterday's", 1, daily.get(before)
        yield f"{where} the days have as many tickets as there are", stats["total_tickets"], sum(daily.values())
