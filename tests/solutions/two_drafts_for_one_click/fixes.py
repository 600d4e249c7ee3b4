"""Other fixes: (file, planted text, replacement)."""

PLANTED = """            work = self._call(request, route)
        finally:
            self.in_progress.discard(key)
        answer = yield from work
"""

# releases the key when the work has ended, with or without success
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
# allows only one draft for each ticket
ADDS = "    draft = desk.store.add_draft(request.caller, ticket, body, source)\n"
LAZY = (
    (
        "app.py",
        ADDS,
        f'    if desk.store.drafts(ticket["id"]):\n        raise workflow.AlreadyDecided("it has a draft")\n{ADDS}',
    ),
)
SEEN_BY = "tests.test_idempotency.WhileTheFirstIsAtWork.test_two_drafts_are_not_written_under_one_key"
