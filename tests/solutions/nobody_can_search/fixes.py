"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'if "body" in request.fields else worker(request)'
DRAFT = '"runs_on": llm_worker_for_a_draft'
ELSEWHERE = '"runs_on": lambda request: None if "body" in request.fields else llm_worker(request)'
IS_OFF = "if not self._plugin.ask:  # it is off"

# the right worker pool, through a lambda in the route table
OTHER = (("app.py", DRAFT, ELSEWHERE),)
# a larger pool for reads and drafts
LAZY = (("web/server.py", "READERS: 4", "READERS: 5"),)
# another pool, which has other work: nobody can log in
INCOMPLETE = (("web/routes.py", PLANTED, PLANTED.replace("worker(", "password_worker(")),)
# drafts are no longer written by the LLM
SWITCHED_OFF = (("llm.py", IS_OFF, "if True:"),)
# the pool of the audit log has one thread: drafts are written one after the other
WRONG_POOL = (("web/routes.py", PLANTED, PLANTED.replace("worker(", "audit_worker(")),)
# does not wait for the LLM at all
WRONG_DEADLINE = (("app.py", "context.assistant.write(ticket, deadline)", "context.assistant.write(ticket, 0)"),)
# a much larger pool
WRONG_SIZE = (("web/server.py", "READERS: 4", "READERS: 64"),)
SEEN_BY = "tests.test_llm.WhileItHangs.test_drafts_that_are_being_written_keep_nobody_from_searching"
