"""Clients for server-sent events and for WebSocket. Written from the standards, not from the desk's code."""

import http.client
import json
import os
import socket
import struct
from urllib.parse import urlencode

from tests.desk import TIMEOUT

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def masked(payload: bytes, mask: bytes) -> bytes:
    """Each byte XOR its byte of the mask; as two long numbers, which is quick."""
    keys = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(keys, "big")).to_bytes(len(payload), "big")


def masked_frame(opcode: int, payload: bytes) -> bytes:
    """One whole frame, masked as a client must send it."""
    mask, size = os.urandom(4), len(payload)
    if size < 126:
        length = bytes([0x80 | size])
    else:
        length = b"\xfe" + struct.pack(">H", size) if size < 65536 else b"\xff" + struct.pack(">Q", size)
    return bytes([0x80 | opcode]) + length + mask + masked(payload, mask)


class EventReader:
    """Reads GET /events on its own connection, one event at a time."""

    def __init__(self, port: int, headers=None, **query):
        self._connection = self.connect(port)
        self._connection.request("GET", f"/events?{urlencode(query)}", headers=headers or {})
        self.response = self._connection.getresponse()

    def connect(self, port: int) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)

    def next_event(self) -> dict | None:
        """The next event as {id, event, data}, its data read as JSON; None at the end of the stream."""
        event = {}
        for line in iter(self.response.readline, b""):
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "data":
                event["data"] = json.loads(value)
            elif name in ("id", "event"):
                event[name] = value
            elif not name and "data" in event:
                return event
        return None

    def close(self) -> None:
        self.response.close()
        self._connection.close()


class SocketClient:
    """The client's side of a WebSocket."""

    host = "localhost"

    def __init__(self, port: int, path: str = "/ws", headers=None):
        self.socket = self.connect(port)
        lines = [f"GET {path} HTTP/1.1", f"Host: {self.host}", "Upgrade: websocket", "Connection: keep-alive, Upgrade"]
        lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self._incoming = self.socket.makefile("rb")
        self.head = "".join(iter(lambda: self._incoming.readline().decode(), "\r\n"))
        self.status = int(self.head.split()[1])

    def connect(self, port: int) -> socket.socket:
        return socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)

    def send_frame(self, opcode: int, payload: bytes) -> None:
        self.socket.sendall(masked_frame(opcode, payload))

    def send_command(self, tag: str, **fields) -> None:
        self.send_frame(TEXT, json.dumps({"_tag": tag, **fields}).encode())

    def receive_frame(self) -> tuple[int, bytes]:
        """Opcode and payload of the next frame. Raises ConnectionError if the desk has closed the connection."""
        head = self._incoming.read(2)
        if len(head) < 2:
            raise ConnectionError("the desk has closed the connection")
        size = head[1]
        if size > 125:
            size = int.from_bytes(self._incoming.read(2 if size == 126 else 8), "big")
        return head[0] & 15, self._incoming.read(size)

    def receive(self) -> dict:
        """The next message as JSON; answers pings. Raises ConnectionError for a close frame."""
        opcode, payload = self.receive_frame()
        while opcode == PING:
            self.send_frame(PONG, payload)
            opcode, payload = self.receive_frame()
        if opcode == CLOSE:
            raise ConnectionError(int.from_bytes(payload[:2], "big"))
        return json.loads(payload)

    def close(self) -> None:
        self._incoming.close()
        self.socket.close()
