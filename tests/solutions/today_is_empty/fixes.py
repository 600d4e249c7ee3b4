"""Other fixes: (file, planted text, replacement)."""

FIRST, LAST = "date('now', 'localtime', '-29 days')", "day < date('now', 'localtime')"

# SQLite's own date, which is in UTC
OTHER = (("store.py", FIRST, "date('now', '-29 days')"), ("store.py", LAST, "day < date('now')"))
# the chart ends with the right day, and begins with the wrong one
LAZY = (("store.py", LAST, "day < :today"),)
# the other way round
INCOMPLETE = (("store.py", FIRST, "date(:today, '-29 days')"),)
# the chart ends yesterday, where every day is complete
SWITCHED_OFF = (
    ("store.py", FIRST, "date(:today, '-30 days')"),
    ("store.py", LAST, "day < date(:today, '-1 day')"),
)
# the last day is the last one with a ticket
WRONG_LAST = (
    ("store.py", FIRST, "date((SELECT max(day) FROM days), '-29 days')"),
    ("store.py", LAST, "day < (SELECT max(day) FROM days)"),
)
# a day more at both ends, so that today is always there
WRONG_WIDTH = (("store.py", FIRST, "date(:today, '-30 days')"), ("store.py", LAST, "day < date(:today, '+1 day')"))
# the tickets are counted by the local day, too: the chart agrees with the wall clock of the server alone
WRONG_ZONE = (
    ("schema.sql", "VALUES (substr(NEW.created_at, 1, 10), 1)", "VALUES (date(NEW.created_at, 'localtime'), 1)"),
)
SEEN_BY = "tests.test_console.Statistics.test_today_is_the_same_day_wherever_the_desk_stands"
