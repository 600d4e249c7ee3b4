"""Other ways to mend it: (file, planted text, text in its place)."""

PLANTED = 'suggestion, trouble = desk.assistant.classify(request.fields["description"])'

# the job says itself what it is
OTHER = (
    (
        "app.py",
        PLANTED,
        'suggestion, trouble = yield Far(lambda: desk.assistant.classify(request.fields["description"]))',
    ),
)
# nobody is asked any more
LAZY = (
    (
        "app.py",
        PLANTED,
        'suggestion, trouble = {"suggested_category": "general", "suggested_priority": "medium", "source": "rules"}, ""',
    ),
)
SEEN_BY = "tests.test_llm.WhileItHangs.test_whoever_asks_meanwhile_is_answered_at_once"
