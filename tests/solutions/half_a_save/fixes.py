"""Other fixes: (file, planted text, replacement)."""

BEGINS = """        self.db.execute("SAVEPOINT request")
        ticket = self._change(caller, ticket, "Edited", changes)
"""
PLANTED = BEGINS + """        self.db.execute("RELEASE request")
"""

# a savepoint of its own, which ends on the error path, too
OTHER = (
    (
        "store.py",
        PLANTED,
        """        with self.savepoint():
            ticket = self._change(caller, ticket, "Edited", changes)
""",
    ),
)
# rolls back by hand, but the inner savepoint stays open
LAZY = (
    (
        "store.py",
        BEGINS,
        """        self.db.execute("SAVEPOINT request")
        try:
            ticket = self._change(caller, ticket, "Edited", changes)
        except Exception:
            self.db.execute("ROLLBACK TO request")
            raise
""",
    ),
)
SEEN_BY = "tests.test_store.FailingDisk.test_a_change_that_fails_at_its_last_step_leaves_nothing_of_it"
