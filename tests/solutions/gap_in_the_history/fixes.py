"""Other fixes: (file, planted text, replacement)."""

CATCHES = "        except sqlite3.Error:\n            pass\n"


def catch(lines):
    """The same `try` with these lines behind it."""
    return (("store.py", CATCHES, lines),)


# raises the desk's own error
OTHER = catch(
    """        except sqlite3.Error as problem:
            raise Unavailable(f"the audit log cannot be written: {problem}") from problem
"""
)
# the response shows the old ticket, but the row has changed
LAZY = catch("        except sqlite3.Error:\n            return ticket\n")
# steps through the net alone: comments, edits and locks still leave no trace
INCOMPLETE = catch(
    """        except sqlite3.Error:
            if event_type in workflow.TRANSITION_OF_EVENT:
                raise
"""
)
# no history at all: then it has no gap
APPENDS = "            self._append(caller, row, event_type, data)\n"
SWITCHED_OFF = (("store.py", APPENDS + CATCHES, "            pass\n" + CATCHES),)
# the close of the story alone
WRONG_CLOSE = catch('        except sqlite3.Error:\n            if event_type == "Closeed":\n                raise\n')
# ignores one kind of error instead of all
WRONG_OPERATIONAL = catch("        except sqlite3.OperationalError:\n            pass\n")
WRONG_INTEGRITY = catch("        except sqlite3.IntegrityError:\n            pass\n")
# takes the change back, and tells the client that it was made
WRONG_SILENT = catch('        except sqlite3.Error:\n            self.db.execute("ROLLBACK TO request")\n')
# tells the client, and keeps the change
WRONG_COMMITTED = catch(
    """        except sqlite3.Error as problem:
            self.db.execute("RELEASE request")
            self.db.execute("SAVEPOINT request")
            raise Unavailable("the audit log cannot be written") from problem
"""
)
SEEN_BY = "tests.test_store.FailingDisk.test_no_change_without_its_event"
# the test in SEEN_BY looks at one layer only: a fix in another one need not pass it
KEPT_BY = ""
