"""Other fixes: (file, planted text, replacement)."""

PLANTED = "return value is True"

# the two values themselves, and nothing that equals them
OTHER = (
    (
        "web/validation.py",
        PLANTED,
        'if value is True or value is False:\n            return value\n        raise Fault("Must be true or false.")',
    ),
)
# Python decides: what was meant as "no" is "yes" now
LAZY = (("web/validation.py", PLANTED, "return bool(value)"),)
SEEN_BY = "tests.test_manners.Bodies.test_a_wrong_type_is_refused_by_the_name_of_its_field"
