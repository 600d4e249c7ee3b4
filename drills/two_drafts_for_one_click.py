"""One click, two drafts: the same request arrived twice with the same key, and both made a row.

"When the model is slow our app asks again after five seconds, with the same Idempotency-Key. Then the ticket has two
drafts in different words, the bill for the model has two calls, and on Friday two agents have sent one each. When
the model is fast it does not happen, and when I try it by hand, one after the other, the key works perfectly."
"""

from concurrent.futures import ThreadPoolExecutor

STARS = 4
FAMILY = "duplicate tickets"
SECTION = "Concurrency"
FILE = "web/door.py"
CLEAN = """            answer = yield from self._call(request, route)
        finally:
            self.in_progress.discard(key)
"""
PLANTED = """            work = self._call(request, route)
        finally:
            self.in_progress.discard(key)
        answer = yield from work
"""
HINTS = (
    "Have a model that is slow: `python3 -m drills fault slow-llm`, in a second terminal, prints how a desk is started "
    "with it. Send POST /tickets/1/draft twice with one Idempotency-Key, the second one while the first is waiting. In "
    "the log: two requests, or one?",
    "The first answer is not kept yet when the second request comes. How does the desk know at that moment that the "
    "key is taken, and since when, until when?",
    "Print len(self.in_progress) where Door._steps asks for it. When does each line of Door._call run: as it is called, "
    "or later?",
)
EXPLANATION = """
A key is noted as taken while its request is at work. But the work is a generator: calling it does nothing yet, it runs
when somebody iterates. So the key was noted, the work was made ready, the key was let go, and only then the work
began, with nothing to keep the second request out. The same happens with a coroutine that is made inside `with
lock:` and awaited outside, a lazy query that is read after its transaction, a stream that is returned from a `try`. A
guard must span the work, not the call that promises it; only two requests that overlap can show whether it does.
"""
PROVENANCE = (
    "CWE-367: Time-of-check Time-of-use Race Condition",
    "CWE-362: Concurrent Execution using Shared Resource with Improper Synchronization",
    "draft-ietf-httpapi-idempotency-key-header: a retry while the first request is being processed",
    "Starbucks, 2015: two transfers from one gift card at once, both were done",
)


def check(lab):
    llm = lab.llm(content="Dear customer, we look into it.", hangs=True)
    desk = lab.desk(LLM_TIMEOUT="30", **llm.environ)
    path = f"/tickets/{desk.new_ticket()['id']}/draft"
    key = {"X-User-Id": "agent-1", "X-User-Role": "agent", "Idempotency-Key": "click-1"}
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(desk.post, path, {}, key)
        yield "the first request asks the model", True, llm.wait_for_request()
        llm.change(hangs=False)  # who asks from now on has an answer at once; the first one still waits
        desk.post(path, {}, key, timeout=2)
        yield "while the model writes, the desk answers GET /tickets", 200, desk.get("/tickets").status
        llm.release()
        first = first.result()
    yield "the first request is answered", 201, first.status
    yield "the second one makes no draft of its own", 1, desk.count("drafts")
    yield "the second one does not ask the model", 1, len(llm.requests)
    events = "SELECT count(*) FROM audit_events WHERE type = 'Drafted'"
    yield "the history has one draft", 1, desk.rows(events)[0][0]
    late, before = desk.post(path, {}, key), desk.count("drafts")
    yield "a third one, later, gets a 201", 201, late.status
    yield "this 201 is the first one's answer, byte for byte", True, late.body == first.body
    other = desk.post(path, {}, key | {"Idempotency-Key": "click-2"})
    yield "a request with another key is answered, too", 201, other.status
    yield "it makes one more draft", 1, desk.count("drafts") - before
