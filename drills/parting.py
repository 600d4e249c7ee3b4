"""Where two traces of one request part: the first step that is not the same. Pure.

A trace is the JSON of GET /debug/requests/{id}: `steps` is a list of {depth, kind, name, file, line, …}. Two steps are
the same if they differ only in what differs from run to run: ids, times, hashes, ports and durations.
"""

import re
from difflib import SequenceMatcher
from itertools import takewhile
from typing import NamedTuple

VOLATILE = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]*"  # a UUID, perhaps only its start
    r"|(?<=\d\d-\d\dT)(?!00:00:00)[\d:.]*Z?"  # a time of day, but not midnight: that is a boundary
    r"|\b[0-9a-f]{8}-\d+\b|\b(?=[0-9a-f]*[0-9])[0-9a-f]{12,}\b"  # a request id, a hash
    r"|(?<=localhost:)\d+|(?<=127\.0\.0\.1:)\d+|\b\d+(?:\.\d+)? ?(?:µs|ms|s)\b"  # a port, a duration
    r"|\b\d+\.\d{4,}|\b0x[0-9a-f]+\b|\b1[789]\d{8}\b"  # a reading of a clock, an address in memory, a Unix time
)
ID = re.compile(r"(?i)\b((?:\w*_)?id|number|uuid|cursor)([:=] ?)\d+")
CACHED = ("_text_of_second",)  # calls that are there once a second only: their result is kept
MOST_AFTER = 3  # steps of each desk that are shown from the parting on


class Moment(NamedTuple):
    """One line of what a request did, in the order of time: a call begins or ends, or another step is done.

    `key` is what is compared, `depth` how deep it is, `step` the position of its step in the trace.
    """

    key: tuple
    depth: int
    place: str
    text: str
    step: int


class Parting(NamedTuple):
    """The first moments that differ. A list is empty if that desk does nothing there and goes on with what follows.

    `inside` are the names of the calls that are at work then, `before` is the last moment that both have.
    """

    inside: list[str]
    before: Moment | None
    copy: list[Moment]
    clean: list[Moment]


def settled(text: str) -> str:
    """The text without what differs from run to run."""
    return ID.sub(r"\1\2#", VOLATILE.sub("#", text))


def find_parting(copy: list[dict], clean: list[dict]) -> Parting | None:
    """Where the steps of the planted copy and those of the clean desk part; None if they are the same."""
    ours, theirs = moments(copy), moments(clean)
    same = sum(1 for _ in takewhile(lambda pair: pair[0].key == pair[1].key, zip(ours, theirs)))
    if same == len(ours) == len(theirs):
        return None
    matcher = SequenceMatcher(None, [one.key for one in ours[same:]], [one.key for one in theirs[same:]], False)
    _, start, end, other_start, other_end = next(code for code in matcher.get_opcodes() if code[0] != "equal")
    ours_there, theirs_there = ours[same + start : same + end], theirs[same + other_start : same + other_end]
    before = ours[same + start - 1] if same + start else None
    return Parting(_open_calls(ours[: same + start]), before, ours_there[:MOST_AFTER], theirs_there[:MOST_AFTER])


def moments(steps: list[dict]) -> list[Moment]:
    """What a request did, in the order of time. A call has two moments: its result is known at its end only."""
    found, calls = [], []
    for position, step in enumerate(steps):
        if step["kind"] == "stack" or step["name"] in CACHED:
            continue
        while calls and calls[-1][1]["depth"] >= step["depth"]:
            found.append(_end(*calls.pop()))
        found.append(_moment(position, step, _text(step)))
        if step["kind"] in ("call", "worker"):
            calls.append((position, step))
    while calls:
        found.append(_end(*calls.pop()))
    return found


def _end(position, step):
    result = step.get("result") or "nothing, or an exception"
    return _moment(position, step, f"{_text(step)} → {result}", "end")


def _moment(position, step, text, phase=""):
    place = f"{step['file']}:{step['line']}" if step.get("file") else ""
    key = phase or step["kind"], step["name"], step.get("file", ""), settled(text)
    return Moment(key, step["depth"], place, text, position)


def _text(step):
    values = ", ".join(text if str(name).isdigit() else f"{name}={text}" for name, text in step.get("values", ()))
    if step["kind"] == "sql":
        rows, changed = step.get("rows", 0), step.get("changed", 0)
        outcome = step.get("failure") and f"fails: {step['failure']}"
        outcome = outcome or (f"{changed} changed" if changed > 0 else f"{rows} row{'s' * (rows != 1)}")
        return f"SQL {' '.join(step['sql'].split())}{f' [{values}]' if values else ''} → {outcome}"
    if step["kind"] == "call":
        return f"{step['name']}({values})"
    return f"{step['name']}: {step['text']}" if step.get("text") else step["name"]


def _open_calls(found):
    names = []
    for moment in found:
        if moment.key[0] == "call":
            names.append(moment.key[1])
        elif moment.key[0] == "end" and names and names[-1] == moment.key[1]:
            names.pop()
    return names
