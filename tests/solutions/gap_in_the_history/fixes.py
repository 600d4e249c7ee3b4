"""Other fixes: (file, planted text, replacement)."""

CATCHES = "        except sqlite3.Error:\n            pass\n"

# raises the desk's own error
OTHER = (
    (
        "store.py",
        CATCHES,
        "        except sqlite3.Error as problem:\n"
        '            raise Unavailable(f"the audit log cannot be written: {problem}") from problem\n',
    ),
)
# the response shows the old ticket, but the row has changed
LAZY = (("store.py", CATCHES, "        except sqlite3.Error:\n            return ticket\n"),)
SEEN_BY = "tests.test_store.FailingDisk.test_no_change_without_its_event"
