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
# marks every response as a fallback
LAZY = (
    (
        "llm.py",
        '"suggested_priority": priority, "source": self._name}, ""',
        '"suggested_priority": priority, **WARNING}, "?"',
    ),
)
SEEN_BY = "tests.test_llm.Failures.test_a_caller_asks_for_the_503_with_prefer"
