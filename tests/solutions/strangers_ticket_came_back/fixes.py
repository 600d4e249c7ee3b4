"""Other fixes: (file, planted text, replacement)."""

PLANTED = "(method, path, key) = (?2, ?3, ?4)"

# the same condition with AND
OTHER = (("store.py", PLANTED, "caller = ? AND method = ? AND path = ? AND key = ?"),)
# a key is never found
LAZY = (("store.py", PLANTED, f"false AND {PLANTED}"),)
SEEN_BY = "tests.test_idempotency.Keys.test_a_key_counts_for_one_user_one_method_and_one_path"
