"""When the LLM is slow the desk hangs, whatever value we give LLM_TIMEOUT.

"You told us that a suggestion comes after ten seconds at the latest, from the LLM or without it. Yesterday the vendor
was down. No suggestion came, not after ten seconds, not after ten minutes. We set LLM_TIMEOUT=2: nothing changed."
"""

import threading

STARS = 2
FAMILY = "whole desk hangs"
SECTION = "Dependencies and errors"
FILE = "web/settings.py"
CLEAN = "return float(text)"
PLANTED = "return float(text) * 1000"
HINTS = (
    "Give the desk an LLM that accepts requests and never answers: `python3 -m drills fault slow-llm` runs one, in a "
    "second terminal, and prints how to start a desk with it. Add LLM_TIMEOUT=1 to that. Ask for a suggestion. What "
    "comes after a second? Do other requests still work?",
    "Assistant.start in llm.py returns the time at which waiting ends. Print how far away it is: is it what you "
    "have set?",
    "Follow LLM_TIMEOUT from its text to that number: what does seconds() in web/settings.py return?",
)
EXPLANATION = """
The setting is in seconds, and so are all timeouts of the desk; but the code that reads it multiplied it by a thousand,
as if milliseconds were needed. Ten seconds became nearly three hours: a wrong unit. A timeout that is far too long
looks like any other until somebody needs it, and a test with a stub that answers does not detect it. Put the unit into
the name or into the type, and test each timeout with a stub that accepts the request and never answers.
"""
PROVENANCE = (
    "CWE-1088: Synchronous Access of Remote Resource without Timeout",
    "das-labor/neopg#45: the timeout of HTTP was 1000 times as long as it should be",
    "fustom/python-ariston-api#178: a timeout of 30000, in seconds, is eight hours",
    "Mars Climate Orbiter, 1999: two teams, two units",
)
SOON = 1.2  # seconds, for a desk with a short timeout
PATIENCE = 1.3  # seconds that the LLM takes, for a desk with a long one; more than SOON
ASKED = {"description": "I was charged twice"}


def check(lab):
    category, short = lab.random.choice(("technical", "account")), round(lab.random.uniform(0.4, 0.48), 2)
    llm, used = lab.llm(content=f'{{"category": "{category}", "priority": "high"}}'), (200, category)
    desk = lab.desk(LLM_TIMEOUT=str(short), **llm.environ)
    number, at_once = desk.new_ticket()["id"], suggestion(desk.post("/tickets/classify", ASKED))
    yield "an LLM that answers at once is used, with LLM_TIMEOUT below half a second", used, at_once
    llm.change(hangs=True)
    first, second, draft = lab.in_parallel(
        lambda: desk.post("/tickets/classify", ASKED, timeout=SOON),
        lambda: desk.post("/api/tickets/classify", ASKED, timeout=SOON),
        lambda: desk.post(f"/tickets/{number}/draft", {}, timeout=SOON),
    )
    yield "while the LLM does not answer, it gets all three requests", True, len(llm.requests) >= 1 + 3
    short_one = f"with LLM_TIMEOUT below half a second within {SOON} s"
    for address, reply in (("/tickets/classify", first), ("/api/tickets/classify", second)):
        yield f"a suggestion of POST {address} comes anyway, {short_one}", (200, "general"), suggestion(reply)
    written = draft.status, (draft.json or {}).get("source")
    yield f"a draft comes anyway, {short_one}", (201, "template"), written
    yield "all that time the LLM did not answer", True, llm.hangs
    late = suggestion_late(lab, llm) if draft.status == 201 else "not tried"
    yield "an LLM that takes longer than that is used, with --llm-timeout above half a minute", used, late


def suggestion(reply):
    return reply.status, (reply.json or {}).get("suggested_category")


def suggestion_late(lab, llm):
    """The suggestion of a desk that has time, from an LLM that takes PATIENCE."""
    desk = lab.desk("--llm-timeout", str(lab.random.randint(30, 90)), **llm.environ)
    threading.Timer(PATIENCE, llm.release).start()
    return suggestion(desk.post("/tickets/classify", ASKED))
