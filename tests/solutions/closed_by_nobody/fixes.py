"""Other fixes: (file, planted text, replacement)."""

PLANTED = "if name in columns or name in body.aliases:"

# a column that may also be set here
OTHER = (("web/validation.py", PLANTED, "if name in body.aliases or name in columns.keys() & set(writable):"),)
# refuses only the field from the story
LAZY = (("web/validation.py", PLANTED, 'if name in columns and name != "state" or name in body.aliases:'),)
SEEN_BY = "tests.test_tickets.Changes.test_what_the_desk_alone_decides_no_client_can_set"
