"""Other fixes: (file, planted text, replacement)."""

FIRST, LAST = "date('now', 'localtime', '-29 days')", "day < date('now', 'localtime')"

# SQLite's own date, which is in UTC
OTHER = (("store.py", FIRST, "date('now', '-29 days')"), ("store.py", LAST, "day < date('now')"))
# the chart ends with the right day, and begins with the wrong one
LAZY = (("store.py", LAST, "day < :today"),)
SEEN_BY = "tests.test_console.Statistics.test_today_is_the_same_day_wherever_the_desk_stands"
