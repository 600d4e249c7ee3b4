"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'expected = request.headers.get("If-Match", "*")'

# the name is written as the keys are
OTHER = (("app.py", PLANTED, 'expected = request.headers.get("If-Match".lower()) or "*"'),)
# whoever does not say a version is refused, too
LAZY = (("app.py", PLANTED, 'expected = request.headers.get("if-match", "")'),)
SEEN_BY = "tests.test_workflow.Net.test_every_change_of_a_ticket_heeds_if_match"
