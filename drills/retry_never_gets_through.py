"""The desk says that it has the request, but the ticket does not exist: 'still at work' until a restart.

"When a request fails, our app sends it again with the same Idempotency-Key, as your manual says. Since the release
some of these never succeed: the desk answers that the first one is still at work and that we should try again. At
work on what? It refused the first one after four milliseconds. After the nightly restart they all succeed."
"""

from concurrent.futures import ThreadPoolExecutor

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
While a request is in progress its key is in a set, and a second request with that key is refused. The line that removes
the key came after the work, and a refusal is an exception: it leaves the function before that line. So every refused or
failed request left its key in the set (a leaked lock). The clients that do it right, with a key and a retry, were
locked out until a restart. Locks, counters and open files can have the same bug: what is acquired must be released on
every path, and exceptions are the paths that are easy to forget. Write the release next to the acquisition, with
`finally` or `with`, and test it with a request that fails.
"""
PROVENANCE = (
    "CWE-667: Improper Locking",
    "CWE-772: Missing Release of Resource after Effective Lifetime",
    "CWE-460: Improper Cleanup on Thrown Exception",
    "VilledeMontreal/express-idempotency#32: keys of failed requests stay in progress, and every retry gets 409",
    "useautumn/autumn#1851: keys are now released after every error, so that retries do not get a false 409",
)


def refusals(ticket, missing):
    """Requests that are refused after the desk has looked for the ticket: {what: (method, path, body, code)}."""
    path, start = f"/tickets/{ticket}/transitions", {"transition": "start_work"}
    by_path, low = {"aggregate_id": str(ticket)}, {"priority": "low"}
    return {
        "start_work of a ticket without an assignee": ("POST", path, start, "TRANSITION_FAILED"),
        "POST /api/start_work of it": ("POST", "/api/start_work", by_path, "TRANSITION_FAILED"),
        "a comment on a missing ticket": ("POST", f"/tickets/{missing}/comments", {"body": "Hi"}, "NOT_FOUND"),
        "a change of a missing ticket": ("PATCH", f"/tickets/{missing}", low, "NOT_FOUND"),
        "an approval of a missing draft": ("POST", f"/drafts/{missing}/approve", {}, "NOT_FOUND"),
    }


def check(lab):
    llm = lab.llm(content="Dear customer, we look into it.", hangs=True)
    desk = lab.desk(LLM_TIMEOUT="30", **llm.environ)
    who = {"X-User-Id": lab.word(), "X-User-Role": "agent"}
    number, missing = desk.new_ticket()["id"], lab.random.randint(100, 9999)
    key = {**who, "Idempotency-Key": lab.word()}
    for name, (method, path, body, code) in refusals(number, missing).items():
        for time in ("first", "second"):
            reply = desk.request(method, path, body, key)
            yield f"{name} is refused with the right code the {time} time", code, (reply.json or {}).get("code")
    socket = desk.websocket(headers=who)
    for time in ("first", "second"):
        change = {"id": missing, "title": "Better"}
        socket.send({"_tag": "UpdateTicket", "ticket": change, "idempotencyKey": key["Idempotency-Key"]})
        code = (socket.next() or {}).get("code")
        yield f"a change of a missing ticket on the WebSocket has the right code the {time} time", "NOT_FOUND", code
    desk.fire(number, "assign")
    start, path = {"transition": "start_work"}, f"/tickets/{number}/transitions"
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
    yield "this ticket exists once", 1, desk.count("tickets") - before
    yield from while_one_is_at_work(lab, desk, llm, (f"/tickets/{number}/draft", {}, key), missing)


def while_one_is_at_work(lab, desk, llm, request, missing):
    """The same request twice at a time: the desk must still know that the first one is in progress."""
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(desk.post, *request)
        yield "a draft asks the model", True, llm.wait_for_request()
        llm.change(hangs=False)  # new requests are answered at once; the first one still waits
        when = "while the model writes the first one"
        yield f"{when}, the same request is refused", 409, desk.post(*request, timeout=2).status
        comment = (f"/tickets/{missing}/comments", {"body": "Hi"}, request[2])
        yield f"{when}, a comment on a missing ticket is refused", 404, desk.post(*comment).status
        yield f"{when}, the same request is still refused", 409, desk.post(*request, timeout=2).status
        llm.release()
        first = first.result()
    yield "the first one creates a draft", 201, first.status
    again = desk.post(*request)
    yield "after the first one the same request gets its response, byte for byte", True, again.body == first.body
    yield "there is one draft", 1, desk.count("drafts")
