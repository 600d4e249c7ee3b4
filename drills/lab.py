"""The lab that a check works in: desks run from one folder, each as a process with a database of its own.

Nothing of the folder's code runs here: its desks are asked over HTTP and through their database files. Everything
has a deadline, and a desk that crashes, hangs or does not start is told apart from one that answers wrongly.
"""

import http.client
import json
import os
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

START = 15  # seconds that a desk has to say where it listens
ANSWER = 10  # seconds that it has for one answer
CHECK = 60  # seconds that everything in the lab has together
AGENT = {"X-User-Id": "agent-1", "X-User-Role": "agent"}
CUSTOMER = {"X-User-Id": "user-1", "X-User-Role": "customer"}
BANNER = re.compile(r"Support Desk on http://.*:(\d+)\s*")
PENDING = "no answer yet"
DISARM = "fault --off --in {label}"
LLM_PORT = 9000  # of an LLM that `fault` serves
LLM_URL = f"http://127.0.0.1:{LLM_PORT}/v1"
KEPT = "PATH HOME SYSTEMROOT TEMP TMP TMPDIR USERPROFILE LANG LC_ALL LD_LIBRARY_PATH PYTHONHOME".split()


class Trouble(Exception):
    """The lab cannot go on; `kind` is crash, timeout or error, str() one line that says what happened."""

    def __init__(self, kind: str, what: str):
        super().__init__(what)
        self.kind = kind


class Reply(NamedTuple):
    """An answer; `json` is the parsed body, None where it is none. Without an answer `status` says why."""

    status: int | str
    headers: http.client.HTTPMessage
    body: bytes
    json: object


class Exchange(NamedTuple):
    """One request as it was sent, and what became of it."""

    method: str
    path: str
    headers: tuple
    body: bytes | None
    status: int | str
    request_id: str
    follows: bool = False  # on the connection of the one before
    goes_on: bool = False  # when the next one is sent, it has no answer yet
    token: str = ""  # the name of the token that it was answered with, as other headers have it: $ANN


class Deed(NamedTuple):
    """What was done to a desk besides requests: in words, and as a command to type where there is one.

    The debugging log defines the command `sql`. `call` is one of this tool instead, with {label} for the copy's name.
    What is done `apart` goes on while other things are done.
    """

    about: str
    command: str = ""
    call: str = ""
    apart: bool = False


class Finished(NamedTuple):
    """A command that has ended."""

    status: int
    output: str
    errors: str


class Among:
    """Equal to each of some values: `among(403, 404)` is wanted where the desk may choose."""

    def __init__(self, values):
        self._values = values

    def __eq__(self, other):
        return other in self._values

    def __repr__(self):
        return " or ".join(map(repr, self._values))


def environment(**environ: str) -> dict:
    """What a process of the lab gets: nothing of the learner's settings, UTC, and `environ`."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    fixed = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", "TZ": "UTC"}
    return {**kept, **fixed, **environ}


class LabDesk:
    """A running desk: `python3 app.py` in the folder of the lab."""

    def __init__(self, lab, database: Path, command: list, environ: dict):
        self.lab, self.database = lab, database
        self._log = database.with_name(f"desk-{len(lab.desks) + 1}.log")
        environ = environment(**{"PORT": "0", "SUPPORT_DESK_DB": str(database), **environ})
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
        with open(self._log, "wb") as log:
            self.process = lab.start(command, cwd=lab.folder, env=environ, stderr=log, **streams)
        self.banner, self.port, self._serves = [], 0, threading.Event()
        self._mouth = threading.Thread(target=self._listen, daemon=True)
        self._mouth.start()

    def _listen(self):
        """Read what the desk prints to its end, so that it never waits for us."""
        with self.process.stdout as output:
            for line in output:
                self.banner.append(line.decode("utf-8", "replace").rstrip())
                found = BANNER.fullmatch(self.banner[-1])
                self.port = int(found[1]) if found else self.port
                if self.port and "Ctrl-C stops" in self.banner[-1]:
                    self._serves.set()
        self._serves.set()

    def wait_until_it_serves(self) -> None:
        if not self._serves.wait(START):
            raise Trouble("timeout", f"the desk did not say where it listens within {START} s")
        if not self.port or self.process.poll() is not None:
            status = self.process.wait(ANSWER)
            raise Trouble("crash", f"the desk did not start, it ended with status {status}: {self.last_words()}")

    # -- asking ---------------------------------------------------------------------------------

    def request(self, method: str, path: str, body=None, headers=None, within: float | None = None) -> Reply:
        """One exchange on a connection of its own. A body that is not bytes is sent as JSON.

        `headers` is a dict, or a list of pairs where one stands twice. A desk that gives no answer ends the check;
        with `within` (seconds) that is an answer, too: its status is the text "no answer within 3 s".
        """
        with closing(self._connection(within)) as connection:
            reply = self._ask(connection, method, path, body, headers)
        if within is None and isinstance(reply.status, str):
            kind = "timeout" if "within" in reply.status else "crash"
            raise Trouble(kind, f"{method} {path} got {reply.status}")
        return reply

    def on_one_connection(self, *requests: tuple) -> list[Reply]:
        """The answers to (method, path, body, headers), one after the other on a connection that is kept.

        As with any client, a desk that says `Connection: close` is called anew; one that hangs up without a word
        is an answer like "no answer within 3 s".
        """
        with closing(self._connection()) as connection:
            return [self._ask(connection, *request, follows=place > 0) for place, request in enumerate(requests)]

    def _connection(self, within=None):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=within or ANSWER)

    def _ask(self, connection, method, path, body, headers, follows=False) -> Reply:
        if self.lab.is_late:
            raise Trouble("timeout", "the check is late")
        headers = list(headers.items() if isinstance(headers, dict) else headers or ())
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            if "content-type" not in {name.lower() for name, _ in headers}:
                headers.append(("Content-Type", "application/json"))
        shown = tuple((name, self.lab.without_token(value)) for name, value in headers)
        place = self.lab.send(Exchange(method, path, shown, body, PENDING, "", follows))
        try:
            reply = self._exchange(connection, method, path, body, headers)
        except TimeoutError:
            reply = Reply(f"no answer within {connection.timeout} s", http.client.HTTPMessage(), b"", None)
        except (OSError, http.client.HTTPException) as problem:
            reply = Reply(f"no answer ({self._why(problem)})", http.client.HTTPMessage(), b"", None)
        self.lab.answer(place, status=reply.status, request_id=reply.headers.get("X-Request-Id", ""))
        return reply

    def _exchange(self, connection, method, path, body, headers) -> Reply:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        if body is not None or method in ("POST", "PUT", "PATCH"):
            connection.putheader("Content-Length", str(len(body or b"")))
        connection.endheaders(body)
        answer = connection.getresponse()
        data = answer.read()
        try:
            parsed = json.loads(data) if "json" in answer.headers.get("Content-Type", "") else None
        except ValueError:
            parsed = None
        return Reply(answer.status, answer.headers, data, parsed)

    def _why(self, problem):
        try:
            status = self.process.wait(0.5)
        except subprocess.TimeoutExpired:
            return str(problem) or type(problem).__name__
        return f"the desk ended with status {status}: {self.last_words()}"

    def get(self, path: str, headers=None, within=None, **query) -> Reply:
        """GET; `query` is written behind the path, as in get("/tickets", search="100%")."""
        return self.request("GET", path + ("?" + urlencode(query) if query else ""), None, headers, within)

    def post(self, path: str, body=None, headers=None, within=None) -> Reply:
        return self.request("POST", path, body, headers, within)

    def patch(self, path: str, body=None, headers=None, within=None) -> Reply:
        return self.request("PATCH", path, body, headers, within)

    def new_ticket(self, headers=CUSTOMER, **fields) -> dict:
        """A ticket with these fields and believable others."""
        new = {"title": "Login broken", "description": "Cannot get in", **fields}
        reply = self.post("/tickets", new, headers)
        if reply.status != 201:
            raise Trouble("error", f"a believable new ticket was not taken: {reply.status} {reply.body[:200]!r}")
        return reply.json

    def fire(self, ticket: int, *transitions: str, headers=AGENT) -> None:
        """Take a ticket through these transitions; each must be taken."""
        for name in transitions:
            reply = self.post(f"/tickets/{ticket}/transitions", {"transition": name}, headers)
            if reply.status != 200:
                raise Trouble("error", f"{name} of ticket {ticket} was not taken: {reply.status} {reply.body[:200]!r}")

    def login(self, who: str, *roles: str) -> dict:
        """The header of a token for anybody, in a desk with DEBUG="true" (and SUPPORT_DESK_AUTH="tokens")."""
        reply = self.post("/api/debug/login", {"login": who, "roles": list(roles)})
        if reply.status != 200:
            raise Trouble("error", f"the debug login gives no token: {reply.status}; the desk needs DEBUG=true")
        self.lab.name_token(reply.json["token"], who)
        return {"Authorization": f"Bearer {reply.json['token']}"}

    def connect(self, within: float = ANSWER) -> socket.socket:
        """A raw socket to the desk, for what no HTTP client would send."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=within)

    def stream(self, path: str = "/events", headers=AGENT) -> EventStream:
        """A reader of server-sent events, which have been coming in since."""
        named = [("-H", f"{name}: {self.lab.without_token(value)}") for name, value in headers.items()]
        words = ["curl", "-sN", *(word for pair in named for word in pair), f"http://localhost:8080{path}"]
        self.lab.exchanges.append(Deed("a listener", shlex.join(words), apart=True))
        return self.lab.keep(EventStream(self.port, path, dict(headers)))

    def websocket(self, path: str = "/ws", headers=AGENT) -> WebSocket:
        who = "".join(f", {name}: {self.lab.without_token(value)}" for name, value in headers.items())
        self._tell(f"a WebSocket is opened: {path}{who}")
        return self.lab.keep(WebSocket(self.port, path, dict(headers), self._tell))

    def _tell(self, about, command="", call=""):
        self.lab.exchanges.append(Deed(about, command, call))

    # -- looking into it ------------------------------------------------------------------------

    def rows(self, sql: str, values=()) -> list[tuple]:
        """What a second program sees in the database file; what it changes there, too."""
        if not sql.lstrip().upper().startswith("SELECT"):
            self._tell("in the database:", shlex.join(["sql", " ".join(sql.split()), *map(str, values)]))
        with closing(sqlite3.connect(self.database, timeout=faults.PATIENCE)) as database, database:
            database.execute("PRAGMA foreign_keys = ON")
            return database.execute(sql, values).fetchall()

    def count(self, table: str) -> int:
        return self.rows(f"SELECT count(*) FROM {table}")[0][0]

    @contextmanager
    def fault(self, name: str):
        """`with desk.fault("audit-write"):` inside the block that write fails; the names are in faults.FAULTS."""
        self._tell(f"from now on {faults.FAULTS[name][1]}:", call=f"fault {name} --in {{label}}")
        with faults.fault(self.database, name):
            yield
        self._tell("and now they can again:", call=DISARM)

    def log(self) -> str:
        """What the desk has written to stderr so far; all of it after stop()."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def last_words(self) -> str:
        """The last line of its log; of a traceback, with the last line of the copy that it went through."""
        log = self.log()
        lines = [line for line in log.splitlines() if line.strip()] or ["it said nothing"]
        place = rf'^  File "{re.escape(str(self.lab.folder))}.([^"]+)", (line \d+)'
        found = re.findall(place, log.rpartition("\nTraceback")[2], re.M)
        return lines[-1].strip()[:300] + (f" ({', '.join(found[-1])})" if found else "")

    # -- its end --------------------------------------------------------------------------------

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it as Ctrl-C or `kill` would; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(ANSWER)
        except subprocess.TimeoutExpired:
            raise Trouble("timeout", f"the desk did not stop within {ANSWER} s of signal {int(number)}") from None

    def say_the_rest(self, within: float = 1) -> str:
        """Its whole log, once it has stopped; what there is of it where it does not stop."""
        try:
            self.process.terminate()
            self.process.wait(within)
        except (subprocess.TimeoutExpired, OSError):
            pass
        return self.log()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait(ANSWER)


class Lab:
    """Desks from one folder and what is around them; a context manager, all ends with it.

    `exchanges` are all requests so far, with the deeds between them, `room` is a folder for files that ends with the
    lab. Where everything together takes longer than `seconds`, the desks are ended and `is_late` is true. `start`
    starts their processes.
    """

    start = staticmethod(subprocess.Popen)

    def __init__(self, folder: Path, seconds: float = CHECK):
        self.folder, self.exchanges, self.is_late, self.desks = folder, [], False, []
        self._one_at_a_time, self._tokens, self._things = threading.Lock(), {}, []
        self._room = tempfile.TemporaryDirectory(prefix="lab-", ignore_cleanup_errors=True)
        self.room = Path(self._room.name)
        self._watch = threading.Timer(seconds, self._give_up)
        self._watch.daemon = True

    def __enter__(self):
        self._watch.start()
        return self

    def __exit__(self, *_):
        self._watch.cancel()
        for thing in self._things:
            thing.close()
        for desk in self.desks:
            desk.kill()
            desk._mouth.join(ANSWER)
        self._room.cleanup()

    def _give_up(self):
        self.is_late = True
        for desk in self.desks:
            desk.process.kill()
        for thing in self._things:
            thing.close()

    def desk(self, *arguments: str, database: Path | None = None, **environ: str) -> LabDesk:
        """A desk that serves, with these options and settings: lab.desk(TZ="AAA12"), lab.desk(**llm.environ).

        It has a new database, or `database`, such as another desk's that has stopped.
        """
        database = database or self.room / f"lab-{len(self.desks) + 1}.sqlite3"
        command = [sys.executable, "app.py", *arguments]
        if arguments or environ or self.desks:
            served = {thing.url: LLM_URL for thing in self._things if isinstance(thing, StubLLM)}
            settings = [f"{name}={shlex.quote(served.get(value, value))}" for name, value in environ.items()]
            typed = " ".join([*settings, "python3 app.py", *arguments])
            self.exchanges.append(Deed("the desk", typed, apart=True))
        desk = LabDesk(self, database, command, environ)
        self.desks.append(desk)
        if self.is_late:
            desk.kill()
        desk.wait_until_it_serves()
        return desk

    def run(self, *arguments: str, typed: str = "", **environ: str) -> Finished:
        """`python3 app.py …` to its end, as for --verify or a setting that is refused. Not ending is status -1."""
        environ = environment(**{"PORT": "0", "SUPPORT_DESK_DB": str(self.room / "run.sqlite3"), **environ})
        command = [sys.executable, "app.py", *arguments]
        try:
            done = subprocess.run(
                command, cwd=self.folder, env=environ, input=typed.encode(), capture_output=True, timeout=ANSWER
            )
        except subprocess.TimeoutExpired:
            return Finished(-1, "", f"it did not end within {ANSWER} s")
        return Finished(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))

    def llm(self, **answer) -> StubLLM:
        """An LLM's server that counts; see StubLLM for what it can be told to answer."""

        def tell(about="the LLM changes: stop it, and instead"):
            self.exchanges.append(Deed(about, call=llm.call(), apart=True))

        llm = self.keep(StubLLM(**answer, tell=tell))
        tell("an LLM")
        return llm

    def send(self, exchange: Exchange) -> int:
        """Keep a request that is being sent; its place, for answer()."""
        with self._one_at_a_time:
            for place, one in enumerate(self.exchanges):
                if isinstance(one, Exchange) and one.status == PENDING:
                    self.exchanges[place] = one._replace(goes_on=True)
            self.exchanges.append(exchange)
            return len(self.exchanges) - 1

    def answer(self, place: int, **facts) -> None:
        with self._one_at_a_time:
            self.exchanges[place] = self.exchanges[place]._replace(**facts)

    def name_token(self, token: str, who: str) -> None:
        """Show this token, which the last answer has brought, as $ANN from now on: it is one of this lab alone."""
        name = re.sub(r"\W", "_", who).upper()
        self._tokens[token] = f"${name}"
        self.answer(-1, token=name)

    def without_token(self, value: str) -> str:
        """The value of a header with the names of this lab's tokens in their place."""
        word, _, token = value.partition(" ")
        return f"{word} {self._tokens[token]}" if token in self._tokens else value

    def keep(self, thing):
        """Close it when the lab closes."""
        self._things.append(thing)
        return thing

    @staticmethod
    def among(*values) -> Among:
        return Among(values)

    @staticmethod
    def together(*calls) -> list:
        """What calls without arguments return, made at once from as many threads."""
        gate = threading.Barrier(len(calls))

        def make(call):
            gate.wait(ANSWER)
            return call()

        with ThreadPoolExecutor(len(calls)) as threads:
            return list(threads.map(make, calls))
