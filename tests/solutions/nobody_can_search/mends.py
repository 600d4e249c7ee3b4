"""Other ways to mend it: (file, planted text, text in its place)."""

PLANTED = "yield partial(desk.assistant.write, ticket)"

# the same lane by another function
OTHER = (("app.py", PLANTED, "yield Far(lambda: desk.assistant.write(ticket))"),)
# the template writes, nobody is asked any more
LAZY = (("app.py", PLANTED, '(PLUGINS["rules"].write(ticket), "template", "")'),)
SEEN_BY = "tests.test_llm.WhileItHangs.test_drafts_that_are_being_written_keep_nobody_from_searching"
