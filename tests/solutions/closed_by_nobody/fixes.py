"""Other fixes: (file, planted text, replacement)."""

PLANTED = "named = {name: name for name in rules} | self.aliases"
LISTED = """listed = (*self.required.split(), *self.optional.split())
        named = {name: name for name in rules if name in listed} | self.aliases"""
EDITS = "    fields = dict(request.fields)\n"
CREATES = "*with_suggestions(request.fields))"

# a column that may also be set here
OTHER = (("web/validation.py", PLANTED, LISTED),)
# refuses only the field from the story
LAZY = (("web/validation.py", PLANTED, PLANTED.replace("in rules", 'in rules if name != "state"')),)
# two of the three endpoints choose their fields
INCOMPLETE = (
    ("app.py", EDITS, "    fields = chosen(request.fields, bodies.TICKET_CHANGES)\n"),
    ("app.py", CREATES, "*with_suggestions(chosen(request.fields, bodies.NEW_TICKET)))"),
    (
        "app.py",
        "def create_ticket(",
        "def chosen(fields, body):\n"
        "    return {name: fields[name] for name in f'{body.required} {body.optional}'.split() if name in fields}\n\n\n"
        "def create_ticket(",
    ),
)
# only required fields can be set: so an edit changes nothing
SWITCHED_OFF = (("web/validation.py", PLANTED, PLANTED.replace("in rules", "in self.required.split()")),)
# what may not be set is an error: so no client can send back what it has read
WRONG_REFUSAL = (
    ("web/validation.py", PLANTED, LISTED),
    ("web/validation.py", "frozenset((*rules, *self.ignored.split()))", "frozenset(self.ignored.split())"),
)
# customers may not set a state, agents still can
WRONG_ROLE = (
    ("app.py", EDITS, f'{EDITS}    if "agent" not in request.caller.roles:\n        fields = chosen(fields)\n'),
    ("app.py", CREATES, "*with_suggestions(chosen(request.fields)))"),
    (
        "app.py",
        "def create_ticket(",
        "def chosen(fields):\n"
        "    names = 'title description category priority status assignee'.split()\n"
        "    return {name: fields[name] for name in names if name in fields}\n\n\n"
        "def create_ticket(",
    ),
    ("app.py", "**request.fields}))", "**chosen(request.fields)}))"),
)
SEEN_BY = "tests.test_tickets.Changes.test_a_client_cannot_set_a_field_that_the_desk_decides"
