"""Other fixes: (file, planted text, replacement)."""

PLANTED = "CREATE INDEX comments_by_ticket ON comments (author, ticket_id);"
EXISTS = "EXISTS (SELECT 1 FROM comments WHERE ticket_id = tickets.id) AS comments"

# an index in the order of the page, with the author
OTHER = (("schema.sql", PLANTED, "CREATE INDEX comments_by_ticket ON comments (ticket_id, id, author);"),)
# removes the index that does not help
LAZY = (("schema.sql", PLANTED, ""),)
# an index of public comments only: the page also asks for internal ones
INCOMPLETE = (("schema.sql", PLANTED, "CREATE INDEX comments_by_ticket ON comments (ticket_id) WHERE internal = 0;"),)
# the page has no comments any more
SWITCHED_OFF = (("store.py", EXISTS, "0 AS comments"),)
# another column before the ticket
WRONG_COLUMN = (("schema.sql", PLANTED, "CREATE INDEX comments_by_ticket ON comments (created_at, ticket_id);"),)
# only the newest comments of all tickets are looked through
WRONG_NEWEST = (
    ("store.py", EXISTS, "1 AS comments"),
    (
        "store.py",
        "WHERE ticket_id = :ticket AND id < :before AND {seen}",
        "WHERE ticket_id = :ticket AND id < :before AND {seen} AND id > (SELECT max(id) FROM {kind}) - 500",
    ),
)
SEEN_BY = "tests.test_store.Plans.test_the_page_of_a_ticket_reads_by_an_index"
