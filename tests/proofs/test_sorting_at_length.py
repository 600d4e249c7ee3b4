"""Random walks through sorted lists while tickets change, compared with a plain model of the first moment."""

import random
import unittest
from urllib.parse import urlencode

from store import LIST_BYTES, Store
from tests.desk import AGENT, Desk, DeskTest, choices
from tests.test_search import NeverIndexes, WithoutFts5, catch_up

PRIORITIES, CATEGORIES = choices("priority"), choices("category")
WORDS = ("login", "broken", "invoice", "x", "é")
OLD, WALKS = 40, 40


class FewReads:
    """Limits so small that a walk of forty tickets meets them."""

    MOST_READ = 7


class Reads(FewReads, Store):
    MOST_TRIGRAMS, MOST_ENTRIES = 3, 10


class ReadsTheLog(Reads):
    MOST_SORTED = 5


class ReadsWithoutIndex(FewReads, NeverIndexes):
    MOST_SORTED = 12


class ReadsWithoutFts5(FewReads, WithoutFts5):
    MOST_SORTED = 0


class RandomWalks:
    """The same promise for each store."""

    store, ann = Store, {"X-User-Id": "ann", "X-User-Role": "agent"}

    def setUp(self):
        self.desk = Desk(store=self.store)
        self.addCleanup(self.desk.stop)
        self.chance = random.Random(f"{self.store.__name__} 5")

    def test_a_walk_has_the_tickets_of_its_first_moment_in_their_order(self):
        for _ in range(OLD):
            self.create()
        for _ in range(2 * OLD):
            self.change()
        if self.store not in (ReadsWithoutIndex, ReadsWithoutFts5):
            catch_up(self.desk)
        for number in range(WALKS):
            sort = self.chance.choice(("created_at", "updated_at", "priority"))
            with self.subTest(walk=number, sort=sort, query=(query := self.some_query())):
                self.walk(sort, query)

    def create(self):
        words = " ".join(self.chance.choices(WORDS, k=2))
        fields = {"priority": self.chance.choice(PRIORITIES), "category": self.chance.choice(CATEGORIES)}
        who = {"X-User-Id": self.chance.choice(("ann", "bob")), "X-User-Role": "agent"}
        self.desk.post("/tickets", {"title": f"T {words}", "description": "d", **fields}, who)

    def change(self):
        """A random change of a random ticket, or a new ticket."""
        number = self.chance.randint(1, self.desk.count("tickets"))
        steps = [("PATCH", "", {"priority": self.chance.choice(PRIORITIES)})] * 4
        steps += [("PATCH", "", {"category": self.chance.choice(CATEGORIES)})]
        steps += [("PATCH", "", {"title": f"T {self.chance.choice(WORDS)}"})]
        steps += [("PATCH", "", {"status": self.chance.choice(("in_progress", "resolved", "open"))})]
        steps += [("POST", "/comments", {"body": "x"}), ("POST", "/lock", {}), ("PATCH", "", {"assignee": "ann"})]
        method, path, body = self.chance.choice(steps)
        self.desk.request(method, f"/tickets/{number}{path}", body, AGENT)
        if self.chance.random() < 0.1:
            self.create()

    def some_query(self):
        every = {
            "priority": self.chance.choice(PRIORITIES),
            "category": self.chance.choice(CATEGORIES),
            "status": self.chance.choice(("open", "in_progress")),
            "created_by": "ann",
            "mine": "true",
            "search": self.chance.choice((*WORDS, "t", "lo", "in")),
        }
        return {name: every[name] for name in self.chance.sample(sorted(every), self.chance.choice((0, 0, 1, 1, 2)))}

    def in_order(self, sort):
        """The ids of all tickets in the order of this moment, from the audit log."""
        events, after = [], 0
        while after is not None:
            page = self.desk.get(f"/audit-events?limit=1000&after={after}").json
            events, after = events + page["events"], page["next"]
        last = {event["ticket_id"]: event["id"] for event in events}
        priority = {}
        for event in events:
            changes = event["data"].get("changes", {})
            if "priority" in changes:
                priority[event["ticket_id"]] = PRIORITIES.index(changes["priority"])
        keys = {
            "created_at": lambda number: number,
            "updated_at": lambda number: last[number],
            "priority": lambda number: (priority[number], number),
        }
        return sorted(last, key=keys[sort], reverse=True)

    def matches(self, query):
        """The ids that fit the filters now, from lists without a sort."""
        ids, before = set(), ""
        while before is not None:
            page = self.desk.get(f"/tickets?{urlencode({'limit': 1000, **query, 'before': before})}", self.ann).json
            ids, before = ids | {ticket["id"] for ticket in page["tickets"]}, page["next"]
        return ids

    def walk(self, sort, query):
        order = self.in_order("created_at" if "priority" in query and sort == "priority" else sort)
        always = ever = self.matches(query)
        seen, before = [], ""
        while before is not None:
            asked = {"limit": self.chance.choice((1, 2, 5, 1000)), "sort": sort, **query, "before": before}
            reply = self.desk.get(f"/tickets?{urlencode(asked)}", self.ann)
            self.assertEqual(reply.status, 200, reply.body)
            page = [ticket["id"] for ticket in reply.json["tickets"]]
            self.assertLessEqual(set(page), self.matches(query), "a ticket that does not fit the filters")
            seen, before = seen + page, reply.json["next"]
            for _ in range(self.chance.choice((0, 1, 3))):
                self.change()
                now = self.matches(query)
                always, ever = always & now, ever | now
        self.assertEqual(len(seen), len(set(seen)), "a ticket twice")
        self.assertLessEqual(always, set(seen), "a ticket is lost")
        self.assertEqual(seen, [number for number in order if number in seen], "another order, or a newer ticket")


class LongTexts(DeskTest):
    def test_pages_that_are_cut_by_their_bytes_lose_nothing(self):
        short, seen, before = (2, 9, 12, 29), [], ""
        for number in range(1, 61):
            text = "d" if number in short else "\x01" * 19_999 + "x"
            fields = {"title": "Long", "description": text, "priority": "low" if number % 7 == 3 else "high"}
            self.desk.post("/tickets", fields, AGENT)
        order = sorted(range(1, 61), key=lambda number: (number % 7 == 3, -number))
        while before is not None:
            page = self.desk.get(f"/tickets?sort=priority&limit=1000&before={before}")
            self.assertLess(len(page.body), LIST_BYTES)
            seen, before = seen + [ticket["id"] for ticket in page.json["tickets"]], page.json["next"]
            for number in short:
                self.desk.patch(f"/tickets/{number}", {"priority": "critical"}, AGENT)
        self.assertEqual(seen, order)


class AsItIs(RandomWalks, unittest.TestCase):
    """With the limits of the desk."""


class WithFewReads(RandomWalks, unittest.TestCase):
    store = Reads


class FromTheLog(RandomWalks, unittest.TestCase):
    store = ReadsTheLog


class WithoutIndex(RandomWalks, unittest.TestCase):
    store = ReadsWithoutIndex


class WithoutSearch(RandomWalks, unittest.TestCase):
    store = ReadsWithoutFts5
