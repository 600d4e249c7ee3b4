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
# a smaller factor is still wrong
LAZY = (("web/settings.py", "return float(text) * 1000", "return float(text) * 60"),)
SEEN_BY = "tests.test_llm.WhoHelps.test_the_timeout_is_in_seconds"
