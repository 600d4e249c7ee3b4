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
# one attack string is refused; an apostrophe is still an error
LAZY = (("store.py", PLANTED, PLANTED.replace("):\n", ') if " or " not in str(value) else ():\n')),)
SEEN_BY = "tests.test_errors_and_headers.Paths.test_a_reference_that_is_none_is_not_found"
