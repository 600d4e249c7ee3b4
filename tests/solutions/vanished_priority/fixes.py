"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'expected = request.headers.get("If-Match", "*")'

# the header name in lower case
OTHER = (("web/checks.py", PLANTED, 'expected = request.headers.get("If-Match".lower()) or "*"'),)
# refuses requests without a version, too
LAZY = (("web/checks.py", PLANTED, 'expected = request.headers.get("if-match", "")'),)
SEEN_BY = "tests.test_workflow.Net.test_every_change_of_a_ticket_checks_if_match"
