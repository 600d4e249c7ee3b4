"""Other fixes: (file, planted text, replacement)."""

PLANTED = "yield partial(work, told, desk.assistant.deadline())"

# the same lane by another function
OTHER = (("app.py", PLANTED, "yield Far(lambda: work(told, desk.assistant.deadline()))"),)
# nobody is waited for any more
LAZY = (("app.py", PLANTED, "yield partial(work, told, 0)"),)
SEEN_BY = "tests.test_llm.WhileItHangs.test_drafts_that_are_being_written_keep_nobody_from_searching"
