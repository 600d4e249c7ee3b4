"""Other fixes: (file, planted text, replacement)."""

# divides by 1000 wherever the timeout is used
OTHER = (
    (
        "llm.py",
        "return request.started + self._settings.llm_timeout",
        "return request.started + self._settings.llm_timeout / 1000",
    ),
    ("llm.py", "self._settings.llm_timeout / 2:", "self._settings.llm_timeout / 2000:"),
)
# no timeout is longer than the one in the story
LAZY = (("web/settings.py", "return float(text) * 1000", "return min(float(text) * 1000, 2)"),)
# in milliseconds for suggestions only: a draft never comes
INCOMPLETE = (
    (
        "llm.py",
        "return request.started + self._settings.llm_timeout",
        """timeout = self._settings.llm_timeout
        return request.started + (timeout / 1000 if purpose == "classify" else timeout)""",
    ),
    (
        "llm.py",
        "if time.monotonic() > deadline - self._settings.llm_timeout / 2:",
        'if purpose == "draft" and time.monotonic() > deadline - self._settings.llm_timeout / 2:',
    ),
)
# a smaller factor is still wrong
WRONG_FACTOR = (("web/settings.py", "return float(text) * 1000", "return float(text) * 60"),)
# another default, and the same factor for everybody who has set a value
WRONG_DEFAULT = (("web/settings.py", '("LLM_TIMEOUT",), "10"', '("LLM_TIMEOUT",), "0.01"'),)
# one second for everybody
WRONG_CONSTANT = (("web/settings.py", "return float(text) * 1000", "return 1.0"),)
# divides where the deadline is made; the other place thinks that the queue is too long, and the LLM is never asked
WRONG_ONE_PLACE = (
    (
        "llm.py",
        "return request.started + self._settings.llm_timeout",
        "return request.started + self._settings.llm_timeout / 1000",
    ),
)
# never waits for an LLM
SWITCHED_OFF = (("web/settings.py", "return float(text) * 1000", "return float(text) / 1000"),)
SEEN_BY = "tests.test_llm.WhoHelps.test_the_timeout_is_in_seconds"
# the test in SEEN_BY looks at one layer only: a fix in another one need not pass it
KEPT_BY = ""
