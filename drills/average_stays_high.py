"""The average of tickets per day stays high, although hardly any tickets arrive at weekends.

"We hired people because of that number: the dashboard says eleven tickets a day. I have counted: 231 tickets in the
thirty days since we opened. On Saturdays and Sundays there are none at all, and the number does not change."
"""

from datetime import date, datetime, timedelta, timezone
from uuid import uuid4

STARS = 2
FAMILY = "wrong dashboard number"
SECTION = "Time and numbers"
FILE = "store.py"
CLEAN = "max(1, julianday(:today) - julianday(min(day)) + 1)"
PLANTED = "max(1, count(*))"
HINTS = (
    "Create tickets for some days: six two days ago, none yesterday, three today. Which average do you expect from "
    "GET /tickets/stats, and which one do you get?",
    "The average is a sum divided by a number. The sum is right. Which divisor gives the number that you got?",
    "Read avg_tickets_per_day in STATS, in store.py. How many rows does daily_counts have for a day without a ticket?",
)
EXPLANATION = """
The sum was divided by the number of rows in daily_counts, and a day without a ticket has no row there. So it was the
average of the busy days only. Rows that do not exist are not counted: averages over a GROUP BY, a log or survey
answers have the same bug, because quiet days, silent sensors and lost customers leave no row. Define what the number
means (from the first day to today, both included), and test it with a gap in the middle.
"""
PROVENANCE = (
    "CWE-682: Incorrect Calculation",
    "survivorship bias: the average over what is there, instead of over what should be",
)
ADD = """INSERT INTO tickets (uuid, title, description, created_by, created_at, updated_at)
    VALUES (?, 'Login broken', 'Cannot get in', 'user-1', ?, ?)"""


def today() -> date:
    return datetime.now(timezone.utc).date()


def check(lab):
    desk = lab.desk()

    def add(how_many, day):
        for _ in range(how_many):
            desk.rows(ADD, (str(uuid4()), f"{day}T10:00:00.000Z", f"{day}T10:00:00.000Z"))

    def average():
        return desk.get("/tickets/stats").json["avg_tickets_per_day"]

    def expected(tickets, first, *days):
        return lab.one_of(*{round(tickets / ((day - first).days + 1), 1) for day in days})

    yield "the average of an empty desk is 0.0", 0.0, average()
    now = today()
    first, long_ago = now - timedelta(days=2), now - timedelta(days=44)
    add(3, now)
    yield "three tickets of today are three a day", expected(3, now, now, today()), average()
    add(6, first)
    yield "nine in three days, with none on the second, are three a day", expected(9, first, now, today()), average()
    add(1, long_ago)
    yield "ten in 45 days are 0.2 a day", expected(10, long_ago, now, today()), average()
    yield "the total counts all ten", 10, desk.get("/tickets/stats").json["total_tickets"]
