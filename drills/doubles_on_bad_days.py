"""One click, two tickets: on days with a full disk, retries with the same key created a second ticket.

"When our app gets an error, it sends the request again with the same Idempotency-Key, as your manual says. On ordinary
days that works, I have tried it. On the two days when your disk was full every retry created a second ticket. Each
first request had got a 500, so we thought that nothing had happened. But its ticket is there."
"""

STARS = 3
FAMILY = "duplicate tickets"
SECTION = "Idempotency"
FILE = "web/handler.py"
CLEAN = """            response = route.endpoint(self.server.context, request)
            if request.scope and response.status < 300:
                location = dict(response.headers).get("Location")
                store.keep_response(request.scope, request.fingerprint, response.status, location, response.body)
        return response
"""
PLANTED = """            response = route.endpoint(self.server.context, request)
        if request.scope and response.status < 300:
            location = dict(response.headers).get("Location")
            store.keep_response(request.scope, request.fingerprint, response.status, location, response.body)
        return response
"""
HINTS = (
    "On an ordinary day the retry is recognised. So make writes fail: `python3 -m drills fault --list` shows which "
    "writes can fail in a running lab. Which of them does a retry need?",
    "With the fault key-write the first response is a 500. Which tables have a row of that request all the same, and "
    "which one has none? What should be in them after a 500?",
    "The manual says that the key and the change are stored together or not at all. Store.savepoint in store.py takes "
    "back what was written inside its block. Which lines of Handler.do_POST in web/handler.py are inside?",
)
EXPLANATION = """
The endpoint wrote the ticket in a savepoint, and its key was stored after the end of that block. When the write of the
key failed, the client got a 500, but the savepoint was closed already, and nothing took the ticket back. The client did
as it should: it sent the request again with its Idempotency-Key. The desk did not know this key, and did the work a
second time. A request is atomic (all or nothing) only if everything that belongs to it is in one transaction. A few
spaces at the beginning of a line decided that here. In real systems the key is in another database, in a cache, or is
stored by code that runs later. After each error ask what is left of the request, and test it: let the last write fail,
and count the rows.
"""
PROVENANCE = (
    "CWE-460: Improper Cleanup on Thrown Exception",
    "CWE-837: Improper Enforcement of a Single, Unique Action",
    "Twilio, 18 July 2013: balances could not be written, so customers were charged again and again",
    "delta-io/delta-kernel-rs#3070: a write that is reported as failed has an effect that stays; a retry repeats it",
)

NEW = {"title": "Login broken", "description": "Cannot get in"}
OVERFLOW = """CREATE TRIGGER lab_fault_number BEFORE INSERT ON idempotency_keys
    BEGIN SELECT abs(-9223372036854775808); END"""  # another error of SQLite than the one that a fault raises
STATE = """SELECT (SELECT count(*) FROM tickets), (SELECT count(*) FROM comments), (SELECT count(*) FROM drafts),
    (SELECT count(*) FROM audit_events), (SELECT group_concat(priority || state || version) FROM tickets),
    (SELECT group_concat(status) FROM drafts)"""


def writes(ticket):
    """One request of each kind that takes a key: {its name: (method, path, body)}."""
    path = f"/tickets/{ticket}"
    return {
        "POST /tickets": ("POST", "/tickets", NEW),
        "POST /api/tickets": ("POST", "/api/tickets", NEW),
        "a comment": ("POST", f"{path}/comments", {"body": "Hello"}),
        "a change of the priority": ("PATCH", path, {"priority": "critical"}),
        "an assign": ("POST", f"{path}/transitions", {"transition": "assign"}),
        "a draft": ("POST", f"{path}/draft", {"body": "We look into it."}),
        "an approval": ("POST", "/drafts/1/approve", {}),
    }


def check(lab):
    desk, broken = lab.desk(), lab.one_of(500, 503)
    who = {"X-User-Id": lab.word(), "X-User-Role": "agent"}
    key = {**who, "Idempotency-Key": lab.word()}
    number = desk.new_ticket(who, priority="low")["id"]
    desk.post(f"/tickets/{number}/draft", {"body": "Please try again."}, who)
    before = desk.rows(STATE)
    when = "on a bad day"
    with desk.fault("key-write"):
        for name, request in writes(number).items():
            yield f"{when}, {name} with an Idempotency-Key fails", broken, desk.request(*request, key).status
        socket = desk.websocket(headers=who)
        socket.send({"_tag": "CreateTicket", "ticket": NEW, "idempotencyKey": key["Idempotency-Key"]})
        yield f"{when}, CreateTicket with a key on the WebSocket fails", "Error", (socket.next() or {}).get("_tag")
        yield f"{when}, none of these changes anything", before, desk.rows(STATE)
        yield f"{when}, POST /tickets without a key creates a ticket", 201, desk.post("/tickets", NEW, who).status
    before = desk.rows(STATE)
    desk.rows(OVERFLOW)
    for name, request in writes(number).items():
        status = desk.request(*request, key).status
        yield f"on a day with another error of the database, {name} with a key fails", broken, status
    yield "on that day, none of these changes anything", before, desk.rows(STATE)
    desk.rows("DROP TRIGGER lab_fault_number")
    before = desk.count("audit_events")
    when = "on the day after it"
    for name, request in writes(number).items():
        first, again = desk.request(*request, key), desk.request(*request, key)
        yield f"{when}, {name} with the same key is accepted", lab.one_of(200, 201), first.status
        yield f"{when}, a retry of {name} gets the same response, byte for byte", True, again.body == first.body
    yield "each of the requests of that day has made one change", len(writes(number)), (
        desk.count("audit_events") - before
    )
