"""Some tickets are missing in the list: if you read it page by page, you never see them.

"Every morning we read the open tickets page by page. Mrs. Novak wrote in May, and nobody has ever seen her ticket. Its
own page opens by its number, and the total above the list counts it, too."
"""

import re

STARS = 1
FAMILY = "missing ticket in list"
SECTION = "Lists and search"
FILE = "store.py"
CLEAN = "return page, page[-1][0]"
PLANTED = "return page, row[0]"
HINTS = (
    "Create seven tickets and read GET /tickets?limit=3, then follow its `next` until there is none. Write down the "
    "ids of each page: which ones are on no page?",
    "How many rows does the desk read for a page of three, and how many of them does it show?",
    "Follow `next` in Store._page, backwards from the SQL that uses it as `before`. After which ticket must the "
    "next page begin?",
)
EXPLANATION = """
For a page of three the desk reads four rows: the fourth only tells that there is a next page. The cursor for the next
page was taken from that fourth row. The next page begins after its cursor, so one ticket between any two pages was on
neither. Off-by-one errors like this one are hard to notice: each page looks full and right, and test data often fits
on one page. Read a list of 2 × size + 1 rows to its end and compare the result with what was created: that test
detects every bug of this kind.
"""
PROVENANCE = (
    "CWE-193: Off-by-one Error",
    "SemanticMediaWiki/SemanticMediaWiki pull request #6806: the row that was read ahead was skipped on each page",
)
AGENT = {"X-User-Id": "agent-1", "X-User-Role": "agent"}
NEXT_LINK = re.compile(r'<([^>]+)>; *rel="?next"?')
MANY_COMMENTS = """WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 120)
    INSERT INTO comments (ticket_id, author, body, internal, created_at)
    SELECT ?, 'import', printf('%05000d', n), 0, '2026-01-01T00:00:00.000Z' FROM numbers"""
MANY_TICKETS = """WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 620)
    INSERT INTO tickets (uuid, title, description, created_by, created_at, updated_at)
    SELECT printf('3f2b8c1e-5d4a-4e6f-9a7b-%012d', n), 'Imported', 'From the old desk', 'import',
    '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z' FROM numbers"""


def read_pages(desk, path, kind, cursor, most, **query):
    """The sizes of all pages, and the ids on them; it stops after `most` pages. `cursor` is the name of the parameter
    that `next` is for."""
    sizes, seen, following = [], [], {}
    while following is not None and len(sizes) <= most:
        page = desk.get(path, AGENT, None, **query, **following).json
        sizes.append(len(page.get(kind, [])))
        seen += [one["id"] for one in page.get(kind, [])]
        following = None if page.get("next") is None else {cursor: page["next"]}
    return sizes, seen


def check(lab):
    desk, size = lab.desk(), lab.random.randint(2, 4)
    priorities = ["low", "high", "low"] * 5
    ids = [desk.new_ticket(priority=priority)["id"] for priority in priorities[: 3 * size + 1]]
    tickets = ("/tickets", "tickets", "before", len(ids))
    sizes, seen = read_pages(desk, *tickets, limit=size)
    yield "tickets in small pages: each of them is on one page, newest first", ids[::-1], seen
    yield "each page but the last one is full", [size, size, size, 1], sizes
    seen = read_pages(desk, *tickets, limit=len(ids))
    yield "a page as large as the list is the only one", ([len(ids)], ids[::-1]), seen
    yield "in pages of one each ticket is on one page", ids[::-1], read_pages(desk, *tickets, limit=1)[1]
    low = [number for (number,) in desk.rows("SELECT id FROM tickets WHERE priority = 'low' ORDER BY id DESC")]
    for name, query, expected in (
        ("those of low priority", {"priority": "low"}, low),
        ("those that a search finds", {"search": "login"}, ids[::-1]),
    ):
        seen = read_pages(desk, *tickets, limit=size, **query)[1]
        yield f"{name}, in small pages: each of them is on one page", expected, seen
    total = desk.get("/tickets", priority="low").json["total"]
    yield "the total of low priority says how many there are", len(low), total
    yield from other_lists(desk, ids, size)
    yield from long_lists(desk, ids[-1])


def other_lists(desk, ids, size):
    """What else has pages: the bare list, the comments and drafts of a ticket, and the audit log."""
    path, seen = f"/api/tickets?limit={size}", []
    while path and len(seen) <= len(ids):
        response = desk.get(path)
        seen += [ticket["id"] for ticket in response.json]
        found = NEXT_LINK.search(response.headers.get("Link", ""))
        path = found and found[1][found[1].index("/api/") :]
    yield "/api/tickets with its links to the next page: each ticket is on one page", ids[::-1], seen
    number, parts = ids[0], {"comments": [], "drafts": []}
    for place in range(3 * size + 1):
        for kind, address in (("comments", "comments"), ("drafts", "draft")):
            parts[kind].append(desk.post(f"/tickets/{number}/{address}", {"body": f"Text {place}"}, AGENT).json["id"])
    for kind, expected in parts.items():
        sizes, seen = read_pages(desk, f"/tickets/{number}/{kind}", kind, "before", 99, limit=size)
        yield f"{kind} of a ticket in small pages: each of them is on one page", expected, sorted(seen)
        yield f"each page of {kind} but the last one is full", [size, size, size, 1], sizes
    expected = [event for (event,) in desk.rows("SELECT id FROM audit_events ORDER BY id")]
    seen = read_pages(desk, "/audit-events", "events", "after", 99, limit=size)[1]
    yield "the audit log in small pages: each event is on one page, in order", expected, seen
    own = [event for (event,) in desk.rows("SELECT id FROM audit_events WHERE ticket_id = ? ORDER BY id", (number,))]
    seen = read_pages(desk, f"/tickets/{number}/events", "events", "from", 99, limit=size)[1]
    yield "the history of a ticket in small pages: each event is on one page, in order", own, seen


def long_lists(desk, number):
    """Pages that end early because their text is long, and an export, which the desk reads in pages."""
    desk.rows(MANY_COMMENTS, (number,))
    expected = [one for (one,) in desk.rows("SELECT id FROM comments WHERE ticket_id = ? ORDER BY id", (number,))]
    seen = read_pages(desk, f"/tickets/{number}/comments", "comments", "before", 99, limit=1000)[1]
    yield "120 long comments: each of them is on one page", expected, sorted(seen)
    desk.rows(MANY_TICKETS)
    lines = desk.get("/tickets.csv").body.count(b"\r\n") - 1
    yield "the export has every ticket", desk.count("tickets"), lines
