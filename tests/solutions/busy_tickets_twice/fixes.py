"""Other fixes: (file, planted text, replacement)."""

PLANTED = "ORDER BY updated_at DESC, {0} DESC LIMIT"

# the order that the cursor needs, written in another way
OTHER = (("store.py", PLANTED, "ORDER BY tickets.id DESC LIMIT"),)
# the order within a page is right, but the page has the wrong rows
MERGED = "merge(*streams, key=itemgetter(0), reverse=True)"
LAZY = (("store.py", f"return {MERGED}", f"return sorted({MERGED}, reverse=True)"),)
SEEN_BY = "tests.test_search.Filters.test_pages_show_every_ticket_once_while_tickets_arrive_and_change"
