"""Other ways to mend it: (file, planted text, text in its place)."""

PLANTED = """            work = self._call(request, route)
        finally:
            self.in_progress.discard(key)
        answer = yield from work
"""

# the key is let go once the work has come to its end, good or bad
OTHER = (
    (
        "web/door.py",
        PLANTED,
        """            work = self._call(request, route)
            answer = yield from work
        finally:
            self.in_progress -= {key}
""",
    ),
)
# nobody gets a draft under a key any more
LAZY = (("web/door.py", PLANTED, PLANTED.replace("self.in_progress.discard(key)", "pass")),)
SEEN_BY = "tests.test_idempotency.WhileTheFirstIsAtWork.test_two_drafts_are_not_written_under_one_key"
