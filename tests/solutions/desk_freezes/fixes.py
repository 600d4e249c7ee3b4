"""Other fixes: (file, planted text, replacement)."""

ASKS = "suggestion, problem = context.assistant.classify(*request.prepared)"

# asks on the worker thread, by a function with a name
OTHER = (
    ("app.py", "    return lambda: question\n", "    return partial(context.assistant.classify, *question)\n"),
    ("app.py", "from functools import cache\n", "from functools import cache, partial\n"),
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
