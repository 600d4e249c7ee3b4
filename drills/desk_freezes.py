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
One thread, the event loop, serves all clients, so everything that waits must run on a worker thread. `prepare` in the
route table is for that: the function that it returns runs on a worker thread, and the endpoint gets the result as
request.prepared. Here that function returned only the question, and the endpoint called the LLM: a blocking call on the
event loop. Until the LLM answered, nobody else was served. With an LLM that answers at once, as on a developer's
machine, nobody notices. One blocking call does the same to every event loop (Node, asyncio, a GUI), and to a thread
pool as soon as all its threads wait. Test with a dependency that accepts and never answers, and ask for /health
meanwhile.
"""
PROVENANCE = (
    "CWE-1322: Use of Blocking Code in Single-threaded, Non-blocking Context",
    "sooperset/mcp-atlassian#1643: blocking calls on the event loop, and Kubernetes restarts healthy pods",
    "incidentfox/incidentfox#96: blocking calls of up to 300 s stop the health check, and pods are restarted",
    "aden-hive/hive#4854: each call of an LLM blocks the event loop",
)
ADDRESSES = ("/tickets/classify", "/api/tickets/classify")
CALLS = 5  # one more than there are threads for calls of the LLM
NEW = {"title": "Login broken", "description": "Cannot get in"}


def check(lab):
    category = lab.random.choice(("technical", "account"))
    llm = lab.llm(content=f'{{"category": "{category}", "priority": "high"}}', hangs=True)
    desk = lab.desk(LLM_TIMEOUT="60", **llm.environ)
    with ThreadPoolExecutor(CALLS) as others:
        answers, is_serving = [], True
        for address in (*ADDRESSES, *ADDRESSES, ADDRESSES[0]):
            asked = {"description": f"I was charged twice: {lab.word()}"}
            answers.append(others.submit(desk.post, address, asked))
            if len(answers) <= len(ADDRESSES):
                is_serving = is_serving and llm.wait_for_request(3)
                yield f"POST {address} asks the LLM for a suggestion", True, is_serving
                statuses = meanwhile(lab, desk) if is_serving else ("not tried", "not tried")
                yield f"while POST {address} waits, GET /health and POST /tickets are answered", (200, 201), statuses
                is_serving = statuses == (200, 201)
        is_serving = is_serving and all(llm.wait_for_request(3) for _ in range(CALLS - len(ADDRESSES) - 1))
        found = is_serving and desk.get("/tickets", timeout=1, search="login").status
        yield f"while {CALLS} suggestions wait, GET /tickets?search=login is answered", 200, found
        llm.release()
        replies = [answer.result() for answer in answers]
    suggested = [(reply.status, *map((reply.json or {}).get, ("suggested_category", "source"))) for reply in replies]
    yield "all suggestions come when the LLM answers", [(200, category, "openai")] * CALLS, suggested
    yield "the LLM was asked once for each", CALLS, len(llm.requests)


def meanwhile(lab, desk):
    """The statuses of two requests that must not wait for an LLM."""
    replies = lab.in_parallel(lambda: desk.get("/health", timeout=1), lambda: desk.post("/tickets", NEW, timeout=1))
    return tuple(reply.status for reply in replies)
