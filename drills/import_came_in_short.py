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
    "draft-ietf-httpapi-idempotency-key-header: another payload under a used key is answered 422",
    "josipmusa/idempotency4j#12: a used key with another body got the first response, without an error",
)

TYPED = {"Content-Type": "application/json"}


def tickets_like(old, lab):
    """Tickets that differ from `old` in one thing: {what: its body}."""
    return {
        "with another title": {**old, "title": lab.word(len(old["title"]))},
        "with another last letter in its description": {**old, "description": f"{old['description'][:-1]}Z"},
        "with both exchanged": {**old, "title": old["description"], "description": old["title"]},
        "with another priority": {**old, "priority": "high"},
        "with one field more": {**old, "category": "billing"},
        "with one field less": {name: old[name] for name in ("title", "description")},
    }


def pairs(path, lab):
    """Two different requests of each kind: {its name: (method, path, body, other body)}."""
    one, two = lab.word(), lab.word()
    data = {"assignee": one, "note": two}
    return {
        "a comment": ("POST", f"{path}/comments", {"body": one}, {"body": two}),
        "an internal comment": ("POST", f"{path}/comments", {"body": one, "internal": True}, {"body": one}),
        "a draft": ("POST", f"{path}/draft", {"body": one}, {"body": two}),
        "an assign": (
            "POST",
            f"{path}/transitions",
            {"transition": "assign", "data": data},
            {"transition": "assign", "data": {**data, "assignee": two}},
        ),
        "a change of the assignee": ("PATCH", path, {"assignee": None}, {"assignee": one}),
        "a change of the title": ("PATCH", path, {"title": one}, {"title": two}),
        "a ticket of /api/tickets": ("POST", "/api/tickets", *({"title": x, "description": one} for x in (one, two))),
    }


def turned(value):
    """The same JSON value, with the members of every object in another order."""
    return {name: turned(value[name]) for name in reversed(value)} if isinstance(value, dict) else value


def check(lab):
    desk = lab.desk()
    who, key = {"X-User-Id": lab.word(), "X-User-Role": "agent"}, lab.word()
    same_key, refused = {**who, "Idempotency-Key": key}, lab.one_of(409, 422)
    old = {"title": lab.word(12), "description": lab.word(80), "priority": "low"}
    first = desk.post("/tickets", old, same_key)
    yield "the first ticket is accepted", 201, first.status
    others = tickets_like(old, lab)
    for name, body in others.items():
        yield f"a ticket {name} under the same key is refused", refused, desk.post("/tickets", body, same_key).status
    socket = desk.websocket(headers=who)
    socket.send({"_tag": "CreateTicket", "ticket": others["with another title"], "idempotencyKey": key})
    yield "a ticket with another title is refused on the WebSocket, too", "Error", (socket.next() or {}).get("_tag")
    yield "the refused tickets leave no row", 1, desk.count("tickets")
    yield "the refused tickets leave no event", 1, desk.count("audit_events")
    same = desk.post("/tickets", old, same_key).body == first.body
    yield "the first ticket, sent once more, gets the same response, byte for byte", True, same
    body = json.dumps(turned(old), indent=4).encode()
    same = desk.post("/tickets", body, {**same_key, **TYPED}).body == first.body
    yield "with its fields in another order it gets that response, too", True, same
    yield "neither of these two repeats creates a row", 1, desk.count("tickets")
    path, before = f"/tickets/{first.json['id']}", desk.count("audit_events")
    kinds = pairs(path, lab)
    for name, (method, where, body, other) in kinds.items():
        own = {**who, "Idempotency-Key": lab.word(), **TYPED}
        done = desk.request(method, where, json.dumps(body).encode(), own)
        yield f"{name} under a key of its own is accepted", lab.one_of(200, 201), done.status
        status = desk.request(method, where, json.dumps(other).encode(), own).status
        yield f"{name} with another value under that key is refused", refused, status
        again = desk.request(method, where, json.dumps(turned(body)).encode(), own)
        yield f"{name}, sent once more in another order, gets the same response", True, again.body == done.body
    changes = len(kinds)
    yield "each accepted request has made one change", changes, desk.count("audit_events") - before
    before = desk.count("tickets")
    for name, body in others.items():
        status = desk.post("/tickets", body, {**who, "Idempotency-Key": lab.word()}).status
        yield f"a ticket {name} under a key of its own is accepted", 201, status
    yield "each ticket under a key of its own is there", before + len(others), desk.count("tickets")
