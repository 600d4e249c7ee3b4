"""Other fixes: (file, planted text, replacement)."""

PLANTED = """        sql = _whole_ticket(column).replace(":value", f"'{value}'")
        for row in self._all(sql, {"is_staff": not viewer.only_own}):
"""

# a parameter with another name
OTHER = (
    (
        "store.py",
        PLANTED,
        """        sql = _whole_ticket(column).replace(":value", ":reference")
        for row in self._all(sql, {"reference": value, "is_staff": not viewer.only_own}):
""",
    ),
)
# one attack string is refused; an apostrophe is still an error
LAZY = (("store.py", PLANTED, PLANTED.replace("):\n", ') if " or " not in str(value) else ():\n')),)
SEEN_BY = "tests.test_errors_and_headers.Paths.test_a_reference_that_is_none_is_not_found"
