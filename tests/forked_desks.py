"""Starts desks with fork(), only for the proof of the drills: Python and the desk's modules are in memory already.

The modules are read once for each folder. A desk whose files change later must be started as a process, as a learner
does. `start` takes the arguments that lab.py gives to subprocess.Popen, and returns an object with the same methods.
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
FIRST_FD, LAST_FD = 3, 4096  # file descriptors that the desk must not inherit


def start(command: list[str], **options):
    """A process that runs the command; forked if the system can fork."""
    return ForkedProcess(command, **options) if hasattr(os, "fork") else subprocess.Popen(command, **options)


@lru_cache(maxsize=2)
def modules_of(folder: Path) -> dict:
    """The modules of the desk in a folder, by name. The modules of this process stay in sys.modules."""
    ours = _remove_modules(ROOT)
    sys.path.insert(0, str(folder))
    try:
        importlib.import_module("app")
        return _remove_modules(str(folder))
    finally:
        _remove_modules(str(folder))  # the rest, if the import failed
        sys.path.remove(str(folder))
        sys.modules.update(ours)


def _remove_modules(folder: str) -> dict:
    """Remove every module that was read from a folder from sys.modules, and return them."""
    files = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items()}
    return {name: sys.modules.pop(name) for name, file in files.items() if file.startswith(folder + os.sep)}


class ForkedProcess:
    """A forked desk, with the methods of subprocess.Popen."""

    def __init__(self, command, cwd, env, stderr, stdin, stdout):
        self.returncode, self._lock = None, threading.Lock()
        reader, writer = os.pipe()
        modules = modules_of(Path(cwd))
        self.pid = os.fork()
        if not self.pid:
            _run_desk(command[command.index("app.py") + 1 :], modules, cwd, env, (writer, stderr.fileno()))
        os.close(writer)
        self.stdout = os.fdopen(reader, "rb")

    def poll(self):
        with self._lock:
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


def _run_desk(arguments, modules, folder, environ, streams):
    """Run the desk in this process, the child, to its end."""
    status = 1
    try:
        _reset_process(folder, environ, streams)
        sys.path[0] = str(folder)
        _remove_modules(ROOT)
        sys.modules.update(modules)
        status = modules["app"].main(arguments, os.environ)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _reset_process(folder, environ, streams):
    gc.freeze()  # otherwise the garbage collector closes files of the parent, and with them our file descriptors
    for target, stream in zip((0, 1, 2), (os.open(os.devnull, os.O_RDONLY), *streams)):
        os.dup2(stream, target)
    os.closerange(FIRST_FD, LAST_FD)
    sys.stdin, sys.stdout, sys.stderr = open(0), _unbuffered(1), _unbuffered(2)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()


def _unbuffered(number):
    return io.TextIOWrapper(open(number, "wb", 0), "utf-8", "backslashreplace", write_through=True)
