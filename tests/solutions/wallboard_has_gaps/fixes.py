"""Other fixes: (file, planted text, replacement)."""

PLANTED = "        if self._recent:\n"

# uses the list if it begins right after the listener's last event
OTHER = (
    (
        "web/live.py",
        PLANTED,
        '        if self._recent and session.after >= self._recent[0].event["id"] - 1:\n',
    ),
)
# sends no past events
LAZY = (("web/live.py", PLANTED, "        session.after = max(session.after, self._head - 1)\n" + PLANTED),)
SEEN_BY = "tests.test_live.Streams.test_whoever_was_away_longer_than_the_others_hears_all_of_it_too"
