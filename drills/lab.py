"""The lab that a check works in: it runs desks from one folder, each as a process with its own database.

The folder's code does not run in this process: its desks are tested over HTTP and through their database files.
Everything has a timeout. A desk that crashes, hangs or does not start is reported as such, not as a wrong response.
"""

import http.client
import json
import os
import random
import re
import shlex
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from drills import faults
from drills.clients import EventStream, StubLLM, WebSocket

START_TIMEOUT = 30  # seconds until a desk must print its port
RESPONSE_TIMEOUT = 10  # seconds until a desk must answer a request
CHECK_TIMEOUT = 60  # seconds for the whole check
AGENT = {"X-User-Id": "agent-1", "X-User-Role": "agent"}
CUSTOMER = {"X-User-Id": "user-1", "X-User-Role": "customer"}
BANNER = re.compile(r"Support Desk on http://.*:(\d+)\s*")
FIRST_DESCRIPTOR = 2  # below those of the WebSockets in a log: 3, 4, …
PENDING = "no response yet"
REMOVE_FAULTS = "fault --off --in {label}"
LLM_PORT = 9000  # of an LLM that `fault` serves
LLM_URL = f"http://127.0.0.1:{LLM_PORT}/v1"
KEPT = "PATH HOME SYSTEMROOT TEMP TMP TMPDIR USERPROFILE LANG LC_ALL LD_LIBRARY_PATH PYTHONHOME".split()
# Windows has no SIGTERM: Ctrl-Break asks a process to stop, but only one that has a group of its own
STOP = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM)
GROUP = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if os.name == "nt" else {}


class CheckError(Exception):
    """The check cannot go on; `kind` is crash, timeout or error, str() is one line that says what happened."""

    def __init__(self, kind: str, what: str):
        super().__init__(what)
        self.kind = kind


class Response(NamedTuple):
    """A response; `json` is the parsed body, None if it is not JSON. Without a response `status` says why."""

    status: int | str
    headers: http.client.HTTPMessage
    body: bytes
    json: object


class RecordedRequest(NamedTuple):
    """One request as it was sent, and its response."""

    method: str
    path: str
    headers: tuple
    body: bytes | None
    status: int | str
    request_id: str
    same_connection: bool = False  # sent on the connection of the request before it
    overlaps: bool = False  # the next request was sent before this one had its response
    token: str = ""  # the name of the token in the response; other requests show it as $ANN


class Step(NamedTuple):
    """Something other than a request that was done to a desk: a description, and a command to type if there is one.

    The debugging log defines the command `sql`. `tool_command` is a command of the drill tool, with {label} for the
    name of the copy. A step `in_background` goes on while others are done.
    """

    about: str
    command: str = ""
    tool_command: str = ""
    in_background: bool = False


class CommandResult(NamedTuple):
    """The result of a command that has ended."""

    status: int
    output: str
    errors: str


class OneOf:
    """Equal to each of some values: `one_of(403, 404)` is expected if the desk may choose."""

    def __init__(self, values):
        self._values = values

    def __eq__(self, other):
        return other in self._values

    def __repr__(self):
        return " or ".join(map(repr, self._values))


def environment(**environ: str) -> dict:
    """The environment of a process in the lab: none of the learner's settings, UTC, and `environ`."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    fixed = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", "TZ": "UTC"}
    fixed["PYTHONIOENCODING"] = "utf-8"  # Windows has another one for pipes
    return {**kept, **fixed, **environ}


class LabDesk:
    """A running desk: `python3 app.py` in the folder of the lab."""

    def __init__(self, lab, database: Path, command: list, environ: dict):
        self.lab, self.database = lab, database
        self._log = database.with_name(f"desk-{len(lab.desks) + 1}.log")
        environ = environment(**{"PORT": "0", "SUPPORT_DESK_DB": str(database), **environ})
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
        with open(self._log, "wb") as log:
            self.process = lab.start(command, cwd=lab.folder, env=environ, stderr=log, **streams, **GROUP)
        self.banner, self.port, self._ready = [], 0, threading.Event()
        self._output_reader = threading.Thread(target=self._read_output, daemon=True)
        self._output_reader.start()

    def join_output_reader(self) -> None:
        self._output_reader.join(RESPONSE_TIMEOUT)

    def _read_output(self):
        """Read everything that the desk prints, so that a full pipe never blocks it."""
        with self.process.stdout as output:
            for line in output:
                self.banner.append(line.decode("utf-8", "replace").rstrip())
                found = BANNER.fullmatch(self.banner[-1])
                self.port = int(found[1]) if found else self.port
                if self.port and "Ctrl-C stops" in self.banner[-1]:
                    self._ready.set()
        self._ready.set()

    def wait_until_ready(self) -> None:
        if not self._ready.wait(START_TIMEOUT):
            raise CheckError("timeout", f"the desk did not print its port within {START_TIMEOUT} s")
        if not self.port or self.process.poll() is not None:
            status = self.process.wait(RESPONSE_TIMEOUT)
            raise CheckError("crash", f"the desk did not start, it exited with status {status}: {self.last_log_line()}")

    # -- requests -------------------------------------------------------------------------------

    def request(self, method: str, path: str, body=None, headers=None, timeout: float | None = None) -> Response:
        """Send one request on a new connection. A body that is not bytes is sent as JSON.

        `headers` is a dict, or a list of pairs if a name occurs twice. If the desk does not answer, the check ends;
        but with `timeout` (seconds) no answer is a response, too: its status is the text "no answer within 3 s".
        """
        with closing(self._connection(timeout)) as connection:
            response = self._request(connection, method, path, body, headers)
        if timeout is None and isinstance(response.status, str):
            kind = "timeout" if "within" in response.status else "crash"
            raise CheckError(kind, f"{method} {path} got {response.status}")
        return response

    def on_one_connection(self, *requests: tuple) -> list[Response]:
        """The responses to (method, path, body, headers), one after the other on a keep-alive connection.

        As any client does, it reconnects after `Connection: close`. If the desk closes the connection without a
        response, the status is a text, as after a timeout.
        """
        with closing(self._connection()) as connection:
            return [self._request(connection, *request, position > 0) for position, request in enumerate(requests)]

    def _connection(self, timeout=None):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout or RESPONSE_TIMEOUT)

    def _request(self, connection, method, path, body, headers, same_connection=False) -> Response:
        if self.lab.timed_out:
            raise CheckError("timeout", "the check has timed out")
        headers = list(headers.items() if isinstance(headers, dict) else headers or ())
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            if "content-type" not in {name.lower() for name, _ in headers}:
                headers.append(("Content-Type", "application/json"))
        shown = tuple((name, self.lab.hide_token(value)) for name, value in headers)
        position = self.lab.record_request(
            RecordedRequest(method, path, shown, body, PENDING, "", same_connection=same_connection)
        )
        try:
            response = self._send_and_receive(connection, method, path, body, headers)
        except TimeoutError:
            response = self._no_answer(f"within {connection.timeout} s")
        except (OSError, http.client.HTTPException) as problem:
            response = self._no_answer(f"({self._why(problem)})")
        request_id = response.headers.get("X-Request-Id", "")
        self.lab.record_response(position, status=response.status, request_id=request_id)
        return response

    def _send_and_receive(self, connection, method, path, body, headers) -> Response:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        if body is not None or method in ("POST", "PUT", "PATCH"):
            connection.putheader("Content-Length", str(len(body or b"")))
        connection.endheaders(body)
        response = connection.getresponse()
        data = response.read()
        try:
            parsed = json.loads(data) if "json" in response.headers.get("Content-Type", "") else None
        except ValueError:
            parsed = None
        return Response(response.status, response.headers, data, parsed)

    @staticmethod
    def _no_answer(why):
        return Response(f"no answer {why}", http.client.HTTPMessage(), b"", None)

    def _why(self, problem):
        try:
            status = self.process.wait(0.5)
        except subprocess.TimeoutExpired:
            return str(problem) or type(problem).__name__
        return f"the desk exited with status {status}: {self.last_log_line()}"

    def get(self, path: str, headers=None, timeout=None, **query) -> Response:
        """GET; `query` becomes the query string, as in get("/tickets", search="100%")."""
        return self.request("GET", path + ("?" + urlencode(query) if query else ""), None, headers, timeout)

    def post(self, path: str, body=None, headers=None, timeout=None) -> Response:
        return self.request("POST", path, body, headers, timeout)

    def patch(self, path: str, body=None, headers=None, timeout=None) -> Response:
        return self.request("PATCH", path, body, headers, timeout)

    def new_ticket(self, headers=CUSTOMER, **fields) -> dict:
        """A new ticket with these fields and realistic others."""
        new = {"title": "Login broken", "description": "Cannot get in", **fields}
        response = self.post("/tickets", new, headers)
        if response.status != 201:
            what = f"{response.status} {response.body[:200]!r}"
            raise CheckError("error", f"a valid new ticket was not accepted: {what}")
        return response.json

    def fire(self, ticket: int, *transitions: str, headers=AGENT) -> None:
        """Fire these transitions of a ticket; each must succeed."""
        for name in transitions:
            response = self.post(f"/tickets/{ticket}/transitions", {"transition": name}, headers)
            if response.status != 200:
                what = f"{response.status} {response.body[:200]!r}"
                raise CheckError("error", f"{name} of ticket {ticket} was not accepted: {what}")

    def login(self, who: str, *roles: str) -> dict:
        """An Authorization header for any user, from a desk with DEBUG="true" (and SUPPORT_DESK_AUTH="tokens")."""
        response = self.post("/api/debug/login", {"login": who, "roles": list(roles)})
        if response.status != 200:
            raise CheckError("error", f"the debug login gives no token: {response.status}; the desk needs DEBUG=true")
        self.lab.name_token(response.json["token"], who)
        return {"Authorization": f"Bearer {response.json['token']}"}

    def connect(self, timeout: float = RESPONSE_TIMEOUT) -> socket.socket:
        """A raw socket to the desk, to send what no HTTP client sends."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def stream(self, path: str = "/events", headers=AGENT) -> EventStream:
        """A reader of server-sent events, connected from now on."""
        named = [("-H", f"{name}: {self.lab.hide_token(value)}") for name, value in headers.items()]
        words = ["curl", "-sN", *(word for pair in named for word in pair), f"http://localhost:8080{path}"]
        self.lab.recorded.append(Step("an event stream", shlex.join(words), in_background=True))
        return self.lab.close_at_end(EventStream(self.port, path, dict(headers)))

    def websocket(self, path: str = "/ws", headers=AGENT) -> WebSocket:
        """An open WebSocket. What it sends is recorded as lines for bash, where it has a file descriptor."""
        self.lab.sockets += 1
        number = FIRST_DESCRIPTOR + self.lab.sockets
        named = [f"{name}: {self.lab.hide_token(value)}" for name, value in headers.items()]
        words = [path, *(word for text in named for word in ("--header", text))]
        tool = f"(cd ../.. && python3 -m drills ws {shlex.join(words)})"
        self._record_step(f"a WebSocket is opened: {', '.join([path, *named])}", f"exec {number}> >{tool}; sleep 1")

        def record(text):
            if text is None:
                self._record_step("the WebSocket is closed", f"exec {number}>&-; sleep 1")
            else:
                line = f"echo {shlex.quote(text)} >&{number}; sleep 1"
                self._record_step(f"the WebSocket sends {text}", line)

        return self.lab.close_at_end(WebSocket(self.port, path, dict(headers), record))

    def _record_step(self, about, command="", tool_command=""):
        self.lab.recorded.append(Step(about, command, tool_command))

    # -- database and log -----------------------------------------------------------------------

    def rows(self, sql: str, values=()) -> list[tuple]:
        """Run a statement on the database file, as a second program does; its rows."""
        if not sql.lstrip().upper().startswith("SELECT"):
            self._record_step("in the database:", shlex.join(["sql", " ".join(sql.split()), *map(str, values)]))
        with closing(sqlite3.connect(self.database, timeout=faults.TIMEOUT)) as database, database:
            database.execute("PRAGMA foreign_keys = ON")
            return database.execute(sql, values).fetchall()

    def count(self, table: str) -> int:
        return self.rows(f"SELECT count(*) FROM {table}")[0][0]

    @contextmanager
    def fault(self, name: str):
        """`with desk.fault("audit-write"):` makes this write fail in the block; faults.FAULTS has the names."""
        self._record_step(f"from now on {faults.FAULTS[name][1]}:", tool_command=f"fault {name} --in {{label}}")
        with faults.fault(self.database, name):
            yield
        self._record_step("from now on they can be written again:", tool_command=REMOVE_FAULTS)

    def log(self) -> str:
        """What the desk has written to stderr so far; after stop() it is complete."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def last_log_line(self) -> str:
        """The last line of the log; after a traceback, with the last line number in the copy's own files."""
        log = self.log()
        lines = [line for line in log.splitlines() if line.strip()] or ["the log is empty"]
        place = rf'^  File "{re.escape(str(self.lab.folder))}.([^"]+)", (line \d+)'
        found = re.findall(place, log.rpartition("\nTraceback")[2], re.M)
        return lines[-1].strip()[:300] + (f" ({', '.join(found[-1])})" if found else "")

    # -- stopping -------------------------------------------------------------------------------

    def ask_to_stop(self) -> None:
        """As `kill` does, or Ctrl-Break on Windows."""
        if self.process.poll() is None:
            self.process.send_signal(STOP)

    def stop(self) -> int:
        """Ask it to stop, and wait for its end; its exit status."""
        self.ask_to_stop()
        try:
            return self.process.wait(RESPONSE_TIMEOUT)
        except subprocess.TimeoutExpired:
            what = f"the desk did not stop within {RESPONSE_TIMEOUT} s of signal {int(STOP)}"
            raise CheckError("timeout", what) from None

    def final_log(self, timeout: float = 1) -> str:
        """Stop the desk and return its whole log; if it does not stop, the log so far."""
        try:
            self.process.terminate()
            self.process.wait(timeout)
        except (subprocess.TimeoutExpired, OSError):
            pass
        return self.log()

    def kill(self) -> None:
        """Kill it, as a power cut does."""
        self.process.kill()
        self.process.wait(RESPONSE_TIMEOUT)


class Lab:
    """Runs desks from one folder. A context manager: at its end everything is stopped.

    `recorded` has all requests so far, and the steps between them. `temp_dir` is a folder for files; it is deleted at
    the end. After `seconds` all desks are killed, and `timed_out` is true. `start` starts their processes. `random`
    makes what a fix must not know by heart: numbers, choices, words. It is another one in each run, unless `seed` is
    given.
    """

    start = staticmethod(subprocess.Popen)
    desk_class = LabDesk

    def __init__(self, folder: Path, seconds: float = CHECK_TIMEOUT, seed: int | None = None):
        self.random = random.Random(seed)
        self.folder, self.recorded, self.timed_out, self.desks, self.sockets = folder, [], False, [], 0
        self._lock, self._tokens, self._open_resources = threading.Lock(), {}, []
        self._temp_dir = tempfile.TemporaryDirectory(prefix="lab-", ignore_cleanup_errors=True)
        self.temp_dir = Path(self._temp_dir.name)
        self._timer = threading.Timer(seconds, self._time_out)
        self._timer.daemon = True

    def __enter__(self):
        self._timer.start()
        return self

    def __exit__(self, *_):
        self._timer.cancel()
        for resource in self._open_resources:
            resource.close()
        for desk in self.desks:
            desk.kill()
            desk.join_output_reader()
        self._temp_dir.cleanup()

    def _time_out(self):
        self.timed_out = True
        for desk in self.desks:
            desk.process.kill()
        for resource in self._open_resources:
            resource.close()

    def word(self, length: int = 8) -> str:
        """A word that no fix can know: for the name of a user, a role or a host, or in a text. It changes between runs,
        so the text of an expectation must not have it."""
        return "".join(self.random.choices("abcdefghijkmnpqrstuvwxyz", k=length))

    def desk(self, *arguments: str, database: Path | None = None, **environ: str) -> LabDesk:
        """A running desk with these options and settings: lab.desk(TZ="AAA12"), lab.desk(**llm.environ).

        It has a new database, or `database`, for example that of a desk that has stopped.
        """
        about = "the desk"
        if self.desks:
            again = "start it again with the same database" if database else "move its database away, and start it anew"
            about = f"the desk: stop it, {again}"
        database = database or self.temp_dir / f"lab-{len(self.desks) + 1}.sqlite3"
        command = [sys.executable, "app.py", *arguments]
        if arguments or environ or self.desks:
            urls = {llm.url: LLM_URL for llm in self._open_resources if isinstance(llm, StubLLM)}
            settings = [f"{name}={shlex.quote(urls.get(value, value))}" for name, value in environ.items()]
            typed = " ".join([*settings, "python3 app.py", *arguments])
            self.recorded.append(Step(about, typed, in_background=True))
        desk = self.desk_class(self, database, command, environ)
        self.desks.append(desk)
        if self.timed_out:
            desk.kill()
        desk.wait_until_ready()
        return desk

    def run(self, *arguments: str, typed: str = "", **environ: str) -> CommandResult:
        """Run `python3 app.py …` to its end, for --verify or an invalid setting. After a timeout the status is -1."""
        environ = environment(**{"PORT": "0", "SUPPORT_DESK_DB": str(self.temp_dir / "run.sqlite3"), **environ})
        command = [sys.executable, "app.py", *arguments]
        options = {"cwd": self.folder, "env": environ, "input": typed.encode(), "capture_output": True}
        try:
            done = subprocess.run(command, timeout=RESPONSE_TIMEOUT, **options)
        except subprocess.TimeoutExpired:
            return CommandResult(-1, "", f"it did not end within {RESPONSE_TIMEOUT} s")
        output, errors = (stream.decode("utf-8", "replace") for stream in (done.stdout, done.stderr))
        return CommandResult(done.returncode, output, errors)

    def note(self, command: str, about: str) -> None:
        """Show a shell command in the learner's log, where the check does the same in another way."""
        self.recorded.append(Step(about, command))

    def llm(self, **options) -> StubLLM:
        """A stub LLM that counts its requests; StubLLM has the options."""

        def record(about="the LLM changes: stop it, and instead"):
            self.recorded.append(Step(about, tool_command=llm.tool_command(), in_background=True))

        llm = self.close_at_end(StubLLM(**options, on_change=record))
        record("an LLM")
        return llm

    def record_request(self, request: RecordedRequest) -> int:
        """Record a request that is being sent; its position, for record_response()."""
        with self._lock:
            for position, one in enumerate(self.recorded):
                if isinstance(one, RecordedRequest) and one.status == PENDING:
                    self.recorded[position] = one._replace(overlaps=True)
            self.recorded.append(request)
            return len(self.recorded) - 1

    def record_response(self, position: int, **facts) -> None:
        with self._lock:
            self.recorded[position] = self.recorded[position]._replace(**facts)

    def name_token(self, token: str, who: str) -> None:
        """Show this token of the last response as $ANN from now on: its value is valid in this lab only."""
        name = re.sub(r"\W", "_", who).upper()
        self._tokens[token] = f"${name}"
        self.record_response(-1, token=name)

    def hide_token(self, value: str) -> str:
        """The value of a header, with the name of a token instead of the token."""
        word, _, token = value.partition(" ")
        return f"{word} {self._tokens[token]}" if token in self._tokens else value

    def close_at_end(self, resource):
        """Close it when the lab closes."""
        self._open_resources.append(resource)
        return resource

    @staticmethod
    def one_of(*values) -> OneOf:
        return OneOf(values)

    @staticmethod
    def in_parallel(*functions) -> list:
        """The results of functions without arguments, called at the same time, each in its own thread."""
        barrier = threading.Barrier(len(functions))

        def call(function):
            barrier.wait(RESPONSE_TIMEOUT)
            return function()

        with ThreadPoolExecutor(len(functions)) as threads:
            return list(threads.map(call, functions))
