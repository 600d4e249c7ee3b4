"""Other fixes: (file, planted text, replacement)."""

PLANTED = "max(1, count(*))"

# days computed from seconds
OTHER = (("store.py", PLANTED, "max(1, (strftime('%s', :today) - strftime('%s', min(day))) / 86400 + 1)"),)
# always divides by thirty days
LAZY = (("store.py", PLANTED, "30"),)
SEEN_BY = "tests.test_console.Statistics.test_the_average_counts_every_day_from_the_first_one_to_today"
