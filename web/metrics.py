"""Counters and durations of requests, in the text format of Prometheus (0.0.4)."""

HEADERS = (("Content-Type", "text/plain; version=0.0.4; charset=utf-8"),)
BUCKETS = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10)  # seconds
FILES = {"database": "Size of the database file.", "wal": "Size of its write-ahead log; see /ready if it grows."}


class Metrics:
    """Requests by method, route template and status, and how long they took. A path is never a label.

    `requests` is {(method, route, status): the number of responses}.
    """

    def __init__(self):
        self.requests, self._buckets, self._seconds = {}, [0] * len(BUCKETS), 0.0

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        key = (method, route, status)
        self.requests[key] = self.requests.get(key, 0) + 1
        self._seconds += seconds
        for index, bound in enumerate(BUCKETS):
            if seconds <= bound:
                self._buckets[index] += 1
                break

    def text(self, stats: dict, files: dict[str, int]) -> bytes:
        """Every metric, and gauges: the tickets by state, the bytes of each file of the database."""
        lines = ["# HELP desk_requests_total Requests that have got a response.", "# TYPE desk_requests_total counter"]
        for (method, route, status), count in sorted(self.requests.items()):
            labels = f'method="{_escaped(method)}",route="{_escaped(route)}",status="{status}"'
            lines.append(f"desk_requests_total{{{labels}}} {count}")
        lines += self._durations()
        lines += ["# HELP desk_tickets Tickets by state.", "# TYPE desk_tickets gauge"]
        states = stats["state_breakdown"].items()
        lines += [f'desk_tickets{{state="{_escaped(state)}"}} {number}' for state, number in states]
        for name, size in files.items():
            lines += [f"# HELP desk_{name}_bytes {FILES[name]}", f"# TYPE desk_{name}_bytes gauge"]
            lines.append(f"desk_{name}_bytes {size}")
        return ("\n".join(lines) + "\n").encode()

    def _durations(self):
        name, cumulative = "desk_request_seconds", 0
        yield f"# HELP {name} From the complete request to its response."
        yield f"# TYPE {name} histogram"
        for bound, count in zip(BUCKETS, self._buckets):
            cumulative += count
            yield f'{name}_bucket{{le="{bound}"}} {cumulative}'
        total = sum(self.requests.values())
        yield f'{name}_bucket{{le="+Inf"}} {total}'
        yield f"{name}_sum {self._seconds:.6f}"
        yield f"{name}_count {total}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
