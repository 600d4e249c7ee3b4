"""The processes of the board: running copies of the desk, and jobs such as a check. None of them outlives the board.

Each process has a pipe as its stdin, and a thread that waits for its end. However the board ends, also if it is
killed, the pipe closes, and the process stops itself and everything that it started.
"""

import json
import queue
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from typing import Iterator

from drills import plant
from drills.catalogue import DrillError
from drills.lab import BANNER, START_TIMEOUT, environment
from drills.untrusted import one_line

COPY = """
import os, runpy, signal, threading

def end_with_the_board():
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=end_with_the_board, daemon=True).start()
runpy.run_path("app.py", run_name="__main__")
"""
SETTINGS = {"PORT": "0", "DEBUG": "true"}  # of a copy: a free port, and the view of requests
STOP_TIMEOUT = 10  # seconds for a copy to stop
JOB_TIMEOUT = 75  # seconds for a job to stop: a check that has begun may need a minute
MAX_LINES = 2000  # of the log of a copy
MAX_CHARS = 2000  # of one line
DONE = (0, 2)  # exit statuses of a job that has said what it has to say
HEARTBEAT = 1  # seconds between two signs of life in a stream


class RunningCopy:
    """A copy of the desk that runs in its folder, with its own database, and its log."""

    def __init__(self, folder: Path):
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        environ = environment(**SETTINGS)
        self.process = subprocess.Popen(
            [sys.executable, "-c", COPY], cwd=folder, env=environ, start_new_session=True, **streams
        )
        self.port, self.is_ready = 0, False
        self._lines, self._count, self._changed = deque(maxlen=MAX_LINES), 0, threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        """Read everything that the desk prints, so that a full pipe never blocks it."""
        with self.process.stdout as output:
            for line in output:
                self._add(one_line(line.decode("utf-8", "replace").rstrip())[:MAX_CHARS])
        self._add(f"— ended with status {self.process.wait()} —")

    def _add(self, line):
        found = BANNER.fullmatch(line)
        with self._changed:
            self.port = int(found[1]) if found and not self.port else self.port
            self.is_ready = self.is_ready or bool(self.port) and "Ctrl-C stops" in line
            self._lines.append(line)
            self._count += 1
            self._changed.notify_all()

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def wait_until_ready(self) -> bool:
        """Whether the desk answers requests now; False if it has ended instead: its log says why."""
        with self._changed:
            self._changed.wait_for(lambda: self.is_ready or not self.is_running, START_TIMEOUT)
        return self.is_ready and self.is_running

    def lines_after(self, number: int) -> tuple[int, list[str]]:
        """(the number of lines so far, those after this number); waits a moment for the first one."""
        with self._changed:
            self._changed.wait_for(lambda: self._count > number, HEARTBEAT)
            new = self._count - number
            return self._count, list(self._lines)[-new:] if new > 0 else []

    def stop(self) -> None:
        _stop(self.process, STOP_TIMEOUT)
        self._reader.join(STOP_TIMEOUT)


class Job:
    """A job in a process of its own (see job.py), so that it can be stopped at any time."""

    def __init__(self, **what):
        command = [sys.executable, "-m", "drills.job", json.dumps(what)]
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.name = what["job"]
        self.process = subprocess.Popen(command, cwd=plant.ROOT, start_new_session=True, **streams)
        self._lines = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def events(self) -> Iterator[dict]:
        """What the job reports, as it comes; {} is a sign of life."""
        while True:
            try:
                line = self._lines.get(timeout=HEARTBEAT)
            except queue.Empty:
                yield {}
                continue
            if line is None:
                break
            yield json.loads(line)
        if self.process.wait() not in DONE:
            yield {"problem": f"the {self.name} was stopped before its end"}

    def _read(self):
        with self.process.stdout as output:
            for line in output:
                self._lines.put(line)
        self._lines.put(None)

    def stop(self) -> None:
        _stop(self.process, JOB_TIMEOUT)
        self._reader.join(STOP_TIMEOUT)


def _stop(process, seconds):
    """Close its pipe, wait until it has ended, and kill it if it does not."""
    try:
        process.stdin.close()
        process.wait(seconds)
    except (OSError, subprocess.TimeoutExpired):
        process.kill()
        process.wait()


class Running:
    """All running copies and jobs of a board, by the label of their copy."""

    def __init__(self):
        self._copies, self._jobs = {}, {}
        self._lock, self._has_ended = threading.Lock(), False

    def copy(self, label: str) -> RunningCopy | None:
        return self._copies.get(label)

    def is_busy(self, label: str) -> bool:
        return label in self._jobs

    def start_copy(self, label: str, folder: Path) -> RunningCopy:
        """The running copy of this label: one that runs already, or a new one."""
        with self._lock:
            self._require_going_on()
            copy = self._copies.get(label)
            if not copy or not copy.is_running:
                copy = self._copies[label] = RunningCopy(folder)
        return copy

    def stop_copy(self, label: str) -> None:
        copy = self._copies.get(label)
        if copy:
            copy.stop()

    def forget_copy(self, label: str) -> None:
        """Stop it, and forget its log."""
        self.stop_copy(label)
        self._copies.pop(label, None)

    def run(self, label: str, **what) -> Iterator[dict]:
        """The events of a new job; who stops reading them stops it. DrillError if one of this label is running."""
        with self._lock:
            self._require_going_on()
            if label in self._jobs:
                raise DrillError(f"{self._jobs[label].name} of {label} is running: wait until it ends, or stop it")
            job = self._jobs[label] = Job(label=label, **what)
        try:
            yield {}
            yield from job.events()
        finally:
            job.stop()
            self._jobs.pop(label, None)

    def _require_going_on(self):
        if self._has_ended:
            raise DrillError("the board is about to stop")

    def end(self) -> None:
        """Stop everything; nothing can be started afterwards."""
        with self._lock:
            self._has_ended = True
        enders = [copy.stop for copy in self._copies.values()] + [job.stop for job in list(self._jobs.values())]
        threads = [threading.Thread(target=ender) for ender in enders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
