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
# the list is used as soon as it is long; a gap of a few events is small
LAZY = (
    (
        "web/live.py",
        PLANTED,
        "        if self._recent and session.cursor >= self._recent[0].id - 3:\n",
    ),
)
# sends the older events and then the list, although some events are in both
INCOMPLETE = (
    (
        "web/live.py",
        PLANTED,
        """        if self._recent and not session.has_caught_up:
            events = self._events_after(session.store, session.cursor) + self._recent
        elif self._recent:
""",
    ),
)
# nobody is told of anything that is past
SWITCHED_OFF = (
    (
        "web/live.py",
        PLANTED,
        "        session.cursor = max(session.cursor, self._newest_id - 1)\n" + PLANTED,
    ),
)
# a listener who has missed something must begin again
WRONG_REFUSE = (
    (
        "web/live.py",
        """    if after > last and request.caller.only_own:
""",
        """    if after < last:
        raise NotFound("there are newer events: read the list of tickets, and connect without Last-Event-ID")
    if after > last and request.caller.only_own:
""",
    ),
)
# a listener with an older event gets it from the database, but the cursor is moved to the newest one
WRONG_CURSOR = (
    (
        "web/live.py",
        """        if events:
            session.cursor = events[-1].id
""",
        """        if events:
            session.cursor = self._newest_id
""",
    ),
    (
        "web/live.py",
        PLANTED,
        "        if self._recent and session.cursor >= self._recent[0].id - 1:\n",
    ),
)
# the memory is thrown away when somebody comes back, and with it what the others wait for
WRONG_FORGET = (
    (
        "web/live.py",
        PLANTED,
        """        if self._recent and session.cursor < self._recent[0].id - 1:
            self._recent = []
            session.cursor = self._newest_id - 1
        if self._recent:
""",
    ),
)
# server-sent events only
WRONG_SSE_ONLY = (
    (
        "web/live.py",
        PLANTED,
        """        is_stream = isinstance(session, EventStream)
        if self._recent and (not is_stream or session.cursor >= self._recent[0].id - 1):
""",
    ),
)
SEEN_BY = "tests.test_live.Streams.test_a_client_that_missed_more_events_than_others_receives_them_all"
