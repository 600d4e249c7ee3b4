"""The desk says that it has the ticket, but it does not exist: the customer sees a stranger's ticket.

"I sent 'Cannot log in', your desk said 201 and gave me a number. The ticket with that number has the name of somebody
from another company. The list has no ticket of mine, and I have tried it three times now."
"""

STARS = 3
FAMILY = "taken but not there"
SECTION = "Idempotency"
FILE = "store.py"
CLEAN = "(caller, method, path, key) = (?, ?, ?, ?)"
PLANTED = "(method, path, key) = (?2, ?3, ?4)"
HINTS = (
    "The two companies use the same app, and it numbers its requests: 1, 2, 3… Send requests as both of them, with "
    "curl. Which headers of the second response show that no work was done?",
    "The response is marked Idempotent-Replayed. For which caller was it stored, and which caller got it? Look at the "
    "rows of idempotency_keys.",
    "The table stores the caller of each key. Read the statement that looks up a stored response: KEPT_RESPONSE in "
    "store.py.",
)
EXPLANATION = """
A key was looked up by method, path and key, without the caller. Clients choose their keys: they count from 1, or use
an order number. So two clients use the same key sooner or later. Then the second one gets the first one's response,
with the first one's ticket, and its own work is never done. It is a lost write and a data leak at once, and both
responses look like success. A name that clients choose is unique only for one client: put the caller into the lookup,
into the primary key, and into a test with two users.
"""
PROVENANCE = (
    "CWE-639: Authorization Bypass Through User-Controlled Key",
    "CWE-488: Exposure of Data Element to Wrong Session",
    "draft-ietf-httpapi-idempotency-key-header-07, section 5: put the caller into the lookup",
    "arun0009/idempotent#217: two users with one key got one response",
    "josipmusa/idempotency4j#9: the same in another library",
)

NEW = {"title": "Cannot log in", "description": "Since this morning"}


def check(lab):
    desk, key, name = lab.desk(), lab.word(), lab.word()
    alice, bob, carol, capitals = (
        {"X-User-Id": who, "Idempotency-Key": key} for who in (name, lab.word(), lab.word(), name.upper())
    )
    first, second = desk.post("/tickets", NEW, alice), desk.post("/tickets", NEW, bob)
    yield "Alice's ticket is accepted, and is hers", (201, True), is_of(alice, first)
    yield "Bob's ticket is accepted, and is his", (201, True), is_of(bob, second)
    makers = desk.rows("SELECT created_by FROM tickets ORDER BY id")
    yield "both tickets are there", True, makers == [(who["X-User-Id"],) for who in (alice, bob)]
    other = desk.post("/tickets", {**NEW, "title": "The printer is on fire"}, carol)
    yield "Carol's ticket, with another title, is accepted, and is hers", (201, True), is_of(carol, other)
    yield "a user with Alice's name in capitals is another user", (201, True), is_of(
        capitals, desk.post("/tickets", NEW, capitals)
    )
    before = desk.count("tickets")
    for who, headers, answer in (("Alice", alice, first), ("Bob", bob, second)):
        same = desk.post("/tickets", NEW, headers).body == answer.body
        yield f"{who}'s retry gets the same answer as the first time, byte for byte", True, same
    yield "these retries create no row", before, desk.count("tickets")
    yield from check_other_writes(desk, first.json["id"], alice, bob)
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


def check_tokens(lab, key):
    """On a locked desk the token says who the caller is."""
    desk, makers = lab.desk(SUPPORT_DESK_AUTH="tokens", DEBUG="true"), [lab.word(), lab.word()]
    for who in makers:
        desk.post("/tickets", NEW, {**desk.login(who, "customer"), "Idempotency-Key": key})
    rows = desk.rows("SELECT created_by FROM tickets ORDER BY id")
    has_both = [row[0] for row in rows] == makers
    yield "on a desk with tokens two customers with one key have a ticket each", True, has_both
