"""On busy days some tickets are missing in the list, and others are in it twice.

"Our nightly report reads all tickets page by page. On quiet days it is right. On Mondays it has some tickets twice,
and others that exist are missing; the number of rows is nearly always right."
"""

import re

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
The cursor of a page is an id (cursor pagination, or keyset pagination), but the SQL ordered the rows by the time of
their last change. So the last row of a page was no longer the one with the smallest id, and the rows between the two
were skipped or read again. As long as nobody changes a ticket both orders are the same, so tests with new rows pass.
Sort by exactly the columns that the cursor compares, and make the last one unique: a sort by time, priority or name
alone loses rows in the same way when values are equal or change.
"""
PROVENANCE = (
    "datagouv/api-tabular#122: 17,748 rows fetched page by page, 13,533 of them distinct",
    "msupply-foundation/open-msupply#12291: a row at the end of one page, and at the start of the next one, too",
    "datagouv/data.gouv.fr#1130: pages without a fixed order",
)
OLD = "2026-01-01T00:00:00.000Z"
SET_BACK = """INSERT INTO tickets (uuid, title, description, created_by, created_at, updated_at)
    VALUES ('01234567-0000-4000-8000-000000000000', 'Printer 8', 'It burns', 'user-1',
    '2020-01-01T00:00:00.000Z', '2020-01-01T00:00:00.000Z')"""  # as on a day when the clock was wrong


def read_pages(desk, most, path="/tickets", **query):
    """The ids of all pages in their order, and how many the largest page has. It stops after `most` pages."""
    seen, sizes, before = [], [0], ""
    while before is not None and len(sizes) <= most:
        page = desk.get(path, None, None, **query, before=before)
        is_bare = isinstance(page.json, list)
        tickets = page.json if is_bare else page.json["tickets"]
        following = re.search(r"before=(\d+)", page.headers.get("Link", ""))
        before = (following and following[1]) if is_bare else page.json["next"]
        seen += [ticket["id"] for ticket in tickets]
        sizes.append(len(tickets))
    return seen, max(sizes)


def check(lab):
    desk, wet = lab.desk(), lab.word()
    ids = [desk.new_ticket(title=f"Printer {number}")["id"] for number in range(1, 8)]
    desk.rows("UPDATE tickets SET updated_at = ?", (OLD,))
    yield "on a quiet day each ticket is in the list once, newest first", ids[::-1], read_pages(desk, 9, limit=3)[0]
    desk.patch(f"/tickets/{ids[4]}", {"title": f"Printer is {wet}"})
    seen = read_pages(desk, 9, limit=3)[0]
    yield "after ticket 5 was changed each is in the list once", sorted(ids), sorted(seen)
    for number in (ids[0], ids[3], ids[5]):
        desk.patch(f"/tickets/{number}", {"title": f"Printer is {wet}"})
    seen = set(read_pages(desk, 9, limit=3)[0])
    yield "after tickets 1, 4 and 6 were changed, too, none is missing", sorted(ids), sorted(seen)
    yield from newest_first(desk, ids, "after these changes")
    desk.rows(SET_BACK)
    yield from newest_first(desk, [*ids, ids[-1] + 1], "after a ticket that came while the clock was wrong")
    listed = desk.get("/tickets").json["tickets"]
    yield "the list shows the four changes", 4, sum(wet in ticket["title"] for ticket in listed)
    changed = sorted(ticket["id"] for ticket in listed if ticket["updated_at"] > OLD)
    yield "the four tickets have a new time of their last change", [ids[0], ids[3], ids[4], ids[5]], changed


def newest_first(desk, ids, when):
    """All lists must have these tickets once, newest first, in pages of the size that was asked for."""
    wanted = {"/tickets": {}, "/api/tickets": {}, "/tickets, with a search": {"search": "pr"}}
    wanted |= {"/tickets, with a longer search": {"search": "printer"}, "/tickets, the open ones": {"status": "open"}}
    for name, query in wanted.items():
        for limit in (2, 3):
            seen, largest = read_pages(desk, len(ids), name.partition(",")[0], **query, limit=limit)
            yield f"{when}, {name} has each ticket once, newest first, {limit} on a page", ids[::-1], seen
            yield f"{when}, the largest page of {name} has {limit}", limit, largest
    lines = desk.get("/tickets.csv", limit=4).body.decode().splitlines()[1:]
    exported = [int(line.split(",")[0].strip('"')) for line in lines]
    yield f"{when}, the first four lines of the CSV file are the newest four", ids[:-5:-1], exported
