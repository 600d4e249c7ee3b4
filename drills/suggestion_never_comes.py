"""When the LLM is slow the desk hangs, whatever we set LLM_TIMEOUT to.

"We were told that a suggestion comes after ten seconds at the latest, from the LLM or without it. Yesterday the
vendor was down. Nothing came, not after ten seconds, not after ten minutes. We set LLM_TIMEOUT=2: nothing changed."
"""

STARS = 2
FAMILY = "whole desk hangs"
SECTION = "Dependencies and errors"
FILE = "web/settings.py"
CLEAN = "return float(text)"
PLANTED = "return float(text) * 1000"
HINTS = (
    "Give the desk an LLM that takes questions and never answers: `python3 -m drills fault slow-llm` runs one, in a "
    "second terminal, and prints how a desk is started with it. Add LLM_TIMEOUT=1 to it. Ask for a suggestion. What "
    "comes after a second? Does the rest go on?",
    "Assistant.deadline in llm.py says until when somebody waits. Print how far that is: is it what you have set?",
    "Follow LLM_TIMEOUT from its text to that number: what does seconds() in web/settings.py make of it?",
)
EXPLANATION = """
The setting is in seconds, and so is everything that waits here; where it is read somebody multiplied it by a thousand,
as if it were wanted in milliseconds. Ten seconds became nearly three hours. A deadline that is far too long looks like
any other as long as nobody needs it, and no test with a healthy stub waits for it. Put the unit into the name or into
the type, and let one test run into each deadline, with a stub that accepts and never answers.
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
    yield "while the LLM does not answer, it is asked for a suggestion and a draft", True, len(llm.requests) >= 3
    yield "a suggestion comes all the same, with LLM_TIMEOUT=0.4 within 2 s", 200, suggestion.status
    yield "this suggestion is the general one", "general", suggestion.json and suggestion.json["suggested_category"]
    yield "a draft comes all the same, with LLM_TIMEOUT=0.4 within 2 s", 201, draft.status
    yield "all that time the LLM did not answer", True, llm.hangs
