"""Other fixes: (file, planted text, replacement)."""

PLANTED = "    ticket = yield desk.store.slow_read(Store.ticket, request.references[0])\n"

# reads the ticket again, but in the same savepoint
OTHER = (("app.py", PLANTED, "    ticket = desk.store.ticket(request.references[0], request.caller)\n"),)
# refuses a request with both changes
LAZY = (
    ("app.py", PLANTED, f'    if "status" in request.fields and fields:\n        raise workflow.Invalid()\n{PLANTED}'),
)
SEEN_BY = "tests.test_store.FailingDisk.test_a_change_that_fails_at_its_last_step_leaves_nothing_of_it"
