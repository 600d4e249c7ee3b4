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
    "CWE-392: Missing Report of Error Condition",
    "joewongjc/type4me#47: errors of an LLM were never shown, its text was replaced silently",
    "milady-ai/milady#1492: after an error the result is an empty list, and nobody can tell it from no data",
)
FAILURES = (
    ("refuses the key", {"status": 401}),
    ("answers 500", {"status": 500}),
    ("does not take the text", {"status": 422}),
    ("returns nonsense", {"content": "It depends."}),
    ("returns another category", {"content": '{"category": "weather", "priority": "high"}'}),
    ("does not answer in time", {"hangs": True}),
)
GOOD = {"status": 200, "content": '{"category": "account", "priority": "low"}', "hangs": False}
