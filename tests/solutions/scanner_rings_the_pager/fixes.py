"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'return int(text) if re.fullmatch("[1-9][0-9]*", text) else None'

# 18 digits are enough for every id that SQLite will assign
OTHER = (("workflow.py", PLANTED, 'return int(text) if re.fullmatch("[1-9][0-9]{0,17}", text) else None'),)
# six digits: tickets with larger ids are not found
LAZY = (("workflow.py", PLANTED, 'return int(text) if re.fullmatch("[1-9][0-9]{0,5}", text) else None'),)
SEEN_BY = "tests.test_errors_and_headers.Paths.test_a_reference_that_is_none_is_not_found"
