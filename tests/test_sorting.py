"""Sorted lists: their order, and that no ticket is lost or read twice while others change tickets."""

from itertools import count
from urllib.parse import urlencode

from tests.desk import AGENT, CUSTOMER, Desk, DeskTest, choices
from tests.test_locked import LOCKED, bearer

NEW = {"title": "Login broken", "description": "Cannot get in"}
PRIORITIES = choices("priority")


def pages(desk, headers=AGENT, **query):
    """The ids on each page of a list, read one by one."""
    before = ""
    while before is not None:
        page = desk.get(f"/tickets?{urlencode({**query, 'before': before})}", headers).json
        yield [ticket["id"] for ticket in page["tickets"]]
        before = page["next"]


class Orders(DeskTest):
    def setUp(self):
        super().setUp()
        for priority in (PRIORITIES[0], PRIORITIES[-1], PRIORITIES[1], PRIORITIES[0], PRIORITIES[-1]):
            self.desk.new_ticket(priority=priority)
        self.desk.post("/tickets/2/comments", {"body": "Hello"}, AGENT)
        self.desk.post("/tickets/4/lock", {}, AGENT)

    def test_a_list_is_sorted_by_creation_by_last_change_or_by_priority(self):
        for sort, expected in {
            "": [5, 4, 3, 2, 1],
            "created_at": [5, 4, 3, 2, 1],
            "updated_at": [4, 2, 5, 3, 1],  # any event is a change, as for `updated_at` itself
            "priority": [5, 2, 3, 4, 1],  # the last one in schema.sql first; in each of them the newest ticket first
        }.items():
            for limit in (1, 2, 5, 1000):
                self.assertEqual(sum(pages(self.desk, limit=limit, sort=sort), []), expected, (sort, limit))

    def test_every_filter_goes_with_every_sort(self):
        for query, expected in {
            "priority": {"updated_at": [4, 1], "priority": [4, 1]},
            "created_by": {"updated_at": [4, 2, 5, 3, 1], "priority": [5, 2, 3, 4, 1]},
            "search": {"updated_at": [4, 2, 5, 3, 1], "priority": [5, 2, 3, 4, 1]},
        }.items():
            value = {"priority": PRIORITIES[0], "created_by": "user-1", "search": "login"}[query]
            for sort, ids in expected.items():
                self.assertEqual(sum(pages(self.desk, limit=2, sort=sort, **{query: value}), []), ids, (query, sort))

    def test_the_bare_list_and_the_csv_file_are_sorted_too(self):
        bare = self.desk.get("/api/tickets?sort=priority&limit=2")
        self.assertEqual([ticket["id"] for ticket in bare.json], [5, 2])
        following = bare.headers["Link"].partition(">")[0].removeprefix("<")
        self.assertEqual([ticket["id"] for ticket in self.desk.get(following).json], [3, 4])
        lines = self.desk.get("/tickets.csv?sort=updated_at").body.decode().splitlines()
        self.assertEqual([line.partition(",")[0] for line in lines[1:]], ['"4"', '"2"', '"5"', '"3"', '"1"'])

    def test_an_unknown_sort_is_answered_with_the_choices(self):
        for path in ("/tickets", "/api/tickets", "/tickets.csv"):
            reply = self.desk.get(f"{path}?sort=title")
            self.assert_refused(reply, 400, "VALIDATION_ERROR")
            self.assertIn("choose from created_at, updated_at, priority", reply.json["details"]["sort"][0])

    def test_a_cursor_fits_only_the_list_that_it_is_from(self):
        following = lambda sort: self.desk.get(f"/tickets?sort={sort}&limit=2").json["next"]
        cursor, other = following("updated_at"), following("priority")
        good = f"sort=updated_at&before={cursor}"
        self.assertEqual(self.desk.get(f"/tickets?{good}&limit=1").status, 200)
        for query in (
            f"sort=updated_at&before={other}",
            f"sort=created_at&before={other}",
            f"before={other}",
            "sort=updated_at&before=3",
            f"{good}&status=open",
            f"{good}&search=login",
            good[:-1],
            good.replace("updated_at-7", "updated_at-8"),
            good.replace("updated_at-7", "updated_at-07"),
            good.replace("updated_at-7", "updated_at-" + "9" * 19),
            "sort=updated_at&before=updated_at-0123456789abcdef",
            "sort=priority&before=x",
        ):
            for path in ("/tickets", "/api/tickets", "/tickets.csv"):
                reply = self.desk.get(f"{path}?{query}", CUSTOMER)
                self.assert_refused(reply, 400, "VALIDATION_ERROR")
                self.assertEqual(list(reply.json["details"]), ["before"], query)


class OwnTickets(DeskTest):
    environ = LOCKED

    def test_a_customer_of_a_locked_desk_sorts_own_tickets_and_takes_no_cursor_of_others(self):
        alice, bob = bearer("alice", "customer"), bearer("bob", "customer")
        for who in (alice, bob, alice, bob, alice):
            self.desk.post("/tickets", NEW, who)
        self.desk.post("/tickets/1/comments", {"body": "Hello?"}, alice)
        for sort, ids in {"updated_at": [1, 5, 3], "priority": [5, 3, 1]}.items():
            for search in ("", "login"):
                query = {"sort": sort, "search": search, "limit": 2}
                self.assertEqual(sum(pages(self.desk, headers=alice, **query), []), ids, (sort, search))
            following = self.desk.get(f"/tickets?sort={sort}&limit=1", alice).json["next"]
            reply = self.desk.get(f"/tickets?sort={sort}&limit=1&before={following}", bob)
            self.assert_refused(reply, 400, "VALIDATION_ERROR")


    def test_a_sorted_list_tells_a_customer_nothing_about_what_others_do(self):
        """Neither its cursor nor its ETag: both would count the events of the whole desk."""
        ann, bob = bearer("ann", "customer"), bearer("bob", "customer")
        for _ in range(3):
            self.desk.post("/tickets", NEW, ann)
        paths = [f"/tickets?limit=1&sort={sort}" for sort in ("created_at", "updated_at", "priority")]
        first = [self.desk.get(path, ann) for path in paths]
        for _ in range(3):
            self.desk.post("/tickets", NEW, bob)
        for path, before in zip(paths, first):
            self.assertEqual((before.status, before.json["total"]), (200, 3))
            reply = self.desk.get(path, {**ann, "If-None-Match": before.headers["ETag"]})
            self.assertEqual(reply.status, 304, path)

    def test_a_cursor_of_before_a_restore_is_refused(self):
        lab = Desk(DEBUG="true")
        self.addCleanup(lab.stop)
        for _ in range(3):
            lab.new_ticket()
        lab.post("/debug/snapshots/early", {}, AGENT)
        lab.new_ticket()
        cursors = [lab.get(f"/tickets?sort={sort}&limit=1").json["next"] for sort in ("updated_at", "priority")]
        lab.request("PUT", "/debug/snapshots/early/restore", {}, AGENT)
        for cursor in cursors:
            sort = cursor.partition("-")[0]
            self.assert_refused(lab.get(f"/tickets?sort={sort}&limit=1&before={cursor}"), 400, "VALIDATION_ERROR")


class Walks(DeskTest):
    """Between two pages somebody changes tickets."""

    def setUp(self):
        super().setUp()
        for number in range(12):
            self.desk.new_ticket(priority=PRIORITIES[number % len(PRIORITIES)])

    def walk(self, sort, change, **query):
        """The ids of all pages; change(page) is called after each."""
        seen = []
        for page in pages(self.desk, limit=3, sort=sort, **query):
            seen += page
            change(page)
        return seen

    def test_each_old_ticket_is_read_once_whatever_changes_meanwhile(self):
        for sort in ("created_at", "updated_at", "priority"):
            numbers, priorities = count(1), count(1)
            before = sum(pages(self.desk, limit=1000, sort=sort), [])

            def change(page):
                """One that was read, one that was not, and a new one."""
                for number in (page[0], next(numbers), 13 - next(numbers)):
                    priority = PRIORITIES[next(priorities) % len(PRIORITIES)]
                    self.desk.patch(f"/tickets/{number}", {"priority": priority}, AGENT)
                    self.desk.post(f"/tickets/{number}/comments", {"body": "Me too"}, CUSTOMER)
                self.desk.new_ticket(priority=PRIORITIES[-1])

            self.assertEqual(self.walk(sort, change), before, sort)

    def test_a_ticket_that_becomes_urgent_before_its_turn_is_not_lost(self):
        last = sum(pages(self.desk, limit=1000, sort="priority"), [])[-1]
        seen = self.walk("priority", lambda page: self.desk.patch(f"/tickets/{last}", {"priority": "critical"}, AGENT))
        self.assertEqual(seen.count(last), 1)
        self.assertEqual(seen[-1], last)

    def test_a_ticket_that_changes_before_its_turn_is_not_lost(self):
        seen = self.walk("updated_at", lambda page: self.desk.post("/tickets/1/comments", {"body": "Hello?"}, CUSTOMER))
        self.assertEqual(seen, [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1])

    def test_a_ticket_that_no_longer_fits_the_filters_is_not_on_later_pages(self):
        change = lambda page: self.desk.patch("/tickets/1", {"status": "in_progress"}, AGENT)
        for sort in ("created_at", "updated_at", "priority"):
            seen = self.walk(sort, change, status="open")
            self.assertNotIn(1, seen)
            self.assertEqual(sorted(seen), [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
