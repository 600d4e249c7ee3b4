"""Other fixes: (file, planted text, replacement)."""

PLANTED = '"oldest": ids[-1] if ids else 0'

# reads each run up to the size of a page
OTHER = (("store.py", PLANTED, '"oldest": 0'),)
# fixes runs with one ticket only
LAZY = (("store.py", PLANTED, '"oldest": ids[-1] if len(ids) > 1 else 0'),)
SEEN_BY = "tests.test_search.Filters.test_every_combination_agrees_with_a_plain_loop"
