"""Runs a reproduction with traces, on the planted copy and on the clean desk, and finds the request that fails.

A desk with DEBUG=true records what each request does. A check runs without that; this is one more run for the log.
"""

import http.client
import json
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from drills import plant
from drills.judge import Expectation
from drills.lab import CheckError, Lab, LabDesk
from drills.parting import settled

SECONDS = 20  # for the run on one desk
FETCH_TIMEOUT = 3  # seconds for one request of this module
MOST_TRACES = 60  # of one desk
PROBLEMS = (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, AttributeError)
NOT_COMPARED = ("date", "x-request-id", "x-bug-mode", "etag", "last-modified", "content-length")


class Traced(NamedTuple):
    """One traced request: its trace as JSON and as text, and the answer: {status, headers, body}, or None."""

    trace: dict
    text: str
    answer: dict | None

    @property
    def name(self) -> str:
        return f"{self.trace['method']} {self.trace['path']}"


class TracedDesk(LabDesk):
    """A desk whose traces are read before it stops."""

    def read_traces(self) -> None:
        if self.process.poll() is None:
            self.lab.traced += _fetch(self.port)

    def stop(self, *facts) -> int:
        self.read_traces()
        return super().stop(*facts)


class TracedLab(Lab):
    """A lab whose desks run with DEBUG=true, unless a check sets DEBUG. `traced` are their requests, in order."""

    desk_class = TracedDesk

    def __init__(self, folder: Path):
        super().__init__(folder, SECONDS)
        self.traced = []

    def desk(self, *arguments: str, database: Path | None = None, **environ: str) -> LabDesk:
        return super().desk(*arguments, database=database, **{"DEBUG": "true", **environ})


def run(drill, folder: Path, until: str) -> tuple[bool, list[Traced]]:
    """Run the check up to the expectation `until`: whether it is met, and the requests until then."""
    with TracedLab(folder) as lab:
        with suppress(CheckError):
            for name, expected, actual in drill.check(lab):
                if name == until:
                    break
            for desk in lab.desks:
                desk.read_traces()
            return Expectation(name, expected, actual).is_met, lab.traced
    return False, []


def _fetch(port):
    found = []
    with suppress(*PROBLEMS), closing(http.client.HTTPConnection("127.0.0.1", port, timeout=FETCH_TIMEOUT)) as desk:
        token = {}
        status, listed = _get(desk, "/debug/requests")
        if status in (401, 403):
            body = json.dumps({"login": "drills", "roles": ["agent"]})
            desk.request("POST", "/api/debug/login", body, {"Content-Type": "application/json"})
            token = {"Authorization": "Bearer " + json.loads(desk.getresponse().read())["token"]}
            status, listed = _get(desk, "/debug/requests", **token)
        rows = [row for row in json.loads(listed)["requests"] if row["path"] != "/api/debug/login"]
        for row in rows[MOST_TRACES - 1 :: -1] if len(rows) >= MOST_TRACES else rows[::-1]:
            path = f"/debug/requests/{row['id']}"
            trace = json.loads(_get(desk, path, Accept="application/json", **token)[1])
            text = _get(desk, path, Accept="text/plain", **token)[1].decode("utf-8", "replace")
            answer = json.loads(_get(desk, f"{path}/body", **token)[1])["response"]
            if "steps" in trace:
                found.append(Traced(trace, text, answer))
    return found


def _get(desk, path, **headers):
    desk.request("GET", path, headers={"Accept": "application/json", **headers})
    response = desk.getresponse()
    return response.status, response.read()


def pairs(copy: list[Traced], clean: list[Traced]) -> list[tuple[Traced, Traced | None]]:
    """Each request to the copy with the same request to the clean desk."""
    found = []
    for position, one in enumerate(copy):
        other = clean[position] if position < len(clean) else None
        found.append((one, other if other and _key(one) == _key(other) else None))
    return found


def _key(one):
    return one.trace["protocol"], "".join("#" if letter.isdigit() else letter for letter in settled(one.name))


def answers_differ(one: Traced, other: Traced) -> bool:
    return _answer(one) != _answer(other)


def _answer(one):
    if not one.answer:
        return None
    headers = [(name, settled(value)) for name, value in one.answer["headers"] if name.lower() not in NOT_COMPARED]
    return one.answer["status"], headers, settled(one.answer["body"])
