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
one ticket are spread all over it, and SQLite read the whole table for each page (a full table scan). An index helps
only from its first column on (the leftmost prefix rule), like a phone book sorted by last name. Tests have twenty rows,
and with twenty rows every query is fast, so nobody sees the bug. Test with as many rows as you will have in some years,
or test the query plan of each query that a page needs: the plan does not depend on the number of rows today.
"""
PROVENANCE = (
    "CWE-1067: Excessive Execution of Sequential Searches of Data Resource",
    "speedshop/ids_must_be_indexed#4: an index that has its columns in the wrong order",
    "SQLite's documentation, sqlite.org/optoverview.html: an index is used from its first column on",
)
IMPORTED = 80_000
IMPORT = """WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
    INSERT INTO comments (ticket_id, author, body, created_at)
    SELECT ?, 'user-' || n, 'Imported ' || n, '2020-01-01T00:00:00.000Z' FROM numbers"""
TRIES = 6  # the shortest time counts: another program can make a request longer, never shorter


def check(lab):
    desk = lab.desk(DEBUG="true")
    number, silent, other = (desk.new_ticket()["id"] for _ in range(3))
    words = [lab.word(), lab.word()]
    for word in words:
        desk.post(f"/tickets/{number}/comments", {"body": word})
    desk.rows(IMPORT, (IMPORTED, other))
    page = desk.get(f"/tickets/{number}").json
    said = [comment["body"] for comment in page["comments"]]
    yield "a ticket has its comments in their order, also those from before the import", True, said == words
    drafts = min(seconds_in_sql(desk, f"/tickets/{number}/drafts") for _ in range(2 * TRIES))
    for name, path in (
        ("the page of a ticket", f"/tickets/{number}"),
        ("the same page by its uuid", f"/tickets/{page['uuid']}"),
        ("the same page below /api", f"/api/tickets/{number}"),
        ("the page of a ticket without a comment", f"/tickets/{silent}"),
        ("the list of the comments of a ticket", f"/tickets/{number}/comments"),
        ("the history of a ticket", f"/tickets/{number}/events"),
    ):
        is_page = path.rpartition("/")[0].endswith("tickets")
        shortest = min(seconds_in_sql(desk, f"{path}?n={n}" if is_page else path) for n in range(TRIES))
        yield f"{name} does not take ten times as long as the list of its drafts", True, shortest < 10 * drafts


def seconds_in_sql(desk, path):
    """How long the statements of a request have taken, by its trace. A query like ?n=1 avoids a kept response."""
    trace = desk.get(f"/debug/requests/{desk.get(path).headers['X-Request-Id']}").json
    return sum(step["took_us"] for step in trace["steps"] if step["kind"] == "sql") / 1e6
