"""The average of tickets per day stays high, although hardly any tickets arrive at weekends.

"We hired people because of that number: the dashboard says eleven tickets a day. I have counted: 231 tickets in the
thirty days since we opened, so it must be about eight. On Saturdays and Sundays there are hardly any, and the number
does not change."
"""

from datetime import date, datetime, timedelta, timezone
from math import floor
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
average of the busy days only. Rows that do not exist are not counted (survivorship bias): averages over a GROUP BY,
over a log or over the answers to a survey have the same bug, because quiet days, silent sensors and lost customers
leave no row. Define what the number means (from the first day to today, both included), and test it with a gap in the
middle and with a gap at the end.
"""
PROVENANCE = (
    "CWE-682: Incorrect Calculation",
    "vmiklos/plees-tracker#21: the daily average left out the days without sleep",
    "wadefagen/91-DIVOC#40: an average of seven days was one of the last seven days that had data",
)
ADD = """WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
    INSERT INTO tickets (uuid, title, description, created_by, created_at, updated_at)
    SELECT printf(?, n), 'Login broken', 'Cannot get in', ?, printf(?, n % 24), printf(?, n % 24) FROM numbers"""


def today() -> date:
    return datetime.now(timezone.utc).date()


def add(desk, how_many, day, owner="user-1"):
    at = f"{day}T%02d:59:59.999Z"
    desk.rows(ADD, (how_many, f"{str(uuid4())[:24]}%012d", owner, at, at))


def average(desk, who=None, path="/tickets/stats"):
    return desk.get(path, who).json["avg_tickets_per_day"]


def expected(lab, tickets, first, *days):
    """The average from the first day on; `days` are today, twice, in case that it is midnight between them."""
    averages = [tickets / ((day - first).days + 1) for day in days]
    rounded = [(round(average, 1), floor(average * 10 + 0.5) / 10) for average in averages]  # a half: either side
    return lab.one_of(*{value for both in rounded for value in both})


def check(lab):
    yield from all_tickets(lab, lab.desk(TZ="AAA-13"))
    yield from one_customer(lab, lab.desk(SUPPORT_DESK_AUTH="tokens", DEBUG="true"))


def all_tickets(lab, desk):
    """Days without a ticket are at the end, and then between others; the desk is in another time zone."""
    yield "the average of an empty desk is 0.0", 0.0, average(desk)
    now, oldest, some = today(), 0, lab.random.randint(3, 9)
    for days, how_many, about in (
        (some, lab.random.randint(20, 60), "tickets of one day some days ago, and none since"),
        (0, lab.random.randint(2, 5), "then tickets of today"),
        (lab.random.randint(20, 29), 7, "then tickets of some weeks before"),
        (lab.random.randint(45, 90), 5, "then tickets of some months before"),
    ):
        add(desk, how_many, now - timedelta(days=days))
        oldest = max(oldest, days)
        seen, total = average(desk), desk.count("tickets")
        correct = expected(lab, total, now - timedelta(days=oldest), now, today())
        yield f"{about}: the average is of all days until today", correct, seen
        again = average(desk, path="/api/tickets/stats")
        yield f"{about}: /api/tickets/stats says the same", seen, again
    stats = desk.get("/tickets/stats").json
    yield "the total counts all of them", desk.count("tickets"), stats["total_tickets"]
    yield "the chart has thirty days", 30, len(stats["daily"])


def one_customer(lab, desk):
    """A customer of a locked desk sees the average of the own tickets, since the first of them."""
    names, now = [f"{lab.word()}-{place}" for place in range(2)], today()
    since = lab.random.randint(4, 9)
    add(desk, 12, now - timedelta(days=since), names[0])
    add(desk, 3, now, names[0])
    add(desk, 6, now - timedelta(days=2 * since), names[1])
    who = [desk.login(name, "customer") for name in names] + [desk.login(lab.word(), "agent")]
    seen = [average(desk, one) for one in who]
    for name, number, tickets, days in (
        ("the first customer", 0, 15, since),
        ("the second customer", 1, 6, 2 * since),
        ("an agent", 2, 21, 2 * since),
    ):
        correct = expected(lab, tickets, now - timedelta(days=days), now, today())
        yield f"on a locked desk, {name} sees the right average", correct, seen[number]
