"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'return request.path, request.query, request.headers.get("prefer")'


def key(*parts):
    """A key of the cache with these parts, too."""
    return (("web/response_cache.py", PLANTED, ", ".join([PLANTED, *parts])),)


# the whole caller, without the request id
OTHER = key('request.caller._replace(request_id="")')
# distinguishes agents from customers, but not customers from each other
LAZY = key("request.caller.only_own")
# the name alone: what somebody saw as an agent, the same person sees as a customer, too
INCOMPLETE = key("request.caller.id")
# nothing is kept any more
SWITCHED_OFF = (
    (
        "web/response_cache.py",
        "return self._responses.get(_cache_key(request)) if stamp else None",
        "return None",
    ),
)
# nothing is kept for customers
WRONG_STAFF_ALONE = (
    (
        "web/handler.py",
        'is_cacheable = route.is_cacheable and "if-none-match" not in request.headers',
        'is_cacheable = route.is_cacheable and "if-none-match" not in request.headers and not request.caller.only_own',
    ),
)
# all customers have the same roles
WRONG_ROLES = key("request.caller.roles")
# the lists of the story alone
WRONG_ONE_PATH = key('request.path == "/tickets" and request.caller')
# lists are not kept any more, a ticket still is: for anybody
WRONG_LISTS_ALONE = (("app.py", '"runs_on": worker_if_long, "is_cacheable": True}', '"runs_on": worker_if_long}'),)
SEEN_BY = "tests.test_response_cache.Cache.test_a_caller_never_gets_the_kept_answer_of_somebody_else"
