"""Other fixes: (file, planted text, replacement)."""

PLANTED = '"oldest": ids[-1] if ids else 0'

# every run is read from its newest ticket on, as far as a page reaches
OTHER = (("store.py", PLANTED, '"oldest": 0'),)
# the first run is left out of the account, the others are still cut short
LAZY = (("store.py", PLANTED, '"oldest": ids[-1] if len(ids) > 1 else 0'),)
SEEN_BY = "tests.test_search.Filters.test_every_combination_agrees_with_a_plain_loop"
