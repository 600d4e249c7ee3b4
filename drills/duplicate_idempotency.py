"""One click, two tickets: the same request arrived twice with the same key, and both made a row."""

STARS = 1
FILE = "store.py"
CLEAN = 'return row if row["created_at"] > self._expiry() else None'
PLANTED = 'return row if row["created_at"] < self._expiry() else None'
HINTS = (
    "Send the same POST /tickets twice with one Idempotency-Key. Is the second answer marked as a replay?",
    "The key is in the table idempotency_keys after the first request. So who does not find it?",
    "How long does a kept answer live? Read Store.kept_answer aloud.",
)


def check(desk):
    new = {"title": "Login broken", "description": "Cannot get in"}
    key = {"X-User-Id": "user-1", "Idempotency-Key": "demo-1"}
    first, second = desk.post("/tickets", new, key), desk.post("/tickets", new, key)
    yield "the first request is taken", 201, first.status
    yield "the second one is too", 201, second.status
    yield "both get the same answer", first.body, second.body
    yield "one row was made", 1, desk.count("tickets")
    yield "one event was written", 1, desk.count("audit_events")
    other = desk.post("/tickets", new, {**key, "Idempotency-Key": "demo-2"})
    yield "another key makes another ticket", (201, 2), (other.status, desk.count("tickets"))
    without = desk.post("/tickets", new, {"X-User-Id": "user-1"})
    yield "no key at all makes another ticket, too", (201, 3), (without.status, desk.count("tickets"))
