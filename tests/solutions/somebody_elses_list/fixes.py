"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'asked = (request.path, request.query, request.headers.get("prefer"))'

# all that is known of the caller but the number of the request
OTHER = (
    (
        "web/door.py",
        PLANTED,
        'asked = (request.path, request.query, request.headers.get("prefer"), request.caller._replace(request_id=""))',
    ),
)
# staff and customers are told apart, and no customer from another
LAZY = (
    (
        "web/door.py",
        PLANTED,
        'asked = (request.path, request.query, request.headers.get("prefer"), request.caller.only_own)',
    ),
)
SEEN_BY = "tests.test_memo.Memory.test_nobody_gets_the_answer_of_somebody_else"
