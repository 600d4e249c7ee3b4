"""Memory and latency with a thousand listeners of GET /events: part of `python3 -m tests.bench`.

The desk runs in its own process; this process holds all listeners. Each event is one POST /tickets. Its
latency is the time from sending the POST until a listener has received the bytes.
"""

import selectors
import socket
import time
from pathlib import Path
from statistics import median

from tests.desk import DeskProcess
from web.listener import capacity

GET_EVENTS = b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"
NEW = b'{"title": "Login broken", "description": "Cannot get in"}'
CREATE = b"POST /tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
TIMEOUT = 20  # seconds


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)


def connect_listener(port: int) -> socket.socket:
    """A connection on which the stream of events has begun."""
    sock = connect(port)
    sock.sendall(GET_EVENTS)
    received = b""
    while b"retry: " not in received:
        received += sock.recv(4096)
    sock.setblocking(False)
    return sock


def latencies(writer: socket.socket, selector, listeners: int) -> list[float]:
    """Milliseconds until each listener has received the event of one new ticket, in ascending order."""
    started, reached, times = time.perf_counter(), set(), []
    writer.sendall(CREATE % (len(NEW), NEW))
    while len(reached) < listeners:
        ready = selector.select(TIMEOUT)
        if not ready:
            raise SystemExit(f"bench: {listeners - len(reached)} of {listeners} listeners received nothing")
        for key, _ in ready:
            key.fileobj.recv(65536)
            if key.fileobj not in reached:
                reached.add(key.fileobj)
                times.append((time.perf_counter() - started) * 1000)
    writer.recv(65536)
    return times


def measure(path: Path, listeners: int, events: int, memory) -> dict[str, float]:
    """MiB that the listeners add, and milliseconds until an event has reached half of them, and all of them."""
    listeners = min(listeners, capacity() - 20)
    desk = DeskProcess(path)
    with selectors.DefaultSelector() as selector:
        try:
            writer = connect(desk.port)
            latencies(writer, selector, 0)
            before = memory(desk.process.pid)
            sockets = [connect_listener(desk.port) for _ in range(listeners)]
            figures = {"listeners": listeners, "memory": memory(desk.process.pid) - before}
            for sock in sockets:
                selector.register(sock, selectors.EVENT_READ)
            stalled = connect_listener(desk.port)  # it never reads, which must not delay the others
            rounds = [latencies(writer, selector, listeners) for _ in range(events)]
            figures["half"] = median(times[len(times) // 2] for times in rounds)
            figures["last"] = median(times[-1] for times in rounds)
            for sock in (writer, stalled, *sockets):
                sock.close()
            return figures
        finally:
            desk.stop()


def report(figures: dict[str, float]) -> None:
    print(f"\nwith {figures['listeners']:,.0f} listeners, one of which never reads:")
    print(f"memory {figures['memory']:.1f} MiB more")
    print(f"an event has reached half of them after {figures['half']:.1f} ms, the last after {figures['last']:.1f} ms")
