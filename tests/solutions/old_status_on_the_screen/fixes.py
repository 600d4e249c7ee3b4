"""Other fixes: (file, planted text, replacement)."""

PLANTED = '"private, max-age=60"'

# no caching at all
OTHER = (("web/responses.py", PLANTED, '"no-store"'),)
# a shorter max-age
LAZY = (("web/responses.py", PLANTED, '"private, max-age=5"'),)
SEEN_BY = "tests.test_errors_and_headers.Origins.test_every_answer_forbids_sniffing_and_asks_to_be_checked_again"
