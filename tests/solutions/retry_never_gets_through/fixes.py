"""Other fixes: (file, planted text, replacement)."""

WORKS = """            response = route.endpoint(self.server.context, request)
            self.server.keys_in_progress.discard(request.scope)
"""

# releases the key after a failure and after a success
OTHER = (
    (
        "web/handler.py",
        WORKS,
        """            try:
                response = route.endpoint(self.server.context, request)
            finally:
                self.server.keys_in_progress.discard(request.scope)
""",
    ),
)
# changes the error, not the bug
LAZY = (("web/handler.py", "raise KeyInProgress", "raise KeyReused"),)
SEEN_BY = "tests.test_idempotency.Keys.test_a_refusal_uses_no_key_up"
