"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'return row if row["created_at"] < self._expiry() else None'

# the comparison with its result swapped
OTHER = (("store.py", PLANTED, 'return None if row["created_at"] <= self._expiry() else row'),)
# a key never expires
LAZY = (("store.py", PLANTED, "return row"),)
# keys of new tickets only, as in the story
INCOMPLETE = (
    ("store.py", PLANTED, 'return row if row["path"] == "/tickets" and row["created_at"] > self._expiry() else None'),
)
# the second request is refused: its client does not learn the number of the ticket
SWITCHED_OFF = (("store.py", PLANTED, 'raise workflow.KeyReused("this Idempotency-Key was used before")'),)
# a key counts until midnight
WRONG_DAY = (("store.py", PLANTED, 'return row if row["created_at"][:10] == self.clock()[:10] else None'),)
# a key counts for an hour
WRONG_HOUR = (
    ("store.py", "KEYS_LIVE = 24 * 60 * 60", "KEYS_LIVE = 60 * 60"),
    ("store.py", PLANTED, PLANTED.replace("<", ">=")),
)
SEEN_BY = "tests.test_idempotency.Keys.test_a_retry_gets_the_same_bytes_and_makes_no_row_and_no_event"
