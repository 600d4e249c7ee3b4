"""One click, two drafts: the same request arrived twice with the same key, and both created a row.

"When the model is slow our app sends the request again after five seconds, with the same Idempotency-Key. Then the
ticket has two drafts in different words, the bill for the model has two requests, and on Friday two agents sent one
each. When the model is fast it does not happen, and when I try it by hand, one after the other, the key works
perfectly."
"""

from concurrent.futures import ThreadPoolExecutor

STARS = 4
FAMILY = "duplicate tickets"
SECTION = "Concurrency"
FILE = "web/handler.py"
CLEAN = """            return self._prepare(pool)
        with store.savepoint():
            if request.scope and (response := self._kept_response()):
"""
PLANTED = """            try:
                return self._prepare(pool)
            finally:
                self.server.keys_in_progress.discard(request.scope)
        with store.savepoint():
            if request.scope and not request.is_prepared and (response := self._kept_response()):
"""
HINTS = (
    "Use a model that is slow: `python3 -m drills fault slow-llm`, in a second terminal, prints how to start a desk "
    "with it. Send POST /tickets/1/draft twice with one Idempotency-Key, the second one while the first is waiting. "
    "In the log: two requests, or one?",
    "When the second request arrives, the first response is not stored yet. How does the desk know at that moment "
    "that the key is in use, and from when until when does it know?",
    "Print len(self.server.keys_in_progress) where Handler._kept_response in web/handler.py looks into it. When does "
    "the work of a job run: when Handler._prepare is called, or later? And when does the `finally` of do_POST run?",
)
EXPLANATION = """
While a request is in progress its key is marked as in use. But the slow part of a draft is a job: creating it does
nothing, a worker thread runs it later. So the key was marked, the job was created, the key was released, and only
then the work began, with nothing to stop a second request. The `finally` looks careful, but it covers the wrong
thing. And when the model had answered, the desk did not look again whether the other request had stored its response
meanwhile. The same happens with a coroutine that is created inside `with lock:` and awaited outside, a lazy query
that is read after its transaction, and a stream that is returned from a `try`. A lock must cover the execution of the
work, not only the call that creates it. Only a test with two overlapping requests detects this.
"""
PROVENANCE = (
    "CWE-367: Time-of-check Time-of-use Race Condition",
    "CWE-362: Concurrent Execution using Shared Resource with Improper Synchronization",
    "mastodon/mastodon#37879: two posts for one Idempotency-Key, if the second request came before the first was done",
    "jcagarcia/grape-idempotency#10: the same, when the first request takes long",
    "Starbucks, 2015: two transfers from one gift card at once, both were done",
)
CLASSIFY, ASKED = "/tickets/classify", {"description": "I was charged twice"}


def check(lab):
    llm = lab.llm(hangs=True)
    desk = lab.desk(LLM_TIMEOUT="30", **llm.environ)
    path, other_path = (f"/tickets/{desk.new_ticket()['id']}/draft" for _ in range(2))
    key = with_key(lab.word())
    with ThreadPoolExecutor(2) as threads:
        first, suggestion = threads.submit(desk.post, path, {}, key), threads.submit(desk.post, CLASSIFY, ASKED, key)
        yield "the first requests for a draft and for a suggestion ask the model", [True] * 2, [
            llm.wait_for_request(3) for _ in range(2)
        ]
        llm.change(hangs=False)  # new requests are answered at once; the first ones still wait
        retries = [(path, {}), (path, {}), (path, {"body": "By hand"}), (CLASSIFY, ASKED), (CLASSIFY, ASKED)]
        for number, (address, body) in enumerate(retries, 1):
            status = desk.post(address, body, key, timeout=1).status
            yield f"retry {number} with the same key is not answered as if it were done", True, status not in (200, 201)
            yield f"retry {number} is no error of the desk", False, isinstance(status, int) and status >= 500
        yield "while the model writes, the desk answers GET /tickets", 200, desk.get("/tickets").status
        yield "meanwhile another agent, another ticket and another key each get a draft", [201] * 3, [
            desk.post(path, {}, {**key, "X-User-Id": "agent-2"}).status,
            desk.post(other_path, {}, key).status,
            desk.post(path, {}, with_key(lab.word())).status,
        ]
        llm.release()
        first, suggestion = first.result(), suggestion.result()
    yield "the first requests are answered", (201, 200), (first.status, suggestion.status)
    yield "the retries create no draft", 1 + 3, desk.count("drafts")
    yield "the retries do not ask the model", 2 + 3, len(llm.requests)
    events = "SELECT count(*) FROM audit_events WHERE type = 'Drafted'"
    yield "the history has as many drafts", 1 + 3, desk.rows(events)[0][0]
    late = desk.post(path, {}, key), desk.post(CLASSIFY, ASKED, key)
    yield "one more retry, later, gets the first response, byte for byte", (first.body, suggestion.body), (
        late[0].body,
        late[1].body,
    )
    failed = with_key(lab.word())
    with desk.fault("audit-write"):
        status = desk.post(path, {}, failed).status
    yield "a draft that cannot be saved is an error", 500, status
    yield "a retry of it gets through", 201, desk.post(path, {}, failed).status


def with_key(key):
    return {"X-User-Id": "agent-1", "X-User-Role": "agent", "Idempotency-Key": key}
