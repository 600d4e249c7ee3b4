"""When the LLM is slow the desk hangs: nobody can search, and nobody can log in.

"Again a bad afternoon of the vendor, and a strange one: tickets could be opened and answered as ever. But search, the
export and the login stood still for everybody, while four of us waited for a draft. The health check was green."
"""

from concurrent.futures import ThreadPoolExecutor

STARS = 4
FAMILY = "whole desk hangs"
SECTION = "Dependencies and errors"
FILE = "app.py"
CLEAN = "yield Far(partial(work, told, desk.assistant.deadline()))"
PLANTED = "yield partial(work, told, desk.assistant.deadline())"
HINTS = (
    "Give the desk an LLM that takes questions and never answers: `python3 -m drills fault slow-llm` runs one, in a "
    "second terminal, and prints how a desk is started with it. Ask for four drafts at once, and meanwhile for GET "
    "/tickets?search=login. Then for three.",
    "What do search, export and login have in common? How many threads does web/lane.py have, and for whom?",
    "There are two slow lanes. Which line of app.py sends what into which one? Compare ask_assistant with log_in.",
)
EXPLANATION = """
What takes time runs in a lane of a few threads, and there are two of them: one for the desk's own work, one for what
waits for other machines. The draft went into the wrong one. Four drafts that wait for a vendor are four threads that
do nothing, and behind them stands whoever wants to search. Nothing is overloaded, no error is logged, and /health,
which needs no thread, is green. Every pool that serves two kinds of work is stopped by the slower kind: give each
dependency a pool of its own (a bulkhead), and test with as many calls in flight as the pool has threads.
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
        yield "meanwhile the desk says that it is well", 200, desk.get("/health", timeout=1).status
        who = {"email": "ann@example.com", "password": "not hers"}
        found, login = lab.in_parallel(
            lambda: desk.get("/tickets", timeout=1, search="login"), lambda: desk.post("/user/login", who, timeout=1)
        )
        yield "meanwhile a search finds the ticket", 1, found.json["total"] if found.json else found.status
        yield "meanwhile a login with a wrong password is refused", 401, login.status
        llm.release()
        answered = [draft.result() for draft in drafts]
    yield "all four drafts come when the LLM answers", [201] * 4, [reply.status for reply in answered]
    yield "all four are written by the LLM", {"openai"}, {reply.json["source"] for reply in answered}
