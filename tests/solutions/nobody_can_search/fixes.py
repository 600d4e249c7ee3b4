"""Other fixes: (file, planted text, replacement)."""

DRAFT = '"runs_on": llm_worker_for_a_draft'
ELSEWHERE = '"runs_on": lambda request: None if "body" in request.fields else llm_worker(request)'

# the right worker pool, through a lambda in the route table
OTHER = (("app.py", DRAFT, ELSEWHERE),)
# does not wait for the LLM at all
LAZY = (("app.py", "context.assistant.write(ticket, deadline)", "context.assistant.write(ticket, 0)"),)
SEEN_BY = "tests.test_llm.WhileItHangs.test_drafts_that_are_being_written_keep_nobody_from_searching"
