"""The page of a ticket gets slower each month, and since the import of the old desk it takes seconds.

"With our twenty test tickets it was fast. Then we imported five years of comments. The list is as fast as ever, but
opening one ticket takes three seconds, even a ticket without any comment."
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
    "SCAN means that SQLite reads every row, SEARCH that it uses an index. An index can be used only from its first "
    "column on.",
    "Compare the indexes of comments and drafts in schema.sql. After the fix start with a new database.",
)
EXPLANATION = """
There was an index, but the author was its first column, before the ticket. It is sorted by author, so the comments of
one ticket are spread all over it, and SQLite read the whole table for each page. An index helps only from its first
column on, like a phone book sorted by last name. Tests have twenty rows, and with twenty rows every plan is fast, so
measuring the time does not detect the bug. Test the query plan of each query that a page needs; the plan does not
depend on the number of rows today.
"""
PROVENANCE = (
    "CWE-1067: Excessive Execution of Sequential Searches of Data Resource",
    "CWE-1073: Non-SQL Invokable Control Element with Excessive Number of Data Resource Accesses",
)
QUERIES = {  # the queries of each; EXPLAIN QUERY PLAN says whether they scan a table
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
        yield f"{what} needs no full table scan", 0, len(all_read)
