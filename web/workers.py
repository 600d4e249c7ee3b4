"""Worker threads do the work that is slow or waits for other machines, so that the event loop never waits."""

import queue
import sys
import threading
from collections import deque
from contextlib import suppress

from web.handler import Job
from workflow import Unavailable

QUEUE = 200


class WorkerPool:
    """A few threads. Each adds (job, result, error) to `finished` and calls `wake`.

    If calls cost money (`is_costly`), a job that waited for a thread is skipped if its client has hung up.
    """

    def __init__(self, threads: int, finished: deque, wake, is_costly: bool = False):
        self._jobs, self._finished, self._wake, self._is_costly = queue.Queue(QUEUE), finished, wake, is_costly
        self._threads = threads
        for _ in range(threads):
            threading.Thread(target=self._run, args=(sys.gettrace(),), daemon=True).start()

    def start(self, job: Job) -> None:
        """Let the next free thread call job.work()."""
        had_to_wait = self._jobs.unfinished_tasks >= self._threads
        try:
            self._jobs.put_nowait((job, had_to_wait))
        except queue.Full:
            self._finish(job, None, Unavailable("too much slow work is waiting; try again"))

    def close(self) -> None:
        """Let idle threads end; the others end with the process."""
        for _ in range(self._threads):
            with suppress(queue.Full):
                self._jobs.put_nowait(None)

    def _run(self, trace):
        sys.settrace(trace)  # a debugger that traces the event loop stops at breakpoints in worker threads, too
        while (item := self._jobs.get()) is not None:
            job, had_to_wait = item
            if self._is_costly and had_to_wait and job.handler.input_closed:
                result, error = None, Unavailable("the client hung up before its turn came")
            else:
                result, error = _outcome(job)
            self._jobs.task_done()
            self._finish(job, result, error)

    def _finish(self, job, result, error):
        self._finished.append((job, result, error))
        self._wake()


class EventLoopPool:
    """The readers of a database in memory: only the event loop can read it, so it does each job itself, at once."""

    def __init__(self, finished: deque, wake):
        self._finished, self._wake = finished, wake

    def start(self, job: Job) -> None:
        self._finished.append((job, *_outcome(job)))
        self._wake()

    def close(self) -> None:
        """Do nothing: there are no threads to end."""


class BetweenTurns(EventLoopPool):
    """Work for which no transaction may be open: the event loop calls run() after each turn."""

    def __init__(self, finished: deque, wake):
        super().__init__(finished, wake)
        self._jobs = deque()

    def start(self, job: Job) -> None:
        self._jobs.append(job)

    def run(self) -> None:
        while self._jobs:
            super().start(self._jobs.popleft())


def _outcome(job) -> tuple:
    """(result, None) of a job's work, or (None, what it raised)."""
    try:
        return job.work(), None
    except Exception as problem:
        return None, problem
