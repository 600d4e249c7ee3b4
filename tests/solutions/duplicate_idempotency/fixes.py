"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'return row if row["created_at"] < self._expiry() else None'

# the question asked the other way round
OTHER = (("store.py", PLANTED, 'return None if row["created_at"] <= self._expiry() else row'),)
# a key lives for ever
LAZY = (("store.py", PLANTED, "return row"),)
SEEN_BY = "tests.test_idempotency.Keys.test_a_retry_gets_the_same_bytes_and_makes_no_row_and_no_event"
# no retry is recognised any more, and these ask for one that is
ALSO_SEEN_BY = (
    "draft_is_accepted_and_nowhere",
    "import_came_in_short",
    "retry_never_gets_through",
    "strangers_ticket_came_back",
)
