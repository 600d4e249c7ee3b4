"""When the LLM is slow the desk hangs.

"The vendor of our LLM had a bad afternoon. So had we: the whole desk stood still, for everybody, again and again for
seconds. People who only wanted to write a comment. The load balancer took it for dead and started it anew."
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
    "Give the desk an LLM that takes questions and never answers: `python3 -m drills fault slow-llm` runs one, in a "
    "second terminal, and prints how a desk is started with it. Ask for a suggestion, and meanwhile for GET /health. "
    "Then do the same with a draft.",
    "One thread serves everybody. What does it do while the LLM thinks?",
    "Compare classify and write_draft in app.py: each asks the LLM, and only one of them lets the desk go on.",
)
EXPLANATION = """
One thread serves all clients, so whatever waits must do so elsewhere: an endpoint yields its job and is resumed with
the result. This one called the LLM itself, and for as long as that took nobody else was served. On a developer's
machine, with an LLM that answers at once, nothing is to be seen. The same happens in every event loop (Node, asyncio,
a GUI) with one blocking call, and in a pool of threads as soon as all of them wait. Test with a dependency that
accepts and never answers, and ask for /health meanwhile.
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
        yield "meanwhile the desk says that it is well", 200, desk.get("/health", timeout=1).status
        new = {"title": "Login broken", "description": "Cannot get in"}
        yield "meanwhile a ticket is taken", 201, desk.post("/tickets", new, timeout=1).status
        llm.release()
        reply = asked.result()
    suggested = reply.json and reply.json["suggested_category"]
    yield "the suggestion comes when the LLM answers", (200, "billing"), (reply.status, suggested)
    yield "the LLM was asked once", 1, len(llm.requests)
