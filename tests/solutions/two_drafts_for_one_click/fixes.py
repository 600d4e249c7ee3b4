"""Other fixes: (file, planted text, replacement)."""

PLANTED = """            try:
                return self._prepare(pool)
            finally:
                self.server.keys_in_progress.discard(request.scope)
"""

# only handle_one_request releases the key, when the work is done; until then the key is in use, so that nobody else
# can store a response, and the second pass need not look for one
OTHER = (("web/handler.py", PLANTED, "            return self._prepare(pool)\n"),)
# looks for a stored response again when the draft is written: one draft, but the model was asked twice
LAZY = (
    (
        "web/handler.py",
        "if request.scope and not request.is_prepared and (response",
        "if request.scope and (response",
    ),
)
SEEN_BY = "tests.test_idempotency.WhileTheFirstIsAtWork.test_two_drafts_are_not_written_under_one_key"
ALSO_SEEN_BY = ("retry_never_gets_through",)
