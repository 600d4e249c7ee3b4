"""Other fixes: (file, planted text, replacement)."""

FIRST_LINE = "def approve_draft(context, request) -> Response:\n"
FORBIDS = '        raise workflow.Forbidden("only agents approve")\n'


def unless(condition):
    """The endpoint refuses the request, unless this holds."""
    return (("app.py", FIRST_LINE, f"{FIRST_LINE}    if not ({condition}):\n{FORBIDS}"),)


# the endpoint checks the role itself, before it looks for the draft
OTHER = (("app.py", FIRST_LINE, f'{FIRST_LINE}    request.caller.must("agent", "an approval")\n'),)
# refuses the names of the test by heart, instead of everything that is not allowed
LAZY = unless('request.caller.roles and not {"user", "customer", "agents", "Agent"} & set(request.caller.roles)')
# knows one role alone: supervisors and admins, who are agents, too, may not approve any more
INCOMPLETE = unless('"agent" in request.caller.roles')
# nobody may approve now
SWITCHED_OFF = unless("not request")
# checks the role only if the caller has named one
WRONG_UNNAMED = unless('request.headers.get("x-user-role", "") == "" or request.caller.may("agent")')
# lets everybody in who has another role than a customer
WRONG_ANY_ROLE = unless('request.caller.roles != ("customer",)')
# protects the text alone: a customer who sends none may still approve
WRONG_TEXT_ALONE = unless('"body" not in request.fields or request.caller.may("agent")')
# trusts the header: with tokens there is none, and nobody may approve
WRONG_HEADER = unless('"agent" in request.headers.get("x-user-role", "").split(",")')
# looks at the roles alone, also of a caller whose token was refused
WRONG_TOKEN = unless('request.caller.may("agent")')
# moves the hole to another route
WRONG_MOVED = (
    ("app.py", "approve_draft, body=bodies.DRAFT)", 'approve_draft, role="agent", body=bodies.DRAFT)'),
    ("app.py", 'reject_draft, body=bodies.NOTHING, role="agent")', "reject_draft, body=bodies.NOTHING)"),
)
SEEN_BY = "tests.test_tickets.Drafts.test_only_an_agent_may_edit_approve_or_reject"
