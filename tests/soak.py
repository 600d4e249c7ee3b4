"""Does the desk stay as it is under steady load? `python3 -m tests.soak --minutes 60`.

One desk in a process of its own, on a database of its own, and a modest mixed load: creates, edits, comments,
transitions, drafts, reads, lists, searches, statistics, exports, retries, listeners that come and go, and an outside
program that reads the database file. The table has one row per minute (more rows in a short run). In the end the
first, second and last third are compared; the exit status is 1 if an answer was wrong, something was lost, or a
figure is not flat. RULES says what that means. The database may grow.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPException
from itertools import count
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests import usage
from tests.desk import TIMEOUT, Client, DeskProcess, run_tool
from tests.listeners import EventReader, SocketClient

ALL_ROLES = {"X-User-Id": "agent-1", "X-User-Role": "supervisor,customer"}
WORDS = "invoice password printer login refund update error account delivery screen mobile report".split()
WORKERS = 6  # connections that send requests
WAL_LIMIT = 72.0  # MiB: the desk's 64, and what the turns since the last checkpoint have added
KINDS = ("GET", "POST", "search")  # exports are long on purpose, and in none of them


class Tally:
    """What happened: by kind the milliseconds of the answers since the last row; errors; acknowledged creates."""

    def __init__(self):
        self._lock, self._latencies = threading.Lock(), {kind: [] for kind in KINDS}
        self.errors, self.requests, self.acknowledged = Counter(), 0, {}

    def add(self, kind: str, milliseconds: float) -> None:
        with self._lock:
            self.requests += 1
            if kind in self._latencies:
                self._latencies[kind].append(milliseconds)

    def error(self, what: str) -> None:
        with self._lock:
            self.errors[what] += 1

    def take(self) -> tuple[int, dict[str, list[float]]]:
        """How many requests there were since the last call, and their sorted latencies."""
        with self._lock:
            taken, self._latencies = self._latencies, {kind: [] for kind in KINDS}
            requests, self.requests = self.requests, 0
        return requests, {kind: sorted(latencies) for kind, latencies in taken.items()}


class Worker(Client):
    """One connection that does one thing after the other, at a steady rate."""

    numbers = count(1)  # of creates, for all workers; next() on it is one step

    def __init__(self, desk, tally: Tally, seed: int):
        self.port, self.tally, self.chance = desk.port, tally, random.Random(seed)

    def run(self, stop: threading.Event, every: float) -> None:
        actions, weights = zip(*WEIGHTS.items())
        due = time.monotonic()
        while not stop.wait(max(0.0, due - time.monotonic())):
            due = max(due + every, time.monotonic())  # after a stop of the desk, no burst
            getattr(self, self.chance.choices(actions, weights)[0])()
        self.hang_up()

    def ask(self, kind, method, path, body=None, headers=ALL_ROLES, expected=(200, 201)):
        """One measured exchange; None where it failed."""
        started = time.perf_counter()
        try:
            reply = self.request(method, path, body, headers)
        except (OSError, HTTPException) as problem:
            self.tally.error(f"{method} {path.partition('?')[0]}: {problem!r}")
            return None
        self.tally.add(kind, (time.perf_counter() - started) * 1000)
        if reply.status not in expected:
            self.tally.error(f"{method} {path.partition('?')[0]}: {reply.status}")
            return None
        return reply

    def some_ticket(self) -> str:
        return f"/tickets/{self.chance.randint(1, max(1, len(self.tally.acknowledged)))}"

    def words(self, number) -> str:
        return " ".join(self.chance.choices(WORDS, k=number))

    def create(self, headers=ALL_ROLES):
        number = next(self.numbers)
        body = {"title": f"{number} {self.words(3)}", "description": self.words(20)}
        reply = self.ask("POST", "POST", "/tickets", body, headers)
        if reply:
            self.tally.acknowledged[number] = reply.json["id"]
        return body, reply

    def retry(self):
        headers = {**ALL_ROLES, "Idempotency-Key": f"soak-{self.chance.getrandbits(64)}"}
        body, first = self.create(headers)
        again = self.ask("POST", "POST", "/tickets", body, headers)
        if first and again and first.body != again.body:
            self.tally.error("a retry got another answer")

    def edit(self):
        changes = {"description": self.words(20), "priority": self.chance.choice(("low", "medium", "high"))}
        self.ask("POST", "PATCH", self.some_ticket(), changes)

    def comment(self):
        self.ask("POST", "POST", f"{self.some_ticket()}/comments", {"body": self.words(12)})

    def fire(self):
        """The first transition that the ticket allows; another worker may be quicker: 409."""
        path = self.some_ticket()
        ticket = self.ask("GET", "GET", path)
        if ticket:
            step = {"transition": ticket.json["enabled_transitions"][0]}
            self.ask("POST", "POST", f"{path}/transitions", step, ALL_ROLES, (200, 409))

    def draft(self):
        draft = self.ask("POST", "POST", f"{self.some_ticket()}/draft", {})
        if draft:
            decision = self.chance.choice(("approve", "reject"))
            self.ask("POST", "POST", f"/drafts/{draft.json['id']}/{decision}", {})

    def read(self):
        self.ask("GET", "GET", self.some_ticket())

    def history(self):
        self.ask("GET", "GET", f"{self.some_ticket()}/events")

    def list(self):
        filters = self.chance.choice(("", "&status=open", "&priority=high", "&category=billing&status=open"))
        page = self.ask("GET", "GET", f"/tickets?limit=20{filters}")
        if page and page.json["next"]:
            self.ask("GET", "GET", f"/tickets?limit=20{filters}&before={page.json['next']}")

    def stats(self):
        self.ask("GET", "GET", "/tickets/stats")

    def search(self):
        self.ask("search", "GET", f"/tickets?limit=20&search={self.chance.choice(WORDS)}")

    def search_letters(self):
        word = self.chance.choice(WORDS)
        self.ask("search", "GET", f"/tickets?limit=20&search={word[: self.chance.randint(1, 3)]}")

    def export(self):
        self.ask("export", "GET", "/tickets.csv")


WEIGHTS = {  # how often a worker does what, as shares of their sum
    "create": 20,
    "retry": 3,
    "edit": 10,
    "comment": 10,
    "fire": 10,
    "draft": 3,
    "read": 18,
    "history": 3,
    "list": 10,
    "stats": 3,
    "search": 6,
    "search_letters": 4,
    "export": 0.05,
}


class Listener:
    """Listens from the first event to the last. Event ids are whole numbers without a gap."""

    def __init__(self, desk, tally: Tally):
        self.last, self._events, self._tally = 0, EventReader(desk.port, ALL_ROLES, after=0), tally

    def run(self) -> None:
        try:
            while event := self._events.next_event():
                number = int(event["id"])
                if number != self.last + 1:
                    self._tally.error(f"event {number} came after event {self.last}")
                self.last = number
        except (OSError, HTTPException, ValueError) as problem:
            self._tally.error(f"the permanent listener: {problem!r}")
        self._events.close()


def come_and_go(desk, tally: Tally, stop: threading.Event, seed: int) -> None:
    """Listen a while to /events or /ws, leave, and come back."""
    chance = random.Random(seed)
    while not stop.wait(chance.uniform(0.2, 2)):
        is_stream = chance.random() < 0.5
        try:
            with closing(EventReader(desk.port) if is_stream else SocketClient(desk.port)) as listener:
                hear = listener.next_event if is_stream else listener.receive
                for _ in range(chance.randint(5, 100)):
                    if stop.is_set():
                        break
                    hear()
        except (OSError, HTTPException) as problem:
            tally.error(f"a listener: {problem!r}")


def read_from_outside(desk, stop: threading.Event) -> None:
    """Another program that now and then reads the database file in a short transaction."""
    while not stop.wait(10):
        with closing(desk.open_database()) as database:
            database.execute("BEGIN")
            database.execute("SELECT count(*) FROM tickets").fetchone()
            stop.wait(1)
            database.execute("COMMIT")


# -- the table ----------------------------------------------------------------------------------


class Row(NamedTuple):
    """The figures of a minute."""

    minute: float
    requests: int
    errors: int
    rss: float  # MiB
    descriptors: int
    threads: int
    wal: float  # MiB
    database: float  # MiB
    cpu: float  # percent of one processor
    get_p50: float  # milliseconds
    get_p99: float
    post_p50: float
    post_p99: float
    search_p50: float
    search_p99: float

    def __str__(self):
        figures = [f"{value:.1f}" if isinstance(value, float) else str(value) for value in self[1:]]
        return f"| {self.minute:.2f} | {' | '.join(figures)} |"


HEAD = """| minute | requests | errors | RSS MiB | descriptors | threads | WAL MiB | database MiB | CPU % | GET p50 ms \
| GET p99 | POST p50 | POST p99 | search p50 | search p99 |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"""


class Rule(NamedTuple):
    """When a figure is flat: holds(second, last) for the medians, or what `sums_up` makes, of two thirds of the run."""

    figure: str
    text: str
    holds: Callable
    sums_up: Callable = median


def no_rule(second, last) -> bool:
    return True


RULES = (
    Rule("errors", "none", lambda second, last: not (second or last), max),
    Rule("rss", "last <= 1.3 x second + 8 MiB", lambda second, last: last <= 1.3 * second + 8),
    Rule("descriptors", "last <= second + 3: listeners come and go", lambda second, last: last <= second + 3),
    Rule("threads", "last = second", lambda second, last: last == second),
    Rule("wal", f"largest <= {WAL_LIMIT:g} MiB", lambda second, last: max(second, last) <= WAL_LIMIT, max),
    Rule("database", "may grow", no_rule),
    Rule("requests", "no rule", no_rule),
    Rule("cpu", "no rule: there are more tickets in each minute", no_rule),
    Rule("get_p50", "no rule", no_rule),
    Rule("get_p99", "last <= 2 x second + 2 ms", lambda second, last: last <= 2 * second + 2),
    Rule("post_p50", "no rule", no_rule),
    Rule("post_p99", "last <= 2 x second + 2 ms", lambda second, last: last <= 2 * second + 2),
    Rule("search_p50", "no rule", no_rule),
    Rule("search_p99", "no rule: see CPU", no_rule),
)


def measure(desk, tally: Tally, started: float, cpu: float) -> Row:
    """The row for what happened since the last one; `cpu` is the share of a processor in percent."""
    pid, mib = desk.process.pid, 2**20
    log = Path(f"{desk.database}-wal")
    files = [path.stat().st_size / mib if path.exists() else 0.0 for path in (log, desk.database)]
    requests, latencies = tally.take()
    times = [of[len(of) * percent // 100] if of else 0.0 for of in latencies.values() for percent in (50, 99)]
    in_use = usage.memory(pid), usage.descriptors(pid), usage.threads(pid)
    minute = (time.monotonic() - started) / 60
    return Row(minute, requests, tally.errors.total(), *in_use, *files, cpu, *times)


def summary(rows: list[Row]) -> list[str]:
    """Print the thirds of the run beside each other; returns the figures that are not flat."""
    size, bad = len(rows) // 3, []
    thirds = rows[:size], rows[size : 2 * size], rows[2 * size :]
    print("\n| figure | first third | second third | last third | rule | verdict |\n|---|---|---|---|---|---|")
    for rule in RULES:
        first, second, last = (rule.sums_up(getattr(row, rule.figure) for row in third) for third in thirds)
        if not rule.holds(second, last):
            bad.append(f"{rule.figure} is not flat")
        verdict = "ok" if rule.holds(second, last) else "NOT FLAT"
        print(f"| {rule.figure} | {first:.1f} | {second:.1f} | {last:.1f} | {rule.text} | {verdict} |")
    return bad


# -- the run ------------------------------------------------------------------------------------


def run(desk, tally: Tally, minutes: float, rate: float) -> tuple[list[Row], Listener, threading.Thread]:
    """The load, and a row per minute. In the end only the permanent listener is still there."""
    stop, permanent = threading.Event(), Listener(desk, tally)
    listening = threading.Thread(target=permanent.run)
    workers = [Worker(desk, tally, seed) for seed in range(WORKERS)]
    tasks = [(worker.run, stop, WORKERS / rate) for worker in workers]
    tasks += [(come_and_go, desk, tally, stop, seed) for seed in range(3)] + [(read_from_outside, desk, stop)]
    threads = [threading.Thread(target=task, args=arguments) for task, *arguments in tasks]
    for thread in (listening, *threads):
        thread.start()
    rows, started, cpu = [], time.monotonic(), usage.cpu_seconds(desk.process.pid)
    length = min(60.0, minutes * 60 / 9)  # a short run has nine rows, three per third
    try:
        print(HEAD, flush=True)
        for number in range(1, round(minutes * 60 / length) + 1):
            time.sleep(max(0.0, started + number * length - time.monotonic()))
            before, cpu = cpu, usage.cpu_seconds(desk.process.pid)
            rows.append(measure(desk, tally, started, (cpu - before) / length * 100))
            print(rows[-1], flush=True)
    finally:
        stop.set()
        for thread in threads:
            while thread.is_alive():  # a listener may be waiting for an event
                desk.post("/tickets/1/comments", {"body": "The soak is over."}, ALL_ROLES)
                thread.join(0.2)
    return rows, permanent, listening


def losses(desk, tally: Tally, permanent: Listener) -> list[str]:
    """What of the acknowledged creates and of the events is missing, or there twice."""
    newest = desk.rows("SELECT max(id) FROM audit_events")[0][0]
    ends = time.monotonic() + TIMEOUT
    while permanent.last < newest and time.monotonic() < ends:
        time.sleep(0.05)
    found = Counter(int(title.partition(" ")[0]) for (title,) in desk.rows("SELECT title FROM tickets"))
    there = dict(desk.rows("SELECT CAST(title AS INTEGER), id FROM tickets"))
    twice = [number for number, times in found.items() if times > 1]
    lost = [number for number, id in tally.acknowledged.items() if there.get(number) != id and number not in twice]
    faults = [f"{len(twice)} creates are there twice: {twice[:10]}"] if twice else []
    faults += [f"{len(lost)} acknowledged creates are lost: {lost[:10]}"] if lost else []
    if permanent.last != newest:
        faults.append(f"the listener has seen {permanent.last} of {newest} events")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser("python3 -m tests.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60.0, help="[60]")
    parser.add_argument("--rate", type=float, default=60.0, help="steps of the load per second, about [60]")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit("soak: stopped"))  # else the desk goes on
    if not usage.IS_KNOWN:
        print("this system has no /proc: memory, descriptors, threads and CPU are shown as 0")
    with tempfile.TemporaryDirectory() as folder:
        tally, desk = Tally(), DeskProcess(Path(folder, "soak.sqlite3"), CLASSIFIER="rules")
        try:
            rows, permanent, listening = run(desk, tally, options.minutes, options.rate)
            faults = losses(desk, tally, permanent)
        finally:
            status = desk.stop()
        listening.join()
        verified = run_tool("--verify", SUPPORT_DESK_DB=str(desk.database))
    faults += summary(rows)
    faults += [f"SIGTERM ended the desk with {status}"] if status else []
    faults += [f"--verify: {verified.stdout}{verified.stderr}"] if verified.returncode else []
    faults += [f"{times} x {what}" for what, times in tally.errors.most_common(20)]
    print(f"\n{len(tally.acknowledged):,} acknowledged creates; the permanent listener heard {permanent.last:,} events")
    print(f"exit status {status}; memory of this client {usage.memory(os.getpid()):.0f} MiB")
    print(verified.stdout.rstrip())
    print("\n".join(["", *faults]) if faults else "\nOK: nothing lost, nothing twice, everything flat")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
