"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'return request.path, request.query, request.headers.get("prefer")'

# the whole caller, without the request id
OTHER = (("web/response_cache.py", PLANTED, f'{PLANTED}, request.caller._replace(request_id="")'),)
# distinguishes agents from customers, but not customers from each other
LAZY = (("web/response_cache.py", PLANTED, f"{PLANTED}, request.caller.only_own"),)
SEEN_BY = "tests.test_response_cache.Cache.test_a_caller_never_gets_the_kept_answer_of_somebody_else"
