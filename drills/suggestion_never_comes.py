"""When the LLM is slow the desk hangs, whatever value we give LLM_TIMEOUT.

"You told us that a suggestion comes after ten seconds at the latest, from the LLM or without it. Yesterday the vendor
was down. No suggestion came, not after ten seconds, not after ten minutes. We set LLM_TIMEOUT=2: nothing changed."
"""

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
The setting is in seconds, and so are all timeouts of the desk; but the code that reads it multiplied it by a
thousand, as if milliseconds were needed. Ten seconds became nearly three hours. A timeout that is far too long looks
like any other until somebody needs it, and a test with a stub that answers does not detect it. Put the unit into the
name or into the type, and test each timeout with a stub that accepts the request and never answers.
"""
PROVENANCE = (
    "CWE-1088: Synchronous Access of Remote Resource without Timeout",
    "CWE-400: Uncontrolled Resource Consumption",
    "OWASP API10:2023 Unsafe Consumption of APIs",
    "Mars Climate Orbiter, 1999: two teams, two units",
)


def check(lab):
    llm = lab.llm()
    desk = lab.desk(LLM_TIMEOUT="0.4", **llm.environ)
    number, asked = desk.new_ticket()["id"], {"description": "I was charged twice"}
    reply = desk.post("/tickets/classify", asked)
    yield "when the LLM answers, the suggestion is the LLM's", (200, "billing"), (
        reply.status,
        reply.json["suggested_category"],
    )
    llm.change(hangs=True)
    suggestion, draft = lab.in_parallel(
        lambda: desk.post("/tickets/classify", asked, timeout=2),
        lambda: desk.post(f"/tickets/{number}/draft", {}, timeout=2),
    )
    yield "while the LLM does not answer, it gets requests for a suggestion and a draft", True, len(llm.requests) >= 3
    yield "a suggestion comes anyway, with LLM_TIMEOUT=0.4 within 2 s", 200, suggestion.status
    yield "this suggestion is the general one", "general", suggestion.json and suggestion.json["suggested_category"]
    yield "a draft comes anyway, with LLM_TIMEOUT=0.4 within 2 s", 201, draft.status
    yield "all that time the LLM did not answer", True, llm.hangs
