"""How the desk's answers grow with its tickets: `python3 -m tests.bench --scale`, sizes by --scale-sizes.

Each size is a database of its own, filled by bulk SQL through the desk's own schema and triggers, its
search index complete. A desk process serves it; one client on one connection asks. Medians of
milliseconds from request to complete answer; growth is the largest size over the smallest.
"""

import random
import socket
import tempfile
import threading
import time
from contextlib import closing
from itertools import count
from pathlib import Path
from statistics import median
from uuid import UUID

from store import INDEX_WORDS, KEEP_WORDS, Store
from tests.desk import DeskProcess

CHANCE = random.Random(4)
WORDS = ["".join(CHANCE.choices("aeioubcdfghklmnprstvw", k=CHANCE.randint(3, 10))) for _ in range(5000)]
COMMON, RARE, ABSENT = "invoice", "xylophone", "zzyzxqj"  # in every tenth ticket, in five, in none
STATES = {
    "new": 20,
    "assigned": 10,
    "in_progress": 10,
    "escalated": 3,
    "pending_customer": 4,
    "resolved": 15,
    "closed": 38,
}
PRIORITIES = {"low": 30, "medium": 50, "high": 15, "critical": 5}
CATEGORIES = {"billing": 20, "technical": 40, "account": 15, "general": 25}
TICKET = """INSERT INTO tickets (id, uuid, title, description, category, priority, state, assignee, created_by,
    created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
EVENTS = """INSERT INTO audit_events SELECT id, id, 1, 'Created', created_by, created_at, 'scale', json_quote(title),
    printf('%064d', id - 1), printf('%064d', id) FROM tickets ORDER BY id"""
NEW = '{"title": "Cannot sign in since the update", "description": "The page says my password is wrong."}'
TIMEOUT = 120  # seconds
ENOUGH = 3.0  # seconds of samples for one figure
MOST_GROWTH = 3  # from the smallest size to the largest; a longer one is marked


def fill(path: Path, size: int) -> None:
    """A database of `size` tickets, indexed as far as this SQLite can."""
    with closing(Store(str(path))) as store:
        store.db.execute("PRAGMA synchronous = OFF").fetchall()
        for start in range(1, size + 1, 20_000):
            numbers = range(start, min(start + 20_000, size + 1))
            store.db.execute("BEGIN")
            store.db.executemany(TICKET, (ticket(number, size) for number in numbers))
            if store.has_index:
                store.db.execute(f"{KEEP_WORDS} AND id >= ?", (numbers[0],))
                store.db.execute(f"{INDEX_WORDS} WHERE id >= ?", (numbers[0],))
                store.db.execute("DELETE FROM search_pending")
            store.db.execute("COMMIT")
        store.db.execute(EVENTS)


def ticket(number: int, size: int) -> tuple:
    """Believable proportions: twenty agents, ten tickets per customer, a third by one intake."""
    words = CHANCE.choices(WORDS, k=22)
    if CHANCE.random() < 0.1:
        words[CHANCE.randrange(22)] = COMMON
    if number % (size // 5) == size // 10:
        words[CHANCE.randrange(22)] = RARE
    state, priority, category = (CHANCE.choices(list(d), d.values())[0] for d in (STATES, PRIORITIES, CATEGORIES))
    agent = None if state == "new" else f"agent-{CHANCE.randrange(20)}"
    creator = "intake" if CHANCE.random() < 0.33 else f"user-{CHANCE.randrange(max(10, size // 10))}"
    at = f"2026-{1 + number * 10 // size:02}-{1 + number % 28:02}T10:00:00.123Z"
    uuid = str(UUID(int=CHANCE.getrandbits(128), version=4))
    return number, uuid, " ".join(words[:5]), " ".join(words[5:]), category, priority, state, agent, creator, at, at


class Visitor:
    """One kept-alive connection; `ask` is one exchange, and as little else as can be."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method: str, target: str, body: str = "") -> float:
        """Milliseconds from request to complete answer; SystemExit where it is none of 200 and 201."""
        head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nX-User-Id: agent-7\r\nX-User-Role: agent\r\n"
        head += 'If-None-Match: "x"\r\n'  # so that every answer is made anew, none is a kept one
        request = f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        started, answer = time.perf_counter(), b""
        self.socket.sendall(request)
        while not self._is_whole(answer):
            answer += self.socket.recv(256 * 1024)
        elapsed = (time.perf_counter() - started) * 1000
        if answer[9:12] not in (b"200", b"201"):
            raise SystemExit(f"bench: {method} {target}: {answer[:400]}")
        return elapsed

    def _is_whole(self, answer):
        end = answer.find(b"\r\n\r\n")
        start = answer.find(b"Content-Length: ") + 16
        return end > 0 and len(answer) >= end + 4 + int(answer[start : answer.index(b"\r", start)])


def requests(size: int, has_stats: bool) -> dict:
    """What is measured: its name, and the next request's method, target and body each time it is called."""
    gets = {
        "newest 20": "limit=20",
        "20 in the middle": f"limit=20&before={size // 2}",
        "the last 20": "limit=20&before=21",
        "status": "limit=20&status=open",
        "status, deep": f"limit=20&status=open&before={size // 2}",
        "state (3 in 100)": "limit=20&state=escalated",
        "priority": "limit=20&priority=high",
        "category": "limit=20&category=billing",
        "status + category": "limit=20&status=open&category=billing",
        "status + priority + category": "limit=20&status=open&priority=low&category=billing",
        "assignee": "limit=20&assignee=agent-7",
        "assignee + status": "limit=20&assignee=agent-7&status=resolved",
        "assignee + created_by": "limit=20&assignee=agent-7&created_by=intake",
        "created_by (a customer)": "limit=20&created_by=user-3",
        "created_by (a third of all)": "limit=20&created_by=intake",
        "created_by + state": "limit=20&created_by=intake&state=resolved",
        "mine": "limit=20&mine=true",
        "mine + priority": "limit=20&mine=true&priority=high",
        "sort by last change": "limit=20&sort=updated_at",
        "sort by last change + status": "limit=20&sort=updated_at&status=open",
        "sort by last change + assignee": "limit=20&sort=updated_at&assignee=agent-7",
        "sort by priority": "limit=20&sort=priority",
        "sort by priority + assignee": "limit=20&sort=priority&assignee=agent-7",
        "sort by last change + search": f"limit=20&sort=updated_at&search={COMMON}",
        "nothing fits": "limit=20&status=open&assignee=nobody",
        "total alone (status)": "limit=1&status=open",
        "search: common word": f"limit=20&search={COMMON}",
        "search: common + status": f"limit=20&search={COMMON}&status=open",
        "search: rare word": f"limit=20&search={RARE}",
        "search: absent word": f"limit=20&search={ABSENT}",
        "search: 2 characters": "limit=20&search=zx",
    }
    asked = {name: lambda target=f"/tickets?{query}": ("GET", target) for name, query in gets.items()}
    if has_stats:
        asked["stats"] = lambda: ("GET", "/tickets/stats")
    priorities = (name for _ in count() for name in PRIORITIES)
    asked["create"] = lambda: ("POST", "/tickets", NEW)
    asked["PATCH priority"] = lambda: ("PATCH", "/tickets/7", f'{{"priority": "{next(priorities)}"}}')
    return asked


def measure(path: Path, size: int) -> dict[str, float]:
    """The median of each thing in milliseconds, with this many tickets."""
    desk = DeskProcess(path)
    try:
        visitor, figures = Visitor(desk.port), {}
        for name, request in requests(size, hasattr(Store, "stats")).items():
            samples, ends = [], time.perf_counter() + ENOUGH
            while len(samples) < 3 or (len(samples) < 200 and time.perf_counter() < ends):
                samples.append(visitor.ask(*request()))
            figures[name] = median(samples)
            if name == "search: 2 characters":
                figures["longest /health beside it"] = longest_beside(desk.port, request)
        figures["slowest search while it indexes"] = slowest_while_indexing(desk, visitor)
        return figures
    finally:
        desk.stop()


def longest_beside(port: int, request) -> float:
    """The slowest of many quick answers while the worker pool is full of this request."""
    searchers = [threading.Thread(target=lambda: Visitor(port).ask(*request())) for _ in range(2)]
    quick, slowest = Visitor(port), 0.0
    for searcher in searchers:
        searcher.start()
    while any(searcher.is_alive() for searcher in searchers):
        slowest = max(slowest, quick.ask("GET", "/health"))
    return slowest


def slowest_while_indexing(desk, visitor) -> float:
    """The slowest of many searches in whose pauses the desk indexes a thousand new tickets."""
    for _ in range(1000):
        visitor.ask("POST", "/tickets", NEW)
    slowest, ends = 0.0, time.perf_counter() + TIMEOUT
    while desk.count("search_pending") and time.perf_counter() < ends:
        slowest = max(slowest, visitor.ask("GET", f"/tickets?search={ABSENT}"))
    return slowest


def report(sizes: list[int]) -> None:
    """Fill and measure each size, then print the table."""
    table = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            path = Path(folder, f"{size}.sqlite3")
            started = time.perf_counter()
            fill(path, size)
            took, mib = time.perf_counter() - started, path.stat().st_size / 2**20
            print(f"{size:,} tickets: filled in {took:.1f} s, {mib:,.0f} MiB", flush=True)
            for name, figure in measure(path, size).items():
                table.setdefault(name, []).append(figure)
            path.unlink()
    print(f"\n{'milliseconds, 1 client':34}" + "".join(f"{size:>12,}" for size in sizes) + f"{'growth':>10}")
    for name, figures in table.items():
        growth = figures[-1] / max(figures[0], 0.01)  # from less than a page in the smallest size, in part to that
        mark = "  more than 3x" if growth > MOST_GROWTH else ""
        print(f"{name:34}" + "".join(f"{figure:>12.2f}" for figure in figures) + f"{growth:>9.1f}x{mark}")
