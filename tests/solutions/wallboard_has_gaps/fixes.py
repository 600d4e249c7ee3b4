"""Other fixes: (file, planted text, replacement)."""

PLANTED = "        if self._recent:\n"

# what is kept serves whoever is not further back than the event before it
OTHER = (
    (
        "web/live.py",
        PLANTED,
        '        if self._recent and session.after >= self._recent[0].event["id"] - 1:\n',
    ),
)
# nobody is told of anything that is past
LAZY = (("web/live.py", PLANTED, "        session.after = max(session.after, self._head - 1)\n" + PLANTED),)
SEEN_BY = "tests.test_live.Streams.test_whoever_was_away_longer_than_the_others_hears_all_of_it_too"
