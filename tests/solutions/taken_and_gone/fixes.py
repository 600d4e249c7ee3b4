"""Other fixes: (file, planted text, replacement)."""

PLANTED = """            except sqlite3.Error:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
"""
# raises the desk's own error
OTHER = (
    (
        "store.py",
        PLANTED,
        """            except sqlite3.Error as problem:
                self.db.rollback()
                raise Unavailable("nothing of this moment could be kept; try again") from problem
""",
    ),
)
# reports only one kind of error
LAZY = (
    (
        "store.py",
        PLANTED,
        """            except sqlite3.OperationalError as problem:
                self.db.rollback()
                raise Unavailable("nothing of this moment could be kept; try again") from problem
""" + PLANTED,
    ),
)
SEEN_BY = "tests.test_store.FailingCommit.test_a_write_that_only_the_commit_refuses_is_not_acknowledged"
