"""Other fixes: (file, planted text, replacement)."""

CAREFUL = """        except Failed:
            category, priority = FALLBACK["suggested_category"], FALLBACK["suggested_priority"]
"""
TOLD = """        except Failed as problem:
            category, priority = FALLBACK["suggested_category"], FALLBACK["suggested_priority"]
            marked = {"suggested_category": category, "suggested_priority": priority, "source": "fallback"}
            return {**marked, "warning": FALLBACK["warning"]}, str(problem)
"""

# the same response, built by hand
OTHER = (("llm.py", CAREFUL, TOLD),)
# takes the default values themselves as the sign of a failure
LAZY = (
    (
        "llm.py",
        '        return {"suggested_category": category, "suggested_priority": priority, "source": self._name}, ""',
        """        if (category, priority) == (FALLBACK["suggested_category"], FALLBACK["suggested_priority"]):
            return FALLBACK, "the LLM does not work"
        return {"suggested_category": category, "suggested_priority": priority, "source": self._name}, \"\"""",
    ),
)
# marks the response, and the log has nothing
INCOMPLETE = (("llm.py", CAREFUL, "        except Failed:\n            return FALLBACK, \"\"\n"),)
# the log has it, and the response still looks like a real one
WRONG_LOG_ONLY = (
    (
        "llm.py",
        CAREFUL,
        """        except Failed as problem:
            return {**FALLBACK, "source": self._name}, str(problem)
""",
    ),
)
# the log has an error without its reason
WRONG_NO_REASON = (("llm.py", CAREFUL, "        except Failed:\n            return FALLBACK, \"the LLM failed\"\n"),)
# marks a bad answer; a server that does not work is still hidden
BAD_ANSWER = "        except BadAnswer as problem:\n            return FALLBACK, str(problem)\n"
WRONG_ONE_KIND = (("llm.py", CAREFUL, BAD_ANSWER + CAREFUL),)
# asks the rules instead, and says that it was the LLM
BY_RULES = "        except Failed:\n            category, priority = classify_by_rules(text)\n"
WRONG_RULES = (("llm.py", CAREFUL, BY_RULES),)
# the LLM is not asked any more
ASKS = '            elif self._plugin.ask:\n                data = {"ticket"'
SWITCHED_OFF = (("llm.py", ASKS, ASKS.replace("self._plugin.ask", "False")),)
# marks every response as a fallback
WRONG_ALWAYS = (
    (
        "llm.py",
        '"suggested_priority": priority, "source": self._name}, ""',
        '"suggested_priority": priority, **WARNING}, "?"',
    ),
)
SEEN_BY = "tests.test_llm.Failures.test_a_caller_asks_for_the_503_with_prefer"
