"""What a check needs at the other end of a wire: an LLM's server that counts, a reader of events, a WebSocket.

Readers take everything in as it comes, in a thread of their own; `next()` waits for it, and never for long.
"""

import base64
import http.client
import json
import os
import queue
import shlex
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SAYS = '{"category": "billing", "priority": "high"}'
LLMS = {  # what `fault` serves for as long as it runs: what StubLLM is told, and what it then is
    "good-llm": ({"status": 200}, "for comparison, an LLM that answers at once"),
    "slow-llm": ({"status": 200, "holds": True}, "an LLM that takes questions and answers none for a minute"),
    "broken-llm": ({"status": 500}, "an LLM whose server answers 500, or --status N"),
}
PATIENCE = 10  # seconds for what must come
HOLD = 60  # seconds that an LLM which holds holds at most


class StubLLM:
    """A server that speaks like OpenAI's. Start a desk with `**llm.environ`.

    `says` is the text of its answer, `status` the status; while `holds` is true it takes a request and does not
    answer for a minute. `asked` are the bodies that it got, so `len(llm.asked)` is how often it was called. `tell`
    hears of every change().
    """

    def __init__(self, says: str = SAYS, status: int = 200, holds=False, port: int = 0, tell=lambda: None):
        self.says, self.status, self.holds, self.asked, self._tell = says, status, holds, [], tell
        self._came, self._released = queue.Queue(), threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self.environ = {"CLASSIFIER": "openai", "OPENAI_API_KEY": "lab-key", "OPENAI_BASE_URL": self.url}

    def change(self, **facts) -> None:
        """From now on says, status or holds is something else; who is held already stays so."""
        before = self.call()
        vars(self).update(facts)
        if self.call() != before:
            self._tell()

    def call(self) -> str:
        """The call of the tool that serves such an LLM."""
        name = "slow-llm" if self.holds else "good-llm" if self.status == 200 else "broken-llm"
        words = ["fault", name]
        words += ["--status", str(self.status)] if self.status != LLMS[name][0]["status"] else []
        return shlex.join(words + (["--says", self.says] if self.says != SAYS else []))

    def wait_until_asked(self, within: float = PATIENCE) -> bool:
        """Whether it is asked once more within so many seconds. Each question counts for one call of this."""
        try:
            return bool(self._came.get(timeout=within))
        except queue.Empty:
            return False

    def release(self) -> None:
        """Answer whoever is held, and hold nobody any more."""
        self.change(holds=False)
        self._released.set()

    def close(self) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(llm):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                llm.asked.append(json.loads(body or b"null"))
                llm._came.put(True)
                if llm.holds:
                    llm._released.wait(HOLD)
                answer = json.dumps({"choices": [{"message": {"content": llm.says}}]}).encode()
                try:
                    self.send_response(llm.status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except OSError:  # the desk did not wait
                    pass

            def log_message(self, *_):
                pass

        return Handler


class _Reader:
    """Takes messages off a socket in a thread; subclasses say how, in _messages()."""

    def __init__(self, sock):
        self._socket, self._queue = sock, queue.Queue()
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self):
        try:
            for message in self._messages():
                self._queue.put(message)
        except (OSError, ValueError, AttributeError, http.client.HTTPException):  # closed, perhaps by us
            pass
        self._queue.put(None)

    def next(self, within: float = PATIENCE):
        """The next message; None where none comes within so many seconds, or none any more."""
        try:
            message = self._queue.get(timeout=within)
        except queue.Empty:
            return None
        if message is None:
            self._queue.put(None)
        return message

    def until(self, is_it, within: float = PATIENCE):
        """The first message for which `is_it(message)` is true; None where the stream pauses before."""
        while (message := self.next(within)) is not None:
            if is_it(message):
                return message
        return None

    def close(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()


class EventStream(_Reader):
    """Server-sent events: messages are {"id": …, "event": …, "data": text}, comments are left out."""

    def __init__(self, port: int, path: str, headers: dict):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        connection.request("GET", path, headers={"Accept": "text/event-stream", **headers})
        sock = connection.sock
        self._response = connection.getresponse()
        self.status, self.headers = self._response.status, self._response.headers
        sock.settimeout(None)
        super().__init__(sock)

    def _messages(self):
        event = {}
        for line in iter(self._response.readline, b""):
            name, _, value = line.decode("utf-8", "replace").rstrip("\r\n").partition(":")
            if name in ("id", "event", "data"):
                value = value.removeprefix(" ")
                event[name] = f"{event[name]}\n{value}" if name == "data" and name in event else value
            elif not name and not value and "data" in event:
                yield event
                event = {}


class WebSocket(_Reader):
    """A WebSocket client (RFC 6455). Messages are parsed JSON texts, {"closed": code} at the end.

    `status` is the answer to the handshake: 101 where the socket is open. `tell` hears, in words, what is sent.
    """

    def __init__(self, port: int, path: str, headers: dict, tell=lambda about: None):
        self._tell = tell
        sock = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        key = base64.b64encode(os.urandom(16)).decode()
        asked = {"Host": f"127.0.0.1:{port}", "Upgrade": "websocket", "Connection": "Upgrade"}
        asked |= {"Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13", **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in asked.items())
        sock.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        self._file = sock.makefile("rb")
        self.status = int((self._file.readline().split() or [0, 0])[1])
        self.headers = http.client.parse_headers(self._file)
        sock.settimeout(None)
        super().__init__(sock)

    def send(self, message) -> None:
        """A message as a JSON text."""
        self._tell(f"the WebSocket sends {json.dumps(message)}")
        self.send_frame(1, json.dumps(message).encode())

    def send_frame(self, opcode: int, payload: bytes) -> None:
        """One whole, masked frame."""
        if opcode == 8:
            self._tell("the WebSocket is closed")
        mask, size = os.urandom(4), len(payload)
        if size < 126:
            length = struct.pack("!B", 0x80 | size)
        else:
            length = struct.pack("!BH", 0x80 | 126, size) if size < 65536 else struct.pack("!BQ", 0x80 | 127, size)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        self._socket.sendall(bytes([0x80 | opcode]) + length + mask + masked)

    def _messages(self):
        if self.status != 101:
            return
        text = b""
        while head := self._file.read(2):
            size = head[1] & 0x7F
            if size > 125:
                size = int.from_bytes(self._file.read(2 if size == 126 else 8), "big")
            payload, opcode = self._file.read(size), head[0] & 0x0F
            if opcode == 8:
                yield {"closed": int.from_bytes(payload[:2], "big")}
                return
            if opcode == 9:
                self.send_frame(10, payload)
            elif opcode in (0, 1):
                text += payload
                if head[0] & 0x80:
                    yield json.loads(text)
                    text = b""
