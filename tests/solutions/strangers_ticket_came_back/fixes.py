"""Other fixes: (file, planted text, replacement)."""

PLANTED = "(method, path, caller || key) = (?2, ?3, ?1 || ?4)"
RETURNS = 'return row if row["created_at"] > self._expiry() else None'


def compare(sql):
    """This condition instead of the planted one."""
    return (("store.py", PLANTED, sql),)


def joined(sign):
    """The two parts with this SQL text between them."""
    return compare(PLANTED.replace("caller || key", f"caller || {sign} || key").replace("?1 ||", f"?1 || {sign} ||"))


# the length of the first part tells where it ends
OTHER = compare(f"{PLANTED} AND length(caller) = length(?1)")
# a separator, but a user and a key may contain it
LAZY = joined("':'")
# new tickets of the story only
INCOMPLETE = compare(f"{PLANTED} AND (caller = ?1 OR path <> '/tickets')")
# a key is never found
SWITCHED_OFF = compare(f"false AND {PLANTED}")
# a stranger's response is not shown: the second client gets an error, and has to choose another key
WRONG_REFUSED = (
    (
        "store.py",
        RETURNS,
        'if row["caller"] != scope[0]:\n'
        f'                raise workflow.KeyReused("use another key")\n            {RETURNS}',
    ),
)
# a longer separator, which nobody seems to use
WRONG_LONGER = joined("'||'")
# the other way round: 12 with 3ann, and 123 with ann
WRONG_ORDER = compare("(method, path, key || caller) = (?2, ?3, ?4 || ?1)")
# quotes are doubled, and then nobody sees where a text ends
WRONG_QUOTED = compare("(method, path, quote(caller) || quote(key)) = (?2, ?3, quote(?1) || quote(?4))")
# the key alone: then two shops with one number are mixed up
WRONG_KEY_ALONE = compare("(method, path, key) = (?2, ?3, ?4)")
# of the rows with this text only the first one is compared
WRONG_FIRST = (("store.py", RETURNS, RETURNS.replace(" else", ' and row["caller"] == scope[0] else')),)
# small and capital letters are the same
WRONG_CASE = compare("lower(caller) = lower(?1) AND (method, path, key) = (?2, ?3, ?4)")
# names that begin with each other are different, but only if a digit follows
WRONG_DIGITS = compare(f"{PLANTED} AND NOT (caller <> ?1 AND substr(key, 1, 1) GLOB '[0-9]')")
SEEN_BY = "tests.test_idempotency.Keys.test_a_user_and_a_key_that_read_the_same_when_joined_are_not_the_same"
