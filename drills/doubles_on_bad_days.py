"""One click, two tickets: on days with a full disk, retries with the same key created a second ticket.

"When our app gets no response, it sends the request again with the same Idempotency-Key, as your manual says. On
ordinary days that works, I have tried it. On the two days when your disk was full every retry created a second
ticket. If you had said that it failed we would have known; but every response was 201."
"""

STARS = 3
FAMILY = "duplicate tickets"
SECTION = "Idempotency"
FILE = "store.py"
CLEAN = """        self.db.execute(KEEP_RESPONSE, (*columns, workflow.checksum(columns)))
"""
PLANTED = """        try:
            self.db.execute(KEEP_RESPONSE, (*columns, workflow.checksum(columns)))
        except sqlite3.Error:
            pass
"""
HINTS = (
    "On an ordinary day the retry is recognised. So make writes fail: `python3 -m drills fault --list` shows which "
    "writes can fail in a running lab. Which of them does a retry need?",
    "With the fault key-write the first response is 201. Which tables have a row of that request, and which has none?",
    "The manual says that the key and the change are stored together or not at all. Read Store.keep_response: what "
    "happens with an error there?",
)
EXPLANATION = """
The change was written, its key was not, and the error was ignored, because somebody thought that a ticket must not
fail because of its key. But the key is what makes a retry safe. Without it the next request with this key finds
nothing and does the work again. The work and the key share one savepoint, so it costs nothing to let the error
through: the ticket is rolled back, too, the client gets a 500 and sends the request again, and there is one ticket.
`except: pass` turns a visible failure into wrong data. Write what belongs together in one transaction, and report its
errors to the caller.
"""
PROVENANCE = (
    "CWE-390: Detection of Error Condition Without Action",
    "CWE-837: Improper Enforcement of a Single, Unique Action",
    "Twilio, July 2013: balances could not be written, so customers were charged again and again",
)

NEW = {"title": "Login broken", "description": "Cannot get in"}


def check(lab):
    desk = lab.desk()
    who = {"X-User-Id": "user-1"}
    key, broken = {**who, "Idempotency-Key": "k-1"}, lab.one_of(500, 503)
    with desk.fault("key-write"):
        reply = desk.post("/tickets", NEW, key)
        when = "on a bad day"
        yield f"{when}, POST /tickets with an Idempotency-Key fails", broken, reply.status
        yield f"{when}, it leaves no ticket", 0, desk.count("tickets")
        yield f"{when}, it leaves no event", 0, desk.count("audit_events")
        yield f"{when}, POST /tickets without a key creates a ticket", 201, desk.post("/tickets", NEW, who).status
    before = desk.count("tickets")
    first = desk.post("/tickets", NEW, key)
    yield "on the day after it the same request with the same key is accepted", 201, first.status
    again = desk.post("/tickets", NEW, key)
    yield "on the day after it a retry of that gets a 201", 201, again.status
    yield "this 201 equals the first one, byte for byte", True, again.body == first.body
    with desk.fault("key-write"):
        path = f"/tickets/{first.json['id']}/comments"
        yield f"{when}, a comment with an Idempotency-Key fails", broken, desk.post(
            path, {"body": "Hello"}, key
        ).status
    yield "on the day after it this comment is accepted", 201, desk.post(path, {"body": "Hello"}, key).status
    yield "the requests of that day have created one ticket", 1, desk.count("tickets") - before
    yield "there is one comment", 1, desk.count("comments")
