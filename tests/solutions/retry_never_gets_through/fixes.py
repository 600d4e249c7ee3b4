"""Other fixes: (file, planted text, replacement)."""

WORKS = """            response = route.endpoint(self.server.context, request)
            self.server.keys_in_progress.discard(request.scope)
"""
TRIES = "            try:\n                response = route.endpoint(self.server.context, request)\n"
RELEASES = "                self.server.keys_in_progress.discard(request.scope)\n"
RELEASES_AFTER = "            self.server.keys_in_progress.discard(request.scope)\n"
IMPORT = "from workflow import KeyInProgress, KeyReused, Unavailable"


def after(error, release=RELEASES):
    """Releases the key after a success, and after this kind of error."""
    work = f"{TRIES}            except {error}:\n{release}                raise\n{RELEASES_AFTER}"
    return ("web/handler.py", WORKS, work)


# releases the key after a failure and after a success
OTHER = (("web/handler.py", WORKS, f"{TRIES}            finally:\n{RELEASES}"),)
# changes the error, not the bug
LAZY = (("web/handler.py", "raise KeyInProgress", "raise KeyReused"),)
# after a refusal, but not after an error of the database
INCOMPLETE = (after("Refusal"), ("web/handler.py", IMPORT, f"{IMPORT}, Refusal"))
# never says that a request is in progress: two drafts for one key
SWITCHED_OFF = (
    (
        "web/handler.py",
        """            if request.scope in self.server.keys_in_progress:
                raise KeyInProgress("the first request with this Idempotency-Key is still at work; try again")
""",
        "",
    ),
)
# after the refusal of the story alone
WRONG_ONE_KIND = (after("TransitionFailed"), ("web/handler.py", IMPORT, f"{IMPORT}, TransitionFailed"))
# after an error it releases the keys of all requests, also of those that are still at work
WRONG_CLEARED = (after("Exception", "                self.server.keys_in_progress.clear()\n"),)
# a key that is in use twice is released: the second try is refused, the third one is not, while the first is at work
WRONG_SECOND_TRY = (
    (
        "web/handler.py",
        "                raise KeyInProgress",
        "                self.server.keys_in_progress.discard(request.scope)\n                raise KeyInProgress",
    ),
)
SEEN_BY = "tests.test_idempotency.Keys.test_a_refusal_uses_no_key_up"
