"""Other fixes: (file, planted text, replacement)."""

PLANTED = '"oldest": ids[-1] if ids else 0'

# reads each run up to the size of a page
OTHER = (("store.py", PLANTED, '"oldest": 0'),)
# fixes runs with one ticket only
LAZY = (("store.py", PLANTED, '"oldest": ids[-1] if len(ids) > 1 else 0'),)
# one ticket too early: `size` is one more than the page has, to see whether another page follows
INCOMPLETE = (("store.py", PLANTED, '"oldest": ids[-1] if len(ids) >= size - 1 else 0'),)
# no filter counts
ASKED = "asked = frozenset(FILTERS.keys() & filters.keys())"
SWITCHED_OFF = (("store.py", ASKED, 'asked = frozenset({"search"} & filters.keys())'),)
# a limit that fits the usual page
WRONG_HUNDRED = (("store.py", PLANTED, '"oldest": ids[-1] if len(ids) > 100 else 0'),)
# the newest run alone is read to its end
WRONG_FIRST = (("store.py", PLANTED, '"oldest": ids[0] if len(ids) == size else 0'),)
SEEN_BY = "tests.test_search.Filters.test_every_combination_agrees_with_a_plain_loop"
