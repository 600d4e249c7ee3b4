"""Other fixes: (file, planted text, replacement)."""

LOOKS = """        for row in self._recent_responses(scope) or self._all(KEPT_RESPONSE, scope):
"""
KEEPS = """        self._recent_responses(scope)[:] = [dict(zip(names, columns))]
"""
INSERTS = """        self.db.execute(KEEP_RESPONSE, (*columns, workflow.checksum(columns)))
"""
FAILED = """            self._last = last
            problem = _unavailable(problem)
"""
FORGET = "vars(self).pop(\"_recent\", None)\n"
SAVEPOINT = ("store.py", FAILED, f"{FAILED}            {FORGET}")

# no second copy: the table is asked each time, and for no response that is too old
OTHER = (
    (
        "store.py",
        LOOKS
        + """            return row if row["created_at"] > self._expiry() else None

    def _recent""",
        """        rows = self._all(f"{KEPT_RESPONSE} AND created_at > ?", (*scope, self._expiry()))
        return rows[0] if rows else None

    def _recent""",
    ),
    ("store.py", KEEPS, ""),
)
# the button of the story is not served from memory; all other requests are
LAZY = (
    (
        "store.py",
        LOOKS,
        """        recent = [] if scope[2].startswith("/tickets/{id}/draft") else self._recent_responses(scope)
        for row in recent or self._all(KEPT_RESPONSE, scope):
""",
    ),
)
# memory after the database: the statement may fail now, the commit may not
INCOMPLETE = (("store.py", KEEPS + INSERTS, INSERTS + KEEPS),)
# no response is kept, so a retry does everything again
SWITCHED_OFF = (
    (
        "store.py",
        LOOKS,
        """        for row in []:
""",
    ),
)
# only a failed savepoint is thought of
WRONG_SAVEPOINT_ONLY = (SAVEPOINT,)
# a response that is not in the table is an error for the client
WRONG_IN_PROGRESS = (
    (
        "store.py",
        LOOKS,
        """        if self._recent_responses(scope) and not self._all(KEPT_RESPONSE, scope):
            raise workflow.KeyInProgress("the first request with this Idempotency-Key is still at work; try again")
"""
        + LOOKS,
    ),
)
# memory lasts two seconds
WRONG_SHORTER = (
    (
        "store.py",
        LOOKS,
        """        since = workflow.later(self.clock(), -2)
        recent = [row for row in self._recent_responses(scope) if row["created_at"] > since]
        for row in recent or self._all(KEPT_RESPONSE, scope):
""",
    ),
)
SEEN_BY = "tests.test_store.FailingDisk.test_no_change_without_its_kept_answer"
