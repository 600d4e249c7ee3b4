"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'return int(text) if re.fullmatch("[1-9][0-9]*", text) else None'

# no id that SQLite gives has more than 18 digits in our lifetime
OTHER = (("workflow.py", PLANTED, 'return int(text) if re.fullmatch("[1-9][0-9]{0,17}", text) else None'),)
# "we have few tickets": those with a large number are gone
LAZY = (("workflow.py", PLANTED, 'return int(text) if re.fullmatch("[1-9][0-9]{0,5}", text) else None'),)
SEEN_BY = "tests.test_manners.Paths.test_a_reference_that_is_none_is_not_found"
