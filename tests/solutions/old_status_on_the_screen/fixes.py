"""Other fixes: (file, planted text, replacement)."""

PLANTED = '"private, max-age=60"'


def header(value):
    """Another value of Cache-Control."""
    return (("web/responses.py", PLANTED, value),)


# the browser may keep the response, but asks each time
OTHER = header('"private, no-cache"')
# a shorter max-age
LAZY = header('"private, max-age=5"')
# lists and numbers alone: the page of a ticket is still old
INCOMPLETE = (
    (
        "web/responses.py",
        'return Response(200, body, (("ETag", tag), *headers))',
        'return Response(200, body, (("ETag", tag), ("Cache-Control", "no-cache"), *headers))',
    ),
    (
        "web/responses.py",
        'return Response(304, b"", (("ETag", tag), *headers))',
        'return Response(304, b"", (("ETag", tag), ("Cache-Control", "no-cache"), *headers))',
    ),
)
# the browser may keep nothing: everything is sent again each time
SWITCHED_OFF = header('"no-store"')
# these words alone do not shorten a life
WRONG_REVALIDATE = header('"private, max-age=60, must-revalidate"')
# a browser asks, a proxy does not
WRONG_PROXY = header('"max-age=0, s-maxage=60"')
# shows the old response once more, then asks
WRONG_ONCE_MORE = header('"max-age=0, stale-while-revalidate=60"')
# no word about it: a browser may guess
WRONG_REMOVED = (("web/responses.py", f'    "Cache-Control": {PLANTED},\n', ""),)
SEEN_BY = "tests.test_errors_and_headers.Origins.test_every_answer_forbids_sniffing_and_asks_to_be_checked_again"
# the test in SEEN_BY looks at one layer only: a fix in another one need not pass it
KEPT_BY = ""
