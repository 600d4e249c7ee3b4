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
    "draft-ietf-httpapi-idempotency-key-header, Security Considerations",
    "arun0009/idempotent#217: keys that were not scoped to who sent them",
)

NEW = {"title": "Cannot log in", "description": "Since this morning"}


def check(lab):
    desk = lab.desk()
    alice, bob = ({"X-User-Id": who, "Idempotency-Key": "1"} for who in ("alice", "bob"))
    first, second = desk.post("/tickets", NEW, alice), desk.post("/tickets", NEW, bob)
    yield "Alice's ticket is accepted, and is hers", (201, "alice"), (first.status, first.json["created_by"])
    yield "Bob's ticket is accepted, and is his", (201, "bob"), (second.status, second.json.get("created_by"))
    makers = desk.rows("SELECT created_by FROM tickets ORDER BY created_by")
    yield "both tickets are there", [("alice",), ("bob",)], makers
    other = desk.post("/tickets", {**NEW, "title": "The printer is on fire"}, {**alice, "X-User-Id": "carol"})
    yield "Carol's ticket, with another title, is accepted, and is hers", (201, "carol"), (
        other.status,
        other.json.get("created_by"),
    )
    before = desk.count("tickets")
    for name, who, answer in (("Alice", alice, first), ("Bob", bob, second)):
        same = desk.post("/tickets", NEW, who).body == answer.body
        yield f"{name}'s retry gets the same answer as the first time, byte for byte", True, same
    yield "these retries create no row", before, desk.count("tickets")
    comment = desk.post(f"/tickets/{first.json['id']}/comments", {"body": "Hello"}, alice)
    yield "Alice's comment with the same key is accepted", 201, comment.status
    title = desk.patch(f"/tickets/{first.json['id']}", {"title": "Still broken"}, alice).json.get("title")
    yield "Alice's PATCH with the same key is accepted", "Still broken", title
