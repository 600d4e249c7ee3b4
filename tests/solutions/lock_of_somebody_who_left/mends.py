"""Other ways to mend it: (file, planted text, text in its place)."""

PLANTED = "session = self._sessions.get(connection)"
OTHERS = "others = [other for other in self._sessions.values() if isinstance(other, TicketSocket)]"

# it is among the sessions until the others have been asked, but it is no other
OTHER = (
    (
        "web/live.py",
        OTHERS,
        f"del self._sessions[connection]\n        {OTHERS}",
    ),
)
# every lock is given back, also those that another page still holds
LAZY = (("web/live.py", OTHERS, "others = []"),)
SEEN_BY = "tests.test_live.Locks.test_whoever_says_good_bye_leaves_no_lock_behind"
