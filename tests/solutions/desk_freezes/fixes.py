"""Other fixes: (file, planted text, replacement)."""

ASKS = "suggestion, problem = context.assistant.classify(*request.prepared)"

# asks on the worker thread, by a function with a name
OTHER = (
    ("app.py", "    return lambda: question\n", "    return partial(context.assistant.classify, *question)\n"),
    ("app.py", "from functools import cache\n", "from functools import cache, partial\n"),
    ("app.py", ASKS, "suggestion, problem = request.prepared"),
)
# waits for half a second only, whatever LLM_TIMEOUT is
LAZY = (("web/settings.py", "return float(text)", "return min(float(text), 0.5)"),)
# one of the two endpoints asks on the worker thread
INCOMPLETE = (
    (
        "app.py",
        "    return lambda: question\n",
        """    if request.route.path == "/tickets/classify":
        return lambda: context.assistant.classify(*question)
    return lambda: question
""",
    ),
    (
        "app.py",
        ASKS,
        """suggestion, problem = request.prepared
    if request.route.path != "/tickets/classify":
        suggestion, problem = context.assistant.classify(*request.prepared)""",
    ),
)
# asks before the worker thread begins: on the event loop, as before
WRONG_TOO_EARLY = (
    (
        "app.py",
        "    return lambda: question\n",
        "    result = context.assistant.classify(*question)\n    return lambda: result\n",
    ),
    ("app.py", ASKS, "suggestion, problem = request.prepared"),
)
# asks on the threads that all searches need
WRONG_POOL = (*OTHER, ("app.py", 'UNCLASSIFIED, "runs_on": llm_worker,', 'UNCLASSIFIED, "runs_on": worker,'))
# the LLM is not asked any more
SWITCHED_OFF = (
    (
        "app.py",
        ASKS,
        'suggestion = {"suggested_category": "general", "suggested_priority": "medium", "source": "rules"}\n'
        '    problem = ""',
    ),
)
SEEN_BY = "tests.test_llm.WhileItHangs.test_a_client_who_asks_meanwhile_is_answered_at_once"
