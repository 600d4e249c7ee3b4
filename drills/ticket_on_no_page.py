"""Some tickets are missing in the list: if you read it page by page, you never see them.

"Every morning we read the open tickets page by page. Mrs. Novak wrote in May, and nobody has ever seen her ticket. It
opens by its number, and the total above the list counts it, too."
"""

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
    "seniorloop's free lab bug: the first row of the second page is never shown",
)


def read_pages(desk, ids, **query):
    """The sizes of all pages, and the ids on them; it stops if there are more pages than tickets."""
    sizes, seen, before = [], [], ""
    while before is not None and len(sizes) <= len(ids):
        page = desk.get("/tickets", None, None, **query, before=before).json
        sizes.append(len(page["tickets"]))
        seen += [ticket["id"] for ticket in page["tickets"]]
        before = page["next"]
    return sizes, seen


def check(lab):
    desk = lab.desk()
    ids = [desk.new_ticket(priority=priority)["id"] for priority in ("low", "high", "low", "low", "high", "low", "low")]
    sizes, seen = read_pages(desk, ids, limit=3)
    yield "seven tickets in pages of three: each is on a page", sorted(ids), sorted(set(seen))
    yield "no ticket is on two pages", len(set(seen)), len(seen)
    yield "the pages have three, three and one", [3, 3, 1], sizes
    yield "a page of seven is the only one (its size, the tickets)", ([7], ids[::-1]), read_pages(desk, ids, limit=7)
    yield "the first page of one has the newest ticket", [ids[-1]], read_pages(desk, ids, limit=1)[1][:1]
    seen = read_pages(desk, ids, limit=2, priority="low")[1]
    low = [number for number, in desk.rows("SELECT id FROM tickets WHERE priority = 'low'")]
    yield "those of low priority, in pages of two: each is on a page", sorted(low), sorted(seen)
    yield "the total of low priority says how many there are", len(low), desk.get("/tickets", priority="low").json[
        "total"
    ]
