"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'f"{datetime.now():%Y-%m-%d}"'

# the same function, with the time zone UTC
OTHER = (("app.py", PLANTED, 'f"{datetime.now(timezone.utc):%Y-%m-%d}"'),)
# the same local date, written in another way
LAZY = (("app.py", PLANTED, "str(datetime.now().date())"),)
SEEN_BY = "tests.test_console.Statistics.test_today_is_the_same_day_wherever_the_desk_stands"
