"""Other fixes: (file, planted text, replacement)."""

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
# a ticket has one draft and never another
ADDS = "    draft = desk.store.add_draft(request.caller, ticket, body, source)\n"
LAZY = (
    (
        "app.py",
        ADDS,
        f'    if desk.store.drafts(ticket["id"]):\n        raise workflow.AlreadyDecided("it has a draft")\n{ADDS}',
    ),
)
SEEN_BY = "tests.test_idempotency.WhileTheFirstIsAtWork.test_two_drafts_are_not_written_under_one_key"
