"""When the LLM is slow the desk hangs: nobody can search, and nobody can export.

"Another bad afternoon of the vendor, and a strange one: tickets could be created and answered as always. But search,
history and export did not respond, for everybody, while four of us waited for a draft. The health check was green."
"""

from concurrent.futures import ThreadPoolExecutor

STARS = 4
FAMILY = "whole desk hangs"
SECTION = "Dependencies and errors"
FILE = "web/routes.py"
CLEAN = 'if "body" in request.fields else llm_worker(request)'
PLANTED = 'if "body" in request.fields else worker(request)'
HINTS = (
    "Give the desk an LLM that accepts requests and never answers: `python3 -m drills fault slow-llm` runs one, in a "
    "second terminal, and prints how to start a desk with it. Ask for four drafts at once, and meanwhile for GET "
    "/tickets?search=login. Then for three.",
    "What do search, history and export have in common? How many threads has each WorkerPool of "
    "web/workers.py, and which pools are there?",
    "There are several worker pools. The column `runs_on` of the route table in app.py names a function of "
    "web/routes.py, which says what goes to which pool. Compare that of a draft with that of a suggestion.",
)
EXPLANATION = """
Slow work runs in a worker pool of a few threads, and there are several pools: one for the desk's own work, one for
requests to other machines, one for passwords. The draft was sent to the wrong pool. Four drafts that wait for a
vendor are four threads that do nothing, and every search waits behind them. Nothing is overloaded, no error is
logged, and /health, which needs no worker thread, is green. A pool that serves two kinds of work is blocked by the
slower kind. Give each dependency a pool of its own (the bulkhead pattern), and test with as many slow requests as the
pool has threads.
"""
PROVENANCE = (
    "CWE-410: Insufficient Resource Pool",
    "CWE-400: Uncontrolled Resource Consumption",
    "OWASP API4:2023 Unrestricted Resource Consumption",
    "the bulkhead pattern: M. Nygard, Release It!",
)


def check(lab):
    llm = lab.llm(content="Dear customer, which browser is it?", hangs=True)
    desk = lab.desk(LLM_TIMEOUT="60", **llm.environ)
    number = desk.new_ticket()["id"]
    with ThreadPoolExecutor(4) as others:
        drafts = [others.submit(desk.post, f"/tickets/{number}/draft", {}) for _ in range(4)]
        yield "the LLM is asked for four drafts", [True] * 4, [llm.wait_for_request(3) for _ in drafts]
        yield "meanwhile GET /health is answered", 200, desk.get("/health", timeout=1).status
        found, history = lab.in_parallel(
            lambda: desk.get("/tickets", timeout=1, search="login"),
            lambda: desk.get(f"/tickets/{number}/events", timeout=1),
        )
        yield "meanwhile a search finds the ticket", 1, found.json["total"] if found.json else found.status
        yield "meanwhile the history of the ticket is shown", 200, history.status
        llm.release()
        answered = [draft.result() for draft in drafts]
    yield "all four drafts come when the LLM answers", [201] * 4, [reply.status for reply in answered]
    yield "all four are written by the LLM", {"openai"}, {reply.json["source"] for reply in answered}
