"""The search index through power cuts and backups, and searches for random texts compared with a plain loop."""

import random
import tempfile
import time
import unittest
from contextlib import closing
from pathlib import Path

from store import Store
from tests import test_search
from tests.desk import AGENT, TIMEOUT, DeskProcess, run_tool
from tests.test_search import HAS_FTS5, NeverIndexes, SearchTest, WithoutFts5, catch_up, fold, found
from workflow import Caller

EXACTLY = {"Prefer": "count=exact"}
LETTERS = ["a", "b", "B", "é", "É", "e\u0301", "ß", "SS", "%", "_", "'", '"', "\\", "*", " ", "🙂", "中", "AND"]
LETTERS += ["文", "\uffff", "\U0010ffff"]


class RandomTexts(SearchTest):
    """The same promise with and without an index, as in test_search.py."""

    def test_a_search_agrees_with_a_plain_loop_on_random_texts_filters_and_pages(self):
        chance = random.Random(7)
        text = lambda most: "".join(chance.choices(LETTERS, k=chance.randint(1, most)))
        for number in range(60):
            fields = {"priority": chance.choice(["low", "high"]), "category": chance.choice(["billing", "account"])}
            self.desk.new_ticket(title=f"T{text(9)}", description=f"D{text(20)}", **fields)
            if number % 3 == 0:
                changes = {"status": "in_progress", "assignee": chance.choice("xy")}
                self.desk.patch(f"/tickets/{number + 1}", changes, AGENT)
            if number == 30:
                self.settle()
            if number > 40:
                self.desk.patch(f"/tickets/{chance.randint(1, 40)}", {"title": f"T{text(9)}"}, AGENT)
        tickets = self.desk.get("/tickets?limit=1000").json["tickets"]
        for _ in range(80):
            needle = text(chance.choice((1, 2, 5))).strip() or "a"
            query = {"status": chance.choice(["", "open", "in_progress"]), "priority": chance.choice(["", "low"])}
            query |= {"assignee": chance.choice(["", "x"]), "created_by": chance.choice(["", "user-1"])}
            fits = lambda row: all(row[name] == value for name, value in query.items() if value)
            holds = lambda row: any(fold(needle) in fold(row[name]) for name in ("title", "description"))
            with self.subTest(needle=needle, **query):
                expected = [row["id"] for row in tickets if fits(row) and holds(row)]
                self.assertEqual(found(self.desk, search=needle, **query), expected)


class Indexed(RandomTexts, unittest.TestCase):
    settle = test_search.Indexed.settle


class Unindexed(test_search.Words, RandomTexts, unittest.TestCase):
    store = NeverIndexes


class NoFts5(RandomTexts, unittest.TestCase):
    store = WithoutFts5


class HalfIndexed(test_search.Words, RandomTexts, unittest.TestCase):
    """The beats decide, as in life."""


@unittest.skipUnless(HAS_FTS5, "this SQLite has no FTS5: nothing is indexed")
class Index(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name, "desk.sqlite3")

    def fill(self, size, store=Store):
        """Tickets from before the desk started, none of them indexed."""
        fields = {"title": "Login broken", "category": "account", "priority": "low"}
        with closing(store(str(self.path))) as desk:
            with desk.savepoint():
                for number in range(1, size + 1):
                    desk.add_ticket(Caller("user-1"), {**fields, "description": f"For the {number}th time, é"})
            desk.commit()

    def start(self):
        desk = DeskProcess(self.path)
        self.addCleanup(desk.stop)
        return desk

    def assert_whole(self, desk, size):
        self.assertEqual(desk.get("/tickets?limit=1&search=LOGIN+br", EXACTLY).json["total"], size)
        self.assertEqual(found(desk, search="the 7th"), [7])

    def test_the_index_catches_up_between_requests_and_is_sound(self):
        self.fill(500)
        desk = self.start()
        self.assert_whole(desk, 500)
        catch_up(desk)
        self.assert_whole(desk, 500)
        for title in ("Twice", "Login broken"):
            for number in (1, 7, 9):
                desk.patch(f"/tickets/{number}", {"title": title}, AGENT)
            catch_up(desk)
        self.assert_whole(desk, 500)
        with closing(desk.open_database()) as database:
            database.execute("INSERT INTO search_index (search_index) VALUES ('integrity-check')")
        self.assertEqual(desk.stop(), 0)
        self.assertEqual(run_tool("--verify", SUPPORT_DESK_DB=str(self.path)).returncode, 0)

    def test_words_that_are_not_those_of_their_ticket_are_found_by_verify(self):
        self.fill(50)
        desk = self.start()
        catch_up(desk)
        desk.stop()
        with closing(desk.open_database()) as database, database:
            self.assertEqual(database.execute("SELECT count(*) FROM search_words").fetchone(), (50,))
            database.execute("UPDATE search_words SET title_words = 'login' WHERE ticket_id = 7")
        done = run_tool("--verify", SUPPORT_DESK_DB=str(self.path))
        self.assertEqual(done.returncode, 1)
        self.assertIn("NO  words in search_words: wrong for ticket 7\n", done.stdout)

    def test_a_power_cut_while_the_index_is_built_loses_nothing(self):
        self.fill(3000)
        for _ in range(3):
            desk = self.start()
            pending, ends = desk.count("search_pending"), time.monotonic() + TIMEOUT
            while pending and desk.count("search_pending") == pending:
                self.assert_whole(desk, 3000)
                self.assertLess(time.monotonic(), ends)
            desk.kill()
        desk = self.start()
        self.assert_whole(desk, 3000)
        catch_up(desk)
        self.assert_whole(desk, 3000)
        desk.stop()
        done = run_tool("--verify", SUPPORT_DESK_DB=str(self.path))
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_a_backup_has_the_index_with_it(self):
        self.fill(50)
        desk = self.start()
        catch_up(desk)
        copy = self.path.with_name("copy.sqlite3")
        self.assertEqual(run_tool("--backup", str(copy), SUPPORT_DESK_DB=str(self.path)).returncode, 0)
        desk.stop()
        self.path = copy
        desk = self.start()
        self.assertEqual(desk.count("search_pending"), 0)
        self.assert_whole(desk, 50)

    def test_a_ticket_made_without_an_index_is_indexed_later(self):
        self.fill(50, WithoutFts5)
        desk = self.start()
        self.assert_whole(desk, 50)
        catch_up(desk)
        self.assert_whole(desk, 50)
        desk.stop()
        with closing(WithoutFts5(str(self.path))) as store:
            self.assertEqual(store.tickets({"search": "the 7th", "limit": 5})["total"], 1)
            store.edit_ticket(Caller("user-1"), store.ticket("7"), {"description": "Changed without an index"})
        with closing(Store(str(self.path))) as store:
            totals = [store.tickets({"search": words, "limit": 5})["total"] for words in ("the 7th", "changed with")]
            self.assertEqual(totals, [0, 1])


class Filters(test_search.Filters):
    TICKETS, AT_ONCE = 80, 7
    PAGED, PAGE = 12, 3
