"""The chart of the last thirty days has thirty-one bars in some months, and twenty-eight in March.

"We print the chart on the last day of each month. In March two days are missing at its left end, so the sum below it is
too small, and our tool that expects thirty numbers stops. In most weeks it is right, and nobody changed anything."
"""

from datetime import date, timedelta
from uuid import uuid4

STARS = 2
FAMILY = "wrong dashboard number"
SECTION = "Time and numbers"
FILE = "store.py"
CLEAN = "(SELECT date(:today, '-29 days') UNION ALL"
PLANTED = "(SELECT date(:today, '-1 month', '+1 day') UNION ALL"
HINTS = (
    "Start the copy with DEBUG=true and set its clock to the last day of a month: curl -X PUT "
    "localhost:8080/debug/clock -H 'Content-Type: application/json' -d '{\"at\": \"2027-03-31\"}'. How many days does "
    "GET /tickets/stats list under `daily`? Then try 15 June.",
    "How long is a month? Write down the first day of the chart for 15 March, 15 April and 15 May.",
    "Read the SELECT with RECURSIVE in STATS, in store.py: which day does it begin with?",
)
EXPLANATION = """
The chart began one month ago, not thirty days ago. Arithmetic with dates has two traps here. A month has 28 to 31 days,
so the length of the chart changed from month to month. And one month before 31 March there is no such day: SQLite takes
3 March, other libraries take 28 February. So the chart had thirty-one bars in February and June, thirty in May, and
twenty-eight in March. Decide whether a number means days or calendar months, and test dates at the end of a month, in
February and in a leap year. A clock that a test can set finds this at once.
"""
PROVENANCE = (
    "CWE-682: Incorrect Calculation",
    "u8views/go-u8views#29: the last month has 28 to 31 days, where thirty were promised",
    "formulajs/formulajs#162: one month before 31 March is 3 March",
    "moment/moment#5927: to subtract a month from the last day of a month",
)
ADD = """INSERT INTO tickets (uuid, title, description, created_by, created_at, updated_at)
    VALUES (?, 'Login broken', 'Cannot get in', 'user-1', ?, ?)"""
PLACES = ("/tickets/stats", "/api/tickets/stats")


def check(lab):
    desk = lab.desk(DEBUG="true")
    year = lab.random.randrange(2031, 2039)
    dates = {
        "31 March": date(year, 3, 31),
        "a day in the middle of February": date(year, 2, lab.random.randrange(5, 20)),
        "a day in the middle of June": date(year, 6, lab.random.randrange(5, 20)),
        "1 March of a leap year": date(2032, 3, 1),
    }
    for name, today in dates.items():
        first = today - timedelta(days=29)
        desk.rows(ADD, (str(uuid4()), f"{first}T00:00:00.000Z", f"{first}T00:00:00.000Z"))
        days = [str(first + timedelta(days=number)) for number in range(30)]
        moved = desk.request("PUT", "/debug/clock", {"at": f"{today}T12:00:00Z"})
        yield f"the clock is set to {name}", 200, moved.status
        for path in PLACES:
            daily = desk.get(path).json["daily"]
            listed = [one["day"] for one in daily]
            yield f"{name}: the chart of GET {path} has thirty days", 30, len(listed)
            yield f"{name}: they are the last thirty, each once, today at the end", True, listed == days
            yield f"{name}: the chart begins with the ticket of its first day", True, bool(daily) and (
                daily[0]["tickets"] >= 1
            )
    desk.request("DELETE", "/debug/clock")
    desk.new_ticket()
    yield "a ticket of today is in the last bar", 1, desk.get("/tickets/stats").json["daily"][-1]["tickets"]
