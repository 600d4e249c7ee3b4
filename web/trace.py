"""What one request did, step by step: its trace, as JSON, as a tree of text, and beside another one. Pure.

tracer.py records traces; inspector.py shows them.
"""

import re
from difflib import SequenceMatcher
from functools import cached_property
from time import perf_counter

from web.http1 import PHRASES, Request
from web.redact import find_secrets, redact, redact_body, redact_header, redact_target
from web.short_repr import LONGEST, captured_text

WIDTH = 100  # columns of the tree
EVENT_COLUMNS = 10  # values in the statement that appends an event to the audit log
MOST_STEPS = 1500  # of one trace; what follows is only counted
LONGEST_BODY = 64 * 1024  # bytes that are shown of a body
MOST_COMPARED = 2000  # characters of a value that two traces are compared by
LONGEST_VALUE = 200  # characters of a value that is bound to a statement
# What differs between two runs of the same request, and what stands for it in a comparison.
VOLATILE = re.compile(
    r"(?P<uuid>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
    r"|(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?)|(?P<request>\b[0-9a-f]{8}-\d+\b)"
    r"|(?P<hash>\b[0-9a-f]{12,}\b)|(?P<number>\b\d+\b)"
)


class Step:
    """One step of a trace. `began` is a time of perf_counter(), `seconds` is how long it took.

    Kinds: "stack" (a function that was at work already when the request came), "call" (of a function of the desk),
    "sql" (one statement: see SqlStep), "worker" (the work of a thread), "error" (an exception that became the
    response) and "publish" (of events to listeners).
    """

    __slots__ = ("depth", "kind", "name", "began", "file", "line", "given", "seconds", "result", "text")

    def __init__(self, depth, kind, name, began, file="", line=0, given=(), text=""):
        self.depth, self.kind, self.name, self.began, self.file, self.line = depth, kind, name, began, file, line
        self.given, self.text, self.seconds, self.result = given, text, 0.0, None  # given: (name, captured value) pairs

    def as_json(self, started: float, secrets) -> dict:
        """Its members; times are in microseconds after `started`."""
        shown = {"depth": self.depth, "kind": self.kind, "name": self.name, "file": self.file, "line": self.line}
        values = [[name, captured_text(value, secrets, LONGEST_VALUE)] for name, value in self.given]
        shown |= {"text": redact(self.text, secrets), "values": values}
        shown["result"] = "" if self.result is None else captured_text(self.result, secrets, LONGEST_VALUE)
        return {**shown, "at_us": round((self.began - started) * 1e6), "took_us": round(self.seconds * 1e6)}

    def values(self, secrets, room=LONGEST) -> str:
        """The arguments of a call, or the values that are bound to a statement."""
        shown = [(name, captured_text(value, secrets, room)) for name, value in self.given]
        return ", ".join(f"{name}={text}" if isinstance(name, str) else text for name, text in shown)

    def label(self, secrets, room=LONGEST) -> str:
        """The step as one line of text; each value has `room` characters."""
        if self.kind == "call":
            result = "" if self.result is None else f" → {captured_text(self.result, secrets, room)}"
            return f"{self.name}({self.values(secrets, room)}){result}"
        return redact(f"{self.name}: {self.text}" if self.text else self.name, secrets)

    def beginning(self, request_id: str) -> tuple:
        """What two steps have in common if they begin alike for two requests, each with its own id."""
        text = self.text if self.kind != "sql" else " ".join(self.sql.split())
        return self.kind, self.name, self.file, _without_ids(f"{text} {self.values((), MOST_COMPARED)}", request_id)

    def end(self, request_id: str) -> str:
        """The same for how they end."""
        text = self.outcome if self.kind == "sql" else captured_text(self.result, (), MOST_COMPARED)
        return _without_ids(text, request_id)


class SqlStep(Step):
    """One SQL statement. store.py sets `rows` (read), `changed` and `seconds`; it raises `failure`, if there is one."""

    __slots__ = ("sql", "rows", "changed", "failure")

    def __init__(self, depth, began, file, line, sql, given, failure=None):
        super().__init__(depth, "sql", "SQL", began, file, line, given)
        self.sql, self.rows, self.changed, self.failure = sql, 0, 0, failure

    def as_json(self, started: float, secrets) -> dict:
        facts = {"rows": self.rows, "changed": self.changed, "failure": self.failure}
        return {**super().as_json(started, secrets), "sql": self.sql, **facts}

    def label(self, secrets, room=LONGEST) -> str:
        return f"SQL {' '.join(self.sql.split())}" + (f" → {self.outcome}" if self.outcome else "")

    @property
    def outcome(self) -> str:
        if self.failure:
            return f"fails: {self.failure}"
        if self.changed > 0:
            return f"{self.changed} changed"
        return f"{self.rows} row{'s' * (self.rows != 1)}" if self.rows else ""


class Trace:
    """One request: what came in, its steps, what went out. `started` is when it was complete, by perf_counter()."""

    def __init__(self, number: int, request, started: float, at: str, client: str, received: int):
        self.number, self.request, self.started, self.at = number, request, started, at
        self.headers = request.headers  # as they were sent
        self.client, self.received, self.sent = client, received, 0  # bytes in and out
        self.stack, self.steps = [], []  # stack: (name, file, line) of functions that were at work already
        self.left_out = 0  # calls and statements that are no steps, because there are too many
        self.response, self.status, self.seconds = None, None, None  # None until it is answered
        self.head = b""  # of the response, as it was sent
        self.error, self.code = "", ""  # the exception that became the response
        self.commit, self.writers = "", ()  # what became of its commit; the traces of all requests that it was for
        self.appends = []  # the statements that append to the audit log
        self.events, self.listeners = {}, {}  # {event: (type, version, hash)}, {event: how many listeners have got it}
        self.raw = b""  # what was sent, if it is no request that can be read
        self.streamed = None  # bytes that were sent after the response, piece by piece
        self.keys, self.size = (), 0  # secrets of the desk itself; its size in memory

    def note_error(self, problem: Exception, place: tuple[str, int]) -> None:
        """`problem` becomes the response; it was raised at `place`: (file, line)."""
        self.error, self.code = f"{type(problem).__name__}: {problem}", getattr(problem, "code", "")
        name, depth = type(problem).__name__, len(self.stack) + 1
        self.steps.append(Step(depth, "error", name, perf_counter(), *place, text=str(problem)))

    def note_commit(self, steps: list[Step], outcome: str, writers: list["Trace"]) -> None:
        """The commit of its turn is done: its steps, what became of it, and the requests that changed something."""
        if self.commit:  # the next commit after one that has failed: there is nothing of this request in it
            return
        has_part = self in writers
        self.commit, self.writers = (outcome, writers) if has_part else ("nothing to commit", ())
        self.steps += steps

    def finish(self, response, sent: bytes) -> None:
        """The response is in the outbox: `sent`, nothing if it is never sent."""
        self.response, self.status, self.sent = response, response.status, len(sent)
        self.head = sent.partition(b"\r\n\r\n")[0] if sent.startswith(b"HTTP/") else b""
        self.seconds = perf_counter() - self.started
        for step in self.appends if response.status < 400 else ():  # else they were rolled back
            if step.changed and len(step.given) == EVENT_COLUMNS:
                number, _, version, kind, *_, digest = [value for _, value in step.given]
                self.events[number] = kind, version, digest
        headers = 2 * sum(map(len, self.request.headers.values()))  # also as `secrets`
        self.size = 3000 + len(self.request.body) + len(response.body) + headers + 1500 * len(self.steps)

    @property
    def has_changed(self) -> bool:
        """Whether one of its own statements changed a row, and was not undone."""
        statements = [step for step in self.steps if step.kind == "sql"]
        undone = any(step.sql.startswith("ROLLBACK TO") for step in statements)
        return not undone and any(step.changed > 0 for step in statements)

    # -- what the head of a trace says ----------------------------------------------------------

    @cached_property
    def secrets(self) -> list[str]:
        """Texts that it must not show. Most traces are never shown, so they are searched for only then."""
        return [*self.keys, *find_secrets(self.request)]

    @property
    def id(self) -> str:
        return self.request.id

    @property
    def shared(self) -> list[str]:
        """The ids of other requests that its commit was for, too."""
        return [other.id for other in self.writers if other is not self]

    @property
    def caller(self) -> str:
        caller = self.request.caller
        return f"{caller.id} ({', '.join(caller.roles) or 'no role'})" if caller else ""

    @property
    def path(self) -> str:
        target = self.request.target if self.received is not None else self.request.path
        return redact_target(target, self.secrets)

    @property
    def protocol(self) -> str:
        return "WebSocket message" if self.received is None else "HTTP/{}.{}".format(*self.request.version)

    @property
    def key(self) -> str:
        """What became of the request's Idempotency-Key."""
        request = self.request
        if not request.scope:
            return "not looked at" if "idempotency-key" in request.headers else ""
        replayed = self.response and dict(self.response.headers).get("Idempotent-Replayed")
        found = {"IDEMPOTENCY_KEY_REUSED": "found, but with another body", "IDEMPOTENCY_IN_PROGRESS": "still at work"}
        what = found.get(self.code) or ("found: the kept response is sent again" if replayed else "new")
        if what == "new" and self.status:
            what += ": the response is kept" if self.status < 300 else ": nothing is kept, the request failed"
        return f"{request.scope[3]}, {what}"

    def summary(self) -> dict:
        """One row of the list of requests."""
        request, route = self.request, self.request.route
        return {
            "number": self.number,
            "id": self.id,
            "at": self.at,
            "method": request.method,
            "path": self.path,
            "status": self.status,
            "milliseconds": self.seconds and round(self.seconds * 1000, 2),
            "caller": self.redacted(self.caller),
            "client": self.client,
            "protocol": self.protocol,
            "route": f"{route.method} {route.path}" if route else "",
            "shared_commit": len(self.shared),
        }

    def facts(self) -> dict[str, str]:
        """{name: one line of text}: what a reader asks first. What does not apply is left out."""
        request, route = self.request, self.request.route
        came = "" if self.received is None else f", {self.received} bytes in"
        went = f", {self.sent} bytes out" if self.seconds is not None else ", not answered yet"
        if self.streamed is not None:
            went += f" and {self.streamed} more, piece by piece"
        fields = ", ".join(request.fields) if isinstance(request.fields, dict) else ""
        found = {
            "client": f"{self.client}, {self.protocol}{came}{went}",
            "route": f"{route.method} {route.path} → {route.endpoint.__name__}" if route else "none",
            "caller": self.caller,
            "fields": f"valid: {fields}" if fields else "",
            "key": self.redacted(self.key),
            "error": self.error,
            "X-Lab": request.headers.get("x-lab", ""),
            "answer": "none: the connection is closed instead" if self.is_unanswered else "",
            "commit": self.commit + (f", shared with {', '.join(self.shared)}" if self.shared else ""),
            "events": ", ".join(self.event_texts()),
        }
        plain = ("client", "route", "commit", "events")  # a password can be a word of these
        return {name: text if name in plain else self.redacted(text) for name, text in found.items() if text}

    @property
    def is_unanswered(self) -> bool:
        return self.seconds is not None and not self.sent and self.received is not None

    def event_texts(self):
        for number, (kind, version, digest) in self.events.items():
            count = self.listeners.get(number, 0)
            yield f"{number} {kind} (version {version}, hash {digest[:8]}…) → {count} listener{'s' * (count != 1)}"

    def redacted(self, text: str) -> str:
        return redact(text, self.secrets)

    # -- the whole trace ------------------------------------------------------------------------

    def as_json(self, plan=lambda sql, names: []) -> dict:
        """The trace with every step. plan(sql, names) returns the query plan of a statement with these parameters."""
        stack = enumerate(self.stack)
        steps = [Step(depth, "stack", name, self.started, file, line) for depth, (name, file, line) in stack]
        steps = [self.step_as_json(step, plan) for step in [*steps, *self.steps]]
        events = [
            {"id": number, "type": kind, "version": version, "hash": digest, "listeners": self.listeners.get(number, 0)}
            for number, (kind, version, digest) in self.events.items()
        ]
        counts = {"left_out": self.left_out, "bytes_in": self.received, "bytes_out": self.sent}
        more = {"facts": self.facts(), "shared_with": self.shared, "events": events, **counts}
        return {**self.summary(), **more, "steps": steps}

    def step_as_json(self, step, plan=lambda sql, names: []) -> dict:
        shown = step.as_json(self.started, self.secrets)
        if step.kind == "sql":
            shown["plan"] = plan(step.sql, [name for name, _ in step.given])
        return shown

    def title(self) -> str:
        summary = self.summary()
        if self.seconds is None:
            return f"{summary['method']} {summary['path']}, not answered yet"
        phrase = PHRASES.get(self.status, "")
        return f"{summary['method']} {summary['path']} → {self.status} {phrase} in {summary['milliseconds']} ms"

    def as_text(self) -> str:
        """The trace as a tree; no line is longer than WIDTH."""
        lines = [justified(self.title(), self.id)]
        lines += [cut(f"  {name:<9} {text}") for name, text in self.facts().items()]
        lines += ["", "     µs   took"]
        lines.append(cut(f"{'':15} {' → '.join(name for name, *_ in self.stack)}"))
        for step in list(self.steps):
            lines += self._tree_lines(step)
        if self.left_out:
            lines.append(f"{'':15} … and {self.left_out} more calls and statements")
        return "\n".join(lines) + "\n"

    def _tree_lines(self, step):
        """The line of a step, and for a statement one more with its values."""
        indent = "  " * max(0, step.depth - len(self.stack))
        took = f"{step.seconds * 1e6:.0f}" if step.kind != "error" else ""
        start = f"{(step.began - self.started) * 1e6:>7.0f} {took:>6}  {indent}"
        where = f"{step.file}:{step.line}" if step.file else ""
        if step.kind == "sql":  # what follows the statement must stay if the line is cut
            where = f"{step.outcome}  {where}" if step.outcome else where
            yield justified(f"{start}SQL {' '.join(step.sql.split())}", where)
        else:
            yield justified(f"{start}{step.label(self.secrets)}", where)
        if step.kind == "sql" and step.given:
            yield cut(f"{'':16}{indent}    {step.values(self.secrets)}")

    def bodies(self) -> dict:
        """What was sent and answered: heads and bodies, without secrets."""
        request, response, answered = self.request, self.response, None
        body = request.body or self.raw
        sent = {"method": request.method, "target": self.path, "headers": self._headers(), "body": self._body(body)}
        if response:
            lines = [line.partition(": ") for line in self.head.decode("latin-1").split("\r\n")[1:]]
            headers = [(name, value) for name, _, value in lines] or response.headers
            shown = [[name, redact_header(name, value, self.secrets)] for name, value in headers]
            body = b"" if request.method == "HEAD" else response.body
            answered = {"status": response.status, "headers": shown, "body": self._body(body)}
        return {"request": sent, "response": answered}

    def _headers(self):
        return {name: redact_header(name, value, self.secrets) for name, value in self.headers.items()}

    def _body(self, body):
        shown = redact_body(body[:LONGEST_BODY], self.secrets)
        return f"{shown}… ({len(body)} bytes)" if len(body) > LONGEST_BODY else shown

    def to_repeat(self) -> Request:
        """The request without secrets, to send it again. Of a body that is too long to be shown, nothing is sent."""
        request = self.request
        body = request.body if len(request.body) <= LONGEST_BODY else b""
        with_mask = redact_body(body, self.secrets)
        body = body if with_mask == body.decode("utf-8", "backslashreplace") else with_mask.encode()
        return Request(request.method, self.path, request.version, self._headers(), body, request.path)


def justified(left: str, right: str) -> str:
    """Two texts at both ends of a line; the left one is cut if there is too little room."""
    room = WIDTH - len(right) - 1
    return f"{cut(left, room):<{room}} {right}".rstrip()


def cut(text: str, room: int = WIDTH) -> str:
    """The start of a text, without control characters: they could do something to a terminal."""
    text = text[: room + 1]
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)
    return text if len(text) <= room else f"{text[: room - 1]}…"


# -- two traces beside each other -----------------------------------------------------------------


def difference(one: Trace, other: Trace) -> dict:
    """{first: index of the first row that differs or None, rows: [(step or None, step or None, are they equal), …]}.

    Steps are equal if they begin and end alike, whatever their times, numbers, ids and hashes are. If a function only
    ends differently, something that it calls may differ before that: then this comes first.
    """
    left, right = list(one.steps), list(other.steps)
    keys = [[step.beginning(trace.id) for step in steps] for trace, steps in ((one, left), (other, right))]
    rows, order = [], []  # order: of the rows that differ: (when, index)
    for kind, a, b, c, d in SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        for offset in range(max(b - a, d - c)):
            pair = left[a + offset] if a + offset < b else None, right[c + offset] if c + offset < d else None
            is_equal = kind == "equal" and pair[0].end(one.id) == pair[1].end(other.id)
            if not is_equal:
                ends = _number_of_last_callee(left, a + offset) - (a + offset) if kind == "equal" else 0
                order.append((len(rows) + ends, -len(rows)))
            rows.append((*pair, is_equal))
    return {"first": -min(order)[1] if order else None, "rows": rows}


def _number_of_last_callee(steps, number):
    depth = steps[number].depth
    while number + 1 < len(steps) and steps[number + 1].depth > depth:
        number += 1
    return number


def _without_ids(text, request_id):
    """The text without what differs between two runs of the same request."""
    return VOLATILE.sub(lambda found: f"<{found.lastgroup}>", text.replace(repr(request_id), "<request>"))


def difference_as_json(one: Trace, other: Trace) -> dict:
    """The rows of difference() as [step or None, step or None], and the indexes of those that differ."""
    found, traces = difference(one, other), (one, other)
    rows = [[step and trace.step_as_json(step) for step, trace in zip(row, traces)] for row in found["rows"]]
    different = [index for index, row in enumerate(found["rows"]) if not row[2]]
    first = {"first_difference": found["first"], "different": different}
    return {"a": one.summary(), "b": other.summary(), **first, "rows": rows}


def difference_as_text(one: Trace, other: Trace) -> str:
    """Two columns of text; `=` stands between equal steps, `≠` between others, `▶` before the first of those."""
    found, half = difference(one, other), (WIDTH - 3) // 2
    lines = [_row(one.title(), " ", other.title(), half), _row(one.id, " ", other.id, half), ""]
    for index, (left, right, is_equal) in enumerate(found["rows"]):
        sign = "=" if is_equal else "▶" if index == found["first"] else "≠"
        shown = [_indented(step, trace, is_equal) for step, trace in ((left, one), (right, other))]
        lines.append(_row(shown[0], sign, shown[1], half))
    if found["first"] is None:
        lines.append("the same steps")
    return "\n".join(lines) + "\n"


def _row(left, sign, right, half):
    return f"{cut(left, half):<{half}} {sign} {cut(right, half)}".rstrip()


def _indented(step, trace, is_short):
    """A step as a line of text; of a call that is equal on both sides, the name is enough."""
    if not step:
        return ""
    label = step.name if is_short and step.kind == "call" else step.label(trace.secrets)
    return "  " * max(0, step.depth - len(trace.stack)) + label
