"""Other fixes: (file, planted text, replacement)."""

PLANTED = "for ticket in self._all(f\"SELECT * FROM tickets WHERE {column} = '{value}'\"):"

# a named parameter
OTHER = (
    (
        "store.py",
        PLANTED,
        'for ticket in self._all(f"SELECT * FROM tickets WHERE {column} = :value", {"value": value}):',
    ),
)
# one attack string is refused; an apostrophe is still an error
LAZY = (("store.py", PLANTED, f'{PLANTED[:-1]} if " OR " not in str(value) else ():'),)
SEEN_BY = "tests.test_manners.Paths.test_a_reference_that_is_none_is_not_found"
