"""Other fixes: (file, planted text, replacement)."""

PLANTED = "sha256(_encode_sorted(sorted(members)).encode())"

# names and values, sorted by name
OTHER = (("web/door.py", PLANTED, "sha256(_encode(sorted(members.items())).encode())"),)
# the raw bytes: a retry with its fields in another order is refused
LAZY = (("web/door.py", PLANTED, "sha256(request.body)"),)
SEEN_BY = "tests.test_idempotency.Keys.test_the_same_key_with_another_body_is_refused"
