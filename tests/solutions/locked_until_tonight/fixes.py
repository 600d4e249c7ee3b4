"""Other fixes: (file, planted text, replacement)."""

QUERY = 'over = "SELECT * FROM tickets WHERE lock_expires_at <= ? LIMIT 100"'
LOOP = "for ticket in self._all(over, (self.clock(),)):"
CHECK = "if holder not in (None, caller.id) and ends > self.clock():"

# a lock that lasts longer than any lock does stops nobody
OTHER = (
    (
        "store.py",
        CHECK,
        "if holder not in (None, caller.id) and self.clock() < ends <= workflow.later(self.clock(), 2 * LEASE):",
    ),
)
# locks are shorter
LAZY = (("store.py", "LEASE = 60  # seconds", "LEASE = 5  # seconds"),)
# ends only those that last more than a day
INCOMPLETE = (
    ("store.py", QUERY, 'over = "SELECT * FROM tickets WHERE lock_expires_at <= ? OR lock_expires_at > ? LIMIT 100"'),
    ("store.py", LOOP, "for ticket in self._all(over, (self.clock(), workflow.later(self.clock(), 86400))):"),
)
# locks have no effect any more
SWITCHED_OFF = (("store.py", CHECK, "if not caller.id:"),)
# ends all locks, also those that have just begun
WRONG_ENDS_ALL = (("store.py", "WHERE lock_expires_at <= ? LIMIT 100", "WHERE lock_expires_at > '' OR ? = ''"),)
SEEN_BY = "tests.test_live.Locks.test_a_lock_does_not_outlast_a_clock_that_was_set_back"
