"""A desk in a forked process: for what a thread of the test cannot have, such as limits of its own, and sudden ends."""

import gc
import os
import signal
import tempfile
import time
import traceback
from contextlib import closing
from pathlib import Path

import app
from store import Store
from tests.desk import TIMEOUT, Client
from web.log import Log

CAN_FORK = hasattr(os, "fork")
WHY_NOT = "Windows cannot fork a process"


def fork(work) -> int:
    """The process id of a child that calls work() and then ends, with status 1 if it raises."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        gc.freeze()  # otherwise the garbage collector closes files of the parent, and with them our file descriptors
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


class ChildDesk(Client):
    """A desk served by a child process, on the database file `database`; log() reads what it has logged.

    `prepare()` is called in the child before anything is opened, `on_open(store)` before the first request.
    """

    def __init__(self, database: Path, prepare=lambda: None, on_open=lambda store: None, **environ: str):
        self.database, self._prepare, self._on_open, self._status = Path(database), prepare, on_open, None
        self._settings = app.read_settings({}, {"SUPPORT_DESK_DB": str(database), **environ, "PORT": "0"})
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8")
        port, self._port = os.pipe()
        self.pid = fork(self._serve)
        os.close(self._port)
        with open(port, "rb") as told:
            self.port = int(told.read() or 0)
        if not self.port:
            self.wait()
            raise AssertionError(f"the desk did not open: {self.log()}")

    def _serve(self):
        self._prepare()
        with app.listen(self._settings, Log(self._log)) as server, closing(Store(self._settings.db)) as store:
            server.stop_on_signals()
            app.open_desk(server, self._settings, store)
            self._on_open(store)
            os.write(self._port, b"%d" % server.server_port)
            os.close(self._port)
            server.serve_forever()

    def log(self) -> str:
        """What it has written to its log so far, also after its end."""
        if not self._log.closed:
            self._written = os.pread(self._log.fileno(), 2**24, 0).decode()
        return self._written

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def pause(self) -> None:
        """Stop all its threads with SIGSTOP, and wait until they are stopped; send_signal(SIGCONT) lets them go on."""
        self.send_signal(signal.SIGSTOP)
        os.waitpid(self.pid, os.WUNTRACED)

    def wait(self) -> int:
        """Its exit status, negative if a signal ended it. Kills a desk that does not end."""
        self.hang_up()
        ends = time.monotonic() + TIMEOUT + 20
        while self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > ends:
                self.send_signal(signal.SIGKILL)
            else:
                time.sleep(0.002)
        self.log()
        self._log.close()
        return self._status

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it with a signal; its exit status."""
        if self._status is None:
            self.send_signal(signal.SIGCONT)
            self.send_signal(number)
        return self.wait()


def verify(database: Path) -> list[str]:
    """The differences that --verify finds."""
    with closing(Store(str(database), read_only=True)) as store:
        return [f"{check}: {difference}" for check, difference in store.verify() if difference]
