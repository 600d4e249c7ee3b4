"""Other fixes: (file, planted text, replacement)."""

SWALLOWS = "        except sqlite3.Error:\n            pass\n"

# raises the desk's own error, and the change is rolled back
OTHER = (
    (
        "store.py",
        SWALLOWS,
        """        except sqlite3.Error as problem:
            raise Unavailable(f"the response could not be kept: {problem}; try again") from problem
""",
    ),
)
# keys are not stored any more
LAZY = (
    (
        "store.py",
        "        try:\n            self.db.execute(KEEP_RESPONSE",
        "        return\n        try:\n            self.db.execute(KEEP_RESPONSE",
    ),
)
SEEN_BY = "tests.test_store.FailingDisk.test_no_change_without_its_kept_answer"
