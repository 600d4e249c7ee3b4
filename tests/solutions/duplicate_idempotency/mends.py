"""Other ways to mend it: (file, planted text, text in its place)."""

PLANTED = 'return row if row["created_at"] < self._expiry() else None'

# the question asked the other way round
OTHER = (("store.py", PLANTED, 'return None if row["created_at"] <= self._expiry() else row'),)
# a key lives for ever
LAZY = (("store.py", PLANTED, "return row"),)
SEEN_BY = "tests.test_idempotency.Keys.test_a_retry_gets_the_same_bytes_and_makes_no_row_and_no_event"
