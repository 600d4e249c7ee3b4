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
CLEAN = """def suggest(context, request) -> Callable:
    \"""The work of a worker thread for classify: ask the assistant for a category and a priority.\"""
    text, deadline = request.fields["description"], context.assistant.start("classify", request)
    return lambda: context.assistant.classify(text, deadline)


def report_llm(context, request, problem) -> None:
    if problem:
        context.log.trouble(request, f"LLM {context.settings.classifier}: {problem}")


def classify(context, request) -> Response:
    \"""Suggest a category and a priority; callers who prefer handling=strict get 503 when the LLM fails.\"""
    suggestion, problem = request.prepared
    report_llm(context, request, problem)
    if suggestion["source"] == "fallback" and prefers(request, "handling", "strict"):
        return reply(503, suggestion, ("Retry-After", str(context.assistant.retry_after())))
    return reply(200, suggestion)
"""
PLANTED = """def suggest(context, request) -> Callable:
    \"""The work of a worker thread for classify: what to ask the assistant, and until when.\"""
    question = request.fields["description"], context.assistant.start("classify", request)
    return lambda: question


def report_llm(context, request, problem) -> None:
    if problem:
        context.log.trouble(request, f"LLM {context.settings.classifier}: {problem}")


def classify(context, request) -> Response:
    \"""Suggest a category and a priority; callers who prefer handling=strict get 503 when the LLM fails.\"""
    suggestion, problem = context.assistant.classify(*request.prepared)
    report_llm(context, request, problem)
    if suggestion["source"] == "fallback" and prefers(request, "handling", "strict"):
        return reply(503, suggestion, ("Retry-After", str(context.assistant.retry_after())))
    return reply(200, suggestion)
"""
HINTS = (
    "Give the desk an LLM that accepts requests and never answers: `python3 -m drills fault slow-llm` runs one, in a "
    "second terminal, and prints how to start a desk with it. Ask for a suggestion, and meanwhile for GET /health. "
    "Then do the same with a draft.",
    "One thread, the event loop, serves everybody. Print threading.current_thread().name where Assistant.classify and "
    "Assistant.write in llm.py begin: which thread asks the LLM for a suggestion, and which one for a draft?",
    "In the route table of app.py both have a function in the column `prepare`. It runs on the event loop and returns "
    "another function, and that one runs on a worker thread. Compare suggest and classify with write_reply and "
    "add_draft: which of the functions calls the LLM?",
)
EXPLANATION = """
One thread, the event loop, serves all clients, so everything that waits must run on a worker thread: that is what
`prepare` in the route table is for: the function that it returns runs there, and the endpoint gets the result as
request.prepared. Here that function returned only the question, and the endpoint, on the event loop, called the LLM.
Until the LLM answered nobody else was served.
With an LLM that answers at once, as on a developer's machine, nobody notices. One blocking call does the same to
every event loop (Node, asyncio, a GUI), and to a thread pool as soon as all its threads wait. Test with a dependency
that accepts and never answers, and ask for /health meanwhile.
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
