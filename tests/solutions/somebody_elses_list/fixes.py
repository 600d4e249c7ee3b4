"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'asked = (request.path, request.query, request.headers.get("prefer"))'

# the whole caller, without the request id
OTHER = (
    (
        "web/door.py",
        PLANTED,
        'asked = (request.path, request.query, request.headers.get("prefer"), request.caller._replace(request_id=""))',
    ),
)
# distinguishes agents from customers, but not customers from each other
LAZY = (
    (
        "web/door.py",
        PLANTED,
        'asked = (request.path, request.query, request.headers.get("prefer"), request.caller.only_own)',
    ),
)
SEEN_BY = "tests.test_memo.Memory.test_nobody_gets_the_answer_of_somebody_else"
