"""Other fixes: (file, planted text, replacement)."""

FILE = "web/identity.py"
CACHED = "    @lru_cache(1024)  # a signature takes as long as all else of a small request\n"
BEGINS = f"""{CACHED}    def claims(self, authorization: str) -> dict | None:
        \"""The claims of a valid bearer token: signed by this desk and not expired; else None.\"""
"""
ENDS = 'return claims if header.get("alg") == "HS256" and "crit" not in header and self._holds(claims) else None'
ASKS = "        claims = self.claims(authorization) if authorization else None\n"


def also(condition):
    """The cache stays; of what it gives, this is asked anew."""
    return ((FILE, ASKS, f"{ASKS}        if claims and not ({condition}):\n            claims = None\n"),)


# the cache has what a token says, if its signature is right; its end and its version are asked each time
OTHER = (
    (
        FILE,
        BEGINS,
        BEGINS.removeprefix(CACHED)
        + "        claims = self._signed_claims(authorization)\n"
        + "        return claims if claims is not None and self._holds(claims) else None\n\n"
        + "    @lru_cache(1024)\n    def _signed_claims(self, authorization):\n",
    ),
    (FILE, ENDS, ENDS.replace(" and self._holds(claims)", "")),
)
# forgets all tokens at a log-out and with a new password; who is removed stays in, and no token ends by itself
LAZY = tuple(
    ("web/accounts.py", line, f"    context.identity.claims.cache_clear()\n{line}")
    for line in (
        '    return reply(200, {"status": "logged out"}, NO_STORE)\n',
        "    return reply(200, token_for(context, context.store.change_user(user)), NO_STORE)\n",
    )
)
# asks for the end each time, but not whether the user is still there
INCOMPLETE = also('self.clock() < claims["exp"]')
# no token is accepted any more
SWITCHED_OFF = ((FILE, ENDS, "return None"),)
# the other half: who was removed is out, an old token is not
WRONG_VERSION = also('"ver" not in claims or self.is_current(claims["sub"], claims["ver"])')
# keeps one token instead of a thousand
WRONG_ONE = ((FILE, "@lru_cache(1024)", "@lru_cache(1)"),)
# keeps each for a minute: whoever is removed is in for that long
WRONG_MINUTE = (
    (FILE, ASKS, ASKS.replace("(authorization)", "(authorization, int(self.clock() // 60))")),
    (FILE, "def claims(self, authorization: str)", "def claims(self, authorization: str, minute: int)"),
)
# tokens live for five minutes: then they are not in memory for long
WRONG_SHORT = ((FILE, "TOKEN_LIFE = 24 * 60 * 60", "TOKEN_LIFE = 5 * 60"),)
SEEN_BY = "tests.test_accounts.Ending.test_a_log_out_ends_all_tokens_of_the_user_at_once_and_nobody_elses"
