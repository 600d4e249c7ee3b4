"""The desk says that it has the ticket, but it does not exist: the customer sees a stranger's ticket.

"I work in shop-1 of our company. I sent 'Cannot log in', your desk said 201 and gave me a number. The ticket with that
number is from shop-12, from this morning. All our shops use the same app. It numbers its requests, from 1 each morning,
and nearly always that goes well. It has happened to shop-2 as well, and never to shop-30."
"""

import string

STARS = 3
FAMILY = "taken but not there"
SECTION = "Idempotency"
FILE = "store.py"
CLEAN = "(caller, method, path, key) = (?, ?, ?, ?)"
PLANTED = "(method, path, caller || key) = (?2, ?3, ?1 || ?4)"
HINTS = (
    "Do as the app does: X-User-Id is the shop, Idempotency-Key the number of the request. Send a new ticket as "
    "shop-12 with key 3, then as shop-1 with the keys 1 to 30. Which responses have the header Idempotent-Replayed, "
    "and whose ticket is in them?",
    "The desk takes the request for a retry of another one, so it found a row in idempotency_keys. Which caller and "
    "which key has that row, and which ones has the request? Find one more pair that is mixed up, for shop-2.",
    "Read the statement that looks up a stored response: KEPT_RESPONSE in store.py. What does || do in SQL? Write "
    "down 'shop-1' || '23' and 'shop-12' || '3'.",
)
EXPLANATION = """
The caller and the key were joined to one text, without anything between them, and these texts were compared. But
shop-1 with 23 and shop-12 with 3 are the same text, shop-123: a key collision. So the second shop got the first one's
response, with the first one's ticket, and its own work was never done. It is a lost write and a data leak at once, and
both responses look like success. Two users with one key are the test that everybody writes, and that test passes. A
separator helps only if neither part can contain it: with a colon between them, a: and b are the same as a and :b. Keep
the parts apart, as columns, a tuple, JSON, or with their lengths. Hashes, signatures and names of files have this bug,
too: whoever joins texts must be able to split them again.
"""
PROVENANCE = (
    "CWE-697: Incorrect Comparison",
    "CWE-488: Exposure of Data Element to Wrong Session",
    "apollographql/apollo-kotlin-normalized-cache#80: the users ann acorn and anna corn have the same cache key",
    "huntlabs/hunt-framework#52: two keys are joined without a separator, so A + AB is AA + B",
    "rails/rails pull request #39143: the key 133 with length 7, and the key 13 with length 37, are both 1337",
    "draft-ietf-httpapi-idempotency-key-header-07, section 5: put the caller into the lookup",
)

NEW = {"title": "Cannot log in", "description": "Since this morning"}


def check(lab):
    desk, key, name = lab.desk(), lab.word(), lab.word()
    shops = [{"X-User-Id": f"{name}-{shop}", "Idempotency-Key": number} for shop, number in (("12", "3"), ("1", "23"))]
    for shown, who in zip(("shop 12, with key 3", "shop 1, with key 23"), shops):
        yield f"the ticket of {shown}, is accepted, and is of this shop", (201, True), is_of(
            who, desk.post("/tickets", NEW, who)
        )
    before = desk.count("tickets")
    alice, bob, carol, capitals = (
        {"X-User-Id": who, "Idempotency-Key": key} for who in (name, lab.word(), lab.word(), name.upper())
    )
    first, second = desk.post("/tickets", NEW, alice), desk.post("/tickets", NEW, bob)
    yield "Alice's ticket is accepted, and is hers", (201, True), is_of(alice, first)
    yield "Bob's ticket is accepted, and is his", (201, True), is_of(bob, second)
    makers = desk.rows("SELECT created_by FROM tickets WHERE id > ? ORDER BY id", (before,))
    yield "the tickets of Alice and Bob are there", True, makers == [(who["X-User-Id"],) for who in (alice, bob)]
    other = desk.post("/tickets", {**NEW, "title": "The printer is on fire"}, carol)
    yield "Carol's ticket, with another title, is accepted, and is hers", (201, True), is_of(carol, other)
    yield "a user with Alice's name in capitals is another user", (201, True), is_of(
        capitals, desk.post("/tickets", NEW, capitals)
    )
    before = desk.count("tickets")
    for who, headers, answer in (("Alice", alice, first), ("Bob", bob, second)):
        same = desk.post("/tickets", NEW, headers).body == answer.body
        yield f"{who}'s retry gets the same answer as the first time, byte for byte", True, same
    yield "the retries of Alice and Bob create no row", before, desk.count("tickets")
    yield from check_other_writes(desk, first.json["id"], alice, bob)
    yield from check_names_that_join(lab, desk, first.json["id"])
    yield from check_tokens(lab, key)


def is_of(who, reply):
    """The status of a new ticket, and whether this user has created it."""
    return reply.status, (reply.json or {}).get("created_by") == who["X-User-Id"]


def check_other_writes(desk, number, alice, bob):
    """The key of each user also counts for the other writes."""
    path, authors = f"/tickets/{number}", [alice["X-User-Id"], bob["X-User-Id"]]
    for name, table, of_whom, path_of_it, body in (
        ("comments", "comments", "author", f"{path}/comments", {"body": "Hello"}),
        ("drafts", "drafts", "created_by", f"{path}/draft", {"body": "Hello"}),
        ("tickets with /api/tickets", "tickets", "created_by", "/api/tickets", NEW),
    ):
        last = desk.rows(f"SELECT coalesce(max(id), 0) FROM {table}")[0][0]
        for who in (alice, bob):
            desk.post(path_of_it, body, who)
        rows = desk.rows(f"SELECT {of_whom} FROM {table} WHERE id > ? ORDER BY id", (last,))
        yield f"{name} of Alice and Bob with this key: one of each", True, [row[0] for row in rows] == authors
    titles = [desk.patch(path, {"title": title}, who).json.get("title") for title, who in (("A", alice), ("B", bob))]
    yield "edits of Alice and Bob with this key are both accepted", ["A", "B"], titles


def check_names_that_join(lab, desk, number):
    """Users and keys that are different, and the same text when they are joined."""
    path, said = f"/tickets/{number}", {"body": "Hello"}
    ways = {
        "tickets": ("/tickets", NEW, "created_by"),
        "tickets with /api/tickets": ("/api/tickets", NEW, "created_by"),
        "comments": (f"{path}/comments", said, "author"),
        "drafts": (f"{path}/draft", said, "created_by"),
    }
    for what, pairs in joined_alike(lab).items():
        who = [{"X-User-Id": name, "Idempotency-Key": key} for pair in pairs for name, key in pair]
        for kind, (address, body, of_whom) in list(ways.items())[: 4 if "begin" in what else 1]:
            requests = [("POST", address, body, headers) for headers in who]
            first = desk.on_one_connection(*requests)
            wrong = sum((reply.json or {}).get(of_whom) != one["X-User-Id"] for reply, one in zip(first, who))
            yield f"{kind}: users with {what} get one of their own (how many do not)", 0, wrong
            again = desk.on_one_connection(*requests[:8])
            same = sum(one.body == other.body for one, other in zip(first, again))
            yield f"{kind}: users with {what} get the same answer to a retry", len(again), same


def joined_alike(lab) -> dict:
    """{what they have in common: pairs of (user, key)}; the two of a pair are the same text when they are joined."""
    names, keys, signs = [], [], []
    for part in (str(lab.random.randint(1, 99)), str(lab.random.randint(1, 99)), lab.word(2), lab.word(2)):
        name, key = lab.word(), part[::-1]
        names.append(((name + part, key), (name, part + key)))
        keys.append(((name[1:], key + name[0]), (name, key)))
    for sign in (*string.punctuation, "::", "--", "||", "//", "__", "%3A"):
        name, one, two = lab.word(), lab.word(2), lab.word(2)
        signs.append(((f"{name}{sign}{one}", two), (name, f"{one}{sign}{two}")))
    return {"names that begin alike": names, "keys that begin alike": keys, "signs in their names": signs}


def check_tokens(lab, key):
    """On a locked desk the token says who the caller is."""
    desk, makers = lab.desk(SUPPORT_DESK_AUTH="tokens", DEBUG="true"), [lab.word(), lab.word()]
    for who in makers:
        desk.post("/tickets", NEW, {**desk.login(who, "customer"), "Idempotency-Key": key})
    rows = desk.rows("SELECT created_by FROM tickets ORDER BY id")
    has_both = [row[0] for row in rows] == makers
    yield "on a desk with tokens two customers with one key have a ticket each", True, has_both
