"""Other fixes: (file, planted text, replacement)."""

PLANTED = "(method, path, key) = (:method, :path, :key)"

# the same condition with AND
OTHER = (("store.py", PLANTED, "caller = :caller AND method = :method AND path = :path AND key = :key"),)
# a key is never found
LAZY = (("store.py", PLANTED, "false"),)
SEEN_BY = "tests.test_idempotency.Keys.test_a_key_counts_for_one_user_one_method_and_one_path"
