"""Other fixes: (file, planted text, replacement)."""

PLANTED = "sha256(_encode_sorted(sorted(members)).encode())"

# names and values, in the order of the names
OTHER = (("web/door.py", PLANTED, "sha256(_encode(sorted(members.items())).encode())"),)
# the bytes as they came: a retry whose fields stand otherwise is refused
LAZY = (("web/door.py", PLANTED, "sha256(request.body)"),)
SEEN_BY = "tests.test_idempotency.Keys.test_the_same_key_with_another_body_is_refused"
