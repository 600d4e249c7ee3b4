"""On busy days some tickets are missing in the list, and others are in it twice.

"Our nightly report reads all tickets page by page. On quiet days it is right. On Mondays it has some tickets twice,
and others that exist are missing; the number of rows is nearly always right."
"""

STARS = 3
FAMILY = "missing ticket in list"
SECTION = "Lists and search"
FILE = "store.py"
CLEAN = 'page = "AND {0} < :before AND {0} > :oldest ORDER BY {0} DESC LIMIT :limit + 1"'
PLANTED = 'page = "AND {0} < :before AND {0} > :oldest ORDER BY updated_at DESC, {0} DESC LIMIT :limit + 1"'
HINTS = (
    "Create seven tickets, change the titles of some, and read GET /tickets?limit=3 to its end. Which tickets must "
    "you change to lose one?",
    "Which order does web/README.md document? In which order are the tickets on the first page?",
    "The next page begins after the last ticket of this one. `before` compares ids: what does that assume about the "
    "order of the rows that Store._newest reads?",
)
EXPLANATION = """
The cursor of a page is an id, but the SQL ordered the rows by the time of their last change. So the last row of a page
was no longer the one with the smallest id, and the rows between the two were skipped or read again. As long as nobody
changes a ticket both orders are the same, so tests with new rows pass. Sort by exactly the columns that the cursor
compares, and make the last one unique: a sort by time, priority or name alone loses rows in the same way when values
are equal or change.
"""
PROVENANCE = (
    "CWE-840: Business Logic Errors",
    "CWE-696: Incorrect Behavior Order",
    "datagouv/api-tabular#122: 17,748 rows fetched page by page, 13,533 of them distinct",
    "open-msupply#12291 and southampton/cortex#354: pages without a stable order",
)


def read_pages(desk, ids, **query):
    """The ids of all pages in their order; it stops if there are more pages than tickets."""
    seen, before, pages = [], "", 0
    while before is not None and pages <= len(ids):
        page = desk.get("/tickets", None, None, **query, before=before).json
        seen, before, pages = seen + [ticket["id"] for ticket in page["tickets"]], page["next"], pages + 1
    return seen


def check(lab):
    desk = lab.desk()
    ids = [desk.new_ticket(title=f"Printer {number}")["id"] for number in range(1, 8)]
    desk.rows("UPDATE tickets SET updated_at = '2026-01-01T00:00:00.000Z'")
    yield "on a quiet day each ticket is in the list once, newest first", ids[::-1], read_pages(desk, ids, limit=3)
    desk.patch(f"/tickets/{ids[4]}", {"title": "Printer is on fire"})
    yield "after ticket 5 was changed each is in the list once", sorted(ids), sorted(read_pages(desk, ids, limit=3))
    for number in (ids[0], ids[3], ids[5]):
        desk.patch(f"/tickets/{number}", {"title": "Printer is wet"})
    seen = set(read_pages(desk, ids, limit=3))
    yield "after tickets 1, 4 and 6 were changed, too, none is missing", sorted(ids), sorted(seen)
    yield "the list is still newest first, by the number of the ticket", ids[::-1], read_pages(desk, ids, limit=3)
    yield "a search finds each of them once", ids[::-1], read_pages(desk, ids, limit=3, search="pr")
    yield "the list shows the four changes", 4, str(desk.get("/tickets").json).count("'Printer is ")
