"""Since Tuesday every suggestion of the LLM is "general" and "medium", and there was no alert.

"Billing has had no ticket for three days, because every suggestion is general, medium. The page says that they come
from the LLM. The vendor says that our key has been invalid since Tuesday. Why do we hear that from the vendor?"
"""

import json

STARS = 2
FAMILY = ""
SECTION = "Dependencies and errors"
FILE = "llm.py"
CLEAN = """        except Failed as problem:
            return FALLBACK, str(problem)
"""
PLANTED = """        except Failed:
            category, priority = FALLBACK["suggested_category"], FALLBACK["suggested_priority"]
"""
HINTS = (
    "Give the desk an LLM that fails: `python3 -m drills fault broken-llm`, in a second terminal, prints how. Ask for "
    "a suggestion, and again with `Prefer: handling=strict`. What does the response say about its source, and what "
    "does the log say?",
    "Assistant.classify in llm.py returns two things, a suggestion and a reason; classify in app.py writes the reason "
    "into the log. What do the two say here after a failure of the LLM?",
    "Read Assistant.classify from `except Failed` to its last line. What becomes of the problem there, and what is "
    "said to be the source?",
)
EXPLANATION = """
The failure was caught (a swallowed exception), and default values were returned as if the LLM had answered: with the
name of the LLM, and without the reason. So nothing was logged, a caller who asked for a 503 did not get one, and the
response looked like a real one. Whoever catches an error decides who gets to know of it. A fallback is good if it is
marked as one: in the response, in the log, and in a metric that somebody watches.
"""
PROVENANCE = (
    "CWE-390: Detection of Error Condition Without Action",
    "CWE-392: Missing Report of Error Condition",
    "joewongjc/type4me#47: errors of an LLM were never shown, its text was replaced silently",
    "milady-ai/milady#1492: after an error the result is an empty list, and nobody can tell it from no data",
)
MEMBERS = ("suggested_category", "suggested_priority", "source")
ASKED, STRICT = {"description": "I was charged twice"}, {"Prefer": "handling=strict"}
ADDRESSES = ("/tickets/classify", "/api/tickets/classify")
FAILURES = (  # an answer that cannot be used comes after each failure of the server, so that no circuit opens
    ("refuses the key", {"status": 401}, ADDRESSES[:1]),
    ("does not take the text", {"status": 422}, ADDRESSES),
    ("answers with a status of a broken server", {"status": 500}, ADDRESSES[1:]),
    ("returns nonsense", {"status": 200, "content": "It depends."}, ADDRESSES),
    ("returns a category that does not exist", {"content": '{"category": "weather", "priority": "high"}'}, ADDRESSES),
)
DEFAULT = (200, "general", "medium", "fallback", True)


def check(lab):
    category, priority = lab.random.choice(("billing", "technical")), lab.random.choice(("low", "high"))
    llm = lab.llm(content=as_json(category, priority))
    desk = lab.desk(**llm.environ)

    def ask(address=ADDRESSES[0], headers=None):
        """Status, category, priority, source, and whether there is a warning."""
        reply = desk.post(address, ASKED, headers)
        return reply.status, *map((reply.json or {}).get, MEMBERS), "warning" in (reply.json or {})

    for address in ADDRESSES:
        expected = (200, category, priority, "openai", False)
        yield f"POST {address} gives the suggestion of the LLM, and says so", expected, ask(address)
    yield "with Prefer: handling=strict it is the same", expected, ask(headers=STRICT)
    failed = 0
    for shown, change, addresses in FAILURES:
        llm.change(**change)
        for address in addresses:
            yield f"when the LLM {shown}, POST {address} marks the suggestion as a fallback", DEFAULT, ask(address)
            failed += 1
    yield "with Prefer: handling=strict a bad answer is an error", 503, ask(headers=STRICT)[0]
    llm.change(status=200, content=as_json("general", "medium"))
    expected = (200, "general", "medium", "openai", False)
    yield "an LLM that works, and says general and medium, is believed", expected, ask(headers=STRICT)
    number = lab.random.choice((403, 404, 429, 502, 529))
    llm.change(status=number)
    yield "with Prefer: handling=strict a refusal by the LLM is an error", 503, ask(headers=STRICT)[0]
    desk.stop()
    errors = [line for line in desk.log().splitlines() if "ERROR" in line and "LLM openai" in line]
    yield "the log has one error for each failure of the LLM", failed + 2, len(errors)
    seen = bool(errors) and f" {number}" in errors[-1]
    yield "the last error in the log tells the status with which the LLM refused", True, seen


def as_json(category, priority):
    return json.dumps({"category": category, "priority": priority})
