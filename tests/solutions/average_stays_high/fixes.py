"""Other fixes: (file, planted text, replacement)."""

PLANTED = "max(1, count(*))"

# days computed from seconds
OTHER = (("store.py", PLANTED, "max(1, (strftime('%s', :today) - strftime('%s', min(day))) / 86400 + 1)"),)
# the thirty days of the story
LAZY = (("store.py", PLANTED, "30"),)
# from the first day with a ticket to the last one: the days since then do not count
INCOMPLETE = (("store.py", PLANTED, "max(1, julianday(max(day)) - julianday(min(day)) + 1)"),)
# there is no average any more
SWITCHED_OFF = (("store.py", PLANTED, "1e9"),)
# without today
WRONG_WITHOUT_TODAY = (("store.py", PLANTED, "max(1, julianday(:today) - julianday(min(day)))"),)
# a part of today
WRONG_PART_OF_TODAY = (("store.py", PLANTED, "max(1, julianday('now', 'localtime') - julianday(min(day)))"),)
# at most the thirty days of the chart
WRONG_THIRTY_AT_MOST = (("store.py", PLANTED, "min(30, max(1, julianday(:today) - julianday(min(day)) + 1))"),)
# since the first ticket of the desk, also for a customer who came later
WRONG_FIRST_OF_ALL = (
    (
        "store.py",
        PLANTED,
        "max(1, julianday(:today) - julianday((SELECT min(day) FROM daily_counts)) + 1)",
    ),
)
SEEN_BY = "tests.test_console.Statistics.test_the_average_counts_every_day_from_the_first_one_to_today"
