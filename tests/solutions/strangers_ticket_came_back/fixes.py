"""Other fixes: (file, planted text, replacement)."""

PLANTED = "(method, path, key) = (?2, ?3, ?4)"
RETURNS = 'return row if row["created_at"] > self._expiry() else None'

# the same condition with AND
OTHER = (("store.py", PLANTED, "caller = ? AND method = ? AND path = ? AND key = ?"),)
# a stranger's response is not shown: the second client gets an error, and has to choose another key
LAZY = (
    (
        "store.py",
        RETURNS,
        'if row["caller"] != scope[0]:\n'
        f'                raise workflow.KeyReused("use another key")\n            {RETURNS}',
    ),
)
# new tickets only, as in the story
INCOMPLETE = (("store.py", PLANTED, f"{PLANTED} AND (caller = ?1 OR path <> '/tickets')"),)
# a key is never found
SWITCHED_OFF = (("store.py", PLANTED, f"false AND {PLANTED}"),)
# of the rows with this key only the first one is compared
WRONG_FIRST = (("store.py", RETURNS, RETURNS.replace(" else", ' and row["caller"] == scope[0] else')),)
# small and capital letters are the same
WRONG_CASE = (("store.py", PLANTED, f"{PLANTED} AND lower(caller) = lower(?1)"),)
# the header instead of the caller: with tokens nobody sends it
WRONG_HEADER = (
    (
        "web/checks.py",
        "return caller, request.method, path, key[1] or key[2]",
        'user = request.headers.get("x-user-id")\n'
        '    return caller, request.method, path, f"{user} {key[1] or key[2]}"',
    ),
)
SEEN_BY = "tests.test_idempotency.Keys.test_a_key_counts_for_one_user_one_method_and_one_path"
