"""Other fixes: (file, planted text, replacement)."""

PLANTED = "yield partial(work, told, desk.assistant.deadline())"

# the right worker pool, through a lambda
OTHER = (("app.py", PLANTED, "yield Far(lambda: work(told, desk.assistant.deadline()))"),)
# does not wait for the LLM at all
LAZY = (("app.py", PLANTED, "yield partial(work, told, 0)"),)
SEEN_BY = "tests.test_llm.WhileItHangs.test_drafts_that_are_being_written_keep_nobody_from_searching"
