"""Other fixes: (file, planted text, replacement)."""

PLANTED = """        fields["state"] = step.target
"""
# fires each step, and sets the assignee only for assign
OTHER = (
    (
        "app.py",
        PLANTED,
        """        who = {"assignee": fields.get("assignee") or ticket["assignee"] or request.caller.id}
        ticket = context.store.fire(request.caller, ticket, step.name, who if step.name == "assign" else {})
""",
    ),
)
# only agents may, but there is still no transition in the history
LAZY = (("app.py", PLANTED, f'        request.caller.must("agent", "a status")\n{PLANTED}'),)
SEEN_BY = "tests.test_tickets.Changes.test_a_status_needs_the_role_of_every_step"
