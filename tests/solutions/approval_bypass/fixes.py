"""Other fixes: (file, planted text, replacement)."""

FIRST_LINE = "def approve_draft(context, request) -> Response:\n"
FORBIDS = '        raise workflow.Forbidden("only agents approve")\n'

# the endpoint checks the role itself, before it looks for the draft
OTHER = (("app.py", FIRST_LINE, f'{FIRST_LINE}    if not request.caller.may("agent"):\n{FORBIDS}'),)
# nobody may approve now
LAZY = (("app.py", FIRST_LINE, f"{FIRST_LINE}    if request:\n{FORBIDS}"),)
SEEN_BY = "tests.test_tickets.Drafts.test_only_an_agent_may_edit_approve_or_reject"
