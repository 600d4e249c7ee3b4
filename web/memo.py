"""Rendered answers, kept until somebody commits: never for a time, never across a change."""

from web.http1 import Answer

MOST, LARGEST = 500, 64 * 1024  # answers, and bytes of one


class Memo:
    """Answers to reads by what was asked, all forgotten as soon as the database has changed.

    `stamp()` differs after every commit, this desk's or another program's, and is None while there are
    changes that are not committed yet.
    """

    def __init__(self, stamp):
        self._stamp, self._answers, self._of = stamp, {}, None

    def find(self, asked: tuple) -> tuple[Answer | None, object]:
        """What was answered to this since the last change, or None; and the stamp of now, for keep()."""
        stamp = self._stamp()
        if stamp != self._of:
            self._answers, self._of = {}, stamp
        return self._answers.get(asked) if stamp else None, stamp

    def keep(self, asked: tuple, answer: Answer, stamp) -> None:
        """Keep an answer that was made at `stamp`, unless the database has moved on since."""
        if stamp and stamp == self._of == self._stamp() and len(answer.body) <= LARGEST and len(self._answers) < MOST:
            self._answers[asked] = answer
