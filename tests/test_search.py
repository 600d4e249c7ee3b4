"""Search and filters: what is found, at once and later, indexed or not; and that pages lose nothing."""

import random
import sqlite3
import tempfile
import threading
import time
import unicodedata
import unittest
from contextlib import closing
from itertools import chain
from itertools import combinations as combine
from pathlib import Path
from urllib.parse import urlencode

from store import Store
from tests.desk import AGENT, CUSTOMER, TIMEOUT, Desk, DeskTest
from workflow import Caller

with closing(sqlite3.connect(":memory:")) as memory:
    HAS_FTS5 = bool(memory.execute("SELECT 1 FROM pragma_module_list WHERE name = 'fts5'").fetchall())
TEXTS = {  # title: the words that find it
    "Café closed": ("CAFÉ", "cafe\u0301", "É CLO", "fé"),
    "Straße gesperrt": ("STRASSE", "straße", "aß", "ASSE g"),
    "100% cpu": ("100%", "0% c", "%"),
    "a_bc": ("a_bc", "_b", "A_B"),
    "O'Brien said": ("O'Brien", "'", "'b"),
    'He said "no way"': ('"no way"', '"NO', 'd "'),
    "C:\\temp\\new": ("\\temp\\", "c:\\", "\\"),
    "this AND that": ("AND", "s and t"),
    "glob* NEAR(x) ^top": ("glob*", "NEAR(", "near(x)", "^top", "*"),
    "{col}: -minus +plus": ("{col}:", "-minus", "+plus", "col}"),
    "Party 🙂🎉 time": ("🙂🎉", "🙂", "y 🙂🎉 t"),
    "价格错误 in the bill": ("价格错误", "价格", "误 in", "误", "价"),
    "The last \U0010ffff one \uffff": ("\U0010ffff", "t \U0010ffff", "\uffff", "e \uffff"),
}

FIELDS = {"description": "d", "category": "general", "priority": "low"}


class NeverIndexes(Store):
    def index_some(self):
        return False


class WithoutFts5(Store):
    index_module = "no such module"


def fold(text):
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def found(desk, headers=None, **query):
    """The ids of every page of a list, which must be as many as its total."""
    ids, before = [], ""
    while before is not None:
        page = desk.get(f"/tickets?{urlencode({'limit': 5, **query, 'before': before})}", headers).json
        ids, before = ids + [ticket["id"] for ticket in page["tickets"]], page["next"]
    if len(ids) != page["total"]:
        raise AssertionError(f"{query}: {len(ids)} tickets, but the total is {page['total']}")
    return ids


def catch_up(desk):
    """Wait until the desk has indexed everything in its quiet time."""
    ends, pause = time.monotonic() + TIMEOUT, threading.Event()
    while desk.count("search_pending"):
        pause.wait(0.005)
        if time.monotonic() > ends:
            raise AssertionError(f"{desk.count('search_pending')} tickets are not indexed yet")


class SearchTest:
    """A desk with the store of the class."""

    store = Store

    def setUp(self):
        self.desk = Desk(store=self.store)
        self.addCleanup(self.desk.stop)

    def settle(self):
        """Bring the index to where this class wants it."""


class Words(SearchTest):
    """The same promises with and without an index."""

    def test_the_words_of_a_ticket_find_it_and_only_it(self):
        for title in TEXTS:
            self.desk.new_ticket(title=title, description="xyz")
        self.settle()
        for number, (title, needles) in enumerate(TEXTS.items(), 1):
            for needle in needles:
                expected = [i for i, other in enumerate(TEXTS, 1) if fold(needle) in fold(other)][::-1]
                with self.subTest(needle):
                    self.assertIn(number, expected)
                    self.assertEqual(found(self.desk, search=needle), expected)

    def test_operators_and_patterns_are_words_like_others(self):
        self.desk.new_ticket(title="cat dog", description="bird")
        self.settle()
        operators = ["cat AND dog", "cat OR dog", "ca*", "cat*", "NEAR(cat dog)", "words:cat", '"cat"', "-dog"]
        operators += ["c_t", "%cat%"]
        across = ["cat dog bird", "dog\nbird", "gbi"]  # of title and description together
        for needle in (*operators, *across, "search_index", "'", '"', "\\", "cat dogs", "x" * 200, "ΐ" * 200):
            with self.subTest(needle):
                self.assertEqual(found(self.desk, search=needle), [])
        for needle in ("cat dog", "CAT", "at d", "bird", "c", "rd"):
            self.assertEqual(found(self.desk, search=needle), [1], needle)

    def test_a_ticket_is_found_in_the_next_request_and_its_old_words_are_not(self):
        for number in range(1, 6):
            self.desk.new_ticket(title=f"Printer {number} on fire", description="Smoke everywhere")
            self.assertEqual(found(self.desk, search=f"printer {number} ON"), [number])
            self.settle()
            self.desk.patch(f"/tickets/{number}", {"title": f"Scanner {number} is cold"}, AGENT)
            self.assertEqual(found(self.desk, search=f"scanner {number}"), [number])
            self.assertEqual(found(self.desk, search=f"printer {number}"), [])
            self.settle()
            self.assertEqual(found(self.desk, search=f"scanner {number}"), [number])
            self.assertEqual(found(self.desk, search="smoke"), [number])
            self.assertEqual(found(self.desk, search="on fire"), [])
            self.desk.patch(f"/tickets/{number}", {"description": f"Printer {number} again"}, AGENT)
            self.assertEqual(found(self.desk, search="printer"), list(range(number, 0, -1)))


    def test_what_another_program_writes_is_found_at_once(self):
        words = ("Café", "Straße", "x", "plain")
        self.desk.new_ticket(title=words[-1], description="d")
        for new, old in zip(words, (words[-1], *words)):
            self.settle()
            with closing(self.desk.open_database()) as database, database:
                database.execute("UPDATE tickets SET title = ?", (new,))
            for needle in (new, new[0], new[-2:], old, old[0]):
                expected = [1] if fold(needle) in fold(new) else []
                self.assertEqual(found(self.desk, search=needle), expected, (new, needle))


class Indexed(Words, unittest.TestCase):
    def settle(self):
        if HAS_FTS5:
            self.desk.post("/nowhere")  # after any POST the desk looks for texts to index, not a second later
            catch_up(self.desk)

    @unittest.skipUnless(HAS_FTS5, "this SQLite has no FTS5: nothing is indexed")
    def test_a_short_text_is_indexed_by_the_commit_that_saves_it(self):
        for number in range(1, 6):
            self.desk.new_ticket(title=f"É {number}")
            self.assertEqual((self.desk.count("search_pending"), self.desk.count("search_words")), (0, number))


class NoFts5(Words, unittest.TestCase):
    store = WithoutFts5


@unittest.skipUnless(HAS_FTS5, "this SQLite has no FTS5: each search reads every ticket")
class CommonLetters(unittest.TestCase):
    def test_a_letter_that_is_too_common_for_the_index_is_on_short_pages_that_miss_nothing(self):
        class Small(Store):
            MOST_TRIGRAMS, MOST_ENTRIES, MOST_READ = 3, 15, 7

        desk = Desk(store=Small)
        self.addCleanup(desk.stop)
        titles = [("sees", "aaaaaaa", "xé xi xo xu", "ok")[number % 4] for number in range(40)]
        for title in titles:
            desk.new_ticket(title=title, description="-")
        catch_up(desk)
        letters = {"e": True, "ee": False, "x": True, "é": False, "a": True, "-": True, "!": False}
        for needle, is_common in letters.items():
            expected = [number for number in range(40, 0, -1) if needle in titles[number - 1] or needle == "-"]
            seen, sizes, before = [], [], ""
            while before is not None:
                page = desk.get(f"/tickets?{urlencode({'limit': 3, 'search': needle, 'before': before})}").json
                seen += [ticket["id"] for ticket in page["tickets"]]
                sizes, before = [*sizes, len(page["tickets"])], page["next"]
            with self.subTest(needle):
                self.assertEqual((seen, max(sizes, default=0) <= 3), (expected, True))
                counted = [number for number in expected if number > 40 - 7] if is_common else expected
                self.assertEqual(page["total"], len(counted))
                self.assertEqual(page.get("total_is_exact"), False if is_common else None)
                exact = desk.get(f"/tickets?{urlencode({'search': needle})}", {"Prefer": "count=exact"}).json
                self.assertEqual((exact["total"], "total_is_exact" in exact), (len(expected), False))
                lines = desk.get(f"/tickets.csv?{urlencode({'search': needle})}").body.count(b"\r\n")
                self.assertEqual(lines, 1 + len(expected))


class OwnTickets(unittest.TestCase):
    def test_a_customers_search_does_the_same_work_whether_others_wrote_the_word_or_not(self):
        steps = []
        for word in ("zebra", "giraffe"):
            with tempfile.TemporaryDirectory() as folder, closing(Store(str(Path(folder, "desk.sqlite3")))) as store:
                with store.savepoint():
                    for number in range(300):
                        owner = Caller("cus" if number % 100 == 0 else "others")
                        fields = {"title": f"Ticket {number} {word if owner.id == 'others' else 'mine'}", **FIELDS}
                        store.add_ticket(owner, fields)
                store.commit()
                while store.index_some():
                    store.commit()
                count = [0]

                def note_one_step(count=count):
                    count[0] += 1

                store.db.set_progress_handler(note_one_step, 1)
                page = store.tickets({"search": "zebra", "owner": "cus", "limit": 100})
                self.assertEqual(page["total"], 0)
                steps.append(count[0])
        self.assertEqual(steps[0], steps[1], "steps of SQLite's machine, where others have the word and where not")


class Filters(DeskTest):
    """tests/proofs/test_search_at_length.py has all combinations, and longer lists."""

    TICKETS, AT_ONCE = 40, 2  # filters of one request
    PAGED, PAGE = 8, 4

    def test_every_combination_agrees_with_a_plain_loop(self):
        chance = random.Random(3)
        for number in range(1, self.TICKETS + 1):
            who = {"X-User-Id": chance.choice(["ann", "bob"]), "X-User-Role": "customer"}
            fields = {"priority": chance.choice(["low", "high", "critical"])}
            fields["category"] = chance.choice(["billing", "account"])
            self.desk.post("/tickets", {"title": "x", "description": "y", **fields}, who)
            changes = {"assignee": chance.choice([None, "ann", "bob"])}
            changes["status"] = chance.choice(["open", "in_progress", "resolved"])
            self.assertEqual(self.desk.patch(f"/tickets/{number}", changes, AGENT).status, 200)
        tickets = self.desk.get("/tickets?limit=1000").json["tickets"]
        choices = {"status": "in_progress", "state": "in_progress", "priority": "low", "category": "billing"}
        choices |= {"assignee": "ann", "created_by": "bob", "mine": "true"}
        headers = {"X-User-Id": "ann"}
        combinations = chain.from_iterable(combine(choices, count) for count in range(self.AT_ONCE + 1))
        for names in combinations:
            query = {name: choices[name] for name in names}
            fits = lambda row: all(row[name] == value for name, value in query.items() if name != "mine")
            own = lambda row: "mine" not in query or "ann" in (row["created_by"], row["assignee"])
            with self.subTest(**query):
                expected = [row["id"] for row in tickets if fits(row) and own(row)]
                self.assertEqual(found(self.desk, headers, limit=7, **query), expected)

    def test_pages_show_every_ticket_once_while_tickets_arrive_and_change(self):
        for number in range(self.PAGED):
            self.desk.new_ticket(title=f"Broken {number}", priority="low")
        originals = list(range(self.PAGED, 0, -1))
        plain = ("", "status=open", "priority=low", "created_by=user-1", "mine=true", "status=open&mine=true")
        for query in (*plain, "search=broken", "search=o", "search=broken&status=open&mine=true"):
            seen, before = [], ""
            while before is not None:
                page = self.desk.get(f"/tickets?limit={self.PAGE}&before={before}&{query}", CUSTOMER).json
                seen, before = seen + [ticket["id"] for ticket in page["tickets"]], page["next"]
                self.desk.new_ticket(title="Broken as well", priority="low")
                self.desk.patch(f"/tickets/{len(seen)}", {"title": f"Broken by {query} at {before}"}, AGENT)
            with self.subTest(query):
                self.assertEqual([number for number in seen if number <= self.PAGED], originals)
                self.assertEqual(len(seen), len(set(seen)))
