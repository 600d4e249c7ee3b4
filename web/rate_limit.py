"""A rate limiter: how often somebody may do something. Each limit is a sliding window of some seconds."""

import time
from collections import deque
from math import ceil

from workflow import TooManyRequests


class RateLimiter:
    """Notes who did what, and when. For one thread.

    A limit is (how many times, within how many seconds, what a refused client is told), and `who` is what is counted.
    Whoever has done nothing within the window is forgotten, so the memory does not grow with the number of clients.
    """

    def __init__(self, clock=time.monotonic):
        self._clock, self._times = clock, {}  # {(limit, who): the last times, oldest first}
        self._forgot_at = clock()

    def take(self, *keys: tuple) -> None:
        """Note one time for each key (limit, who). Raises TooManyRequests, and notes nothing, if one is used up."""
        for key in keys:
            self.check(*key)
        for key in keys:
            self.note(*key)

    def check(self, limit: tuple, who) -> None:
        """Raise TooManyRequests, with the seconds to wait, if this limit is used up."""
        most, window, why = limit
        times, since = self._times.get((limit, who), ()), self._clock() - window
        recent = [then for then in times if then > since]
        if len(recent) >= most:
            wait = max(1, ceil(recent[-most] - since))
            raise TooManyRequests(f"{why}; try again in {wait} seconds", wait)

    def note(self, limit: tuple, who) -> None:
        now = self._clock()
        if now > self._forgot_at + 1:
            self._times = {key: times for key, times in self._times.items() if times and times[-1] > now - key[0][1]}
            self._forgot_at = now
        self._times.setdefault((limit, who), deque(maxlen=limit[0])).append(now)

    def give_back(self, limit: tuple, who) -> None:
        """Take back the oldest time of this key, if it is not forgotten yet."""
        if self._times.get((limit, who)):
            self._times[limit, who].popleft()
