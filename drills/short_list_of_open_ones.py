"""Some tickets are missing in the list as soon as it is filtered; the total beside it counts them.

"My list of open tickets says 40 and shows 31. Without the filter all are there. When I set every ticket to the same
priority they come back, so I suspect the priorities, but the list is not filtered by priority at all!"
"""

STARS = 4
FAMILY = "missing ticket in list"
SECTION = "Lists and search"
FILE = "store.py"
CLEAN = '"oldest": ids[-1] if len(ids) == size else 0'
PLANTED = '"oldest": ids[-1] if ids else 0'
HINTS = (
    "Create six tickets with different priorities. Compare GET /tickets with GET /tickets?status=open: which tickets "
    "are missing, and what do they have in common?",
    "Two different methods of store.py read a filtered list and an unfiltered one. How does the one for filters build "
    "its page?",
    "Store._newest_of_runs reads one run after the other and collects what it has found in `ids`. When may it ignore "
    "the older tickets of the next run?",
)
EXPLANATION = """
A filtered list is merged from several runs of an index, one for each state, priority and category. Tickets of a run
that are older than the oldest ticket on the page can be ignored (early termination), but only if the page is full. That
condition was missing: the first run, however short, set the limit for all others, and their older tickets were left
out. An optimisation that is valid only under a condition loses rows without an error when the condition is dropped. The
total comes from another query and stays right, which is the clue. Compare such code with a simple loop over random
data.
"""
PROVENANCE = (
    "CWE-670: Always-Incorrect Control Flow Implementation",
    "tamnd/kura#49: a search skipped documents that belonged on the page, to save time",
    "xerj-org/xerj#181: with a smaller page other hits were found, and the total stayed the same",
)
MIX = ("high", "low", "critical", "low", "medium", "high", "critical")
ADD = """WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
    INSERT INTO tickets (uuid, title, description, created_by, priority, category, created_at, updated_at)
    SELECT printf('00000000-0000-4000-8000-%012d', n), 'Imported', 'Imported', ?,
        CASE n % 3 WHEN 0 THEN 'critical' WHEN 1 THEN 'low' ELSE 'medium' END, 'account',
        '2020-01-01T00:00:00.000Z', '2020-01-01T00:00:00.000Z' FROM numbers"""


def shown(desk, headers=None, **query):
    """The ids in a filtered list, and the total beside them."""
    page = desk.get("/tickets", headers, None, **query).json
    return [ticket["id"] for ticket in page["tickets"]], page["total"]


def page_by_page(desk, **query):
    """The ids on all pages, newest first, and the number of pages."""
    ids, pages, following = [], 0, {}
    while following is not None and pages < 20:
        page = desk.get("/tickets", None, None, **query, **following).json
        ids, pages = ids + [ticket["id"] for ticket in page["tickets"]], pages + 1
        following = {"before": page["next"]} if page["next"] else None
    return ids, pages


def check(lab):
    desk, who = lab.desk(), lab.word()
    customer = {"X-User-Id": who, "X-User-Role": "customer"}
    earlier = [desk.new_ticket(priority="medium")["id"] for _ in range(lab.random.randint(2, 5))]
    ids = [desk.new_ticket(customer, priority=priority, category="billing")["id"] for priority in MIX][::-1]
    all_ids = ids + earlier[::-1]
    yield "without a filter all are shown, and the total is right", True, shown(desk) == (all_ids, len(all_ids))
    yield "those that are open are shown, newest first", True, shown(desk, status="open") == (all_ids, len(all_ids))
    yield "the seven of category billing are shown, newest first", True, shown(desk, category="billing") == (ids, 7)
    mine = shown(desk, customer, mine="true")
    yield "the customer who created seven gets them all with mine=true", True, mine == (ids, 7)
    yield "an agent gets them with created_by", True, shown(desk, created_by=who) == (ids, 7)
    for size in (1, 2, 3, 6, 7):
        pages = page_by_page(desk, category="billing", limit=size)
        yield f"pages of {size} have all seven of category billing", True, pages == (ids, -(-7 // size))
    listed = [one["id"] for one in desk.get("/api/tickets?category=billing").json]
    yield "GET /api/tickets has all seven, too", True, listed == ids
    lines = desk.get("/tickets.csv?category=billing").body.splitlines()
    yield "an export has all seven, too", 8, len(lines)
    low = [number for number, priority in zip(ids, MIX[::-1]) if priority == "low"]
    yield "those of low priority are shown, and no others", True, shown(desk, priority="low") == (low, 2)
    two = shown(desk, priority="low", category="billing", status="open")
    yield "those with three filters are shown, and no others", True, two == (low, 2)
    desk.fire(ids[0], "assign")
    yield "after the newest was assigned, all are still open", True, shown(desk, status="open")[0] == all_ids
    yield "after the newest was assigned, the others are new", True, shown(desk, state="new")[0] == all_ids[1:]
    desk.fire(ids[0], "start_work")
    yield "after work on it has started, the others are open", True, shown(desk, status="open")[0] == all_ids[1:]
    yield "a customer without tickets has an empty list", ([], 0), shown(desk, created_by=lab.word())
    number = lab.random.randint(330, 390)
    desk.rows(ADD, (number, who))
    imported = [row[0] for row in desk.rows("SELECT id FROM tickets WHERE category = 'account' ORDER BY id DESC")]
    some = shown(desk, category="account", limit=1000)
    yield "after an import of hundreds, a long list has them all", True, some == (imported, number)
    pages = page_by_page(desk, category="account", limit=50)
    yield "pages of fifty have them all", True, pages == (imported, -(-number // 50))
