"""Other fixes: (file, planted text, replacement)."""

PLANTED = "following = rows[-1][0] if len(rows) > len(page) else None"

# the next page begins with the extra row
OTHER = (("store.py", PLANTED, "following = rows[len(page)][0] + 1 if len(rows) > len(page) else None"),)
# there is only one page
LAZY = (("store.py", PLANTED, "following = None"),)
SEEN_BY = "tests.test_tickets.Lists.test_pages_show_every_ticket_once_while_tickets_arrive"
