"""Other fixes: (file, planted text, replacement)."""

PLANTED = "return page, row[0]"

# the last row of the page by its index
OTHER = (("store.py", PLANTED, "return page, page[len(page) - 1][0]"),)
# there is only one page
LAZY = (("store.py", PLANTED, "return page, None"),)
SEEN_BY = "tests.test_tickets.Lists.test_pages_show_every_ticket_once_while_tickets_arrive"
