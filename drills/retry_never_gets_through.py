"""The desk says that it has the request, but the ticket does not exist: 'still at work' until a restart.

"When a request fails, our app sends it again with the same Idempotency-Key, as your manual says. Since the release
some of these never succeed: the desk answers that the first one is still at work and that we should try again. At
work on what? It refused the first one after four milliseconds. After the nightly restart they all succeed."
"""

STARS = 3
FAMILY = "taken but not there"
SECTION = "Idempotency"
FILE = "web/handler.py"
CLEAN = """            response = route.endpoint(self.server.context, request)
"""
PLANTED = """            self.server.keys_in_progress.add(request.scope)
            response = route.endpoint(self.server.context, request)
            self.server.keys_in_progress.discard(request.scope)
"""
HINTS = (
    "Reproduce it: send a request with an Idempotency-Key that the desk must refuse after it has looked for the "
    "ticket, such as a comment on a ticket that does not exist. Then send exactly the same request again.",
    "A restart ends it, so it is not in the database. Where does the desk remember which requests are in progress, "
    "and which lines add and remove an entry?",
    "A refusal is an exception. Follow one from the endpoint through Handler.do_POST in web/handler.py, and say for "
    "each line whether it is still executed.",
)
EXPLANATION = """
While a request is in progress its key is in a set, and a second request with that key is refused. The line that
removes the key came after the work, and a refusal is an exception: it leaves the function before that line. So every
refused or failed request left its key in the set. The clients that do it right, with a key and a retry, were locked
out until a restart. Locks, counters and open files can have the same bug: what is acquired must be released on every
path, and exceptions are the paths that are easy to forget. Write the release next to the acquisition, with `finally`
or `with`, and test it with a request that fails.
"""
PROVENANCE = (
    "CWE-667: Improper Locking",
    "CWE-772: Missing Release of Resource after Effective Lifetime",
    "CWE-460: Improper Cleanup on Thrown Exception",
    'osTicket#2399: "This action requires a lock", again and again, when a lock was not released',
)

AGENT = {"X-User-Id": "agent-1", "X-User-Role": "agent"}


def check(lab):
    desk = lab.desk()
    number, key = desk.new_ticket()["id"], {**AGENT, "Idempotency-Key": "k-1"}
    start, path = {"transition": "start_work"}, f"/tickets/{number}/transitions"
    for time in ("first", "second"):
        reply = desk.post(path, start, key)
        yield f"start_work of a ticket without an assignee is refused the {time} time", 409, reply.status
        yield f"the {time} response has the right code", "TRANSITION_FAILED", reply.json["code"]
    for time in ("first", "second"):
        reply = desk.post("/tickets/99/comments", {"body": "Hello"}, key)
        yield f"a comment on ticket 99, which does not exist, is refused the {time} time", 404, reply.status
    desk.fire(number, "assign")
    done = desk.post(path, start, key)
    yield "once the ticket has an assignee, the same start_work with the same key succeeds", 200, done.status
    yield "that start_work is in the history, once", 1, len(
        desk.rows("SELECT 1 FROM audit_events WHERE type = 'StartWorked'")
    )
    again = desk.post(path, start, key)
    yield "sent once more it gets the response of a start_work that succeeded", 200, again.status
    yield "this response equals the one before it, byte for byte", True, again.body == done.body
    new, before = {"title": "Login broken", "description": "Cannot get in"}, desk.count("tickets")
    with desk.fault("ticket-write"):
        yield "a ticket that cannot be written is an error", 500, desk.post("/tickets", new, key).status
    yield "when the ticket can be written, the same request creates it", 201, desk.post("/tickets", new, key).status
    yield "it exists once", 1, desk.count("tickets") - before
