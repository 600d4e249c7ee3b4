"""Where the planted copy and the clean desk part: the first step of a request that is not the same in both. Pure.

A trace is the JSON of GET /debug/requests/{id}: its `steps` are {depth, kind, name, file, line, …}. Two steps are the
same if they differ only in what differs from run to run: ids, times, hashes, ports and durations.
"""

import re
from difflib import SequenceMatcher
from itertools import takewhile
from os.path import commonprefix
from typing import NamedTuple

from drills.untrusted import one_line

VOLATILE = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]*"  # a UUID, perhaps only its start
    r"|(?<=\d\d-\d\dT)(?!00:00:00)[\d:.]*Z?"  # a time of day, but not midnight: that is a boundary
    r"|\b[0-9a-f]{8}-\d+\b|\b(?=[0-9a-f]*[0-9])[0-9a-f]{8,}\b"  # a request id, a hash
    r"|(?<=localhost:)\d+|(?<=127\.0\.0\.1:)\d+|\b\d+(?:\.\d+)? ?(?:µs|ms|s)\b"  # a port, a duration
    r"|\b\d+\.\d{4,}|\b0x[0-9a-f]+\b"  # a reading of a clock, an address in memory
)
ID = re.compile(r"(?i)\b((?:\w*_)?id|number|uuid|cursor)([:=] ?)\d+")
STAMP = re.compile(r"\bstamp=\(\d+, \d+\)")  # how much was written before, perhaps by other requests
NOT_COMPARED = ("_text_of_second",)  # its result is kept for a second, so the call may be missing
OF_THE_STATE = ("begin_read", "_newest_event", "file_sizes")  # their results say the same, so they do not count
SQL_ERROR = re.compile(r"raises (?:\w+Error|Unavailable)\b")  # other exceptions come from the code after a statement
NO_RESULT = "None, or an exception"
PART_OF_SQL = re.compile(r"\b(?:SELECT|LIKE|MATCH|GLOB|instr|json_object)\b|= :")
READS, CHANGES = ("SELECT", "WITH", "PRAGMA"), ("INSERT", "UPDATE", "DELETE")
AFTER_AN_EXCEPTION = ("refuse", "_unavailable")  # the desk calls them when something was raised
NOTHING = "(no such step)"
WIDTH = 100  # columns of a line
ROOM = 70  # of them for the text of a step; the name of its file needs the others
MOST_LINES = 60  # of a trace
HEAD, AROUND, TAIL = 24, 13, 8  # lines of a long trace that are kept: the first, before and after the parting, the last


class Moment(NamedTuple):
    """What a request did, in the order of time: a call begins, a call ends, or another step is done.

    `key` is what is compared. `loose_key` is the same without the words of SQL: another statement with the same result
    is no other behaviour. `step` is the position of its step in the trace.
    """

    key: tuple
    loose_key: tuple
    kind: str
    name: str
    place: str
    text: str
    step: int


class Parting(NamedTuple):
    """The first moments that differ; None if that desk does nothing there. `before` is the last one that both have.

    `inside` are the names of the calls that are at work then.
    """

    inside: list[str]
    before: Moment | None
    copy: Moment | None
    clean: Moment | None


def settled(text: str) -> str:
    """The text without what differs from run to run."""
    return ID.sub(r"\1\2#", VOLATILE.sub("#", text))


def behaves_alike(copy: list[dict], clean: list[dict]) -> bool:
    """Whether both desks do the same, perhaps with other SQL."""
    ours, theirs = ([moment.loose_key for moment in moments(steps)] for steps in (copy, clean))
    return ours == theirs


def find_parting(copy: list[dict], clean: list[dict]) -> Parting | None:
    """Where the steps of the planted copy and those of the clean desk part; None if they are the same."""
    ours, theirs = moments(copy), moments(clean)
    same = sum(1 for _ in takewhile(lambda pair: pair[0].key == pair[1].key, zip(ours, theirs)))
    if same == len(ours) == len(theirs):
        return None
    keys = [[moment.key for moment in found[same:]] for found in (ours, theirs)]
    codes = SequenceMatcher(None, *keys, autojunk=False).get_opcodes()
    _, a, b, c, d = next(code for code in codes if code[0] != "equal")
    before = ours[: same + a]
    ours_there, theirs_there = (ours[same + a] if a < b else None), (theirs[same + c] if c < d else None)
    return Parting(_calls_at_work(before), before[-1] if before else None, ours_there, theirs_there)


def moments(steps: list[dict]) -> list[Moment]:
    """What a request did, in the order of time. A call is there twice: its result is known at its end only."""
    found, calls = [], []
    for position, step in enumerate(steps):
        while calls and calls[-1][1]["depth"] >= step["depth"]:
            found.append(_end(*calls.pop(), steps[position:]))
        if step["kind"] == "stack" or step["name"] in NOT_COMPARED or _is_sql(step, step.get("result", "")):
            continue
        found.append(_moment(position, step, _text(step, steps[position + 1 :]), step["kind"]))
        if step["kind"] in ("call", "worker"):
            calls.append((position, step))
    return found + [_end(*call, []) for call in reversed(calls)]


def _is_sql(step, text):
    """Whether a text of a call is part of a statement. The statement itself comes later."""
    return step["kind"] == "call" and step.get("file") == "store.py" and bool(PART_OF_SQL.search(text))


def _end(position, step, following):
    result = step.get("result") or _exception(following) or NO_RESULT
    return _moment(position, step, f"{_text(step)} → {result}", "end")


def _exception(following):
    """The exception that ended a step, as far as what follows tells it."""
    if not following or (following[0]["name"] not in AFTER_AN_EXCEPTION and following[0]["kind"] != "error"):
        return ""
    errors = (_text(step) for step in following if step["kind"] == "error")
    return f"raises {next(errors, 'an exception')}"


def _moment(position, step, text, kind):
    name, file = step["name"], step.get("file", "")
    place = f"{file}:{step['line']}" if file else ""
    shown = name if step["kind"] == "worker" else STAMP.sub("#", settled(_text(step) if kind == "sql" else text))
    if name in OF_THE_STATE or _is_sql(step, text):
        shown = name
    loose = shown
    if step["kind"] == "sql":
        verb = step["sql"].split(None, 1)[0].upper()
        loose = f"{verb} {'' if verb == 'INSERT' else settled(_values(step))} {_outcome(step)}"
    head = kind, name, file
    return Moment((*head, shown, *step.get("plan", ())), (*head, loose), kind, name, place, text, position)


def _text(step, following=()):
    if step["kind"] == "sql":
        values = f" [{_values(step)}]" if step.get("values") else ""
        raised = _exception(following)
        outcome = raised if SQL_ERROR.match(raised) else _outcome(step)
        return f"SQL {' '.join(step['sql'].split())}{values} → {outcome}"
    if step["kind"] == "call":
        return f"{step['name']}({_values(step)})"
    return f"{step['name']}: {step['text']}" if step.get("text") else step["name"]


def _values(step):
    pairs = [(str(name), value) for name, value in step.get("values", ())]
    return ", ".join(value if name.isdigit() else f"{name}={value}" for name, value in pairs)


def _outcome(step):
    rows, changed = step.get("rows", 0), step.get("changed", 0)
    if step.get("failure"):
        return f"fails: {step['failure']}"
    verb = step["sql"].split(None, 1)[0].upper()
    if changed > 0 or verb in CHANGES:
        return f"{max(0, changed)} changed"
    return f"{rows} row{'s' * (rows != 1)}" if verb in READS else "done"


def _calls_at_work(found):
    names = []
    for moment in found:
        if moment.kind in ("call", "worker"):
            names.append(moment.name)
        elif moment.kind == "end":
            names.pop()
    return names


# -- as text ------------------------------------------------------------------------------------


def side_by_side(parting: Parting, plans: tuple = ((), ())) -> list[str]:
    """The last common step and the first two that differ, one line each.

    If one statement has two query plans, `plans`, what is in one of them only follows.
    """
    copy, clean = parting.copy, parting.clean
    texts = [moment.text if moment else NOTHING for moment in (copy, clean)]
    if copy and clean and copy.kind == clean.kind == "sql" and _words(texts[0]) != _words(texts[1]):
        texts[1] = f"SQL (another statement) → {texts[1].rpartition(' → ')[2]}"  # its words are the solution
        plans = (), ()
    lines = [_line("both", _with_result(parting.before.text), parting.before)] if parting.before else []
    lines += [_line("copy", _focused(*texts), copy), _line("clean", _focused(*reversed(texts)), clean)]
    for who, plan, other in (("copy", *plans), ("clean", *reversed(plans))):
        lines += [_line(who, f"  plan: {line}", None) for line in plan if line not in other]
    return lines


def _words(statement):
    return statement.rpartition(" → ")[0].partition(" [")[0]


def _focused(text, other):
    """The text; a long one from the value on that differs from the other text."""
    if len(text) <= ROOM:
        return text
    if text.startswith("SQL ") and (not other.startswith("SQL ") or _words(text) != _words(other)):
        return _with_result(text)
    text, other = settled(text), settled(other)
    start = len(commonprefix([text, other]))
    head = text[: text.find("(") + 1] or text[:20]
    if text.startswith("SQL "):
        head = text[:30]
    value, result = text.rfind(", ", len(head), start + 1), text.rfind(" → ", len(head), start + 3)
    if result > value:
        return f"{head}…{')' if head.endswith('(') else ''}{text[result:]}"
    return f"{head}…{text[value:]}" if value > 0 else text


def _with_result(text):
    """The text; a long one is cut before its result."""
    if len(text) <= ROOM:
        return text
    given, _, result = text.rpartition(" → ")
    if not given:
        return text
    result = result if len(result) <= ROOM // 2 else f"{result[: ROOM // 2]}…"
    return f"{given[: ROOM - len(result) - 4]}… → {result}"


def _line(who, text, moment):
    place = moment.place if moment else ""
    room = WIDTH - 8 - len(place) - bool(place)
    text = one_line(text)
    shown = text if len(text) <= room else f"{text[: room - 1]}…"
    return f"{who:<7} {shown:<{room}} {place}".rstrip() if place else f"{who:<7} {shown}"


def shortened(text: str, steps: list[dict], step: int | None) -> tuple[list[str], int]:
    """At most MOST_LINES lines of a trace's tree, with those around this step, and how many were left out."""
    lines = [one_line(line) for line in text.splitlines()]
    if len(lines) <= MOST_LINES:
        return lines, 0
    middle = _line_of(lines, steps, step) if step is not None else HEAD + AROUND
    kept = {*range(HEAD), *range(middle - AROUND, middle + AROUND), *range(len(lines) - TAIL, len(lines))}
    shown, left_out = [], 0
    for number, line in enumerate(lines):
        if number in kept:
            shown.append(line)
        elif number - 1 in kept:
            gap = next(later for later in range(number, len(lines)) if later in kept) - number
            shown.append(f"{'':16}… {gap} line{'s' * (gap != 1)} left out")
            left_out += gap
    return shown, left_out


def _line_of(lines, steps, wanted):
    """The position of a step's line: after the head each step has one line, and a statement with values two."""
    following = [1 + (step["kind"] == "sql" and bool(step["values"])) for step in steps[wanted:]]
    return len(lines) - sum(following)
