"""`serve`: the board in the browser. An HTTP server for this machine only; board_api.py has its endpoints.

Another web page in the same browser must not use it. So a request must name this host (else another name could lead
here), and one that changes something must come from the board's own page, as JSON. No answer can be framed. Another
user of this machine must not use it, because it runs the code of tests: the address that `serve` prints has a key,
which the browser then keeps as a cookie.
"""

import contextlib
import hmac
import json
import os
import re
import secrets
import signal
import socketserver
import sys
import traceback
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import GeneratorType

from drills import plant
from drills.board_api import ROUTES, Board, NotThere
from drills.catalogue import DrillError
from drills.output import print_next
from drills.untrusted import MAX_BYTES, print_lines

HOST = "127.0.0.1"
PORT = 8090
IDLE_TIMEOUT = 60  # seconds that a connection may do nothing
FOLDERS = {  # of the files of the page; the desk's page has the same look
    "page": Path(__file__).with_name("page"),
    "static": plant.ROOT / "web" / "static",
}
FILE = re.compile(r"/(page|static)/([a-z0-9-]+\.(html|css|js|svg))")  # no second slash or dot: no way out of the folder
TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def is_same(given: str, secret: str) -> bool:
    """Compare without telling by the time how much is right."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode())


class Refused(Exception):
    """The request is not answered; `status` and str() say why."""

    def __init__(self, status: int, why: str):
        super().__init__(why)
        self.status = status


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = os.name != "nt"  # on Windows two programs could then have one port

    def __init__(self, port: int, board: Board):
        self.board = board
        super().__init__((HOST, port), Handler)
        self.hosts = {f"{name}:{self.server_port}" for name in ("localhost", HOST)}
        self.url = f"http://localhost:{self.server_port}/"
        self.key = secrets.token_urlsafe(16)
        self.cookie = f"board_{self.server_port}={self.key}"  # browsers send a cookie to all ports of a host

    @property
    def address(self) -> str:
        """Where the user begins."""
        return f"{self.url}?key={self.key}"

    def server_bind(self):
        socketserver.TCPServer.server_bind(self)  # that of HTTPServer asks the DNS for a name, which may take long
        self.server_name, self.server_port = self.server_address[:2]

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):  # else the browser has closed the connection
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection: each request is checked, then answered with a file, a JSON, or a stream of JSON lines."""

    protocol_version, server_version, sys_version = "HTTP/1.1", "Board", ""
    timeout = IDLE_TIMEOUT

    def do_GET(self):
        self._answer()

    def do_POST(self):
        self._answer()

    def _answer(self):
        self._has_body = self.command == "POST"
        try:
            self._check_sender()
            file = FILE.fullmatch("/page/index.html" if self.path == "/" else self.path)
            if file and self.command == "GET":
                self._send_file(*file.groups())
            elif self.command == "GET" and self.path.startswith("/?key="):
                self._send_cookie(self.path.removeprefix("/?key="))
            else:
                self._call(self._read_body() if self.command == "POST" else {})
        except Refused as problem:
            self._send_problem(problem.status, problem)
        except NotThere as problem:
            self._send_problem(404, problem)
        except DrillError as problem:
            self._send_problem(409, problem)

    def _check_sender(self):
        """Refuse what another web page can send."""
        if self.headers.get_all("Host") not in ([host] for host in self.server.hosts):
            raise Refused(421, f"the board answers at {self.server.url} only")
        origins = {f"http://{host}" for host in self.server.hosts}
        origin = self.headers.get("Origin")
        if origin not in origins and (origin is not None or self.command == "POST"):
            raise Refused(403, "only the board's own page may do this")
        is_foreign = self.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none")
        if is_foreign and self.path.startswith("/api/"):  # a link to the page itself may stand anywhere
            raise Refused(403, "another page may not read the board")
        cookies = re.split("; ?", self.headers.get("Cookie", ""))
        if self.path.startswith("/api/") and not any(is_same(cookie, self.server.cookie) for cookie in cookies):
            raise Refused(403, "open the address with the key that the terminal of `python3 -m drills serve` shows")

    def _send_cookie(self, key):
        """The browser comes with the key of the address: it keeps it, and goes on to the page without it."""
        if not is_same(key, self.server.key):
            raise Refused(403, "this is not the key of this start: take the address that the terminal shows now")
        cookie = ("Set-Cookie", f"{self.server.cookie}; HttpOnly; SameSite=Strict; Path=/")
        self._send_head(303, "text/plain", ("Location", "/"), cookie, ("Content-Length", "0"))

    def _read_body(self) -> dict:
        if self.headers.get_content_type() != "application/json":
            raise Refused(415, "the body must be application/json")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or "Transfer-Encoding" in self.headers:
            raise Refused(411, "the request must say how long its body is")
        if int(length) > MAX_BYTES:
            raise Refused(413, f"the body is larger than {MAX_BYTES:,} bytes")
        content, self._has_body = self.rfile.read(int(length)), False
        try:
            body = json.loads(content)
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise Refused(400, "the body must be a JSON object")
        return body

    def _call(self, body):
        """Find the endpoint, and send what it returns."""
        found = ((route, route.path.fullmatch(self.path)) for route in ROUTES if route.method == self.command)
        route, match = next((pair for pair in found if pair[1]), (None, None))
        if not route:
            raise NotThere(f"the board has no {self.command} {self.path[:80]}")
        wrong = [name for name, value in body.items() if type(value) is not route.fields.get(name)]
        missing = [name for name in route.required if name not in body]
        if wrong or missing:
            raise Refused(400, f"missing or not as it must be: {', '.join(wrong + missing)[:80]}")
        try:
            answer = route.function(self.server.board, *match.groups(), **body)
        except OSError as problem:
            raise DrillError(f"{problem.strerror or problem} ({problem.filename})") from None
        except DrillError:
            raise
        except Exception:
            traceback.print_exc()
            raise Refused(500, "the board has made a mistake; its terminal says which") from None
        if isinstance(answer, GeneratorType):
            self._send_stream(answer)
        else:
            self._send(200, json.dumps(answer).encode(), "application/json")

    def _send_file(self, folder, name, kind):
        try:
            content = (FOLDERS[folder] / name).read_bytes()
        except OSError:
            raise NotThere(f"there is no {name}") from None
        self._send(200, content, f"{TYPES[kind]}; charset=utf-8")

    def _send_problem(self, status, problem):
        self.close_connection = self.close_connection or self._has_body  # a body that is not read is no request
        self._send(status, json.dumps({"problem": str(problem)}).encode(), "application/json")

    def _send(self, status, content, kind):
        self._send_head(status, kind, ("Content-Length", str(len(content))))
        self.wfile.write(content)

    def _send_head(self, status, kind, *headers):
        self.send_response(status, HTTPStatus(status).phrase)
        closing = [("Connection", "close")] if self.close_connection else []
        for name, value in (("Content-Type", kind), *HEADERS.items(), *headers, *closing):
            self.send_header(name, value)
        self.end_headers()

    def _send_stream(self, events):
        """Send JSON lines as they come. When the browser goes away, the generator is closed: that stops its job."""
        with contextlib.closing(events):
            first = next(events)  # what is refused is an answer, not a stream
            self._send_head(200, "application/x-ndjson", ("Transfer-Encoding", "chunked"))
            self._send_chunk(first)
            for event in events:
                self._send_chunk(event)
            self.wfile.write(b"0\r\n\r\n")

    def _send_chunk(self, event):
        line = json.dumps(event).encode() + b"\n"
        self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))

    def log_message(self, *_):
        pass


def serve(args, copies_dir):
    """The command: serve until Ctrl-C, then stop all that was started."""
    port = args.flags.get("--port", PORT)
    board = Board(copies_dir)
    try:
        server = Server(port, board)
    except (OSError, OverflowError) as problem:
        why = f"cannot listen on port {port}: {getattr(problem, 'strerror', None) or problem}"
        hint = "stop the program that listens there, or choose another with --port N (0: a free one)"
        raise DrillError(f"{why}; {hint}") from None
    for number in filter(None, (getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP", "SIGBREAK"))):
        signal.signal(number, signal.default_int_handler)  # end as after Ctrl-C
    print_lines(f"The board is at {server.address} (Ctrl-C stops it and every copy that it started)")
    try:
        with server:
            server.serve_forever()
    except KeyboardInterrupt:
        print_lines("", "stopping what the board has started; a check that has begun needs some seconds …")
    finally:
        board.running.end()
    print_lines("stopped; your progress is saved")
    print_next("list")
    return 0
