"""--verify and a disk that flips bits: no flip that changes a row, or makes one unreadable, passes.

Each case is a copy of one database with one flipped bit. A second program reads every row of the copy: if a row is not
as it was, `Store.verify` must say so. The search index is the exception: there a flip may pass if every search still
finds the same tickets.
"""

import random
import sqlite3
import sys
import tempfile
import unittest
from collections import Counter
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import workflow
from store import Store, Unusable
from workflow import Caller

ANYWHERE, AIMED = 400, 400  # flips
TICKETS, PENDING = 40, 5  # the last ones are not in the search index yet
AGENT = Caller("agent-1", ("agent",), "r-1")
CUSTOMER = Caller("user-1", ("customer",), "r-2")
SECRETS = ("scrypt$16384$", "key-of-", '"description"')  # what no line of --verify may show of a user or a response


def fill(store) -> None:
    chance = random.Random(1)
    words = "printer login Café refund броня slow again".split()
    for number in range(TICKETS):
        text = " ".join(chance.choices(words, k=12))
        with store.savepoint():
            new = {"title": f"{text[:30]} {number}", "description": text, "category": "account", "priority": "high"}
            ticket = store.add_ticket(CUSTOMER, new)
            body = workflow.canonical(ticket).encode()
            scope = (CUSTOMER.id, "POST", "/tickets", f"key-of-{number}")
            store.keep_response(scope, sha256(body).hexdigest(), 201, f"/tickets/{ticket['id']}", body)
            if number % 3 == 0:
                ticket = store.fire(AGENT, ticket, "assign", {"assignee": "agent-1"})
                store.add_comment(AGENT, ticket, f"About {text}", internal=bool(number % 2))
            if number % 4 == 0:
                draft = store.add_draft(AGENT, store.ticket(str(ticket["id"])), f"Dear customer, {text}", "rules")
                (store.approve_draft if number % 8 else store.reject_draft)(AGENT, draft)
        store.commit()
        while number < TICKETS - PENDING and store.index_some():
            store.commit()
    with store.savepoint():
        store.edit_ticket(AGENT, store.ticket("2"), {"title": "Another title"})
        for number in range(12):
            secret = f"scrypt$16384$8$1${number:032x}${sha256(bytes([number])).hexdigest()}"
            user = {"email": f"user-{number}@desk.example", "name": f"User {number}", "roles": ["agent", "supervisor"]}
            store.add_user({**user, "password_hash": secret})
    store.commit()


def rows_of(path) -> dict:
    """{table: its rows as bytes, or why they cannot be read}, as another program sees them."""
    uri = f"{path.as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(uri, uri=True)) as database:
        database.text_factory = bytes
        read = lambda sql: database.execute(sql).fetchall()
        try:
            schema = read("SELECT type, name, tbl_name, sql FROM sqlite_schema")
        except (sqlite3.Error, UnicodeError) as problem:  # the text of an error may have the flipped bit, too
            return {"sqlite_schema": repr(problem)}
        found = {"sqlite_schema": schema}
        for kind, name, _, sql in schema:
            if kind == b"table" and not sql.startswith(b"CREATE VIRTUAL"):
                try:
                    found[name.decode()] = read(f'SELECT * FROM "{name.decode()}"')
                except (sqlite3.Error, UnicodeError) as problem:
                    found[name] = repr(problem)
        return found


def searches(path) -> list:
    """What searches for each part of each text find."""
    with closing(Store(str(path), read_only=True)) as store:
        texts = {part for row in store._all("SELECT title, description FROM tickets") for part in row.values()}
        needles = sorted({text[start : start + size] for text in texts for start in range(30) for size in (3, 8)})
        return [store.tickets({"search": needle, "limit": 100}) for needle in needles if len(needle) > 2]


class BitFlips(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path, path = Path(folder.name, "flipped.sqlite3"), Path(folder.name, "desk.sqlite3")
        with closing(Store(str(path))) as store:
            fill(store)
            store.checkpoint()
        cls.before, cls.content, cls.searches = rows_of(path), path.read_bytes(), searches(path)
        assert not any(difference for _, difference in cls.verified(path)), list(cls.verified(path))

    @staticmethod
    def verified(path):
        """What --verify says, as a list of (check, difference)."""
        try:
            with closing(Store(str(path), read_only=True)) as store:
                return list(store.verify())
        except Unusable as problem:
            return [("opening", str(problem))]

    def flip(self, bit) -> str:
        """Flip one bit of the file. Returns found, no effect, same searches, or missed in these tables."""
        content = bytearray(self.content)
        content[bit // 8] ^= 1 << bit % 8
        for end in ("-wal", "-shm"):
            Path(f"{self.path}{end}").unlink(missing_ok=True)
        self.path.write_bytes(content)
        after = rows_of(self.path)
        changed = [name for name in after.keys() | self.before.keys() if after.get(name) != self.before.get(name)]
        said = self.verified(self.path)
        for check, difference in said:
            for secret in SECRETS:
                if "checksums" in check:
                    self.assertNotIn(secret, difference or "", check)
        if any(difference for _, difference in said):
            return "found" if changed else "found, no row changed"
        if not changed:
            return "no effect on a row"
        is_index = all(name.startswith("search_index_") for name in changed)
        if is_index and searches(self.path) == self.searches:
            return "in the search index, and every search finds the same"
        return f"missed in {', '.join(map(str, changed))}"

    def try_flips(self, what, bits):
        outcomes = Counter(map(self.flip, bits))
        print(f"{len(bits)} flips {what}: {dict(outcomes.most_common())}", file=sys.stderr)
        self.assertEqual([outcome for outcome in outcomes if outcome.startswith("missed")], [], outcomes)
        self.assertGreater(outcomes["found"], len(bits) // 10, "most flips should hit something")

    def test_no_flip_anywhere_in_the_file_that_changes_a_row_passes(self):
        chance = random.Random(2026)
        self.try_flips("anywhere", [chance.randrange(len(self.content) * 8) for _ in range(ANYWHERE)])

    def test_no_flip_in_the_pages_of_users_and_kept_responses_that_changes_a_row_passes(self):
        chance, size = random.Random(13), 4096
        starts = range(0, len(self.content), size)
        aimed = [at for at in starts if b"key-of-" in self.content[at : at + size]]
        aimed += [at for at in starts if b"@desk.example" in self.content[at : at + size]]
        bits = [8 * chance.choice(aimed) + chance.randrange(8 * size) for _ in range(AIMED)]
        self.try_flips("in users and kept responses", bits)
