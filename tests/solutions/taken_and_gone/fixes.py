"""Other fixes: (file, planted text, replacement)."""

PLANTED = """            except sqlite3.Error:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
"""
ROLLS_BACK = """                self.db.rollback()
                raise Unavailable("nothing of this moment could be kept; try again") from problem
"""


def catch(lines):
    """The same `try` with these lines behind it."""
    return (("store.py", PLANTED, lines),)


# raises the desk's own error
OTHER = catch(f"            except sqlite3.Error as problem:\n{ROLLS_BACK}")
# writes it into the log, and tells the client nothing
LAZY = catch(
    """            except sqlite3.Error as problem:
                print("the commit failed:", problem)
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
"""
)
# reports only one kind of error
INCOMPLETE = catch(f"            except sqlite3.OperationalError as problem:\n{ROLLS_BACK}{PLANTED}")
# no constraint is checked any more: this commit succeeds, and its row is wrong
SWITCHED_OFF = (("store.py", '("foreign_keys = ON", "rec', '("foreign_keys = OFF", "rec'),)
# reports only the other kind of error
WRONG_INTEGRITY = catch(f"            except sqlite3.IntegrityError as problem:\n{ROLLS_BACK}{PLANTED}")
# tries once more, then forgets it
WRONG_TWICE = catch(
    """            except sqlite3.Error:
                try:
                    self.db.execute("COMMIT")
                except sqlite3.Error:
                    self.db.rollback()
"""
)
SEEN_BY = "tests.test_store.FailingCommit.test_a_write_that_only_the_commit_refuses_is_not_acknowledged"
