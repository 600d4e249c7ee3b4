"""Some tickets are missing in the list and others stand in it twice, on days when the agents are busy.

"Our nightly report reads all tickets page by page. On quiet days it is right. On Mondays it has some tickets twice,
and others that certainly exist it does not have at all; the number of rows is nearly always the right one."
"""

STARS = 3
FAMILY = "missing ticket in list"
SECTION = "Lists and search"
FILE = "store.py"
CLEAN = 'return sorted(rows, key=lambda row: -row["id"])[: filters["limit"] + 1]'
PLANTED = 'return sorted(rows, key=lambda row: row["updated_at"], reverse=True)[: filters["limit"] + 1]'
HINTS = (
    "Make seven tickets, change the titles of some, and read GET /tickets?limit=3 to its end. Which tickets must you "
    "change so that one is lost?",
    "What order does the contract promise? In which order do the tickets of the first page stand?",
    "The following page begins behind the last ticket of this one. `before` compares ids: what does that take for "
    "granted about the rows that Store._newest returns?",
)
EXPLANATION = """
The cursor of a page is an id, and SQL reads by id; but the rows of a page were then put into the order of their last
change. So the last row of a page was no longer the one with the smallest id: what stood below it in the old order
was skipped or read again. Nothing is wrong as long as nobody changes a ticket, for then both orders are the same,
which is why tests with fresh rows pass. Sort by exactly what the cursor compares, ending in a column that is unique:
orders by a time, a priority or a name alone lose rows in the same way wherever values tie or move.
"""
PROVENANCE = (
    "CWE-840: Business Logic Errors",
    "CWE-696: Incorrect Behavior Order",
    "datagouv/api-tabular#122: 17,748 rows fetched page by page, 13,533 of them distinct",
    "open-msupply#12291 and southampton/cortex#354: pages without a stable order",
)


def walk(desk, ids, **query):
    """The ids of all pages in their order; it ends when there are more pages than tickets."""
    seen, before, pages = [], "", 0
    while before is not None and pages <= len(ids):
        page = desk.get("/tickets", None, None, **query, before=before).json
        seen, before, pages = seen + [ticket["id"] for ticket in page["tickets"]], page["next"], pages + 1
    return seen


def check(lab):
    desk = lab.desk()
    ids = [desk.new_ticket(title=f"Printer {number}")["id"] for number in range(1, 8)]
    desk.rows("UPDATE tickets SET updated_at = '2026-01-01T00:00:00.000Z'")
    yield "on a quiet day each ticket is in the list once, newest first", ids[::-1], walk(desk, ids, limit=3)
    desk.patch(f"/tickets/{ids[4]}", {"title": "Printer is on fire"})
    yield "after ticket 5 was changed each is in the list once", sorted(ids), sorted(walk(desk, ids, limit=3))
    for number in (ids[3], ids[5]):
        desk.patch(f"/tickets/{number}", {"title": "Printer is wet"})
    yield "after tickets 4 and 6 were changed, too, none is missing", sorted(ids), sorted(set(walk(desk, ids, limit=3)))
    yield "the list is still newest first, by the number of the ticket", ids[::-1], walk(desk, ids, limit=3)
    yield "a search finds each of them once", ids[::-1], walk(desk, ids, limit=3, search="printer")
    yield "the list shows the three changes", 3, str(desk.get("/tickets").json).count("'Printer is ")
