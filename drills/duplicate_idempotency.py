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
every retry found nothing and did the work again (the request was not idempotent), and the new response replaced the old
one. Nothing looks wrong: both responses are 201, and the key is in its table. When a retry is cheap to send and
expensive to repeat (a payment, an order, an email), customers pay twice. Only a test that counts rows detects it.
"""
PROVENANCE = (
    "CWE-837: Improper Enforcement of a Single, Unique Action",
    "draft-ietf-httpapi-idempotency-key-header",
    "Twilio, 18 July 2013: customers were charged again and again, because a balance could not be written",
    "square/connect-api-examples#135: two requests with one key doubled a quantity",
    "the published lab mode duplicate_idempotency",
)

NEW = {"title": "Login broken", "description": "Cannot get in"}
AGE = "UPDATE idempotency_keys SET created_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ?) WHERE key = ?"


def check(lab):
    desk = lab.desk()
    key = {"X-User-Id": "user-1", "Idempotency-Key": "demo-1"}
    first, second = desk.post("/tickets", NEW, key), desk.post("/tickets", NEW, key)
    yield "the first request is accepted", 201, first.status
    yield "the second one is answered like the first one", 201, second.status
    numbers = [(reply.json or {}).get("id") for reply in (first, second)]
    yield "both responses have the same ticket number", True, numbers[0] == numbers[1]
    yield "both get the same response, byte for byte", True, first.body == second.body
    yield "one row was created", 1, desk.count("tickets")
    yield "one event was written", 1, desk.count("audit_events")

    def sent_again(headers):
        """The status of the same request with these headers, and how many tickets it has made."""
        before, reply = desk.count("tickets"), desk.post("/tickets", NEW, headers)
        return reply.status, desk.count("tickets") - before

    user, name = {"X-User-Id": lab.word()}, lab.word()
    other = {**user, "Idempotency-Key": name}
    yield "with another key it creates one more ticket", (201, 1), sent_again(other)
    desk.rows(AGE, ("-1438 minutes", name))
    yield "with that key, two minutes before the day is over, it creates no ticket", (201, 0), sent_again(other)
    desk.rows(AGE, ("-1442 minutes", name))
    yield "with that key, more than a day later, it creates one more ticket", (201, 1), sent_again(other)
    yield "without a key it creates one more ticket", (201, 1), sent_again(user)
    yield from check_other_writes(lab, desk, first.json["id"])


def check_other_writes(lab, desk, number):
    """A key counts for each write, not only for a new ticket."""
    path, agent = f"/tickets/{number}", {"X-User-Id": lab.word(), "X-User-Role": "agent"}
    for name, path_of_it, body in (
        ("a new ticket with /api/tickets", "/api/tickets", NEW),
        ("a new ticket with /api/support-ticket", "/api/support-ticket", NEW),
        ("a comment", f"{path}/comments", {"body": "Hello"}),
        ("a draft", f"{path}/draft", {"body": "Hello"}),
        ("a transition", f"{path}/transitions", {"transition": "assign"}),
    ):
        headers, before = {**agent, "Idempotency-Key": lab.word()}, desk.count("audit_events")
        first, second = (desk.post(path_of_it, body, headers) for _ in range(2))
        seen = second.status == first.status, second.body == first.body, desk.count("audit_events") - before
        yield f"{name} sent twice: the same status, the same response, one event", (True, True, 1), seen
    key = {**agent, "Idempotency-Key": lab.word()}
    for title, headers in (("Mine", key), ("Corrected", agent), ("Mine", key)):
        desk.patch(path, {"title": title}, headers)
    yield "an edit that arrives again does not undo a later one", "Corrected", desk.get(path).json["title"]
    socket, before = desk.websocket(headers=agent), desk.count("tickets")
    for _ in range(2):
        socket.send({"_tag": "CreateTicket", "ticket": NEW, "idempotencyKey": key["Idempotency-Key"]})
        socket.next()
    yield "CreateTicket sent twice on a WebSocket creates one ticket", 1, desk.count("tickets") - before
