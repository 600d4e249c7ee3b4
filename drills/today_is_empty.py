"""The dashboard's chart has nothing for today until noon, and the number of today is wrong.

"Our team lead opens the dashboard each morning at nine. Twelve tickets stand in the queue, all of this morning, and
the chart has no bar for today. The colleagues in London say that theirs is right. After lunch ours is right, too."
"""

from datetime import date, datetime, timedelta, timezone
from uuid import uuid4

STARS = 3
FAMILY = "wrong dashboard number"
SECTION = "Time and numbers"
FILE = "app.py"
CLEAN = "return desk.store.stats(workflow.utc_now()[:10], choices, owner)"
PLANTED = 'return desk.store.stats(f"{datetime.now():%Y-%m-%d}", choices, owner)'
HINTS = (
    "Make a ticket, and compare the last day of daily in GET /tickets/stats with the ticket's created_at. What is "
    "different in London, and what after lunch?",
    "You need not travel: start the desk with TZ=AAA12, again with TZ=AAA-14, each with a new database. A ticket is "
    "filed under the first ten characters of its created_at; who decides which day is the last one?",
    "Store.stats is told what today is. Read the last line of stats() in app.py, and ask whose today that is.",
)
EXPLANATION = """
The rows are in UTC, and today came from datetime.now(): the wall clock of the machine. West of Greenwich the chart
ended with yesterday each morning, east of it with tomorrow each evening, and on a server or in a CI that runs in UTC
it is always right, so nobody who could mend it ever saw it. A time without a zone is a number without a unit. Keep
UTC inside, ask one function for it, let the edge translate, and run the tests in two zones that cannot both agree
with UTC on the date.
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
