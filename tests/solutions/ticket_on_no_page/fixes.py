"""Other fixes: (file, planted text, replacement)."""

PLANTED = "return page, row[0]"
ENDS = """        if page and (most_bytes < 0 or len(page) == limit):
            return page, row[0]
"""

# the last row of the page by its index
OTHER = (("store.py", PLANTED, "return page, page[len(page) - 1][0]"),)
# there is only one page
LAZY = (("store.py", PLANTED, "return page, None"),)
# right where a page begins below its cursor, and wrong for events, which begin above it
INCOMPLETE = (("store.py", PLANTED, "return page, row[0] + 1"),)
# everything is on one page
SWITCHED_OFF = (("store.py", ENDS, ""),)
# the first row of the next page is on this page, too, so each page has one more
WRONG_ONE_MORE = (
    (
        "store.py",
        ENDS,
        """        if page and (most_bytes < 0 or len(page) == limit):
            return [*page, row], row[0]
""",
    ),
)
# the last row of a page is on the next page again
WRONG_TWICE = (("store.py", PLANTED, "return page, page[-1][0] + 1"),)
# the last row of a full page; a page can also end because its text is long
WRONG_FULL_PAGE = (("store.py", PLANTED, "return page, page[limit - 1][0]"),)
# only the list of tickets
WRONG_ONE_LIST = (
    (
        "store.py",
        """        return {"tickets": [text for _, text in page], **self""",
        """        following = page[-1][0] if following else None
        return {"tickets": [text for _, text in page], **self""",
    ),
)
SEEN_BY = "tests.test_tickets.Lists.test_pages_show_every_ticket_once_while_tickets_arrive"
