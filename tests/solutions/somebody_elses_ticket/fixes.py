"""Other fixes: (file, planted text, replacement)."""

PLANTED = """rebuilt from its events.\"\"\"
    ticket = context.store.ticket(request.references[0])
"""
LOOKS = PLANTED.removesuffix("\n")

# the endpoint checks the owner itself, with the same 404
OTHER = (
    (
        "app.py",
        PLANTED,
        f"""{LOOKS}
    if not request.caller.sees(ticket):
        raise workflow.NotFound(f"no ticket {{request.references[0]}}; GET /tickets lists those there are")
""",
    ),
)
# only the customer: agents cannot read old versions any more
LAZY = (
    (
        "app.py",
        PLANTED,
        f"""{LOOKS}
    if ticket["created_by"] != request.caller.id:
        raise workflow.NotFound("no such ticket")
""",
    ),
)
SEEN_BY = "tests.test_locked.Locked.test_each_role_may_do_to_alices_ticket_only_what_is_listed"
