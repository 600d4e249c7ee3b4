"""The desk's log: one line per request on stderr, written once per beat. No body, token or key ever."""

import json
import re

COLOURS = {"INFO": "\x1b[32m", "WARN": "\x1b[33m", "ERROR": "\x1b[31m"}
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


class Log:
    """Collects lines and writes them to `stream` on flush(), as text or one JSON object each."""

    def __init__(self, stream, as_json: bool = False, colour: bool = False):
        self._stream, self._as_json, self._colour = stream, as_json, colour
        self._lines = []

    def request(self, request, status: int, milliseconds: int) -> None:
        """`INFO  | POST /tickets → 201 (4ms) request id, user`: WARN for 4xx, ERROR for 5xx."""
        user = request.caller.id if request.caller else "-"
        level = "INFO" if status < 400 else "WARN" if status < 500 else "ERROR"
        facts = {"method": request.method, "path": request.path, "status": status, "ms": milliseconds}
        line = f"{request.method} {request.path} → {status} ({milliseconds}ms) {request.id} {user}"
        self._write(level, line, **facts, request_id=request.id, user=user)

    def trouble(self, request, report: str) -> None:
        """What went wrong inside the desk while it answered `request`: the traceback, for this log only."""
        self._write("ERROR", f"{request.id} {report.rstrip()}", request_id=request.id, traceback=report)

    def _write(self, level, line, **facts):
        if self._as_json:
            self._lines.append(json.dumps({"level": level, **facts}))
        else:
            line = CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", line)
            label = f"{COLOURS[level]}{level:<5}\x1b[0m" if self._colour else f"{level:<5}"
            self._lines.append(f"{label} | {line}")

    def flush(self) -> None:
        if self._lines:
            lines, self._lines = "\n".join(self._lines) + "\n", []
            try:
                self._stream.write(lines)
                self._stream.flush()
            except OSError:  # nobody reads the log any more; the desk goes on
                pass
