"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'following = rows[-1]["id"] if len(rows) > len(page) else None'

# the following page begins with the row that was read too much
OTHER = (("store.py", PLANTED, 'following = rows[len(page)]["id"] + 1 if len(rows) > len(page) else None'),)
# the list ends after its first page
LAZY = (("store.py", PLANTED, "following = None"),)
SEEN_BY = "tests.test_tickets.Lists.test_pages_show_every_ticket_once_while_tickets_arrive"
