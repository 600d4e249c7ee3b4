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
# undoes the edit after the kind of error that is in the log, not after others
INCOMPLETE = (
    (
        "store.py",
        BEGINS,
        """        self.db.execute("SAVEPOINT request")
        try:
            ticket = self._change(caller, ticket, "Edited", changes)
        except sqlite3.IntegrityError:
            self.db.execute("ROLLBACK TO request")
            self.db.execute("RELEASE request")
            raise
""",
    ),
)
# a status and a title cannot be saved together any more
SWITCHED_OFF = (
    (
        "app.py",
        """    status = fields.pop("status", ticket["status"])
""",
        """    status = fields.pop("status", ticket["status"])
    if fields and status != ticket["status"]:
        raise workflow.Invalid("change the status and the other fields in two requests")
""",
    ),
)
# the error path takes back the whole turn, with the changes of all other requests
WRONG_WHOLE_TURN = (
    (
        "store.py",
        BEGINS,
        """        self.db.execute("SAVEPOINT request")
        try:
            ticket = self._change(caller, ticket, "Edited", changes)
        except Exception:
            self.db.execute("ROLLBACK")
            raise
""",
    ),
)
# nobody hears of the error: half of the save is a success
WRONG_SWALLOWED = (
    (
        "store.py",
        PLANTED,
        """        try:
            ticket = self._change(caller, ticket, "Edited", changes)
        except Exception:
            pass
""",
    ),
)
# the row is set back by hand, the history is not
WRONG_BY_HAND = (
    (
        "store.py",
        BEGINS,
        """        self.db.execute("SAVEPOINT request")
        try:
            ticket = self._change(caller, ticket, "Edited", changes)
        except Exception:
            self.db.execute("UPDATE tickets SET state = 'new', assignee = NULL WHERE id = ?", (ticket["id"],))
            raise
""",
    ),
)
SEEN_BY = "tests.test_store.FailingDisk.test_a_change_that_fails_at_its_last_step_leaves_nothing_of_it"
