"""Other fixes: (file, planted text, replacement)."""

PLANTED = """        fields["state"] = step.target
"""
LOOP = """    for step in workflow.path_to_status(ticket["state"], status, request.caller):
        fields["state"] = step.target
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
# checks the role of each step, but writes no step into the history
INCOMPLETE = (("app.py", PLANTED, f'        request.caller.must(step.role, f"the step {{step.name}}")\n{PLANTED}'),)
# a status can only be changed with a transition
SWITCHED_OFF = (
    (
        "app.py",
        LOOP,
        """    if status != ticket["status"]:
        raise workflow.Forbidden("use POST /tickets/{id}/transitions to change the status")
""",
    ),
)
# the status is ignored
WRONG_IGNORED = (("app.py", LOOP, ""),)
# only the status of the story is protected
WRONG_CLOSED_ONLY = (
    (
        "app.py",
        LOOP,
        f"""    if status == "closed":
        request.caller.must("agent", "to close a ticket")
{LOOP}""",
    ),
)
# fires the last step as the history needs it, and writes the state before it
WRONG_LAST_STEP = (
    (
        "app.py",
        LOOP,
        """    steps = workflow.path_to_status(ticket["state"], status, request.caller)
    if steps:
        ticket = context.store.edit_ticket(request.caller, ticket, {"state": steps[-1].source})
        ticket = context.store.fire(request.caller, ticket, steps[-1].name, {})
""",
    ),
)
# fires each step, and forgets who is the assignee
WRONG_ASSIGNEE = (
    (
        "app.py",
        PLANTED,
        """        ticket = context.store.fire(request.caller, ticket, step.name, {})
        fields.pop("assignee", None)
""",
    ),
)
# a customer changes no status at all, not even to open a ticket again
WRONG_NO_REOPEN = (
    (
        "app.py",
        PLANTED,
        """        request.caller.must("agent", "a status")
        data = {"assignee": fields.get("assignee") or ticket["assignee"] or request.caller.id}
        ticket = context.store.fire(request.caller, ticket, step.name, data if step.name == "assign" else {})
""",
    ),
)
SEEN_BY = "tests.test_tickets.Changes.test_a_status_needs_the_role_of_every_step"
