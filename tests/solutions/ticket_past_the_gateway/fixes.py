"""Other fixes: (file, planted text, replacement)."""

PLANTED = """    length = length.partition(",")[0]  # some proxies send this line twice
"""

# a repeated line is accepted if all its values are the same
OTHER = (
    (
        "web/http1.py",
        PLANTED,
        """    values = {value.strip() for value in length.split(",")}
    length = values.pop() if len(values) == 1 else ""
""",
    ),
)
# the last one, as that gateway does: the next gateway takes the first one
LAZY = (("web/http1.py", PLANTED, '    length = length.rpartition(",")[2].strip()\n'),)
# compares the first one and the last one
INCOMPLETE = (
    (
        "web/http1.py",
        PLANTED,
        """    values = [value.strip() for value in length.split(",")]
    length = values[0] if values[0] == values[-1] else ""
""",
    ),
)
# the hidden request is not run any more, but the ambiguous one is
WRONG_CLOSED = (
    ("web/http1.py", PLANTED, f'    request.is_last = "," in length\n{PLANTED}'),
)
# each request needs a connection of its own
SWITCHED_OFF = (("web/http1.py", PLANTED, f"    request.is_last = True\n{PLANTED}"),)
SEEN_BY = "tests.test_http.BrokenRequests.test_of_two_lengths_none_is_believed"
