"""Starts desks by fork(), for the proof of the drills alone: Python and the desk's modules are in memory already.

The modules are those of the desk's own folder, read once; a copy that changes later is started as a learner does.
`start` takes what lab.py gives to subprocess.Popen, and gives back what lab.py needs of one.
"""

import gc
import importlib
import io
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from functools import lru_cache
from pathlib import Path

import app

ROOT = str(Path(app.__file__).parent)
FIRST, LAST = 3, 4096  # file descriptors that are not for the desk


def start(command: list[str], **options):
    """A process that does the command; forked where the system can do it."""
    return Forked(command, **options) if hasattr(os, "fork") else subprocess.Popen(command, **options)


@lru_cache(maxsize=2)
def modules_of(folder: Path) -> dict:
    """The modules of the desk in a folder by name, beside those of the same names that this process goes on with."""
    ours = _take_out(ROOT)
    sys.path.insert(0, str(folder))
    try:
        importlib.import_module("app")
        return _take_out(str(folder))
    finally:
        _take_out(str(folder))  # what is left of a copy that cannot be imported
        sys.path.remove(str(folder))
        sys.modules.update(ours)


def _take_out(folder: str) -> dict:
    """Take every module that was read from a folder out of sys.modules."""
    files = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items()}
    return {name: sys.modules.pop(name) for name, file in files.items() if file.startswith(folder + os.sep)}


class Forked:
    """A desk that was forked; its methods are those of subprocess.Popen."""

    def __init__(self, command, cwd, env, stderr, stdin, stdout):
        self.returncode, self._one_at_a_time = None, threading.Lock()
        reader, writer = os.pipe()
        modules = modules_of(Path(cwd))
        self.pid = os.fork()
        if not self.pid:
            _become(command[command.index("app.py") + 1 :], modules, cwd, env, (writer, stderr.fileno()))
        os.close(writer)
        self.stdout = os.fdopen(reader, "rb")

    def poll(self):
        with self._one_at_a_time:
            if self.returncode is None:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                self.returncode = os.waitstatus_to_exitcode(status) if pid else None
            return self.returncode

    def wait(self, timeout=None):
        end = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if end and time.monotonic() > end:
                raise subprocess.TimeoutExpired("app.py", timeout)
            time.sleep(0.001)
        return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)


def _become(arguments, modules, folder, environ, streams):
    """Run the desk in this process, the new one, to its end."""
    status = 1
    try:
        _leave_everything(folder, environ, streams)
        sys.path[0] = str(folder)
        _take_out(ROOT)
        sys.modules.update(modules)
        status = modules["app"].main(arguments, os.environ)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _leave_everything(folder, environ, streams):
    gc.freeze()  # what this process has left unclosed is never collected, which would close our descriptors
    for target, stream in zip((0, 1, 2), (os.open(os.devnull, os.O_RDONLY), *streams)):
        os.dup2(stream, target)
    os.closerange(FIRST, LAST)
    sys.stdin, sys.stdout, sys.stderr = open(0), _unbuffered(1), _unbuffered(2)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()


def _unbuffered(number):
    return io.TextIOWrapper(open(number, "wb", 0), "utf-8", "backslashreplace", write_through=True)
