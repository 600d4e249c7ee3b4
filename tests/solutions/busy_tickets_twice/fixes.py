"""Other fixes: (file, planted text, replacement)."""

PLANTED = "ORDER BY updated_at DESC, {column} DESC LIMIT"

# the order that the cursor needs, written in another way
OTHER = (("store.py", PLANTED, "ORDER BY tickets.id DESC LIMIT"),)
# the order within a page is right, but the page has the wrong rows
LAZY = (("store.py", "        if len(parts) > 1:\n            rows.sort", "        rows.sort"),)
SEEN_BY = "tests.test_search.Filters.test_pages_show_every_ticket_once_while_tickets_arrive_and_change"
