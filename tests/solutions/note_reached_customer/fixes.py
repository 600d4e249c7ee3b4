"""Other fixes: (file, planted text, replacement)."""

PLANTED = "return value is True"

# accepts only the two values true and false
OTHER = (
    (
        "web/validation.py",
        PLANTED,
        'if value is True or value is False:\n            return value\n        raise Fault("Must be true or false.")',
    ),
)
# bool(value): "false" is now true
LAZY = (("web/validation.py", PLANTED, "return bool(value)"),)
SEEN_BY = "tests.test_errors_and_headers.Bodies.test_a_wrong_type_is_refused_by_the_name_of_its_field"
