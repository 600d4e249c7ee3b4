"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'suggestion, trouble = desk.assistant.classify(request.fields["description"], desk.assistant.deadline())'

# the endpoint sends the job to the worker pool itself
OTHER = (
    (
        "app.py",
        PLANTED,
        'job = partial(desk.assistant.classify, request.fields["description"], desk.assistant.deadline())\n'
        "    suggestion, trouble = yield Far(job)",
    ),
)
# the LLM is not called any more
LAZY = (
    (
        "app.py",
        PLANTED,
        'suggestion = {"suggested_category": "general", "suggested_priority": "medium", "source": "rules"}\n'
        '    trouble = ""',
    ),
)
SEEN_BY = "tests.test_llm.WhileItHangs.test_whoever_asks_meanwhile_is_answered_at_once"
