"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'if request.method in ("POST", "PATCH") and (coding is not None or length is not None):'

# tests whether a header announces a body
OTHER = (("web/http1.py", PLANTED, 'if {"transfer-encoding", "content-length"} & request.headers.keys():'),)
# fixes only the method in the story
LAZY = (("web/http1.py", PLANTED, PLANTED.replace('"PATCH")', '"PATCH", "PUT")')),)
SEEN_BY = "tests.test_http.RefusedRequests.test_a_body_that_nobody_asked_for_is_read_and_never_becomes_a_request"
