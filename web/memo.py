"""Rendered answers, kept until somebody commits: never for a time, never across a change."""

from web.http1 import Answer

MOST, LARGEST = 500, 64 * 1024  # answers, and bytes of one


class Memo:
    """Answers to reads by what was asked, all forgotten as soon as the database has changed.

    `state()` tells the state of the database: it differs after every commit, this desk's or another
    program's, and is None while there are changes that are not committed yet.
    """

    def __init__(self, state):
        self._state, self._answers, self._of = state, {}, None

    def find(self, asked: tuple) -> tuple[Answer | None, object]:
        """What was answered to this in the present state, or None; and that state, for keep()."""
        state = self._state()
        if state != self._of:
            self._answers, self._of = {}, state
        return self._answers.get(asked) if state else None, state

    def keep(self, asked: tuple, answer: Answer, state) -> None:
        """Keep an answer that was made in `state`, unless the database has moved on since."""
        if state and state == self._of == self._state() and len(answer.body) <= LARGEST and len(self._answers) < MOST:
            self._answers[asked] = answer
