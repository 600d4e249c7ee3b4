"""Other fixes: (file, planted text, replacement)."""

PLANTED = """ {response.read(500).decode(errors='replace')}")"""

# the status alone is enough
OTHER = (("llm.py", PLANTED, '")'),)
# no reason is logged any more
LAZY = (("llm.py", f'raise Failed(f"its server answered {{response.status}}{PLANTED}', "raise Failed()"),)
SEEN_BY = "tests.test_llm.Failures.test_the_key_and_the_ticket_are_in_no_log_no_answer_and_no_row"
