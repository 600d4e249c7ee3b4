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
nothing, a worker thread runs it later. So the key was marked, the job was created, the key was released, and only then
the work began, with nothing to stop a second request (a check-then-act race). The `finally` looks careful, but it
covers the wrong thing. And when the model had answered, the desk did not look again whether the other request had
stored its response meanwhile. The same happens with a coroutine that is created inside `with lock:` and awaited
outside, a lazy query that is read after its transaction, and a stream that is returned from a `try`. A lock must cover
the execution of the work, not only the call that creates it. Only a test with two overlapping requests detects this.
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
    yield from check_drafts(lab)
    yield from check_suggestions(lab)


def check_drafts(lab):
    llm = lab.llm(hangs=True)
    desk = lab.desk(LLM_TIMEOUT="30", **llm.environ)
    path, other_path = (f"/tickets/{desk.new_ticket()['id']}/draft" for _ in range(2))
    key = with_key(lab.word())
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(desk.post, path, {}, key)
        yield "the first request asks the model", True, llm.wait_for_request(3)
        llm.change(hangs=False)  # new requests are answered at once; the first one still waits
        for number, body in enumerate(({}, {}, {"body": "By hand"}), 1):
            status = desk.post(path, body, key, timeout=2).status
            yield f"retry {number} with the same key is not answered as if it were done", True, status not in (200, 201)
            yield f"retry {number} is no error of the desk", False, isinstance(status, int) and status >= 500
        yield "while the model writes, the desk answers GET /tickets", 200, desk.get("/tickets").status
        others = desk.post(other_path, {}, key), desk.post(path, {}, with_key(lab.word()))
        yield "meanwhile another ticket and another key each get a draft", [201] * 2, [reply.status for reply in others]
        llm.release()
        first = first.result()
    yield "the first request is answered", 201, first.status
    yield "the retries create no draft", 1 + 2, desk.count("drafts")
    yield "the retries do not ask the model", 1 + 2, len(llm.requests)
    events = "SELECT count(*) FROM audit_events WHERE type = 'Drafted'"
    yield "the history has as many drafts", 1 + 2, desk.rows(events)[0][0]
    late = desk.post(path, {}, key)
    yield "one more retry, later, gets a 201", 201, late.status
    yield "this 201 is the first one's response, byte for byte", True, late.body == first.body


def check_suggestions(lab):
    llm = lab.llm(hangs=True)
    desk, key = lab.desk(LLM_TIMEOUT="30", **llm.environ), with_key(lab.word())
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(desk.post, CLASSIFY, ASKED, key)
        yield "a request for a suggestion asks the model", True, llm.wait_for_request(3)
        llm.change(hangs=False)
        status = desk.post(CLASSIFY, ASKED, key, timeout=2).status
        yield "a retry of it with the same key is not answered as if it were done", True, status != 200
        llm.release()
        first = first.result()
    yield "the request for a suggestion is answered", 200, first.status
    yield "the retry of it does not ask the model", 1, len(llm.requests)
    late = desk.post(CLASSIFY, ASKED, key)
    yield "one more retry of it, later, gets the first response, byte for byte", True, late.body == first.body


def with_key(key):
    return {"X-User-Id": "agent-1", "X-User-Role": "agent", "Idempotency-Key": key}
