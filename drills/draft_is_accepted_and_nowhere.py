"""The desk says that it has the request, but there is no draft, however often we press the button.

"On Monday the disk of the desk was full for a few minutes. Since then all is well, except for some tickets that get
no draft any more: the page says 'accepted', there is no draft, and pressing again says 'accepted'. Other tickets are
fine. New tickets that failed in the same minutes succeeded when they were sent again."
"""

STARS = 5
FAMILY = "taken but not there"
SECTION = "Idempotency"
FILE = "web/handler.py"
CLEAN = """        request = self.current
        kept = self.server.context.store.kept_response(request.scope)
        if kept is None:
            if request.scope in self.server.keys_in_progress:
                raise KeyInProgress("the first request with this Idempotency-Key is still at work; try again")
            return None
"""
PLANTED = """        request, store = self.current, self.server.context.store
        if request.is_prepared:
            return None
        kept = store.kept_response(request.scope)
        if kept is None:
            if request.scope in self.server.keys_in_progress:
                raise KeyInProgress("the first request with this Idempotency-Key is still at work; try again")
            with store.savepoint():
                store.keep_response(request.scope, request.fingerprint, 202, None, b'{"status":"accepted"}\\n')
            return None
"""
HINTS = (
    "Make a write fail: `python3 -m drills fault draft-write`, then POST a draft with an Idempotency-Key, then "
    "`python3 -m drills fault --off` and the same request again. Do it with a ticket and ticket-write, too.",
    "The second response is a replay, although nothing has ever succeeded. What is in idempotency_keys between the "
    "two requests? And why is there nothing when a ticket fails?",
    "A ticket is created inside one savepoint: the row, its event and its key are stored or rolled back together. A "
    "draft is written on a worker thread first, so Handler.do_POST in web/handler.py runs twice for it: once to start "
    "the worker, once with its result. What is committed after the first run, and what after the second?",
    "Two responses are stored under one key: Handler.do_POST stores one after the work, Handler._kept_response stores "
    "one before it. Handler._prepare calls _kept_response, too. Who removes that response when the draft fails later?",
)
EXPLANATION = """
The key was stored before the work, with the response "accepted", so that a second request finds it even after a
restart. For most endpoints that is harmless: the work and the key share one savepoint, and a failure rolls both back.
But where a worker thread has to do the slow part first, the handler runs twice, and its first run stores nothing but
the key and ends without an error: the key is committed, the draft is not written yet. If the second run then fails,
only its own savepoint is rolled back: nobody removes the key, and every retry gets a success that never happened. The
careful client, who uses a key and retries, never succeeds. Store the response in the transaction of the change and
nowhere else; a marker for work in progress needs an owner, an expiry, and a way to remove it.
"""
PROVENANCE = (
    "CWE-460: Improper Cleanup on Thrown Exception",
    "CWE-459: Incomplete Cleanup",
    'aks129/HealthClawGuardrails#182: 201 "created_count": 7, and not one row persisted',
    "draft-ietf-httpapi-idempotency-key-header: what to answer while the first request is in flight",
)

AGENT = {"X-User-Id": "agent-1", "X-User-Role": "agent"}
STRICT = {"Prefer": "handling=strict"}


def check(lab):
    desk = lab.desk(CLASSIFIER="off")
    key, broken = {**AGENT, "Idempotency-Key": "k-1"}, lab.one_of(500, 503)
    path = f"/tickets/{desk.new_ticket()['id']}/draft"
    with desk.fault("draft-write"):
        failed = desk.post(path, {}, key)
    yield "while drafts cannot be written, POST /tickets/1/draft fails", broken, failed.status
    yield "this leaves no draft", 0, desk.count("drafts")
    again = desk.post(path, {}, key)
    yield "when drafts can be written, the same request with the same key writes it", 201, again.status
    yield "there is one draft", 1, desk.count("drafts")
    yield "the draft waits for an agent", "pending", (again.json or {}).get("status")
    retry = desk.post(path, {}, key)
    yield "sent once more it gets a 201", 201, retry.status
    yield "this response equals the one before it, byte for byte", True, retry.body == again.body
    yield "there is still one draft", 1, desk.count("drafts")
    for time in ("first", "second"):
        reply = desk.post("/tickets/classify", {"description": "Cannot get in"}, {**key, **STRICT})
        yield f"a suggestion without an LLM gets a 503 the {time} time", 503, reply.status
    new, before = {"title": "Login broken", "description": "Cannot get in"}, desk.count("tickets")
    with desk.fault("ticket-write"):
        yield "while tickets cannot be written, POST /tickets fails", broken, desk.post(
            "/tickets", new, key
        ).status
    yield "when tickets can be written, the same request creates it", 201, desk.post("/tickets", new, key).status
    yield "it exists once", 1, desk.count("tickets") - before
