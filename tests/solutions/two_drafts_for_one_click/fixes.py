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
# one kind of slow work keeps its key
INCOMPLETE = (
    (
        "web/handler.py",
        PLANTED,
        PLANTED.replace("finally:", 'finally:\n                if not request.route.path.endswith("/draft"):').replace(
            "                self.server", "                    self.server"
        ),
    ),
)
# releases the key only after an error; but the refusal of a retry is such an error, so the next retry gets through
WRONG_RELEASE = (
    (
        "web/handler.py",
        PLANTED,
        PLANTED.replace("finally:", "except Exception:") + "                raise\n",
    ),
)
# one draft of one ticket at a time: also nobody else may have one
WRONG_ONE_AT_A_TIME = (
    *OTHER,
    ("web/handler.py", "            if request.scope in self.server", "            if self.server"),
)
# one agent's key is also that of all others
WRONG_SCOPE = (
    *OTHER,
    ("web/handler.py", "keys_in_progress.add(request.scope)", "keys_in_progress.add(request.scope[-1])"),
    ("web/handler.py", "if request.scope in self.server", "if request.scope[-1] in self.server"),
    (
        "web/handler.py",
        "                server.keys_in_progress.discard(request.scope)\n",
        "                if request.scope:\n                    server.keys_in_progress.discard(request.scope[-1])\n",
    ),
)
# slow work takes no key any more
SWITCHED_OFF = (
    ("app.py", '"prepare": suggest}', '"prepare": suggest, "keeps_response": False}'),
    ("app.py", '"prepare": write_reply}', '"prepare": write_reply, "keeps_response": False}'),
)
SEEN_BY = "tests.test_idempotency.WhileTheFirstIsAtWork.test_two_drafts_are_not_written_under_one_key"
