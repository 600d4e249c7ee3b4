"""A running desk for tests and drills: the real server, a free port, a database of its own."""

import http.client
import io
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import unittest
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 20  # seconds until a test gives up waiting for an answer that never comes
AGENT = {"X-User-Id": "agent-1", "X-User-Role": "agent"}
CUSTOMER = {"X-User-Id": "user-1", "X-User-Role": "customer"}


class Reply(NamedTuple):
    """An answer as a client sees it; `json` is the parsed body, None where it is not JSON."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    json: object


class Client:
    """Speaks HTTP to a desk with http.client; subclasses set `port` and `database`."""

    port: int
    database: Path
    _connection = None

    def request(self, method: str, path: str, body=None, headers=None) -> Reply:
        """One exchange on a kept-alive connection. A body that is not bytes is sent as JSON."""
        headers = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException):
            self.hang_up()
            raise
        is_json = "json" in answer.headers.get("Content-Type", "") and data
        return Reply(answer.status, answer.headers, data, json.loads(data) if is_json else None)

    def get(self, path: str, headers=None) -> Reply:
        return self.request("GET", path, None, headers)

    def post(self, path: str, body=None, headers=None) -> Reply:
        return self.request("POST", path, body, headers)

    def patch(self, path: str, body=None, headers=None) -> Reply:
        return self.request("PATCH", path, body, headers)

    def new_ticket(self, **fields) -> dict:
        """A ticket with these fields and believable others."""
        return self.post("/tickets", {"title": "Login broken", "description": "Cannot get in", **fields}, CUSTOMER).json

    def connect(self) -> socket.socket:
        """A raw socket to the desk, for what no HTTP client would send."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def raw(self, data: bytes) -> bytes:
        """Everything the desk answers to these bytes until it closes, or until the client has closed its side."""
        with self.connect() as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: sock.recv(65536), b""))

    def rows(self, sql: str, values=()) -> list[tuple]:
        """What a second program sees in the database file."""
        with closing(sqlite3.connect(self.database, timeout=PATIENCE)) as database:
            return database.execute(sql, values).fetchall()

    def count(self, table: str) -> int:
        return self.rows(f"SELECT count(*) FROM {table}")[0][0]

    def hang_up(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None


class Desk(Client):
    """A desk served by a thread of this process. `environ` holds settings as environment variables."""

    def __init__(self, **environ: str):
        import app  # here, so that the drill tool can judge a planted copy without loading this desk

        self._folder = tempfile.TemporaryDirectory()
        self.database = Path(self._folder.name, "desk.sqlite3")
        self._settings = app.read_settings({}, {"SUPPORT_DESK_DB": str(self.database), **environ, "PORT": "0"})
        self.settings.port = 0
        self.log = io.StringIO()
        self._is_open = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(app,))
        self._thread.start()
        self._is_open.wait(PATIENCE)
