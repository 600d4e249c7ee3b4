"""--explain: one request through a throw-away desk with the demo tickets, and its trace as a tree.

The desk has no port and no client: the bytes of the request are put where the event loop looks for them.
"""

import os
import tempfile
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

from web.log import Log
from web.offline import Refused
from web.tracer import TracingServer

USERS = {"customer": "user-1", "agent": "agent-1", "supervisor": "boss-1", "admin": "admin-1"}  # by --as
EXAMPLE = "'POST /tickets' or 'GET /tickets/1'"


class NoSocket:
    """What a request without a client has in place of a socket: it takes every byte, and gives none."""

    def send(self, data: bytes) -> int:
        return len(data)

    def recv(self, size: int) -> bytes:
        raise BlockingIOError

    def shutdown(self, how: int) -> None:
        pass

    def close(self) -> None:
        pass


class PortlessServer(TracingServer):
    """A server that listens nowhere."""

    def __init__(self, log):
        super().__init__(("127.0.0.1", 0), log)
        self._selector.unregister(self.socket)

    def server_bind(self):
        self.server_name, self.server_port = "localhost", 8080

    def server_activate(self):
        """Do nothing: nobody can connect."""

    def _watch(self, handler):
        """Do nothing: there is no socket to watch."""

    def explain(self, request: bytes):
        """The trace of this request."""
        handler = self.RequestHandlerClass(NoSocket(), ("127.0.0.1", 0), self)
        self.handlers.add(handler)
        handler.reader.receive(request)
        self._ready[handler] = None
        self.run_once(0)
        if not self.tracer.traces:
            raise Refused("--explain: the request is not complete; leave Content-Length and Transfer-Encoding out")
        while self.tracer.traces[0].seconds is None or handler.stream:
            self.run_once(0.05)
        return self.tracer.traces[0]


def run(options, settings, new_store, fill, open_desk) -> int:
    """Print what the request in `options` does. Returns 0."""
    request = bytes_of(options)
    try:
        trace = explained(request, settings, new_store, fill, open_desk)
    except KeyboardInterrupt:
        raise Refused("--explain: stopped") from None
    print(trace.as_text())
    print(trace.bodies()["response"]["body"].rstrip())
    return 0


def explained(request, settings, new_store, fill, open_desk):
    """The trace of a request in a throw-away desk. Raises Refused if schema.sql does not take the demo tickets."""
    with tempfile.TemporaryDirectory(prefix="support-desk-") as folder:
        database = str(Path(folder, "throw-away.sqlite3"))
        settings = SimpleNamespace(**{**vars(settings), "db": database, "debug": True})
        with PortlessServer(Log(None)) as server, closing(new_store(database)) as store:
            try:
                fill(store)
            except Exception as problem:
                raise Refused(f"--explain: schema.sql does not take the demo tickets: {problem}") from None
            open_desk(server, settings, store)
            return server.explain(request)


def bytes_of(options) -> bytes:
    """The request as a client would send it. Raises Refused for what is no request line, or no header."""
    method, _, target = options.explain.strip().partition(" ")
    if not (method.isalpha() and target.startswith("/") and target.isascii() and " " not in target):
        given = f"--explain={options.explain!r:.200}"
        raise Refused(f"{given} is not allowed; it must be a method and a path, as {EXAMPLE}")
    if target.startswith("/debug/"):
        raise Refused("--explain: requests to /debug/ are not explained: they only look")
    headers = {"Host": "localhost"}
    if options.caller:
        headers |= {"X-User-Id": USERS[options.caller], "X-User-Role": options.caller}
    body = os.fsencode(options.data or "")
    if options.data is not None:
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    given = {}
    for line in options.header or ():
        name, colon, value = line.partition(":")
        if not (colon and name.strip() and line.isprintable()):
            raise Refused(f"--header={line!r:.200} is not allowed; it must be a name and a value, as 'If-Match: \"1\"'")
        given[name.strip().lower()] = line
    lines = [f"{name}: {value}" for name, value in headers.items() if name.lower() not in given]
    head = "\r\n".join([f"{method.upper()} {target} HTTP/1.1", *lines, *given.values()])
    return f"{head}\r\n\r\n".encode("latin-1", "replace") + body
