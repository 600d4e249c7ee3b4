"""Clients that listen: to server-sent events, and on a WebSocket. Written from the standards, not from the desk's code."""

import http.client
import json
import os
import socket
import struct
from urllib.parse import urlencode

from tests.desk import PATIENCE

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(opcode: int, payload: bytes) -> bytes:
    """One whole frame, masked as a client's must be."""
    mask, size = os.urandom(4), len(payload)
    if size < 126:
        length = bytes([0x80 | size])
    else:
        length = b"\xfe" + struct.pack(">H", size) if size < 65536 else b"\xff" + struct.pack(">Q", size)
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return bytes([0x80 | opcode]) + length + mask + masked


class EventReader:
    """GET /events on a connection of its own, read event by event."""

    def __init__(self, port: int, headers=None, **query):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self._connection.request("GET", f"/events?{urlencode(query)}", headers=headers or {})
        self.answer = self._connection.getresponse()

    def next(self) -> dict | None:
        """The next event as {id, event, data}, its data read as JSON; None at the end of the stream."""
        event = {}
        for line in iter(self.answer.readline, b""):
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "data":
                event["data"] = json.loads(value)
            elif name in ("id", "event"):
                event[name] = value
            elif not name and "data" in event:
                return event
        return None

    def close(self) -> None:
        self.answer.close()
        self._connection.close()


class SocketClient:
    """The client's side of a WebSocket."""

    def __init__(self, port: int, path: str = "/ws", headers=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: keep-alive, Upgrade"]
        lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self._incoming = self.socket.makefile("rb")
        self.head = "".join(iter(lambda: self._incoming.readline().decode(), "\r\n"))
        self.status = int(self.head.split()[1])

    def send(self, opcode: int, payload: bytes) -> None:
        self.socket.sendall(frame(opcode, payload))

    def say(self, tag: str, **facts) -> None:
        self.send(TEXT, json.dumps({"_tag": tag, **facts}).encode())

    def frame(self) -> tuple[int, bytes]:
        """The next frame's opcode and payload; ConnectionError at the end."""
        head = self._incoming.read(2)
        if len(head) < 2:
            raise ConnectionError("the desk has hung up")
        size = head[1]
        if size > 125:
            size = int.from_bytes(self._incoming.read(2 if size == 126 else 8), "big")
        return head[0] & 15, self._incoming.read(size)

    def hear(self) -> dict:
        """The next message, pings answered on the way."""
        opcode, payload = self.frame()
        while opcode == PING:
            self.send(PONG, payload)
            opcode, payload = self.frame()
        if opcode == CLOSE:
            raise ConnectionError(int.from_bytes(payload[:2], "big"))
        return json.loads(payload)

    def close(self) -> None:
        self._incoming.close()
        self.socket.close()
