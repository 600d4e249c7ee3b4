"""Other fixes: (file, planted text, replacement)."""

PLANTED = "CREATE INDEX comments_by_ticket ON comments (author, ticket_id);"

# an index in the order of the page, with the author
OTHER = (("schema.sql", PLANTED, "CREATE INDEX comments_by_ticket ON comments (ticket_id, id, author);"),)
# removes the index, to make inserts faster
LAZY = (("schema.sql", PLANTED, ""),)
SEEN_BY = "tests.test_store.Plans.test_the_page_of_a_ticket_reads_by_an_index"
