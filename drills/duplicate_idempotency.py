"""One click, two tickets: the same request arrived twice with the same key, and both created a row.

"When our app gets no response, it sends the request again with the same Idempotency-Key, as your manual says. Each
time the train goes through a tunnel I have two tickets."
"""

STARS = 1
FAMILY = "duplicate tickets"
SECTION = "Idempotency"
FILE = "store.py"
CLEAN = 'return row if row["created_at"] > self._expiry() else None'
PLANTED = 'return row if row["created_at"] < self._expiry() else None'
HINTS = (
    "Send the same POST /tickets twice with one Idempotency-Key. Is the second response marked as a replay?",
    "After the first request the key is in the table idempotency_keys. Which code reads that table, and why does it "
    "not find the key?",
    "How long is a stored response valid? Read the comparison in Store.kept_response word by word.",
)
EXPLANATION = """
A stored response is valid for 24 hours. The comparison was the wrong way round: only older responses were valid. So
every retry found nothing and did the work again, and the new response replaced the old one. Nothing looks wrong: both
responses are 201, and the key is in its table. When a retry is cheap to send and expensive to repeat (a payment, an
order, an email), customers pay twice. Only a test that counts rows detects it.
"""
PROVENANCE = (
    "CWE-837: Improper Enforcement of a Single, Unique Action",
    "draft-ietf-httpapi-idempotency-key-header",
    "Twilio, July 2013: customers were charged again and again after a balance could not be written",
    "the published lab mode duplicate_idempotency",
)


def check(lab):
    desk = lab.desk()
    new = {"title": "Login broken", "description": "Cannot get in"}
    key = {"X-User-Id": "user-1", "Idempotency-Key": "demo-1"}
    first, second = desk.post("/tickets", new, key), desk.post("/tickets", new, key)
    yield "the first request is accepted", 201, first.status
    yield "the second one is answered like the first one", 201, second.status
    numbers = [(reply.json or {}).get("id") for reply in (first, second)]
    yield "both responses have the same ticket number", numbers[0], numbers[1]
    yield "both get the same response, byte for byte", True, first.body == second.body
    yield "one row was created", 1, desk.count("tickets")
    yield "one event was written", 1, desk.count("audit_events")

    def sent_again(headers):
        """The status of the same request with these headers, and how many tickets it has made."""
        before, reply = desk.count("tickets"), desk.post("/tickets", new, headers)
        return reply.status, desk.count("tickets") - before

    yield "with another key it creates one more ticket", (201, 1), sent_again({**key, "Idempotency-Key": "demo-2"})
    desk.rows("UPDATE idempotency_keys SET created_at = '2020-01-01T00:00:00.000Z' WHERE key = 'demo-1'")
    yield "with the first key, more than a day later, it creates one more ticket", (201, 1), sent_again(key)
    yield "without a key it creates one more ticket", (201, 1), sent_again({"X-User-Id": "user-1"})
