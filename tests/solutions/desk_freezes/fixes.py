"""Other fixes: (file, planted text, replacement)."""

ASKS = "suggestion, problem = context.assistant.classify(*request.prepared)"

# asks on the worker thread, and reports a problem on the event loop
OTHER = (
    (
        "app.py",
        'return request.fields["description"], context.assistant.deadline(request.started)',
        'question = request.fields["description"], context.assistant.deadline(request.started)\n'
        "    return context.assistant.classify(*question)",
    ),
    ("app.py", ASKS, "suggestion, problem = request.prepared"),
)
# the LLM is not called any more
LAZY = (
    (
        "app.py",
        ASKS,
        'suggestion = {"suggested_category": "general", "suggested_priority": "medium", "source": "rules"}\n'
        '    problem = ""',
    ),
)
SEEN_BY = "tests.test_llm.WhileItHangs.test_a_client_who_asks_meanwhile_is_answered_at_once"
