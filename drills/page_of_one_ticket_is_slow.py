"""The page of a ticket is slower each month, and since the import of the old desk it takes seconds.

"With our twenty test tickets it was quick. Then we brought in five years of comments. The list is as fast as ever, but
to open one single ticket takes three seconds, also one that nobody has said a word about."
"""

STARS = 3
FAMILY = ""
SECTION = "Cache, queries, resources"
FILE = "schema.sql"
CLEAN = "CREATE INDEX comments_by_ticket ON comments (ticket_id);"
PLANTED = "CREATE INDEX comments_by_ticket ON comments (author, ticket_id);"
HINTS = (
    "Ask SQLite how it finds what the page needs: sqlite3 support-desk.sqlite3 'EXPLAIN QUERY PLAN SELECT * FROM "
    "comments WHERE ticket_id = 1'. Do the same for drafts.",
    "SCAN means that every row is read, SEARCH that an index leads there. An index serves only from its left end.",
    "Compare the indexes of comments and drafts in schema.sql. After mending it start with a new database.",
)
EXPLANATION = """
The index was there, and had the author in front of the ticket: sorted by author, so the comments of one ticket stand
all over it, and SQLite read the whole table for each page. An index helps from its left end on, like a telephone book.
Tests have twenty rows, and with twenty rows every plan is fast; what grows with the table cannot be seen by looking at
a clock. Ask for the plan, in a test, for each query that a page needs; a plan does not depend on how many rows there
are today.
"""
PROVENANCE = (
    "CWE-1067: Excessive Execution of Sequential Searches of Data Resource",
    "CWE-1073: Non-SQL Invokable Control Element with Excessive Number of Data Resource Accesses",
)
QUERIES = {  # EXPLAIN QUERY PLAN tells how many tables are read for one of these
    "the page of a ticket": (
        "SELECT * FROM tickets WHERE id = 1",
        "SELECT * FROM tickets WHERE uuid = 'x'",
        "SELECT * FROM comments WHERE ticket_id = 1 ORDER BY id",
        "SELECT * FROM drafts WHERE ticket_id = 1 ORDER BY id",
        "SELECT * FROM audit_events WHERE ticket_id = 1 ORDER BY version",
    ),
    "the list of the newest tickets": ("SELECT * FROM tickets WHERE id < 99 ORDER BY id DESC LIMIT 9",),
    "the list of the tickets in a state": (
        "SELECT id FROM tickets WHERE state = 'new' AND priority = 'low' AND category = 'billing'",
    ),
    "the list of a customer's tickets": ("SELECT id FROM tickets WHERE created_by = 'user-1'",),
}


def check(lab):
    desk = lab.desk()
    for _ in range(2):
        desk.new_ticket()
    for body in ("One", "Two"):
        for number in (1, 2):
            desk.post(f"/tickets/{number}/comments", {"body": f"{body} of {number}"}, {"X-User-Id": f"user-{number}"})
    said = [comment["body"] for comment in desk.get("/tickets/1").json["comments"]]
    yield "a ticket has its comments in their order", ["One of 1", "Two of 1"], said
    for what, queries in QUERIES.items():
        steps = [row[3] for sql in queries for row in desk.rows(f"EXPLAIN QUERY PLAN {sql}")]
        all_read = [step for step in steps if step.startswith("SCAN") or "ANY(" in step]
        yield f"{what} needs no table read from end to end", 0, len(all_read)
