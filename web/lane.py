"""The slow lane: what must wait for others runs on a few threads, so that the beat never waits."""

import queue
import threading
from collections import deque
from contextlib import suppress

from workflow import Unavailable

THREADS, QUEUE = 4, 200


class SlowLane:
    """A few threads for what waits for others; results come back through `results` and `wake`."""

    def __init__(self, results: deque, wake):
        self._jobs, self.results, self._wake = queue.Queue(QUEUE), results, wake
        for _ in range(THREADS):
            threading.Thread(target=self._work, daemon=True).start()

    def take(self, exchange, pending) -> None:
        """Have pending.job() done by the next free thread; (exchange, pending, result, error) is its result."""
        try:
            self._jobs.put_nowait((exchange, pending))
        except queue.Full:
            self.results.append((exchange, pending, None, Unavailable("too much slow work is waiting; try again")))
            self._wake()

    def close(self) -> None:
        """Let the threads end that have nothing to do; the others end with the process."""
        for _ in range(THREADS):
            with suppress(queue.Full):
                self._jobs.put_nowait(None)

    def _work(self):
        while (job := self._jobs.get()) is not None:
            exchange, pending = job
            result = error = None
            try:
                result = pending.job()
            except Exception as problem:
                error = problem
            self.results.append((exchange, pending, result, error))
            self._wake()
