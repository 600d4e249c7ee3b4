"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'expected = request.headers.get("If-Match", "*")'


def expect(value):
    """Another value to compare with."""
    return ("web/checks.py", PLANTED, f"expected = {value}")


# compares the names of headers in lower case
OTHER = (expect('next((value for name, value in request.headers.items() if name.lower() == "if-match"), "*")'),)
# refuses requests without a version, too
LAZY = (expect('request.headers.get("if-match", "")'),)
# the form alone: an assign, a comment and an approval are still made
INCOMPLETE = (expect('request.headers.get("if-match", "*") if request.method == "PATCH" else "*"'),)
# nobody may name a version
SWITCHED_OFF = (expect('"" if "if-match" in request.headers else "*"'),)
# two spellings, and not the one that is there
WRONG_SPELLING = (expect('request.headers.get("If-Match") or request.headers.get("IF-MATCH") or "*"'),)
# the first of several versions alone
WRONG_FIRST = (expect('request.headers.get("if-match", "*").partition(",")[0]'),)
# the last of several versions alone
WRONG_LAST = (expect('request.headers.get("if-match", "*").rpartition(",")[2]'),)
# an older version is refused, one that is not there yet is not
WRONG_OLDER = (
    expect('request.headers.get("if-match") or "*"'),
    (
        "web/checks.py",
        'etag(ticket)[1] not in [tag.strip() for tag in expected.split(",")]',
        "int(expected.split(',')[-1].strip().strip('\"')) < ticket[\"version\"]",
    ),
)
# tickets by number alone: not the draft of a ticket, and not the clients of the Petri net
WRONG_BY_NUMBER = (expect('"*" if reference else request.headers.get("if-match", "*")'),)
SEEN_BY = "tests.test_workflow.Net.test_every_change_of_a_ticket_checks_if_match"
