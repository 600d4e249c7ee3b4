"""The desk says that it has the tickets, but some do not exist: an import of ninety created thirty.

"We moved ninety tickets from the old desk. Our script got 201 for each of them and ended without an error. Thirty
exist. The script sends all tickets of a customer with one Idempotency-Key. Perhaps a key is not meant for that, but
then the desk should have told us."
"""

import json

STARS = 3
FAMILY = "taken but not there"
SECTION = "Idempotency"
FILE = "web/checks.py"
CLEAN = "blake2b(canonical(members).encode(), digest_size=32)"
PLANTED = "blake2b(canonical(sorted(members)).encode(), digest_size=32)"
HINTS = (
    "Send two different tickets with one Idempotency-Key, as the script does. What should the second response be "
    "according to web/README.md, and what is it?",
    "The second response is a replay: the desk takes the second request for a retry of the first. Now send a ticket "
    "with one more field, such as a priority. Why is that one refused?",
    "Each request with a key has a fingerprint: column fingerprint of idempotency_keys. admit() in web/checks.py "
    "makes it. From which data exactly? Try sorted() of a dict in a Python shell.",
)
EXPLANATION = """
The fingerprint should tell whether two bodies are equal, in whatever order their fields are. But sorted() of a dict
is the list of its keys: the values were not in the fingerprint, so all tickets with a title and a description had the
same one. The second ticket was taken for a retry of the first and got its response: 201, an id, and no row. The line
looks right, and a test that compares "same body" with "one field more" passes. Test a comparison with each thing that
must make a difference. A key that comes back with another body is a mistake of the client. Report it (422), because a
silent replay loses data.
"""
PROVENANCE = (
    "CWE-697: Incorrect Comparison",
    "CWE-345: Insufficient Verification of Data Authenticity",
    "draft-ietf-httpapi-idempotency-key-header: another payload under a used key is answered 422",
)

OLD = {"title": "Login broken", "description": "Cannot get in"}
TYPED = {"Content-Type": "application/json"}


def check(lab):
    desk = lab.desk()
    key, refused = {"X-User-Id": "import", "Idempotency-Key": "customer-7"}, lab.one_of(409, 422)
    first = desk.post("/tickets", OLD, key)
    yield "the first ticket is accepted", 201, first.status
    others = {
        "with another title": {**OLD, "title": "Printer on fire"},
        "with another description": {**OLD, "description": "It burns"},
        "with both exchanged": {"title": OLD["description"], "description": OLD["title"]},
        "with one field more": {**OLD, "priority": "low"},
    }
    for name, body in others.items():
        yield f"a ticket {name} under the same key is refused", refused, desk.post("/tickets", body, key).status
    yield "the refused tickets leave no row", 1, desk.count("tickets")
    yield "the refused tickets leave no event", 1, desk.count("audit_events")
    same = desk.post("/tickets", OLD, key).body == first.body
    yield "the first ticket, sent once more, gets the same response, byte for byte", True, same
    turned = json.dumps(dict(reversed(OLD.items())), indent=4).encode()
    same = desk.post("/tickets", turned, {**key, **TYPED}).body == first.body
    yield "with its fields in another order it gets that answer, too", True, same
    yield "neither of these two creates a row", 1, desk.count("tickets")
    path = f"/tickets/{first.json['id']}"
    desk.patch(path, {"title": "Once"}, key)
    yield "another edit under the same key is refused", refused, desk.patch(path, {"title": "Twice"}, key).status
    yield "the refused edit changes nothing", "Once", desk.get(path).json["title"]
    before = desk.count("tickets")
    for number, body in enumerate(others.values()):
        status = desk.post("/tickets", body, {**key, "Idempotency-Key": f"customer-8-{number}"}).status
        yield f"ticket {number + 1} under a key of its own is accepted", 201, status
    yield "each ticket under a key of its own is there", before + len(others), desk.count("tickets")
