"""Other fixes: (file, planted text, replacement)."""

PLANTED = """        answer = yield from self._call(request, route)
        self.in_progress.discard(key)
"""

# releases the key after a failure and after a success
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
# changes the error, not the bug
LAZY = (("web/door.py", "raise workflow.KeyInProgress", "raise workflow.Unavailable"),)
SEEN_BY = "tests.test_idempotency.Keys.test_a_refusal_uses_no_key_up"
