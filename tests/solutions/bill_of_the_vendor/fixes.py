"""Other fixes: (file, planted text, replacement)."""

LOOP = """        for _ in range(3):
            try:
                return breaker.call(answer)
            except Failed:
                continue
"""
TIMES, FAILS = "for _ in range(3):", "except Failed:\n                continue"
UNLESS = "except Failed as problem:\n                if {}:\n                    raise"

# the retry loop is removed, the rest stays
OTHER = (("llm.py", LOOP, ""),)
# one retry instead of three
LAZY = (("llm.py", TIMES, "for _ in range(1):"),)
# suggestions are asked for once, drafts still four times
INCOMPLETE = (("llm.py", TIMES, 'for _ in range(3 if purpose == "draft" else 0):'),)
# one failure opens the circuit: then there is no LLM for half a minute
SWITCHED_OFF = (("llm.py", "FAILURE_THRESHOLD = 5", "FAILURE_THRESHOLD = 1"), ("llm.py", LOOP, ""))
# no retry of an error status, but still of the others
WRONG_STATUS = (("llm.py", FAILS, UNLESS.format('"its server answered" in str(problem)')),)
# a retry only if the LLM has too many requests, which is when it should have fewer
WRONG_BUSY = (("llm.py", FAILS, UNLESS.format('"429" not in str(problem)')),)
# without the circuit breaker the calls go on while the LLM is down
WRONG_BREAKER = (
    ("llm.py", LOOP, ""),
    ("llm.py", "        return breaker.call(answer)", "        return answer()"),
)
# waits before each retry
WRONG_PAUSE = (("llm.py", FAILS, FAILS.replace("continue", "time.sleep(0.05)")),)
SEEN_BY = "tests.test_llm.Failures.test_a_503_uses_no_idempotency_key_up"
