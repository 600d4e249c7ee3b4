"""Other fixes: (file, planted text, replacement)."""

PLANTED = "ORDER BY updated_at DESC, {0} DESC LIMIT :limit + 1"

# the order that the cursor needs, written in another way
OTHER = (("store.py", PLANTED, "ORDER BY tickets.id DESC LIMIT :limit + 1"),)
# the order within a page is right, but the page has the wrong rows
MERGED = "merge(*streams, key=itemgetter(0), reverse=True)"
LAZY = (("store.py", f"return {MERGED}", f"return sorted({MERGED}, reverse=True)"),)
# by another time: it does not change, but the clock may be set back
INCOMPLETE = (("store.py", PLANTED, "ORDER BY created_at DESC, {0} DESC LIMIT :limit + 1"),)
# no pages any more: everything at once
SWITCHED_OFF = (
    ("store.py", PLANTED, "ORDER BY {0} DESC"),
    ("store.py", "if page and (most_bytes < 0 or len(page) == limit):", "if page and most_bytes < 0:"),
)
# the time of the last change stays as it is: then both orders are the same
WRONG_FROZEN = (("store.py", " updated_at = :updated_at,", ""),)
# the list alone: a search still loses tickets
WRONG_SEARCH = (
    (
        "store.py",
        f'{PLANTED}"',
        'ORDER BY "\n        page += ("updated_at DESC, " if filters["search"] else "") + "{0} DESC LIMIT :limit + 1"',
    ),
)
# the oldest first
WRONG_OLDEST_FIRST = (("store.py", PLANTED, "ORDER BY {0} LIMIT :limit + 1"),)
SEEN_BY = "tests.test_search.Filters.test_pages_show_every_ticket_once_while_tickets_arrive_and_change"
