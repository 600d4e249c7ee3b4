"""Other fixes: (file, planted text, replacement)."""

PLANTED = "canonical(sorted(members)).encode()"

# names and values, sorted by name
OTHER = (("web/checks.py", PLANTED, "canonical(sorted(members.items())).encode()"),)
# the raw bytes: a retry with its fields in another order is refused
LAZY = (("web/checks.py", PLANTED, "request.body"),)
SEEN_BY = "tests.test_idempotency.Keys.test_the_same_key_with_another_body_is_refused"
