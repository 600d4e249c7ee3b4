"""Is the desk fair? An ordinary GET beside greedy neighbours: `python3 -m tests.bench --neighbours`.

Each neighbour is a process that takes as much as it can in one way. Beside it another process sends ordinary
GETs at a steady rate: a ticket and /health on kept-alive connections, and the ticket on a new connection each
time. A latency counts from the moment when a GET was due, so a stop of one second shows in every GET of that
second. Each neighbour has a desk of its own: quiet first, then beside the neighbour, then quiet again.

The neighbour's own share of a processor stands in the table, and the row `burn-cpu` shows what a neighbour does
that never speaks to the desk: that much comes from the machine, not from the desk.
"""

import json
import selectors
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, suppress
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from store import ADD_EVENT, Store
from tests import usage
from tests.desk import TIMEOUT, DeskProcess
from tests.listeners import PING, masked_frame
from web.identity import Identity, new_user
from web.listener import capacity
from workflow import event_hash

MOST_TIMES, MOST_GROWTH = 5, 64  # p99 beside a neighbour over quiet p99; MiB
EVERY = 0.03  # seconds between two GETs of one kind
QUIET, STARTING, BESIDE, QUIET_AGAIN = 4.0, 1.5, 8.0, 3.0  # seconds; STARTING: for the neighbour to connect
NOISY = 20.0  # milliseconds: with a longer quiet p99 the machine is too busy for a good measurement
IDLE_WITHIN = 5  # seconds that the desk has to become quiet again
PATIENCE = 5  # seconds until a GET has failed
COMES_BACK = 0.5  # seconds after which a guest that was dropped, or got a 429 or 503, connects again
BLOCK = 256 * 1024  # bytes that a neighbour sends or reads at a time
BODY = 1024 * 1024 - 1024  # bytes: about as much as the desk takes
SECRET = "a secret for this measurement alone"
EMAIL, PASSWORD = "ann@example.com", "correct horse battery"

# -- the database -------------------------------------------------------------------------------

LONG, COMMENTED, ORDINARY = 1000, 1001, 1002  # tickets 1 to LONG have long texts; COMMENTED has many comments
TICKETS = f"""WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :size)
    INSERT INTO tickets (id, uuid, title, description, category, priority, state, created_by, created_at, updated_at)
    SELECT n, printf('%08x-0000-4000-8000-%012x', n, n), 'Cannot sign in since update ' || n,
        iif(n <= {LONG}, :long, 'The page says my password is wrong, but I set it yesterday. Invoice ' || n),
        'account', 'medium', 'new', iif(n <= {LONG}, 'writer', 'user-' || n % 1000), :at, :at FROM numbers"""
COMMENTS = f"""WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1500)
    INSERT INTO comments SELECT n, {COMMENTED}, 'user-1', :long, 0, :at FROM numbers"""
COUNTS = """INSERT INTO ticket_counts SELECT state, status, priority, category, count(*) FROM tickets GROUP BY 1, 3, 4;
    INSERT INTO daily_counts SELECT substr(created_at, 1, 10), count(*) FROM tickets GROUP BY 1;"""
SLOW_TO_KEEP = """SELECT name, type, sql FROM sqlite_schema
    WHERE tbl_name = 'tickets' AND type IN ('index', 'trigger') AND sql IS NOT NULL"""
EVENTS = 100_000  # the audit log of the first tickets is enough for a slow verification


def fill(path: Path, size: int) -> None:
    """A database of `size` tickets and a user; indexes and counters are made at the end, which is much faster."""
    values = {"size": size, "long": "x" * 20_000, "at": "2026-11-20T10:00:00.123Z"}
    with closing(Store(str(path))) as store:
        database = store.db
        kept = database.execute(SLOW_TO_KEEP).fetchall()
        database.execute("PRAGMA synchronous = OFF").fetchall()
        database.execute("BEGIN")
        for kind, name in [(row["type"], row["name"]) for row in kept]:
            database.execute(f"DROP {kind} {name}")
        database.execute(TICKETS, values)
        database.execute(COMMENTS, values)
        database.executemany(ADD_EVENT, events(min(size, EVENTS), values["at"]))
        for statement in (*COUNTS.split(";")[:2], *(row["sql"] for row in kept)):
            database.execute(statement)
        store.add_user(new_user(EMAIL, "agent", PASSWORD))
        database.execute("COMMIT")


def events(number: int, at: str):
    """Rows of an audit log whose hash chain holds."""
    names = "id ticket_id version type actor at request_id data previous_hash".split()
    digest = "0" * 64
    for ticket in range(1, number + 1):
        event = dict(zip(names, (ticket, ticket, 1, "Created", "user-1", at, "fill", "{}", digest)))
        digest = event_hash(event)
        yield (*event.values(), digest)


# -- the neighbours -----------------------------------------------------------------------------


def request(method: str, target: str, body: bytes = b"", *lines: str, user: str = "agent-1") -> bytes:
    """A whole request of an agent, as bytes."""
    head = [f"{method} {target} HTTP/1.1", "Host: localhost", f"X-User-Id: {user}", "X-User-Role: agent", *lines]
    if body:
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*head, "", ""]).encode() + body


class Guest:
    """One connection of a neighbour: it sends prepared bytes, and forgets what it reads.

    First `opening`, then `repeated` again and again: at once, or (`waits`) when an answer is complete.
    """

    def __init__(self, port: int, opening: bytes, repeated: bytes, waits: bool):
        self.arguments = port, opening, repeated, waits
        self._unsent, self._repeated, self._waits, self._missing = memoryview(opening), repeated, waits, 0
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        self.socket.setblocking(False)

    @property
    def interest(self) -> int:
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)

    def write(self) -> None:
        self._unsent = self._unsent[self.socket.send(self._unsent[:BLOCK]) :]
        if not self._unsent and not self._waits:
            self._unsent = memoryview(self._repeated)

    def read(self) -> None:
        """Raises ConnectionError at the end."""
        data = self.socket.recv(BLOCK)
        if not data:
            raise ConnectionError
        if self._waits:
            self._count(data)

    def _count(self, data):
        """Notice the end of an answer by its Content-Length; an answer in chunks does not end here."""
        if not self._missing:
            if data[9:12] in (b"429", b"503"):
                raise ConnectionError
            head, _, rest = data.partition(b"\r\n\r\n")
            length = head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]
            self._missing = int(length or 1 << 60) - len(rest)
        else:
            self._missing -= len(data)
        if self._missing <= 0:
            self._missing, self._unsent = 0, memoryview(self._repeated)


def crowd(port: int, scripts: list[tuple[bytes, bytes]], waits: bool = False) -> None:
    """A guest for each (opening, repeated), on one thread, for ever. A guest that is dropped comes back."""
    away = [(0.0, (port, *script, waits)) for script in scripts]
    with selectors.DefaultSelector() as selector:
        while True:
            now = time.monotonic()
            due = [arguments for at, arguments in away if at <= now]
            away = [(at, arguments) for at, arguments in away if at > now]
            for arguments in due:
                try:
                    guest = Guest(*arguments)
                    selector.register(guest.socket, guest.interest, guest)
                except OSError:
                    away.append((now + COMES_BACK, arguments))
            for key, mask in selector.select(0.1):
                guest = key.data
                try:
                    if mask & selectors.EVENT_READ:
                        guest.read()
                    if mask & selectors.EVENT_WRITE:
                        guest.write()
                    if guest.interest != key.events:
                        selector.modify(guest.socket, guest.interest, guest)
                except BlockingIOError:
                    pass
                except OSError:
                    selector.unregister(guest.socket)
                    guest.socket.close()
                    away.append((now + COMES_BACK, guest.arguments))


def clients(number: int, *requests: bytes):
    """A neighbour of clients that each ask again when they are answered; the requests are dealt out in turn."""
    return lambda port: crowd(port, [(one, one) for one in (requests * number)[:number]], waits=True)


def slow_readers(number: int, rate: int):
    """A neighbour that asks for 20 MB lists, and reads `rate` bytes per second on each connection."""

    def run(port):
        sockets = [socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) for _ in range(number)]
        for sock in sockets:
            sock.sendall(request("GET", "/tickets?limit=1000&created_by=writer"))
            sock.setblocking(False)
        while True:
            time.sleep(0.1)
            for sock in sockets if rate else ():
                with suppress(OSError):
                    sock.recv(rate // 10)

    return run


def unfinished_bodies(port):
    crowd(port, [(request("POST", "/tickets", b"x" * BODY)[:-1], b"")] * 200)


def dear_json() -> list[bytes]:
    """Bodies of many small values, of many members, and of many nested arrays."""
    start = '{"title":"t","description":"d","x":'
    many = "[" + ",".join(["1"] * (BODY // 2 - 100)) + "]}"
    members = "{" + ",".join(f'"{number:x}":""' for number in range(BODY // 11)) + "}}"
    nested = "[" + ",".join(["[" * 50 + "]" * 50] * (BODY // 101 - 1)) + "]}"
    return [request("POST", "/tickets", (start + end).encode()) for end in (many, members, nested)]


def handshake(path: str) -> bytes:
    lines = "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    return request("GET", path, b"", *lines, "Sec-WebSocket-Version: 13")


def ping_floods(port):
    crowd(port, [(handshake(path), masked_frame(PING, b"") * 10_000) for path in ("/ws", "/ws/echo")] * 10)


def one_byte_chunks(port):
    body = b'{"title": "t", "description": "d"}'.ljust(BODY)
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    lines = "Transfer-Encoding: chunked", "Content-Type: application/json"
    whole = request("POST", "/tickets", b"", *lines) + chunks + b"0\r\n\r\n"
    crowd(port, [(whole, whole)] * 20)


def pipelining(port):
    posts = request("POST", "/tickets", b'{"title": "Cannot sign in", "description": "My password is wrong"}') * 200
    crowd(port, [(posts, posts)] * 20)


def listeners(port):
    """As many as fit; they say nothing, and leave what they hear to the system's buffers."""
    openings, quiet = (request("GET", "/events"), handshake("/ws")), []
    for number in range(min(1000, capacity() - 20)):
        quiet.append(socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT))
        quiet[-1].sendall(openings[number % 2])
    writer = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
    while True:
        writer.sendall(request("POST", "/tickets", b'{"title": "t", "description": "d"}'))
        writer.recv(BLOCK)
        time.sleep(0.1)


def burn_cpu(port):
    for _ in count():
        pass


class Neighbour(NamedTuple):
    """One row: what it does beside the measured GETs, and the settings of its desk."""

    what: str
    run: Callable  # run(port) works until its process is ended
    settings: dict = {}


BIG_LOGIN = json.dumps({"email": EMAIL, "password": "x" * (BODY - 100)}).encode()
LOGIN = json.dumps({"email": EMAIL, "password": PASSWORD}).encode()
TEXT = b'{"title": "Login broken", "description": "Cannot get in"}'
CONTROL = "burn-cpu"  # its row shows the machine, not the desk
NEIGHBOURS = {
    CONTROL: Neighbour("control: one process that computes, without the desk", burn_cpu),
    "silent-readers": Neighbour("8 ask for 20 MB lists and do not read", slow_readers(8, 0)),
    "slow-readers": Neighbour("5 ask for 20 MB lists and read 100 kB/s", slow_readers(5, 100_000)),
    "unfinished-bodies": Neighbour("200 bodies of 1 MiB without their last byte", unfinished_bodies),
    "dear-json": Neighbour("20 post 1 MiB of small values", lambda port: clients(20, *dear_json())(port)),
    "ping-floods": Neighbour("20 WebSockets send pings without end", ping_floods, {"DEBUG": "true"}),
    "one-byte-chunks": Neighbour("20 send bodies in chunks of one byte", one_byte_chunks),
    "login-bodies": Neighbour("20 log in with 1 MiB", clients(20, request("POST", "/user/login", BIG_LOGIN))),
    "pipelining": Neighbour("20 post tickets without waiting for answers", pipelining),
    "long-comments": Neighbour(
        "4 read a ticket with 1,500 comments of 20,000 characters",
        clients(4, request("GET", f"/tickets/{COMMENTED}"), request("GET", f"/tickets/{COMMENTED}/comments")),
    ),
    "csv": Neighbour("1 exports all tickets", clients(1, request("GET", "/tickets.csv"))),
    "listeners": Neighbour("1,000 listen, 10 writes per second", listeners),
    "short-searches": Neighbour("64 search for two letters", clients(64, request("GET", "/tickets?search=zx"))),
    "hanging-llm": Neighbour(
        "64 classify, and the LLM never answers",
        clients(64, *(request("POST", "/tickets/classify", TEXT, user=f"user-{number}") for number in range(64))),
        {"CLASSIFIER": "openai"},
    ),
    "logins": Neighbour(
        "200 log in at once", clients(200, request("POST", "/user/login", LOGIN)), {"SUPPORT_DESK_AUTH": "tokens"}
    ),
    "verify": Neighbour("4 verify the audit log", clients(4, request("GET", "/audit-events/verify"))),
}
QUICK = ("slow-readers", "pipelining", "listeners", "verify")  # the rows of --smoke


def live(name: str, port: int) -> None:
    """The process of a neighbour."""
    NEIGHBOURS[name].run(port)


# -- the measured client ------------------------------------------------------------------------


class Kind(NamedTuple):
    """One kind of ordinary GET, and what came of those that were due: milliseconds of each, and how many failed."""

    name: str
    latencies: list
    failures: int

    def percentile(self, percent: int) -> float:
        return sorted(self.latencies)[len(self.latencies) * percent // 100]


def ask_steadily(port: int, target: str, is_new: bool, seconds: float) -> tuple[list[float], int]:
    """Milliseconds from when each GET was due until its answer was complete, and how many had no 200."""
    asked, latencies, failures, sock = ordinary(target), [], 0, None
    started = time.perf_counter()
    for number in range(int(seconds / EVERY)):
        due = started + number * EVERY
        time.sleep(max(0.0, due - time.perf_counter()))
        is_whole = False
        if time.perf_counter() < started + seconds + PATIENCE:  # else it has failed: it waited longer than that
            with suppress(OSError):
                sock = sock or socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
                sock.sendall(asked)
                is_whole = answered(sock) == b"200"
        failures += not is_whole
        if sock and (is_new or not is_whole):
            sock.close()
            sock = None
        latencies.append((time.perf_counter() - due) * 1000)
    if sock:
        sock.close()
    return latencies, failures


def ordinary(target: str) -> bytes:
    token, _ = Identity(True, SECRET).issue("agent-2", ["agent"])
    return f"GET {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


def answered(sock: socket.socket) -> bytes:
    """The status of the next answer, once its body is complete."""
    answer = b""
    while (end := answer.find(b"\r\n\r\n")) < 0:
        answer += received(sock)
    start = answer.index(b"Content-Length: ") + 16
    size = end + 4 + int(answer[start : answer.index(b"\r", start)])
    while len(answer) < size:
        answer += received(sock)
    return answer[9:12]


def received(sock: socket.socket) -> bytes:
    data = sock.recv(BLOCK)
    if not data:
        raise ConnectionError("the desk closed a connection")
    return data


KINDS = {
    "a ticket": (f"/tickets/{ORDINARY}", False),
    "/health": ("/health", False),
    "a new connection": (f"/tickets/{ORDINARY}", True),
}


def sample(port: int, seconds: float) -> dict[str, Kind]:
    """All kinds at the same time, each on a thread of this process."""
    kinds = {}

    def ask(name):
        kinds[name] = Kind(name, *ask_steadily(port, *KINDS[name], seconds))

    threads = [threading.Thread(target=ask, args=(name,)) for name in KINDS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return kinds


# -- the measurement ----------------------------------------------------------------------------


class Row(NamedTuple):
    """Figures of one neighbour: of the kind of GET that it delays most."""

    name: str
    kind: str
    quiet: tuple[float, float]  # p50 and p99 in milliseconds
    beside: tuple[float, float]
    memory: tuple[float, float, float]  # MiB before, at the peak, and after
    own_cpu: float  # of one processor, by the neighbour itself
    failures: int  # ordinary GETs without a 200
    is_calm: bool  # again, after the neighbour has left

    @property
    def ratio(self) -> float:
        return self.beside[1] / self.quiet[1]

    @property
    def growth(self) -> float:
        return self.memory[1] - self.memory[0]

    @property
    def is_fair(self) -> bool:
        return self.ratio <= MOST_TIMES and self.growth < MOST_GROWTH and not self.failures

    @property
    def verdict(self) -> str:
        verdict = "control" if self.name == CONTROL else "ok" if self.is_fair else "BAD"
        verdict += "" if self.quiet[1] < NOISY else ", noisy machine"
        return verdict if self.is_calm else f"{verdict}, busy {IDLE_WITHIN} s after it left"

    def __str__(self):
        cells = [self.name, self.kind, *(f"{p50:.1f} / {p99:.1f}" for p50, p99 in (self.quiet, self.beside))]
        cells += [f"{self.ratio:.1f}", " / ".join(f"{mib:.0f}" for mib in self.memory), f"{self.growth:+.0f}"]
        cells += [f"{self.own_cpu:.0%}", str(self.failures), self.verdict]
        return f"| {' | '.join(cells)} |"


HEAD = """| neighbour | slowest kind of GET | quiet p50 / p99 ms | beside p50 / p99 ms | times \
| RSS before / peak / after MiB | growth | own CPU | failed | verdict |
|---|---|---|---|---|---|---|---|---|---|"""


def measure(name: str, path: Path, prober, seconds: tuple[float, float, float]) -> Row:
    """Quiet, beside this neighbour, and quiet again, with one desk."""
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as silent:  # an LLM that never answers
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        settings = {"CLASSIFIER": "rules", "OPENAI_BASE_URL": url, "SUPPORT_DESK_SECRET": SECRET}
        desk = DeskProcess(path, **{**settings, **NEIGHBOURS[name].settings})
        try:
            return measure_beside(name, desk, prober, seconds)
        finally:
            desk.kill()  # it would finish open requests first, which takes long beside some neighbours


def measure_beside(name, desk, prober, seconds):
    pid = desk.process.pid
    prober.submit(sample, desk.port, 0.5).result()  # the first answers of a desk are slower
    quiet = [prober.submit(sample, desk.port, seconds[0]).result()]
    before = usage.memory(pid)
    neighbour = get_context("spawn").Process(target=live, args=(name, desk.port), daemon=True)
    neighbour.start()
    try:
        time.sleep(STARTING)
        started, used, peak = time.monotonic(), usage.cpu_seconds(neighbour.pid), before
        waiting = prober.submit(sample, desk.port, seconds[1])
        while not waiting.done():
            time.sleep(0.05)
            peak = max(peak, usage.memory(pid))
        if neighbour.exitcode is not None:
            raise SystemExit(f"bench: the neighbour {name} has ended before its time")
        own_cpu = (usage.cpu_seconds(neighbour.pid) - used) / (time.monotonic() - started)
    finally:
        neighbour.kill()
        neighbour.join()
    is_calm = settle(desk)
    quiet += [prober.submit(sample, desk.port, seconds[2]).result()] if is_calm else []
    after = usage.memory(pid)
    return slowest(name, quiet, waiting.result(), (before, max(peak, after), after), own_cpu, is_calm)


def settle(desk) -> bool:
    """Wait until the desk has nothing left to do, and answers at once; False if that takes too long."""
    ends, used = time.monotonic() + IDLE_WITHIN, usage.cpu_seconds(desk.process.pid)
    while time.monotonic() < ends:
        time.sleep(0.5)
        latencies, failures = ask_steadily(desk.port, "/health", True, 5 * EVERY)
        before, used = used, usage.cpu_seconds(desk.process.pid)
        if used - before <= 0.05 and not failures and max(latencies) < 1000:
            return True
    return False


def slowest(name, quiet, beside, memory, own_cpu, is_calm) -> Row:
    """The row of the kind of GET with the largest ratio; of two quiet values the larger one counts."""
    rows = []
    for kind, seen in beside.items():
        calm = max((one[kind] for one in quiet), key=lambda one: one.percentile(99))
        figures = [(one.percentile(50), one.percentile(99)) for one in (calm, seen)]
        failures = sum(one.failures for one in beside.values())
        rows.append(Row(name, kind, *figures, memory, own_cpu, failures, is_calm))
    return max(rows, key=lambda row: row.ratio)


def report(tickets: int, names: list[str], is_smoke: bool) -> None:
    """Fill a database, measure each neighbour, print the table. SystemExit if one takes more than its share."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit("bench: stopped"))  # else its processes go on
    seconds = (0.5, 1.0, 0.5) if is_smoke else (QUIET, BESIDE, QUIET_AGAIN)
    tickets = max(5_000 if is_smoke else tickets, ORDINARY)
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(1, get_context("spawn")) as prober:
        path, started = Path(folder, "desk.sqlite3"), time.monotonic()
        fill(path, tickets)
        took = time.monotonic() - started
        print(f"{tickets:,} tickets (filled in {took:.0f} s); each kind of GET every {EVERY * 1000:g} ms")
        if not usage.IS_KNOWN:
            print("this system has no /proc: memory and CPU are not known, and are shown as 0")
        print(f"\n{HEAD}", flush=True)
        rows = []
        for name in names or (QUICK if is_smoke else NEIGHBOURS):
            rows.append(measure(name, path, prober, seconds))
            print(rows[-1], flush=True)
    print("\n" + "\n".join(f"{row.name}: {NEIGHBOURS[row.name].what}" for row in rows))
    judged = [row for row in rows if row.name != CONTROL]
    bad = [row.name for row in judged if not row.is_fair]
    rule = f"at most {MOST_TIMES} times the quiet p99, less than {MOST_GROWTH} MiB, no failed GET"
    print(f"\n{len(judged) - len(bad)} of {len(judged)} rows are fair: {rule}")
    if bad and not is_smoke:
        raise SystemExit(f"bench: not fair: {', '.join(bad)}")
