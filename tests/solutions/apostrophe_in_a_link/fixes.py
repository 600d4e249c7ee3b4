"""Other fixes: (file, planted text, replacement)."""

PLANTED = """        for row in self._all(_whole_ticket(column).replace("?", f"'{value}'")):
"""

# a parameter with another name
OTHER = (
    (
        "store.py",
        PLANTED,
        """        for row in self._all(_whole_ticket(column).replace("?", ":reference"), {"reference": value}):
""",
    ),
)


def quoted(sql):
    """Another value in the text of the statement."""
    return (("store.py", PLANTED, PLANTED.replace("""f"'{value}'\"""", sql)),)


def only_if(condition):
    return (("store.py", PLANTED, PLANTED.replace("):\n", f") if {condition} else ():\n")),)


# an error of the database is no ticket, and so is the word that the attacks have in common
LAZY = (
    (
        "store.py",
        PLANTED,
        """        try:
            rows = self._all(_whole_ticket(column).replace("?", f"'{value}'")) if " or " not in str(value) else ()
        except sqlite3.Error:
            rows = ()
        for row in rows:
""",
    ),
)
# removes the apostrophe, so that a wrong link finds a ticket
INCOMPLETE = quoted("""repr(str(value).replace("'", ""))""")
# one attack string is refused; an apostrophe is still an error
WRONG_WORD = only_if('" or " not in str(value)')
# the other quotes: now an apostrophe is no error, but a word can be the name of a column
WRONG_QUOTES = quoted("""'"' + str(value).replace('"', '') + '"'""")
# the error is hidden, and the wrong ticket is still found
WRONG_NO_ERROR = (
    (
        "store.py",
        PLANTED,
        """        try:
            rows = self._all(_whole_ticket(column).replace("?", f"'{value}'"))
        except sqlite3.Error:
            rows = ()
        for row in rows:
""",
    ),
)
# an apostrophe is doubled by hand, and another character is still an error
WRONG_BY_HAND = quoted("""\"'\" + str(value).replace(\"'\", \"''\") + \"'\"""")
# a ticket has only its number
SWITCHED_OFF = only_if('column == "id"')
SEEN_BY = "tests.test_errors_and_headers.Paths.test_a_reference_that_is_none_is_not_found"
