"""One click, two tickets: the same request arrived twice with the same key, and both made a row.

"Our app sends a create again when the first answer does not come, with the same Idempotency-Key, as your manual
says. Each time the train goes through a tunnel I have two tickets."
"""

STARS = 1
FAMILY = "duplicate tickets"
SECTION = "Idempotency"
FILE = "store.py"
CLEAN = 'return row if row["created_at"] > self._expiry() else None'
PLANTED = 'return row if row["created_at"] < self._expiry() else None'
HINTS = (
    "Send the same POST /tickets twice with one Idempotency-Key. Is the second answer marked as a replay?",
    "The key is in the table idempotency_keys after the first request. So who does not find it?",
    "How long does a kept answer live? Read Store.kept_answer aloud.",
)
EXPLANATION = """
A kept answer counts while it is younger than 24 hours. The comparison was the wrong way round: only answers that
are older counted, so every retry found nothing and did the work again, and the new answer silently took the old
one's place. Nothing looks wrong: both answers are 201, the key is in its table. Where a retry is cheap to send and
dear to repeat (a charge, an order, a mail) this is how customers pay twice; only a test that counts rows sees it.
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
    yield "the first request is taken", 201, first.status
    yield "the second one is answered like the first one", 201, second.status
    numbers = [(reply.json or {}).get("id") for reply in (first, second)]
    yield "both are told the same number of a ticket", numbers[0], numbers[1]
    yield "both get the same answer, byte for byte", True, first.body == second.body
    yield "one row was made", 1, desk.count("tickets")
    yield "one event was written", 1, desk.count("audit_events")

    def sent_again(headers):
        """The status of the same request with these headers, and how many tickets it has made."""
        before, reply = desk.count("tickets"), desk.post("/tickets", new, headers)
        return reply.status, desk.count("tickets") - before

    yield "with another key it makes one more ticket", (201, 1), sent_again({**key, "Idempotency-Key": "demo-2"})
    desk.rows("UPDATE idempotency_keys SET created_at = '2020-01-01T00:00:00.000Z' WHERE key = 'demo-1'")
    yield "with the first key, more than a day later, it makes one more ticket", (201, 1), sent_again(key)
    yield "without a key it makes one more ticket", (201, 1), sent_again({"X-User-Id": "user-1"})
