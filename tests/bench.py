"""How fast the desk is, as ratios within one run: `python3 -m tests.bench`, or --smoke for a quick look.

--classifier shows instead how often the keyword rules are right, and what one call costs.
With --scale: how its answers grow from a thousand tickets to a million (tests/scale.py).
With --neighbours: an ordinary GET beside greedy clients (tests/neighbours.py).
With --debug: what the traces of DEBUG=true cost.

A measurement, not a test: absolute figures drift with the machine, ratios hold. The desk runs in a
process of its own; this process is its clients, which ask again as soon as they are answered. Every
round measures everything once, so that a slow moment hits desk and yardstick alike; medians count.
"""

import argparse
import os
import selectors
import socket
import sqlite3
import sys
import tempfile
import time
import timeit
from collections import Counter
from contextlib import closing
from itertools import count, repeat
from multiprocessing import get_context
from pathlib import Path
from secrets import token_hex
from statistics import median
from types import SimpleNamespace
from uuid import uuid4

from llm import classify_by_rules
from store import ADD_EVENT, ADD_TICKET, KEEP_RESPONSE, Store
from tests import audience, neighbours, scale
from tests.desk import DeskProcess
from tests.labels import CHOICES, HALVES, accuracy, confusion, labelled
from tests.usage import memory
from web.handler import Handler
from web.http1 import Response, render
from web.log import Log
from web.server import DeskServer
from workflow import Caller

TITLE = "Cannot sign in since the update"
DESCRIPTION = "The page says my password is wrong, but I set it yesterday. Please help, I need it for an invoice today."
CREATED, OK = b"201", b"200"


# -- the load -----------------------------------------------------------------------------------


class Visitor:
    """One keep-alive connection. `requests` is shared, so that no two visitors send the same key."""

    def __init__(self, port: int, requests, selector):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.requests, self.answer = requests, b""
        selector.register(self.socket, selectors.EVENT_READ, self)

    def ask(self):
        self.socket.send(next(self.requests))  # far smaller than any socket buffer: sent whole

    def hear(self) -> bytes | None:
        """The status of the answer once it is complete, None before."""
        data = self.socket.recv(256 * 1024)
        if not data:
            raise ConnectionError("the desk closed a kept-alive connection")
        self.answer += data
        end_of_head = self.answer.find(b"\r\n\r\n")
        if end_of_head < 0:
            return None
        start = self.answer.index(b"Content-Length: ") + 16
        if len(self.answer) < end_of_head + 4 + int(self.answer[start : self.answer.index(b"\r", start)]):
            return None
        status, self.answer = self.answer[9:12], b""
        return status


def load(port: int, connections: int, seconds: float, requests, expected: bytes) -> float:
    """Complete answers per second; SystemExit for one with another status than `expected`."""
    answered = 0
    with selectors.DefaultSelector() as selector:
        visitors = [Visitor(port, requests, selector) for _ in range(connections)]
        started = time.perf_counter()
        for visitor in visitors:
            visitor.ask()
        while time.perf_counter() < started + seconds:
            for key, _ in selector.select(1):
                status = key.data.hear()
                if status is None:
                    continue
                if status != expected:
                    raise SystemExit(f"bench: expected {expected.decode()}, got {status.decode()}")
                answered += 1
                key.data.ask()
        elapsed = time.perf_counter() - started
        for visitor in visitors:
            visitor.socket.close()
    return answered / elapsed


def get(target: str, extra: str = ""):
    return repeat(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nX-User-Id: user-1\r\n{extra}\r\n".encode())


ANEW = 'If-None-Match: "x"\r\n'  # an answer to this is made anew, never a kept one


def creates():
    """Endless POST /tickets, each with a key of its own."""
    body = f'{{"title": "{TITLE}", "description": "{DESCRIPTION}"}}'
    head = "POST /tickets HTTP/1.1\r\nHost: localhost\r\nX-User-Id: user-1\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\nIdempotency-Key: {token_hex(8)}"
    start, end = head.encode(), f"\r\n\r\n{body}".encode()
    return (b"%b-%d%b" % (start, number, end) for number in count())


# -- the yardsticks -----------------------------------------------------------------------------


class BareHandler(Handler):
    """Responses everything alike at once: what is left is what HTTP and the loop cost."""

    bare = Response(200, b'{"status":"ok"}\n')

    def handle_one_request(self) -> Response:
        return self.bare

    def render(self, response, date, close) -> bytes:
        lines = f"Date: {date}\r\nContent-Type: application/json\r\n"
        return render(response, lines, version=(1, 1), close=close, head_only=False)

    def log_request(self, code="-", size="-"):
        """Count nothing."""


class NoStore:
    """In the place of a store, for a loop that has nothing to commit and nothing to tidy up."""

    has_changes = in_memory = False
    is_copied = True

    def commit(self):
        pass

    end_leases = delete_old_responses = index_some = checkpoint = watch_wal = commit


def serve_bare(tell) -> None:
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        with DeskServer(("127.0.0.1", 0), Log(nowhere), BareHandler) as server:
            server.open(SimpleNamespace(store=NoStore(), settings=SimpleNamespace(bug_mode=""), problems={}), None)
            tell.send(server.server_port)
            server.serve_forever()


def raw_commits(path: Path, seconds: float, batch: int) -> float:
    """Tickets per second that SQLite makes durable, `batch` in each commit, with nothing around it."""
    Store(str(path)).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for pragma in ("synchronous = FULL", "foreign_keys = ON", "wal_autocheckpoint = 10000", "temp_store = MEMORY"):
            db.execute(f"PRAGMA {pragma}").fetchall()
        first = done = db.execute("SELECT coalesce(max(id), 0) FROM tickets").fetchone()[0]
        started = time.perf_counter()
        while time.perf_counter() < started + seconds:
            db.execute("BEGIN IMMEDIATE")
            for done in range(done + 1, done + batch + 1):
                insert_raw(db, done)
            db.execute("COMMIT")
        return (done - first) / (time.perf_counter() - started)


def insert_raw(db, number: int) -> None:
    """The rows of one POST /tickets: ticket, audit event, kept answer."""
    now, digest = "2026-11-20T10:00:00.123Z", "5" * 64
    ticket = {"uuid": str(uuid4()), "title": TITLE, "description": DESCRIPTION, "category": "account"}
    ticket |= {"priority": "medium", "created_by": "user-1", "created_at": now}
    db.execute(ADD_TICKET, ticket)
    event = (number, number, 1, "Created", "user-1", now, "r-1", DESCRIPTION * 3, digest, digest)
    db.execute(ADD_EVENT, event)
    kept = (201, f"/tickets/{number}", (DESCRIPTION * 4).encode(), now, digest)
    db.execute(KEEP_RESPONSE, ("user-1", "POST", "/tickets", ticket["uuid"], digest, *kept))


# -- the measurement ----------------------------------------------------------------------------


def measure(folder: Path, seconds: float, rounds: int) -> dict[str, float]:
    """The median figure of each thing measured, per second."""
    here, there = get_context("spawn").Pipe(duplex=False)
    bare = get_context("spawn").Process(target=serve_bare, args=(there,), daemon=True)
    bare.start()
    there.close()  # else a yardstick that fails to start would be waited for
    desk = DeskProcess(folder / "desk.sqlite3")
    try:
        things = things_to_measure(folder, seconds, desk.port, here.recv())
        figures = {name: [] for name in things}
        for _ in range(rounds):
            for name, thing in things.items():
                figures[name].append(thing())
        return {name: median(values) for name, values in figures.items()}
    finally:
        desk.stop()
        bare.terminate()
        bare.join()


def things_to_measure(folder, seconds, port, bare_port) -> dict:
    tickets = creates()
    return {
        "raw 1": lambda: raw_commits(folder / "raw1.sqlite3", seconds, 1),
        "create 16": lambda: load(port, 16, seconds, tickets, CREATED),
        "raw 64": lambda: raw_commits(folder / "raw64.sqlite3", seconds, 64),
        "create 64": lambda: load(port, 64, seconds, tickets, CREATED),
        "bare": lambda: load(bare_port, 16, seconds, get("/"), OK),
        "one": lambda: load(port, 16, seconds, get("/tickets/1"), OK),
        "list": lambda: load(port, 16, seconds, get("/tickets?limit=20"), OK),
        "one anew": lambda: load(port, 16, seconds, get("/tickets/1", ANEW), OK),
        "list anew": lambda: load(port, 16, seconds, get("/tickets?limit=20", ANEW), OK),
        "health": lambda: load(port, 16, seconds, get("/health"), OK),
    }


def measure_size(path: Path, size: int, seconds: float) -> dict[str, float]:
    """What a desk with `size` tickets costs: seconds to the banner, MiB before and after reads."""
    started = time.perf_counter()
    fill(path, size)
    figures = {"fill": time.perf_counter() - started}
    started = time.perf_counter()
    desk = DeskProcess(path)
    try:
        figures |= {"start": time.perf_counter() - started, "memory": memory(desk.process.pid)}
        every = (next(get(f"/tickets/{1 + number * 7919 % size}")) for number in count())
        for requests in (every, get("/tickets?limit=20"), get("/tickets?limit=1000")):
            load(desk.port, 16, seconds, requests, OK)
        return {**figures, "memory after": memory(desk.process.pid)}
    finally:
        desk.stop()


def fill(path: Path, size: int) -> None:
    caller = Caller("user-1", request_id="bench")
    fields = {"title": TITLE, "description": DESCRIPTION, "category": "account", "priority": "medium"}
    with closing(Store(str(path))) as store:
        for start in range(0, size, 1000):
            with store.savepoint():
                for _ in range(min(1000, size - start)):
                    store.add_ticket(caller, fields)
            store.commit()


def report(rate: dict[str, float], size: int, cost: dict[str, float]) -> None:
    print(f"{'':34}{'per second':>12}")
    print(f"{'SQLite, 1 ticket per commit':34}{rate['raw 1']:>12,.0f}")
    print(f"{'SQLite, 64 tickets per commit':34}{rate['raw 64']:>12,.0f}")
    for name, label in (("create 16", "POST /tickets, 16 connections"), ("create 64", "POST /tickets, 64 connections")):
        ratios = f"{rate[name] / rate['raw 1']:.2f} x one per commit, {rate[name] / rate['raw 64']:.2f} x 64 per commit"
        print(f"{label:34}{rate[name]:>12,.0f}   {ratios}")
    print(f"{'bare answer of the loop, 16':34}{rate['bare']:>12,.0f}")
    anew = (("one anew", "/tickets/1, anew"), ("list anew", "/tickets?limit=20, anew"))
    for name, target in (("one", "/tickets/1"), ("list", "/tickets?limit=20"), *anew, ("health", "/health")):
        print(f"{f'GET {target}, 16':34}{rate[name]:>12,.0f}   {rate[name] / rate['bare']:.2f} x bare")
    print(f"\nwith {size:,} tickets (made at {size / cost['fill']:,.0f} per second, 1000 per commit):")
    print(f"start to banner {cost['start']:.2f} s")
    print(f"memory {cost['memory']:.0f} MiB, after reads {cost['memory after']:.0f} MiB")


def measure_debug(folder: Path, seconds: float, rounds: int) -> dict[str, list[float]]:
    """{request: [answers per second without DEBUG, with DEBUG=true]}: what traces cost."""
    figures = {}
    desks = [DeskProcess(folder / "off.sqlite3"), DeskProcess(folder / "on.sqlite3", DEBUG="true")]
    tickets = creates()
    requests = {
        "POST /tickets, 1 connection": (1, tickets, CREATED),
        "POST /tickets, 16 connections": (16, tickets, CREATED),
        "POST /tickets, 64 connections": (64, tickets, CREATED),
        "GET /tickets/1, 16": (16, get("/tickets/1"), OK),
        "GET /tickets/1, anew, 16": (16, get("/tickets/1", ANEW), OK),
        "GET /tickets?limit=20, anew, 16": (16, get("/tickets?limit=20", ANEW), OK),
    }
    try:
        for _ in range(rounds):
            for name, (connections, sent, expected) in requests.items():
                for place, desk in enumerate(desks):
                    rate = load(desk.port, connections, seconds, sent, expected)
                    figures.setdefault(name, ([], []))[place].append(rate)
        return {name: [median(rates) for rates in both] for name, both in figures.items()}
    finally:
        for desk in desks:
            desk.stop()


def report_debug(figures) -> None:
    print(f"{'':34}{'per second':>12}{'DEBUG=true':>12}")
    for name, (off, on) in figures.items():
        print(f"{name:34}{off:>12,.0f}{on:>12,.0f}   {on / off:.2f} x")


# -- the classifier -----------------------------------------------------------------------------


def cost_of_rules() -> float:
    """Microseconds to classify one short ticket: the best of some rounds."""
    text = f"{TITLE}\n{DESCRIPTION}"
    return min(timeit.repeat(lambda: classify_by_rules(text), number=1000, repeat=5)) * 1000


def classifier_line() -> str:
    right = ", ".join(f"{field} {accuracy('held-out', field):.0%}" for field in CHOICES)
    return f"rules right on held-out tickets: {right}; {cost_of_rules():.1f} us per short ticket"


def report_classifier() -> None:
    """Accuracy on both halves, against always giving the commonest choice, and which categories are mixed up."""
    for half in HALVES:
        tickets = labelled(half)
        print(f"{half}, {len(tickets)} tickets")
        for field in CHOICES:
            commonest = max(Counter(ticket[field] for ticket in tickets).values()) / len(tickets)
            print(f"  {field:10}{accuracy(half, field):>6.1%} right; always the commonest choice: {commonest:.1%}")
        for field, choices in CHOICES.items():
            counts = confusion(half, field)
            print(f"  {f'{field}, said:':18}" + "".join(f"{said:>11}" for said in choices))
            for label in choices:
                print(f"    is {label:13}" + "".join(f"{counts[label, said]:>11}" for said in choices))
    print(classifier_line())


def main() -> None:
    parser = argparse.ArgumentParser("python3 -m tests.bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--smoke", action="store_true", help="a moment of everything: do all answers come, and right?")
    parser.add_argument("--classifier", action="store_true", help="only: how often are the keyword rules right?")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement [1]")
    parser.add_argument("--size", type=int, default=100_000, help="tickets for memory and start [100000]")
    parser.add_argument("--scale", action="store_true", help="milliseconds per answer at growing numbers of tickets")
    sizes = {"type": int, "nargs": "+", "default": [1_000, 100_000, 1_000_000]}
    parser.add_argument("--scale-sizes", metavar="N", help="for --scale [1000 100000 1000000]", **sizes)
    parser.add_argument("--neighbours", action="store_true", help="an ordinary GET beside greedy clients; six minutes")
    parser.add_argument("--debug", action="store_true", help="what the traces of DEBUG=true cost")
    parser.add_argument("--tickets", type=int, default=1_000_000, help="for --neighbours [1000000]")
    only = {"nargs": "+", "default": [], "choices": list(neighbours.NEIGHBOURS)}
    parser.add_argument("--only", metavar="NAME", help="for --neighbours: only these rows", **only)
    options = parser.parse_args()
    if options.classifier:
        return report_classifier()
    seconds, rounds, size = (0.2, 1, 2000) if options.smoke else (options.seconds, 3, options.size)
    versions = f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores"
    if options.scale:
        print(versions)
        return scale.report(options.scale_sizes)
    if options.neighbours:
        print(versions)
        return neighbours.report(options.tickets, options.only, options.smoke)
    print(f"{versions}; {rounds} x {seconds:g} s each")
    if options.debug:
        with tempfile.TemporaryDirectory() as folder:
            return report_debug(measure_debug(Path(folder), seconds, rounds))
    with tempfile.TemporaryDirectory() as folder:
        rate = measure(Path(folder), seconds, rounds)
        report(rate, size, measure_size(Path(folder, "size.sqlite3"), size, seconds))
        listeners, events = (100, 3) if options.smoke else (1000, 30)
        audience.report(audience.measure(Path(folder, "live.sqlite3"), listeners, events, memory))
    print(classifier_line())


if __name__ == "__main__":
    main()
