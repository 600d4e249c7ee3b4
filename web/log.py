"""The desk's log: one line per request on stderr, written once per turn of the event loop. Never a body, token or key.

A log that nobody reads must not block the desk: a pipe or a terminal gets only what it takes without waiting. If more
than MOST_WAITING characters wait, the oldest lines are dropped and counted.
"""

import json
import os
import re
import select
import stat
import sys
from collections import deque

COLOURS = {"INFO": "\x1b[32m", "WARN": "\x1b[33m", "ERROR": "\x1b[31m"}
MOST_WAITING = 2_000_000  # characters that wait for a slow reader
LONGEST = 200  # characters that the log shows of a method or a path; ids have limits already
LONGEST_REPORT = 8000  # characters: the end of a traceback says most
PIPE_TAKES = 512  # bytes that a ready pipe takes without waiting (the smallest PIPE_BUF of POSIX)
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


class Log:
    """Collects lines and writes them to `stream` on flush(), as text or one JSON object each.

    `stream` may be None, as sys.stderr is for a process that was started without one.
    """

    def __init__(self, stream, as_json: bool = False, colour: bool = False):
        self._stream, self._as_json, self._colour = stream, as_json, colour
        self._lines, self._waiting, self._dropped, self._unwritten = deque(), 0, 0, bytearray()
        self._pipe = _waiting_descriptor(stream)

    def request(self, request, status: int, milliseconds: int) -> None:
        """`INFO  | POST /tickets → 201 (4ms) request id, user`: WARN for 4xx, ERROR for 5xx."""
        level = "INFO" if status < 400 else "WARN" if status < 500 else "ERROR"
        facts = {**_facts(request), "status": status, "ms": milliseconds} if self._as_json else {}
        user = request.caller.id if request.caller else "-"
        method, path = _cut(request.method), _cut(request.path)
        line = f"{method} {path} → {status} ({milliseconds}ms) {request.id} {user}"
        self._write(level, line, facts)

    def trouble(self, request, report: str) -> None:
        """What went wrong while the desk answered `request`: a traceback or a sentence, for this log only."""
        report = report.rstrip()[-LONGEST_REPORT:]
        self._write("ERROR", f"{request.id} {report}", {**_facts(request), "report": report})

    def _write(self, level, line, facts):
        if self._as_json:
            line = json.dumps({"level": level, **facts})
        else:
            if not line.isprintable():
                line = CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", line)
            label = f"{COLOURS[level]}{level:<5}\x1b[0m" if self._colour else f"{level:<5}"
            line = f"{label} | {line}"
        self._lines.append(line)
        self._waiting += len(line)
        while self._waiting > MOST_WAITING:
            self._next_line()
            self._dropped += 1

    def _next_line(self):
        line = self._lines.popleft()
        self._waiting -= len(line)
        return line

    def flush(self) -> None:
        """Write what the stream takes now; the rest waits for the next turn."""
        if self._dropped and self._waiting < MOST_WAITING // 2:  # it reads again
            dropped, self._dropped = self._dropped, 0
            self._write("WARN", f"{dropped} log lines were dropped: nobody read them", {"dropped": dropped})
        try:
            if self._pipe is None:
                self._flush_at_once()
            else:
                self._flush_what_fits()
        except OSError:  # the stream takes no more now, or nobody reads the log any more: the desk goes on
            pass

    def _flush_at_once(self):
        if self._lines:
            lines = "\n".join(self._lines) + "\n"
            self._lines.clear()
            self._waiting = 0
            if self._stream:
                self._stream.write(lines)
                self._stream.flush()

    def _flush_what_fits(self):
        while (self._lines or self._unwritten) and select.select([], [self._pipe], [], 0)[1]:
            while self._lines and len(self._unwritten) < PIPE_TAKES:
                self._unwritten += f"{self._next_line()}\n".encode("utf-8", "backslashreplace")
            del self._unwritten[: os.write(self._pipe, self._unwritten[:PIPE_TAKES])]


def say(text: str) -> None:
    """Print a text for the person who starts the desk. If the output takes none, the desk goes on without it."""
    try:
        print(text, flush=True)
    except OSError:  # nobody reads it any more, or its disk is full
        sys.stdout = None


def _cut(text):
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"


def _user(request):
    return request.caller.id if request.caller else "-"


def _facts(request):
    method, path = _cut(request.method), _cut(request.path)
    return {"method": method, "path": path, "request_id": request.id, "user": _user(request)}


def _waiting_descriptor(stream):
    """The file descriptor to check before a write that can block: of a pipe, a socket, or a terminal after Ctrl-S.

    A terminal is opened a second time: so a write never waits, and other users of the terminal notice nothing.
    """
    if stream is None or os.name == "nt":
        return None
    try:
        mode = os.fstat(stream.fileno()).st_mode
        if os.isatty(stream.fileno()):
            return os.open(os.ttyname(stream.fileno()), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except (OSError, ValueError):
        return None
    return stream.fileno() if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) else None
