"""What a thousand listeners cost and how soon they hear: part of `python3 -m tests.bench`.

A desk in a process of its own; this process is all its listeners. Each event is one POST /tickets; its
delivery is timed from the moment the POST is sent to the moment the bytes have reached a listener.
"""

import selectors
import socket
import time
from pathlib import Path
from statistics import median

from tests.desk import DeskProcess
from web.server import capacity

LISTEN = b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"
NEW = b'{"title": "Login broken", "description": "Cannot get in"}'
CREATE = b"POST /tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
PATIENCE = 20  # seconds


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def listener(port: int) -> socket.socket:
    """A connection that has been told that it listens."""
    sock = connect(port)
    sock.sendall(LISTEN)
    heard = b""
    while b"retry: " not in heard:
        heard += sock.recv(4096)
    sock.setblocking(False)
    return sock


def deliveries(writer: socket.socket, selector, listeners: int) -> list[float]:
    """Milliseconds until each listener has heard of one new ticket, in order."""
    started, heard, times = time.perf_counter(), set(), []
    writer.sendall(CREATE % (len(NEW), NEW))
    while len(heard) < listeners:
        ready = selector.select(PATIENCE)
        if not ready:
            raise SystemExit(f"bench: {listeners - len(heard)} of {listeners} listeners heard nothing")
        for key, _ in ready:
            key.fileobj.recv(65536)
            if key.fileobj not in heard:
                heard.add(key.fileobj)
                times.append((time.perf_counter() - started) * 1000)
    writer.recv(65536)
    return times


def measure(path: Path, listeners: int, events: int, memory) -> dict[str, float]:
    """MiB that the listeners add, and milliseconds until an event has reached half of them, and the last."""
    listeners = min(listeners, capacity() - 20)
    desk = DeskProcess(path)
    with selectors.DefaultSelector() as selector:
        try:
            writer = connect(desk.port)
            deliveries(writer, selector, 0)
            before = memory(desk.process.pid)
            sockets = [listener(desk.port) for _ in range(listeners)]
            figures = {"listeners": listeners, "memory": memory(desk.process.pid) - before}
            for sock in sockets:
                selector.register(sock, selectors.EVENT_READ)
            deaf = listener(desk.port)  # it never reads: nobody else may notice
            rounds = [deliveries(writer, selector, listeners) for _ in range(events)]
            figures["half"] = median(times[len(times) // 2] for times in rounds)
            figures["last"] = median(times[-1] for times in rounds)
            for sock in (writer, deaf, *sockets):
                sock.close()
            return figures
        finally:
            desk.stop()


def report(figures: dict[str, float]) -> None:
    print(f"\nwith {figures['listeners']:,.0f} listeners, one of whom never reads:")
    print(f"memory {figures['memory']:.1f} MiB more")
    print(f"an event has reached half of them after {figures['half']:.1f} ms, the last after {figures['last']:.1f} ms")
