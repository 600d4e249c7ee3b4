"""When the LLM is slow the desk hangs.

"Our LLM vendor had a bad afternoon, and so did we: again and again the whole desk did not respond for seconds, for
everybody, also for people who only wanted to write a comment. The load balancer thought that it was dead and
restarted it."
"""

from concurrent.futures import ThreadPoolExecutor

STARS = 3
FAMILY = "whole desk hangs"
SECTION = "Dependencies and errors"
FILE = "app.py"
CLEAN = """(suggestion,) = yield from ask_assistant(desk, request, desk.assistant.classify, request.fields["description"])
"""
PLANTED = """suggestion, trouble = desk.assistant.classify(request.fields["description"], desk.assistant.deadline())
    if trouble:
        desk.log.trouble(request, f"LLM {desk.settings.classifier}: {trouble}")
"""
HINTS = (
    "Give the desk an LLM that accepts requests and never answers: `python3 -m drills fault slow-llm` runs one, in a "
    "second terminal, and prints how to start a desk with it. Ask for a suggestion, and meanwhile for GET /health. "
    "Then do the same with a draft.",
    "One thread serves everybody. What does it do while the LLM is working?",
    "Compare classify and write_draft in app.py: both call the LLM, but only one of them lets the event loop go on.",
)
EXPLANATION = """
One thread, the event loop, serves all clients, so everything that waits must run in a worker thread: the endpoint
yields a job, and is resumed with the result. This endpoint called the LLM directly, and until the LLM answered nobody
else was served. With an LLM that answers at once, as on a developer's machine, nobody notices. One blocking call does
the same to every event loop (Node, asyncio, a GUI), and to a thread pool as soon as all its threads wait. Test with a
dependency that accepts and never answers, and ask for /health meanwhile.
"""
PROVENANCE = (
    "CWE-1088: Synchronous Access of Remote Resource without Timeout",
    "CWE-833: Deadlock, of a whole service behind one caller",
    "OWASP API10:2023 Unsafe Consumption of APIs",
)


def check(lab):
    llm = lab.llm(hangs=True)
    desk = lab.desk(LLM_TIMEOUT="60", **llm.environ)
    with ThreadPoolExecutor(1) as other:
        asked = other.submit(desk.post, "/tickets/classify", {"description": "I was charged twice"})
        yield "the LLM is asked for a suggestion", True, llm.wait_for_request(3)
        yield "meanwhile GET /health is answered", 200, desk.get("/health", timeout=1).status
        new = {"title": "Login broken", "description": "Cannot get in"}
        yield "meanwhile a ticket is accepted", 201, desk.post("/tickets", new, timeout=1).status
        llm.release()
        reply = asked.result()
    suggested = reply.json and reply.json["suggested_category"]
    yield "the suggestion comes when the LLM answers", (200, "billing"), (reply.status, suggested)
    yield "the LLM was asked once", 1, len(llm.requests)
