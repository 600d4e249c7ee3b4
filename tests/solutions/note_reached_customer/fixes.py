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
# knows the values of the story and of the check by heart
LAZY = (
    (
        "web/validation.py",
        PLANTED,
        """if value in ("true", "false", "yes", "", [], {}) or (value in (0, 1) and not isinstance(value, bool)):
            raise Fault("Must be true or false.")
        return value is True""",
    ),
)
# bool(value): "false" is now true
WRONG_CAST = (("web/validation.py", PLANTED, "return bool(value)"),)
# understands texts, too, and numbers are still false
WRONG_TEXTS = (("web/validation.py", PLANTED, 'return value is True or str(value).lower() in ("true", "yes", "1")'),)
# refuses texts only
WRONG_TYPE = (
    (
        "web/validation.py",
        PLANTED,
        'if isinstance(value, str):\n            raise Fault("Must be true or false.")\n        return value is True',
    ),
)
# 1 and 0 are equal to True and False, so they pass
WRONG_EQUAL = (
    (
        "web/validation.py",
        PLANTED,
        'if value not in (True, False):\n            raise Fault("Must be true or false.")\n        return value',
    ),
)
# checks the field of the comment, not the kind of value: other fields guess as before
INCOMPLETE = (
    (
        "web/validation.py",
        "                fields[column] = rule.clean(value)\n",
        """                if column == "internal" and not isinstance(value, bool):
                    raise Fault("Must be true or false.")
                fields[column] = rule.clean(value)
""",
    ),
)
# whatever is marked at all is internal
SWITCHED_OFF = (("web/validation.py", PLANTED, "return True"),)
SEEN_BY = "tests.test_errors_and_headers.Bodies.test_a_wrong_type_is_refused_by_the_name_of_its_field"
