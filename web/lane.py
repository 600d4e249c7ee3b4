"""The slow lane: what must wait for others runs on a few threads, so that the beat never waits."""

import queue
import threading
from collections import deque
from contextlib import suppress
from typing import Callable, NamedTuple

from workflow import Unavailable

THREADS, QUEUE = 4, 200


class Far(NamedTuple):
    """A job that waits for another machine; it has a lane of its own, so that the desk's own slow work goes on.

    Where it has to wait for a thread and its client hangs up meanwhile, it is not begun: each call costs.
    """

    job: Callable

    def __call__(self):
        return self.job()


class SlowLane:
    """A few threads for what waits for others; results come back through `results` and `wake`."""

    def __init__(self, results: deque, wake):
        self._jobs, self.results, self._wake = queue.Queue(QUEUE), results, wake
        for _ in range(THREADS):
            threading.Thread(target=self._work, daemon=True).start()

    def take(self, exchange, pending) -> None:
        """Have pending.job() done by the next free thread; (exchange, pending, result, error) is its result."""
        has_to_wait = self._jobs.unfinished_tasks >= THREADS
        try:
            self._jobs.put_nowait((exchange, pending, has_to_wait))
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
            exchange, pending, had_to_wait = job
            result = error = None
            try:
                if had_to_wait and isinstance(pending.job, Far) and exchange.connection.is_half_closed:
                    raise Unavailable("the client hung up before its turn came")
                result = pending.job()
            except Exception as problem:
                error = problem
            self._jobs.task_done()
            self.results.append((exchange, pending, result, error))
            self._wake()
