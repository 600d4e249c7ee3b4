"""A running desk for tests and drills: the real server, a free port, a database of its own."""

import http.client
import io
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import unittest
from collections import deque
from contextlib import closing, redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import app
from store import Store, make_private
from web import identity
from web.log import Log
from workflow import STATUS, TRANSITIONS

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT = 20  # seconds until a test gives up waiting for an answer that never comes
LAST_500 = deque(maxlen=1)  # (desk, request id): tests/exercise.py shows what the log of this desk says
SEEN = set()  # (auth mode, method, route, status) of every answer of the desks in this process: see statuses.py
AGENT = {"X-User-Id": "agent-1", "X-User-Role": "agent"}
CUSTOMER = {"X-User-Id": "user-1", "X-User-Role": "customer"}


def choices(column: str, table: str = "tickets") -> tuple:
    """The values that schema.sql lists for a column, found by a plain search: a new value there needs no line here."""
    definition = (ROOT / "schema.sql").read_text(encoding="utf-8").partition(f"CREATE TABLE {table} (")[2]
    return tuple(re.findall(r"'([^']*)'", re.search(rf"CHECK \({column} IN \(([^)]*)\)", definition)[1]))


def want(is_there: bool, add: str) -> None:
    """Fail, where something is missing, with what to add as the first line: `add to FILE, PLACE: text to paste`."""
    if not is_there:
        raise AssertionError(add)


def want_whole_states() -> None:
    """Fail where schema.sql and workflow.py know different states, statuses or events, with what to add.

    A test that brings tickets to every state calls this first: a 500 would not say what is missing.
    """
    states, statuses, events = choices("state"), choices("status"), choices("type", "audit_events")
    for state in states:
        want(state in STATUS, f'add to workflow.py, STATUS: "{state}": "in_progress",')
        steps = [step for step in TRANSITIONS.values() if state in (step.source, step.target)]
        add = f'Transition("to_{state}", "new", "{state}", "To{state.title()}", "agent"),'
        want(steps, f"add to workflow.py, TRANSITIONS: {add}")
    for state in STATUS:
        want(state in states, f"add to schema.sql, the states of tickets: '{state}',")
    for step in TRANSITIONS.values():
        want(step.event in events, f"add to schema.sql, the types of audit_events: '{step.event}',")
    case = re.search(r"AS \((CASE.*?END)\)", (ROOT / "schema.sql").read_text(encoding="utf-8"), re.S)[1]
    with closing(sqlite3.connect(":memory:")) as database:
        for state, status in STATUS.items():
            made = database.execute(f"SELECT {case} FROM (SELECT ? AS state)", [state]).fetchone()[0]
            want(made == status, f"add to schema.sql, the CASE of status: WHEN state = '{state}' THEN '{status}'")
            want(status in statuses, f"add to schema.sql, the CHECK of status: '{status}',")


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
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException):
            self.hang_up()
            raise
        is_json = "json" in answer.headers.get("Content-Type", "") and data
        if answer.status == 500:
            LAST_500.append((self, answer.headers.get("X-Request-Id", "")))
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
        return socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT)

    def raw(self, data: bytes) -> bytes:
        """Everything the desk answers to these bytes until it closes, or until the client has closed its side."""
        with self.connect() as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: sock.recv(65536), b""))

    def rows(self, sql: str, values=()) -> list[tuple]:
        """What a second program sees in the database file."""
        with closing(self.open_database()) as database:
            return database.execute(sql, values).fetchall()

    def open_database(self) -> sqlite3.Connection:
        """A second program's connection to the database file, its foreign keys enforced as the desk's are."""
        database = sqlite3.connect(self.database, timeout=TIMEOUT)
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("PRAGMA recursive_triggers = ON")
        return database

    def count(self, table: str) -> int:
        return self.rows(f"SELECT count(*) FROM {table}")[0][0]

    def dump(self) -> str:
        """Every row of every table; the search index shows itself in the tables that SQLite keeps it in."""
        tables = self.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'")
        return "\n".join(repr(row) for (table,) in tables for row in self.rows(f"SELECT * FROM {table}"))

    def hang_up(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None


@cache
def new_database(index_module: str) -> bytes:
    """The file that a store makes on its first start. Hundreds of desks begin with a copy of it, which is quicker."""
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(Store, "index_module", index_module):
        path = Path(folder, "desk.sqlite3")
        Store(str(path)).close()
        return path.read_bytes()


class Desk(Client):
    """A desk served by a thread of this process. `environ` holds settings as environment variables.

    `on_open(store)` is called once in that thread, before the first request; `store` is the class to open it with.
    With `first_start` it makes its database itself; otherwise it finds a new one without a ticket.
    """

    def __init__(self, on_open=lambda store: None, store=Store, first_start=False, **environ: str):
        self._on_open, self._store = on_open, store
        self._folder = tempfile.TemporaryDirectory()
        own = Path(self._folder.name, "desk.sqlite3")
        if not first_start and "SUPPORT_DESK_DB" not in environ:
            make_private(own)
            own.write_bytes(new_database(store.index_module))
        self.settings = app.read_settings({}, {"SUPPORT_DESK_DB": str(own), **environ, "PORT": "0"})
        self.database = Path(self.settings.db)
        self.log = io.StringIO()
        self._is_open, self._problem = threading.Event(), ""
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        if not self._is_open.wait(TIMEOUT) or self._problem:
            raise AssertionError(f"the desk did not open: {self._problem or 'it hangs'}")

    def _serve(self):
        try:
            self._open_and_serve()
        except Exception as problem:
            if self._is_open.is_set():
                raise
            self._problem = f"{type(problem).__name__}: {problem}"
            self._is_open.set()

    def _open_and_serve(self):
        log = Log(self.log, self.settings.log_format == "json")
        with app.listen(self.settings, log) as self.server, closing(self._store(self.settings.db)) as self.store:
            self.store.db.execute("PRAGMA synchronous = OFF")  # nobody cuts the power here: wait for no disk
            app.open_desk(self.server, self.settings, self.store)
            self.port = self.server.server_port
            self._on_open(self.store)
            self._is_open.set()
            self.server.serve_forever()

    def add_user(self, user: dict) -> None:
        """Add a user as a second program, while the desk is running."""
        with closing(Store(self.settings.db)) as store:
            with store.savepoint():
                store.add_user(user)
            store.commit()

    def read_log(self) -> str:
        """What it has written to its log so far, also after its end."""
        return self.log.getvalue()

    def stop(self) -> None:
        self.hang_up()
        self.server.shutdown()
        self._thread.join(TIMEOUT)
        SEEN.update((self.settings.auth, *answered) for answered in self.server.context.metrics.requests)
        self._folder.cleanup()


class DeskProcess(Client):
    """A desk as a user starts it: `python3 app.py` in a process of its own, in `folder` with `environ`."""

    def __init__(self, database: Path, folder: Path = ROOT, arguments=(), **environ: str):
        self.database = database
        environ = {**clean_environment(), "PORT": "0", "SUPPORT_DESK_DB": str(database), **environ}
        self.log = tempfile.TemporaryFile("w+", encoding="utf-8")
        pipes = {"stdout": subprocess.PIPE, "stderr": self.log}
        self.process = subprocess.Popen(
            self.command(arguments), cwd=folder, env=environ, text=True, encoding="utf-8", **pipes
        )
        self.banner = []
        for line in self.process.stdout:
            self.banner.append(line.rstrip())
            if "Ctrl-C stops" in line:
                break
        else:
            self.stop()
            raise AssertionError(f"the desk did not start: {self.read_log()}")
        self.port = int(next(line for line in self.banner if " on http://" in line).rpartition(":")[2])

    def command(self, arguments) -> list[str]:
        return [sys.executable, "app.py", *arguments]

    def read_log(self) -> str:
        """What it has written to stderr so far, also after its end."""
        if not self.log.closed:
            self.log.seek(0)
            self._written = self.log.read()
        return self._written

    def kill(self) -> None:
        """End it as a power cut would: no handler runs."""
        self.process.kill()
        self.stop()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it with a signal; its exit status."""
        self.hang_up()
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(TIMEOUT + 20)
        self.process.stdout.close()
        self.read_log()
        self.log.close()
        return status


def clean_environment() -> dict:
    """This process's environment without anything that would change a desk."""
    settings = {name for setting in app.SETTINGS for name in setting.variables} | {"VEDYA_BUG_MODE"}
    kept = {name: value for name, value in os.environ.items() if name not in settings}
    return {**kept, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def run_app(*arguments: str, typed: str = "", **environ: str) -> subprocess.CompletedProcess:
    """`python3 app.py …` to its end, with `typed` as its standard input."""
    return subprocess.run(
        [sys.executable, "app.py", *arguments],
        cwd=ROOT,
        input=typed,
        env={**clean_environment(), **environ},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )


def run_tool(*arguments: str, typed: str = "", **environ: str) -> subprocess.CompletedProcess:
    """The same in this process, which is quicker; for commands that do not serve, as --verify."""
    said, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(said), redirect_stderr(errors), mock.patch("sys.stdin", io.StringIO(typed)):
        status = app.main(arguments, environ)
    return subprocess.CompletedProcess(arguments, status, said.getvalue(), errors.getvalue())


def hash_quickly(case: type) -> None:
    """Hash the passwords of this test case quickly. A real hash is made to take long, which hundreds of tests feel."""
    patched = mock.patch.dict(identity.SCRYPT, n=16)
    patched.start()
    case.addClassCleanup(patched.stop)


class DeskTest(unittest.TestCase):
    """Each test has a desk of its own, `self.desk`, with the settings in `environ`.

    The first line of a failure says what was promised, which is the name of the test, and what was seen.
    """

    environ: dict = {}

    def setUp(self):
        self.desk = Desk(**self.environ)
        self.addCleanup(self.desk.stop)

    def _formatMessage(self, msg, standardMsg):
        promised = self._testMethodName.removeprefix("test_").replace("_", " ")
        seen = super()._formatMessage(msg, standardMsg.replace(" != ", " instead of ", 1))
        return f"promised: {promised}; seen: {seen}"

    def assert_refused(self, reply: Reply, status: int, code: str) -> None:
        """The reply is an error in the desk's one shape."""
        if (reply.status, reply.json and reply.json.get("code")) != (status, code):
            body = reply.body[:200].decode(errors="replace").strip()
            seen = f"{reply.status} {body} instead of a refusal {status} {code}"
            raise self.failureException(self._formatMessage(None, seen))
        self.assertLessEqual({"error", "code", "message", "details", "request_id"}, set(reply.json))
