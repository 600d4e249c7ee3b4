"""Traces for a debugging log: runs a reproduction once more, on the planted copy and on the clean desk.

A desk with DEBUG=true records what each request does. A check runs without that, so its verdict does not depend on it.
"""

import http.client
import json
import re
from contextlib import closing, suppress
from pathlib import Path
from textwrap import wrap
from typing import NamedTuple

from drills import plant
from drills.judge import Expectation, Verdict
from drills.lab import Lab, LabDesk
from drills.parting import WIDTH, Parting, behaves_alike, find_parting, settled, shortened, side_by_side

SECONDS = 20  # for the run on one desk
SEED = 0  # the copy, the clean desk and the log get the same words
FETCH_TIMEOUT = 3  # seconds for one request of this module
MOST_TRACES = 60  # of one desk
BROKEN = (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, AttributeError)
NOT_COMPARED = "date x-request-id x-bug-mode etag content-length sec-websocket-accept".split()  # headers
DIGITS, CODE = re.compile(r"\d+"), re.compile("`[^`]*`")
ABOUT_THE_DESK = ("GET /health", "GET /metrics", "GET /ready")  # these answers differ at any time
HOW_TO_SEE_ALL = (
    "To see all of it, start the copy with `DEBUG=true python3 app.py`, do the same again, and type "
    "`curl localhost:8080/debug/requests/ID`; `curl localhost:8080/debug/requests` lists the ids."
)


class Traced(NamedTuple):
    """One traced request: its trace as JSON and as text, and the answer: {status, headers, body}, or None."""

    trace: dict
    text: str
    answer: dict | None

    @property
    def name(self) -> str:
        message = " (a WebSocket message)" if self.trace["protocol"] == "WebSocket message" else ""
        return f"{self.trace['method']} {self.trace['path']}{message}"

    @property
    def steps(self) -> list[dict]:
        return self.trace["steps"]


class TracedDesk(LabDesk):
    """A desk whose traces are read before it stops."""

    def read_traces(self) -> None:
        if self.process.poll() is None:
            self.lab.traced += _fetch(self.port)

    def ask_to_stop(self) -> None:
        self.read_traces()
        super().ask_to_stop()


class TracedLab(Lab):
    """A lab whose desks run with DEBUG=true, unless a check sets DEBUG. `traced` are their requests, in order."""

    desk_class = TracedDesk

    def __init__(self, folder: Path):
        super().__init__(folder, SECONDS, SEED)
        self.traced, self.check_sets_debug = [], False

    def desk(self, *arguments: str, database: Path | None = None, **environ: str) -> LabDesk:
        self.check_sets_debug |= environ.get("DEBUG", "true") != "true"
        return super().desk(*arguments, database=database, **{"DEBUG": "true", **environ})


class Run(NamedTuple):
    """One run up to an expectation: whether it is met (None: the run did not come that far), and the requests."""

    is_met: bool | None
    requests: list[Traced]
    check_sets_debug: bool = False


def run(drill, folder: Path, until: str) -> Run:
    """Run the check up to the expectation `until`, and read the traces."""
    is_met, expectations = None, None
    with TracedLab(folder) as lab:
        with suppress(Exception):  # the check of a copy that does not work may stop anywhere
            expectations = drill.check(lab)
            for name, expected, actual in expectations:
                if name == until:
                    is_met = Expectation(name, expected, actual).is_met
                    break
            for desk in lab.desks:
                desk.read_traces()
    with suppress(Exception):  # closed after the lab: a check may wait for requests that hang until then
        expectations.close()
    return Run(is_met, lab.traced, lab.check_sets_debug)


def _fetch(port):
    found = []
    with suppress(*BROKEN), closing(http.client.HTTPConnection("127.0.0.1", port, timeout=FETCH_TIMEOUT)) as desk:
        token = {}
        status, listed = _get(desk, "/debug/requests")
        if status in (401, 403):
            body = json.dumps({"login": "drills", "roles": ["agent"]})
            desk.request("POST", "/api/debug/login", body, {"Content-Type": "application/json"})
            token = {"Authorization": "Bearer " + json.loads(desk.getresponse().read())["token"]}
            status, listed = _get(desk, "/debug/requests", **token)
        rows = [row for row in json.loads(listed)["requests"] if row["path"] != "/api/debug/login"]
        for row in reversed(rows[:MOST_TRACES]):
            path = f"/debug/requests/{row['id']}"
            trace = json.loads(_get(desk, path, **token)[1])
            text = _get(desk, path, Accept="text/plain", **token)[1].decode("utf-8", "replace")
            answer = json.loads(_get(desk, f"{path}/body", **token)[1])["response"]
            found.append(Traced({**row, "steps": trace["steps"]}, text, answer))
    return found


def _get(desk, path, **headers):
    desk.request("GET", path, headers={"Accept": "application/json", **headers})
    response = desk.getresponse()
    return response.status, response.read()


# -- what the log says ----------------------------------------------------------------------------


def for_the_log(drill, folder: Path, verdict: Verdict) -> str:
    """What the traces of the copy in `folder` show about the first expectation that failed, as Markdown."""
    if not verdict.failed:
        return _no_trace("the check did not come to an expectation that fails")
    until = verdict.failed[0].name
    copy = run(drill, folder, until)
    if copy.check_sets_debug:
        return _no_trace("this bug is about DEBUG itself, and a trace needs DEBUG=true")
    if not copy.requests:
        return _no_trace("the desk had got no request, or it did not answer when it was asked for its traces")
    if copy.is_met is not False:
        return _no_trace("with DEBUG=true the copy does not show the bug")
    clean = run(drill, plant.ROOT, until)
    return describe(copy.requests, clean.requests if clean.is_met else [])


def _no_trace(why):
    return f"There is no trace: {why}."


def describe(copy: list[Traced], clean: list[Traced]) -> str:
    """The trace of the request that fails, and where both desks part: in it, or in a request before."""
    twins = _twins(copy, clean)
    pairs = [(position, one, twins[position]) for position, one in enumerate(copy) if position in twins]
    differing = [position for position, one, other in pairs if _differ(one, other)]
    parted = [position for position, one, other in pairs if not behaves_alike(one.steps, other.steps)]
    failing = differing[-1] if differing else parted[0] if parted else len(copy) - 1
    first = min([*parted, failing])
    parting = find_parting(copy[first].steps, twins[first].steps) if first in twins else None
    step = parting.copy.step if parting and parting.copy and first == failing else None
    lines, left_out = shortened(copy[failing].text, copy[failing].steps, step)
    missing = f"{left_out} lines are left out. " if left_out else ""
    parts = [_wrapped(f"The trace of {_named(copy, failing)}:"), _block(lines), _wrapped(missing + HOW_TO_SEE_ALL)]
    if parting:
        where = "in this request" if first == failing else f"in an earlier request, {_named(copy, first)}"
        parts += _about_parting(parting, copy[first], twins[first], where)
    elif clean:
        parts.append(_wrapped(_no_parting(clean, list(twins.values()))))
    return "\n\n".join(parts)


def _differ(one, other):
    """Whether the same request got another answer."""
    return _answer(one) != _answer(other) and not one.name.startswith(ABOUT_THE_DESK)


def _twins(copy, clean):
    """{position of a request to the copy: the same request to the clean desk}. Their order may differ."""
    found, free = {}, dict(enumerate(clean))
    for position, one in enumerate(copy):
        same = next((other for other, twin in free.items() if _kind(one) == _kind(twin)), None)
        if same is not None:
            found[position] = free.pop(same)
    for position in range(len(copy)):
        if position not in found and position in free:  # another request came out of the same bytes
            found[position] = free.pop(position)
    return found


def _kind(one):
    return DIGITS.sub("#", settled(one.name))


def _named(requests, position):
    return f"`{requests[position].name}`, traced request {position + 1} of {len(requests)}"


def _about_parting(parting: Parting, one, other, where):
    if one.name != other.name:
        where += f" (to the clean desk it is `{other.name}`)"
    inside = f", inside {' → '.join(f'`{name}`' for name in parting.inside)}" if parting.inside else ""
    plans = (), ()
    if parting.copy and parting.clean:
        plans = one.steps[parting.copy.step].get("plan", ()), other.steps[parting.clean.step].get("plan", ())
    yield _wrapped(f"The clean desk and this copy part {where}{inside}:")
    yield _block(side_by_side(parting, plans))


def _no_parting(clean, twins):
    more = next((other for other in clean if other not in twins), None)
    if more:
        return f"The clean desk takes the same steps up to here. Then it gets `{more.name}`, and this copy does not."
    return (
        "The clean desk takes the same steps. The difference is in something that a trace does not show: a header, "
        "what is sent to a listener, the log, or the client."
    )


def _wrapped(text):
    """The text in lines; what is between backquotes stays in one line, to be copied."""
    kept = CODE.sub(lambda found: found[0].replace(" ", "\0"), text)
    return "\n".join(wrap(kept, WIDTH, break_long_words=False, break_on_hyphens=False)).replace("\0", " ")


def _block(lines):
    return "\n".join(["```", *lines, "```"])


def _answer(one):
    """What is compared of an answer."""
    if not one.answer:
        return None
    headers = [(name, settled(value)) for name, value in one.answer["headers"] if name.lower() not in NOT_COMPARED]
    return one.answer["status"], headers, settled(one.answer["body"])
