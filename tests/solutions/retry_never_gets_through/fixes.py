"""Other fixes: (file, planted text, replacement)."""

PLANTED = """        answer = yield from self._call(request, route)
        self.in_progress.discard(key)
"""

# given back where it fails, and where it does not
OTHER = (
    (
        "web/door.py",
        PLANTED,
        """        try:
            answer = yield from self._call(request, route)
        except BaseException:
            self.in_progress.discard(key)
            raise
        self.in_progress.discard(key)
""",
    ),
)
# whoever fails is no longer told why
LAZY = (("web/door.py", "raise workflow.KeyInProgress", "raise workflow.Unavailable"),)
SEEN_BY = "tests.test_idempotency.Keys.test_a_refusal_uses_no_key_up"
