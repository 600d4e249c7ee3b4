"""Other fixes: (file, planted text, replacement)."""

PLANTED = """rebuilt from its events.\"\"\"
    ticket = context.store.ticket(request.references[0])
"""
LOOKS = PLANTED.removesuffix("\n")
REFUSED = """        raise workflow.NotFound(f"no ticket {request.references[0]}; GET /tickets lists those there are")
"""


def only_if(refused: str) -> tuple:
    """A fix of the endpoint that refuses if this expression is true."""
    return (("app.py", PLANTED, f"{LOOKS}\n    if {refused}:\n{REFUSED}"),)


# the endpoint checks the owner itself, with the same 404
OTHER = only_if("not request.caller.sees(ticket)")
# only the numbers of the story are protected, not the uuids
LAZY = only_if("request.references[0].isdigit() and not request.caller.sees(ticket)")
# only the owner: agents cannot read old versions any more
INCOMPLETE = only_if('ticket["created_by"] != request.caller.id')
# no customer may read old versions
SWITCHED_OFF = (
    (
        "app.py",
        PLANTED,
        f"""{LOOKS}
    request.caller.must("agent", "an old version")
""",
    ),
)
# owners and agents: on an open desk, customers cannot read what GET /tickets/1 shows them
WRONG_OPEN_DESK = only_if('ticket["created_by"] != request.caller.id and not request.caller.may("agent")')
# refuses everybody with the permissions of a customer, which admins have, too
WRONG_ADMIN = only_if('ticket["created_by"] != request.caller.id and request.caller.may("customer")')
# hides the first version only
WRONG_FIRST_VERSION = only_if('request.references[1] == "1" and not request.caller.sees(ticket)')
# hides what the customer wrote, but tells the rest
WRONG_EMPTY = (
    (
        "app.py",
        PLANTED,
        f"""{LOOKS}
    if not request.caller.sees(ticket):
        return reply(200, {{**ticket, "title": "", "description": ""}})
""",
    ),
)
SEEN_BY = "tests.test_locked.Locked.test_each_role_may_do_to_alices_ticket_only_what_is_listed"
