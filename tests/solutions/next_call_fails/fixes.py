"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'if request.method in ("POST", "PATCH") and (coding is not None or length is not None):'
AFTER = """                request.body = yield from self._body(request, coding, length)
"""

# tests whether a header announces a body
OTHER = (("web/http1.py", PLANTED, 'if {"transfer-encoding", "content-length"} & request.headers.keys():'),)
# adds the method of the story
LAZY = (("web/http1.py", PLANTED, PLANTED.replace('"PATCH")', '"PATCH", "PUT")')),)
# forgets that a body can come in chunks
INCOMPLETE = (
    (
        "web/http1.py",
        PLANTED,
        'if length is not None or (coding is not None and request.method in ("POST", "PATCH")):',
    ),
)
# every connection is closed after one request
SWITCHED_OFF = (("web/http1.py", PLANTED, f"request.is_last = True\n            {PLANTED}"),)
# every method but GET
WRONG_NOT_GET = (
    (
        "web/http1.py",
        PLANTED,
        'if request.method != "GET" and (coding is not None or length is not None):',
    ),
)
# the methods that exist, but not those that somebody invents
WRONG_LIST = (
    (
        "web/http1.py",
        PLANTED,
        PLANTED.replace('"PATCH")', '"PATCH", "PUT", "DELETE", "GET", "HEAD", "OPTIONS")'),
    ),
)
# throws away what has arrived, which may be too little or too much
WRONG_CLEAR = (
    (
        "web/http1.py",
        AFTER,
        f"""{AFTER}            else:
                self._buffer.clear()
""",
    ),
)
# other methods may have no body
WRONG_REFUSE = (
    (
        "web/http1.py",
        AFTER,
        f"""{AFTER}            elif coding is not None or length is not None:
                raise _malformed("this method takes no body")
""",
    ),
)
SEEN_BY = "tests.test_http.RefusedRequests.test_a_body_that_nobody_asked_for_is_read_and_never_becomes_a_request"
