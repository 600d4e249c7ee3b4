"""Other fixes: (file, planted text, replacement)."""

LOOP = """        for _ in range(3):
            try:
                return breaker.call(answer)
            except Failed:
                continue
"""

# the retry loop is removed, the rest stays
OTHER = (("llm.py", LOOP, ""),)
# one retry instead of three
LAZY = (("llm.py", "for _ in range(3):", "for _ in range(1):"),)
SEEN_BY = "tests.test_llm.Failures.test_a_503_uses_no_idempotency_key_up"
