"""Other fixes: (file, planted text, replacement)."""

PLANTED = """                try:
                    return self._job(pool, route.prepare)
                finally:
                    self.server.keys_in_progress.discard(request.scope)
"""

# releases the key if no job could be created; otherwise its second run does that, as for every request with a key
OTHER = (
    (
        "web/handler.py",
        PLANTED,
        """                try:
                    return self._job(pool, route.prepare)
                except BaseException:
                    self.server.keys_in_progress.discard(request.scope)
                    raise
""",
    ),
)
# looks for a stored response again when the draft is written: one draft, but the model was asked twice
LAZY = (
    (
        "web/handler.py",
        "if request.scope and not request.is_prepared and (response",
        "if request.scope and (response",
    ),
)
SEEN_BY = "tests.test_idempotency.WhileTheFirstIsAtWork.test_two_drafts_are_not_written_under_one_key"
