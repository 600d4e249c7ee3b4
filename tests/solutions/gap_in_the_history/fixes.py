"""Other fixes: (file, planted text, replacement)."""

CATCHES = "        except sqlite3.Error:\n            pass\n"

# the failure is told in the desk's own words
OTHER = (
    (
        "store.py",
        CATCHES,
        "        except sqlite3.Error as problem:\n"
        '            raise Unavailable(f"the audit log cannot be written: {problem}") from problem\n',
    ),
)
# the answer shows the ticket as it was; the row is another one
LAZY = (("store.py", CATCHES, "        except sqlite3.Error:\n            return ticket\n"),)
SEEN_BY = "tests.test_store.FailingDisk.test_no_change_without_its_event"
