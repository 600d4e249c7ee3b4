"""Other fixes: (file, planted text, replacement)."""

PLANTED = "named = {name: name for name in rules} | self.aliases"

# a column that may also be set here
OTHER = (
    (
        "web/validation.py",
        PLANTED,
        """listed = (*self.required.split(), *self.optional.split())
        named = {name: name for name in rules if name in listed} | self.aliases""",
    ),
)
# refuses only the field from the story
LAZY = (("web/validation.py", PLANTED, PLANTED.replace("in rules", 'in rules if name != "state"')),)
SEEN_BY = "tests.test_tickets.Changes.test_a_client_cannot_set_a_field_that_the_desk_decides"
