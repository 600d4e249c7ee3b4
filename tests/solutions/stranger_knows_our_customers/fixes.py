"""Other fixes: (file, planted text, replacement)."""

PLANTED = "    return lambda: user if user and password_fits(password, stored) else None"

# hashes the password once more in its own branch
OTHER = (
    (
        "web/accounts.py",
        PLANTED,
        """    def check():
        if not user:
            password_fits(password, "ab" * 16 + "$")
            return None
        return user if password_fits(password, stored) else None

    return check""",
    ),
)
# a short pause instead of a hash
LAZY = (
    ("web/accounts.py", "from functools import partial", "import time\nfrom functools import partial"),
    ("web/accounts.py", PLANTED, f"    if not user:\n        return lambda: time.sleep(0.004)\n{PLANTED}"),
)
# hashes for addresses of companies that have accounts only
INCOMPLETE = (
    (
        "web/accounts.py",
        PLANTED,
        """    domain = account.rpartition("@")[2]
    has_accounts = context.store._all("SELECT id FROM users WHERE id LIKE '%@' || ?", (domain,))
    if not user and not has_accounts:
        return lambda: None
    return lambda: user if password_fits(password, stored) else None""",
    ),
)
# nobody's password is hashed: nobody can log in
SWITCHED_OFF = (("web/accounts.py", PLANTED, "    return lambda: None"),)
# a quick hash for unknown addresses
WRONG_QUICK = (
    ("web/accounts.py", "from functools import partial", "import hashlib\nfrom functools import partial"),
    (
        "web/accounts.py",
        PLANTED,
        f"    if not user:\n        return lambda: hashlib.sha256(password.encode()) and None\n{PLANTED}",
    ),
)
# a pause for everybody, and still no hash for some
WRONG_PAUSE = (
    ("web/accounts.py", "from functools import partial", "import time\nfrom functools import partial"),
    ("web/accounts.py", PLANTED, f"    time.sleep(0.5)\n{PLANTED}"),
)
SEEN_BY = "tests.test_locked.Logins.test_a_wrong_password_and_an_unknown_user_get_the_same_answer"
