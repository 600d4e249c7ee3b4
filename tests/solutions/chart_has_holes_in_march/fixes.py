"""Other fixes: (file, planted text, replacement)."""

PLANTED = "(SELECT date(:today, '-1 month', '+1 day') UNION ALL"

# counts days with the number of the day
OTHER = (("store.py", PLANTED, "(SELECT date(julianday(:today) - 29) UNION ALL"),)
# thirty bars, whatever the month: the last ones are cut off
LAZY = (("store.py", "FROM past WHERE day < :today)", "FROM past WHERE day < :today LIMIT 30)"),)
# one day less for the months that have 31 days
INCOMPLETE = (
    (
        "store.py",
        PLANTED,
        "(SELECT max(date(:today, '-1 month', '+1 day'), date(:today, '-29 days')) UNION ALL",
    ),
)
# no chart
SWITCHED_OFF = (("store.py", "FROM past WHERE day < :today)", "FROM past WHERE false)"),)
# "the last thirty days" without today
WRONG_OFF_BY_ONE = (("store.py", PLANTED, "(SELECT date(:today, '-30 days') UNION ALL"),)
SEEN_BY = "tests.test_lab_clock.Following.test_a_chart_has_thirty_days_in_every_month"
