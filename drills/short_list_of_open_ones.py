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
that are older than the oldest ticket on the page can be ignored, but only if the page is full. That condition was
missing: the first run, however short, set the limit for all others, and their older tickets were left out. An
optimisation that is valid only under a condition loses rows without an error when the condition is dropped. The total
comes from another query and stays right, which is the clue. Compare such code with a simple loop over random data.
"""
PROVENANCE = (
    "CWE-670: Always-Incorrect Control Flow Implementation",
    "CWE-697: Incorrect Comparison",
    "Kickstarter's post-mortem of a replica that answered the same query with other rows",
)
MIX = ("high", "low", "critical", "low", "medium", "high", "critical")


def shown(desk, headers=None, **query):
    """The ids in a filtered list, and the total beside them."""
    page = desk.get("/tickets", headers, None, **query).json
    return [ticket["id"] for ticket in page["tickets"]], page["total"]


def check(lab):
    desk = lab.desk()
    ids = [desk.new_ticket(priority=priority, category="billing")["id"] for priority in MIX][::-1]
    yield "without a filter all seven are shown (their numbers, the total)", (ids, 7), shown(desk)
    yield "those of category billing are shown, newest first", (ids, 7), shown(desk, category="billing")
    yield "those that are open are shown, newest first", (ids, 7), shown(desk, status="open")
    mine = shown(desk, {"X-User-Id": "user-1"}, mine="true")
    yield "the customer who created all seven gets them all with mine=true", (ids, 7), mine
    desk.fire(ids[0], "assign")
    yield "after ticket 7 was assigned, all seven are still open", (ids, 7), shown(desk, status="open")
    yield "after ticket 7 was assigned, the other six are new", (ids[1:], 6), shown(desk, state="new")
    low = [number for number, priority in zip(ids, MIX[::-1]) if priority == "low"]
    yield "those of low priority are shown, and no others", (low, 2), shown(desk, priority="low")
    yield "a page of three open ones has the three newest", (ids[:3], 7), shown(desk, status="open", limit=3)
    yield "a customer without tickets has an empty list", ([], 0), shown(desk, created_by="nobody")
