"""The socket that listens, the selector, and the signals that stop the desk. Only this file opens sockets."""

import os
import selectors
import signal
import socket
import socketserver
from contextlib import suppress
from email.utils import formatdate
from http.server import HTTPServer

from workflow import Unavailable

try:
    import resource
except ImportError:  # Windows
    resource = None

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
ACCEPTS = 64  # connections that are accepted in one turn of the event loop
MOST_FILES = 10_000
MOST_READ = 64 * 1024  # bytes of a request that gets a 503 because the desk is full


def capacity() -> int:
    """The most connections: as many files as this process may open, less some for other files."""
    if resource is None:
        return 400  # select() on Windows takes 512
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < MOST_FILES and hard != soft:  # the usual 1,024 are a soft limit: a process may raise it
        soft = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(MOST_FILES, max(48, soft)) - 40


class Listener(HTTPServer):
    """Listens from its first line on. A subclass runs the loop, and has _watch(handler), for what the selector
    watches, and _read_or_write(handler, events).

    `handlers` are the open connections. `_stopped_at` is set when the loop begins to stop.
    """

    request_queue_size = 1024
    allow_reuse_address = os.name != "nt"  # on Windows two desks could share a port

    def __init__(self, address: tuple[str, int], handler_class):
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.handlers, self._capacity, self._is_listening = set(), capacity(), True
        self._is_stop_asked, self._stopped_at, self._handles_signals = False, None, False
        self._selector = selectors.DefaultSelector()
        # Signals and worker threads wake up select() through this pair of sockets.
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)
        super().__init__(address, handler_class)  # listens; if it cannot, it calls server_close()
        self.socket.setblocking(False)
        self._selector.register(self.socket, READ, None)
        self._selector.register(self._wake_reader, READ, None)

    def server_bind(self):
        """Bind as TCPServer does. HTTPServer also looks up this machine's name in the network, which can be slow."""
        if os.name == "nt":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def server_close(self) -> None:
        super().server_close()
        if self._handles_signals:
            signal.set_wakeup_fd(-1)
        for closable in (self._selector, self._wake_reader, self._wake_writer):
            closable.close()

    @property
    def is_stopping(self) -> bool:
        return self._stopped_at is not None

    def shutdown(self) -> None:
        """Stop, from any thread: take no new connections, finish the open requests."""
        self._is_stop_asked = True
        self._wake()

    def stop_on_signals(self) -> None:
        """SIGTERM, Ctrl-C, and Ctrl-Break on Windows call shutdown(); a second one ends the process at once."""
        signal.set_wakeup_fd(self._wake_writer.fileno(), warn_on_full_buffer=False)
        self._handles_signals = True
        for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
            if number := getattr(signal, name, None):
                signal.signal(number, self._on_signal)

    def _on_signal(self, number, frame):
        if self._is_stop_asked:
            os._exit(128 + number)
        self.shutdown()

    def _wake(self):
        with suppress(OSError):  # a wake-up is on its way already, or the desk is closed
            self._wake_writer.send(b"!")

    def _accept(self):
        for _ in range(ACCEPTS if self._stopped_at is None else 0):
            try:
                sock, address = self.socket.accept()
            except BlockingIOError:
                return
            except OSError:  # no file descriptor is left: try again in a second, not all the time
                self._selector.unregister(self.socket)
                self._is_listening = False
                return
            sock.setblocking(False)
            handler = self.RequestHandlerClass(sock, address, self)
            if len(self.handlers) >= self._capacity:
                self._turn_away(handler)
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.handlers.add(handler)
            self._watch(handler)
            self._read_or_write(handler, READ)  # its request is often there already: it need not wait for the next turn

    def _turn_away(self, handler):
        """Send a 503 and close at once: the desk has no file descriptor left to wait with."""
        problem = Unavailable(f"all {self._capacity} connections are in use; try again")
        with suppress(OSError), handler.connection as sock:
            sock.send(handler.render(handler.refuse(problem), formatdate(usegmt=True), close=True))
            sock.recv(MOST_READ)  # close() with unread bytes resets the connection: the client could lose the 503
