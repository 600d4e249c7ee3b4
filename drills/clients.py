"""The clients and the server that a check uses: a stub LLM that counts, a reader of events, a WebSocket client.

Each reader reads in a thread of its own; `next()` waits for the next message, with a timeout.
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

CONTENT = '{"category": "billing", "priority": "high"}'
LLMS = {  # what `fault` serves until Ctrl-C: the options of StubLLM, and a description
    "good-llm": ({"status": 200}, "for comparison, an LLM that answers at once"),
    "slow-llm": ({"status": 200, "hangs": True}, "an LLM that accepts requests and answers none for a minute"),
    "broken-llm": ({"status": 500}, "an LLM whose server answers 500, or --status N"),
}
TIMEOUT = 10  # seconds to wait for a message
SWITCHING = 101  # the status of a handshake after which the WebSocket is open
MAX_HANG = 60  # seconds after which a hanging LLM answers


class StubLLM:
    """A server with the API of OpenAI. Start a desk with `**llm.environ` to use it.

    `content` is the text of its answers, `status` their status, `phrase` the words after the status. With `page` an
    answer is that text, and no JSON. While `hangs` is true it accepts requests and does not answer them for a minute.
    `requests` are the bodies that it got. `on_change` is called after every change().
    """

    phrase = None  # the usual one of the status
    page = ""

    def __init__(self, content: str = CONTENT, status: int = 200, hangs=False, port: int = 0, on_change=lambda: None):
        self.content, self.status, self.hangs, self.requests = content, status, hangs, []
        self._on_change, self._arrived, self._released = on_change, queue.Queue(), threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self.environ = {"CLASSIFIER": "openai", "OPENAI_API_KEY": "lab-key", "OPENAI_BASE_URL": self.url}

    def change(self, **options) -> None:
        """Change content, status, phrase, page or hangs. Requests that hang already go on hanging."""
        before = self.tool_command()
        vars(self).update(options)
        if self.tool_command() != before:
            self._on_change()

    def tool_command(self) -> str:
        """The command of the drill tool that serves such an LLM."""
        name = "slow-llm" if self.hangs else "good-llm" if self.status == 200 else "broken-llm"
        words = ["fault", name]
        words += ["--status", str(self.status)] if self.status != LLMS[name][0]["status"] else []
        return shlex.join(words + (["--content", self.content] if self.content != CONTENT else []))

    def wait_for_request(self, timeout: float = TIMEOUT) -> bool:
        """Whether one more request arrives before the timeout. Each request counts for one call of this method."""
        try:
            return bool(self._arrived.get(timeout=timeout))
        except queue.Empty:
            return False

    def release(self) -> None:
        """Answer all hanging requests, and answer at once from now on."""
        self.change(hangs=False)
        self._released.set()

    def close(self) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(llm):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                llm.requests.append(json.loads(body or b"null"))
                llm._arrived.put(True)
                if llm.hangs:
                    llm._released.wait(MAX_HANG)
                choices = json.dumps({"choices": [{"message": {"content": llm.content}}]})
                response = (llm.page or choices).encode()
                try:
                    self.send_response(llm.status, llm.phrase)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(response)))
                    self.end_headers()
                    self.wfile.write(response)
                except OSError:  # the desk did not wait
                    pass

            def log_message(self, *_):
                pass

        return Handler


class _Reader:
    """Reads messages from a socket in a thread; subclasses parse them, in _messages()."""

    def __init__(self, sock):
        self._socket, self._queue = sock, queue.Queue()
        threading.Thread(target=self._read_all, daemon=True).start()

    def _read_all(self):
        try:
            for message in self._messages():
                self._queue.put(message)
        except (OSError, ValueError, AttributeError, http.client.HTTPException):  # closed, perhaps by close()
            pass
        self._queue.put(None)

    def next(self, timeout: float = TIMEOUT):
        """The next message; None after the timeout, or at the end of the stream."""
        try:
            message = self._queue.get(timeout=timeout)
        except queue.Empty:
            return None
        if message is None:
            self._queue.put(None)
        return message

    def until(self, matches, timeout: float = TIMEOUT):
        """The first message for which `matches(message)` is true; None if a timeout or the end comes first."""
        while (message := self.next(timeout)) is not None:
            if matches(message):
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
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
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
    """A WebSocket client (RFC 6455). Messages are parsed JSON texts; the last one is {"closed": code}.

    `status` is the status of the handshake: 101 if the socket is open. `on_send` gets each text before it is sent, and
    None before a close frame.
    """

    def __init__(self, port: int, path: str, headers: dict, on_send=lambda text: None):
        self._on_send = on_send
        sock = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        key = base64.b64encode(os.urandom(16)).decode()
        handshake = {"Host": f"127.0.0.1:{port}", "Upgrade": "websocket", "Connection": "Upgrade"}
        handshake |= {"Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13", **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in handshake.items())
        sock.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        self._file = sock.makefile("rb")
        self.status = int((self._file.readline().split() or [0, 0])[1])
        self.headers = http.client.parse_headers(self._file)
        sock.settimeout(None)
        super().__init__(sock)

    def send(self, message) -> None:
        """Send a message as JSON text."""
        self.send_text(json.dumps(message))

    def send_text(self, text: str) -> None:
        self._on_send(text)
        self.send_frame(1, text.encode())

    def send_close(self) -> None:
        """Close the WebSocket, as a client does that needs it no more (RFC 6455, 7.4.1: 1000)."""
        self.send_frame(8, struct.pack("!H", 1000))

    def send_frame(self, opcode: int, payload: bytes) -> None:
        """Send one unfragmented, masked frame."""
        if opcode == 8:
            self._on_send(None)
        mask, size = os.urandom(4), len(payload)
        if size < 126:
            length = struct.pack("!B", 0x80 | size)
        else:
            length = struct.pack("!BH", 0x80 | 126, size) if size < 65536 else struct.pack("!BQ", 0x80 | 127, size)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        self.send_bytes(bytes([0x80 | opcode]) + length + mask + masked)

    def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are, for example a part of a frame."""
        self._socket.sendall(data)

    def _messages(self):
        if self.status != SWITCHING:
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
