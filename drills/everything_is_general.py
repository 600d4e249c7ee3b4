"""Since Tuesday every suggestion of the LLM is "general" and "medium", and there was no alert.

"Billing has had no ticket for three days, because every suggestion is general, medium. The page says that they come
from the LLM. The vendor says that our key has been invalid since Tuesday. Why do we hear that from the vendor?"
"""

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
    "The desk logs and marks the failures that it knows of. Does it know of this one?",
    "Follow a Failed through Assistant.classify to the last line. Which code still knows about it there?",
)
EXPLANATION = """
The failure was caught, and default values were returned as if the LLM had answered: with the name of the LLM, and
without the reason. So nothing was logged, a caller who asked for a 503 did not get one, and the response looked like
a real one. Whoever catches an error decides who gets to know of it. A fallback is good if it is marked as one: in the
response, in the log, and in a metric that somebody watches.
"""
PROVENANCE = (
    "CWE-390: Detection of Error Condition Without Action",
    "CWE-396: Declaration of Catch for Generic Exception",
    "OWASP API10:2023 Unsafe Consumption of APIs",
)


def check(lab):
    llm = lab.llm()
    desk = lab.desk(**llm.environ)
    asked, strict = {"description": "I was charged twice"}, {"Prefer": "handling=strict"}

    def ask(headers=None):
        reply = desk.post("/tickets/classify", asked, headers)
        return reply.status, reply.json.get("suggested_category"), reply.json.get("source")

    yield "a suggestion of the LLM says so (status, category, source)", (200, "billing", "openai"), ask()
    yield "with Prefer: handling=strict it says the same", (200, "billing", "openai"), ask(strict)
    llm.change(content="It depends.")
    yield "when the LLM returns nonsense, the suggestion is marked as a fallback", (200, "general", "fallback"), ask()
    desk.get("/health")
    yield "the log then has an error about the LLM", True, "ERROR" in desk.log() and "LLM openai" in desk.log()
    llm.change(status=401)
    yield "with Prefer: handling=strict a refusal by the LLM is an error", 503, ask(strict)[0]
