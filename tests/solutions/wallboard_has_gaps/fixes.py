"""Other fixes: (file, planted text, replacement)."""

PLANTED = "        if self._recent:\n"

# uses the list if it begins right after the listener's last event
OTHER = (
    (
        "web/live.py",
        PLANTED,
        "        if self._recent and session.cursor >= self._recent[0].id - 1:\n",
    ),
)
# nobody is told of anything that is past
LAZY = (("web/live.py", PLANTED, "        session.cursor = max(session.cursor, self._newest_id - 1)\n" + PLANTED),)
SEEN_BY = "tests.test_live.Streams.test_a_client_that_missed_more_events_than_others_receives_them_all"
