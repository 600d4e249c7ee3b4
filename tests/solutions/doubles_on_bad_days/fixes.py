"""Other fixes: (file, planted text, replacement)."""

SWALLOWS = "        except sqlite3.Error:\n            pass\n"


def catch(lines):
    """The same `try` with these lines behind it."""
    return (("store.py", SWALLOWS, lines),)


# raises the desk's own error, and the change is rolled back
OTHER = catch(
    """        except sqlite3.Error as problem:
            raise Unavailable(f"the response could not be kept: {problem}; try again") from problem
"""
)
# looks for the words of the one error that was seen
LAZY = catch(
    """        except sqlite3.Error as problem:
            if "disk" in str(problem):
                raise Unavailable("the disk is full; try again") from problem
"""
)
# new tickets alone: a retry of a comment still makes a second comment
INCOMPLETE = catch(
    """        except sqlite3.Error as problem:
            if scope[2] == "/tickets":
                raise Unavailable("the ticket could not be kept; try again") from problem
"""
)
# keys are not stored any more
SWITCHED_OFF = (
    (
        "store.py",
        "        try:\n            self.db.execute(KEEP_RESPONSE",
        "        return\n        try:\n            self.db.execute(KEEP_RESPONSE",
    ),
)
# no request takes a key any more
WRONG_NO_KEYS = (("web/routes.py", 'return self.method in ("POST", "PATCH") and self.keeps_response', "return False"),)
# ignores one kind of error instead of all
WRONG_OPERATIONAL = catch("        except sqlite3.OperationalError:\n            pass\n")
WRONG_INTEGRITY = catch("        except sqlite3.IntegrityError:\n            pass\n")
# only what creates something: a change is kept without its key
WRONG_CREATED = catch("        except sqlite3.Error:\n            if status == 201:\n                raise\n")
# tries once more, then ignores the error
WRONG_TWICE = catch(
    """        except sqlite3.Error:
            try:
                self.db.execute(KEEP_RESPONSE, (*columns, workflow.checksum(columns)))
            except sqlite3.Error:
                pass
"""
)
# writes the change first, then tells the client that it failed
WRONG_COMMITTED = catch(
    """        except sqlite3.Error as problem:
            self.db.execute("RELEASE request")
            self.db.execute("SAVEPOINT request")
            raise Unavailable("the response could not be kept; try again") from problem
"""
)
SEEN_BY = "tests.test_store.FailingDisk.test_no_change_without_its_kept_answer"
# the test in SEEN_BY looks at one layer only: a fix in another one need not pass it
KEPT_BY = ""
