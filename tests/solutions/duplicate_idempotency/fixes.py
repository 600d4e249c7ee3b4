"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'return row if row["created_at"] < self._expiry() else None'

# the comparison with its result swapped
OTHER = (("store.py", PLANTED, 'return None if row["created_at"] <= self._expiry() else row'),)
# a key never expires
LAZY = (("store.py", PLANTED, "return row"),)
SEEN_BY = "tests.test_idempotency.Keys.test_a_retry_gets_the_same_bytes_and_makes_no_row_and_no_event"
# these checks need a working replay, which the bug breaks
ALSO_SEEN_BY = (
    "draft_is_accepted_and_nowhere",
    "import_came_in_short",
    "retry_never_gets_through",
    "strangers_ticket_came_back",
)
