"""Other fixes: (file, planted text, replacement)."""

PLANTED = "first, *lines = head.splitlines()"

# the same by a regular expression
OTHER = (("web/http1.py", PLANTED, r'first, *lines = re.split(r"\r\n", head)'),)
# only the character of the story
LAZY = (("web/http1.py", PLANTED, r'first, *lines = head.replace("\x85", "?").splitlines()'),)
# bytes know fewer line ends, but a CR or an LF alone is still one
INCOMPLETE = (
    (
        "web/http1.py",
        PLANTED,
        'first, *lines = [line.decode("latin-1") for line in head.encode("latin-1").splitlines()]',
    ),
)
# a line feed alone ends a line
WRONG_LF = (("web/http1.py", PLANTED, r'first, *lines = [line.rstrip("\r") for line in head.split("\n")]'),)
# no letter beyond ASCII any more
SWITCHED_OFF = (
    (
        "web/http1.py",
        PLANTED,
        f"""if not head.isascii():
        raise _malformed("headers must be ASCII")
    {PLANTED}""",
    ),
)
SEEN_BY = "tests.test_http.BrokenRequests.test_nothing_but_cr_lf_ends_a_header_line"
