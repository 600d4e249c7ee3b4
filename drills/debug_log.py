"""The debugging log of a drill: a Markdown file with ten headings, begun for the learner and never written over."""

import re
import shlex
from pathlib import Path

from drills.faults import PREFIX
from drills.judge import Verdict
from drills.lab import DISARM, Deed, Exchange

NAME = "debugging-log.md"
QUESTIONS = {  # heading: what belongs there; None where the tool writes something
    "Symptom": None,
    "Reproduction": None,
    "Expected": "What should those requests have answered, and left behind? Which document says so?",
    "Actual": "What did they answer instead? Statuses, bodies, rows, events.",
    "Failing boundary": "The last place where all is still right, and the first where it is wrong.",
    "Root cause": "Why it happens: file, line, and the thought that was wrong.",
    "Evidence": None,
    "Fix": "What you changed, and why there.",
    "Verification": "How you know: the check, your regression test, the suite.",
    "Prevention": "What would have caught it earlier, or made it impossible?",
}
TO_FILL = [heading for heading, question in QUESTIONS.items() if question]
MOST = 12  # requests whose answers are the evidence
READ_TOKEN = (
    'import json, sys; print(json.load(sys.stdin).get("token") or sys.exit("no token: is this desk in DEBUG?"))'
)
SQL = """sql() { python3 -c 'import sqlite3, sys
db = sqlite3.connect("support-desk.sqlite3")
print(*db.execute(sys.argv[1], sys.argv[2:]), sep="\\n")
db.commit()' "$@"; }"""
TOKEN = re.compile(r"'(Authorization: Bearer \$[A-Z0-9_]+)'")  # as shlex quotes it, where a shell has to fill it in
COMMENT = re.compile(r"<!--.*?-->", re.S)
SHOWN = 300  # characters of a body


def begin(folder: Path, story: str, verdict: Verdict) -> bool:
    """Write the log of a copy, from a check that failed. False, and nothing is written, where one is there."""
    asked = verdict.reproduction
    written = {
        "Symptom": story,
        "Reproduction": _reproduction(asked, folder.name),
        "Evidence": _evidence(asked, verdict.log),
    }
    parts = [f"# Debugging log: {folder.name}"]
    for heading, question in QUESTIONS.items():
        parts.append(f"## {heading}\n\n{f'<!-- {question} -->' if question else written[heading]}")
    try:
        file = open(folder / NAME, "x", encoding="utf-8")
    except FileExistsError:
        return False
    try:
        with file:
            file.write("\n\n".join(parts) + "\n")
    except BaseException:  # a full disk, Ctrl-C: half a log would stand in the way of a whole one
        (folder / NAME).unlink(missing_ok=True)
        raise
    return True


def empty_sections(folder: Path) -> list[str] | None:
    """The headings of the log that have nothing under them, or are not there; None where there is no log."""
    try:
        text = (folder / NAME).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    pieces = re.split(r"^#+[ \t]+(.+?)[ \t]*$", COMMENT.sub("", text), flags=re.M)
    filled = {heading.lower() for heading, body in zip(pieces[1::2], pieces[2::2]) if body.strip()}
    return [heading for heading in QUESTIONS if heading.lower() not in filled]


def curl(exchange, port: int = 8080) -> str:
    """The exchange as a command to paste, against a desk on its usual port."""
    words = ["curl", "-s" if exchange.token else "-i"]
    words += ["-X", exchange.method] if exchange.method != "GET" or exchange.body is not None else []
    for name, value in exchange.headers:
        words += ["-H", f"{name}: {value}" if value else f"{name};"]  # curl sends an empty header only so
    if exchange.body is not None:
        words += ["-d", exchange.body.decode("utf-8", "backslashreplace")]
    command = TOKEN.sub(r'"\1"', shlex.join([*words, f"http://localhost:{port}{exchange.path}"]))
    return f"{exchange.token}=$({command} | python3 -c '{READ_TOKEN}')" if exchange.token else command


def _deed(deed, label):
    """A deed as a line of a shell in the copy's folder; calls of the tool are typed where the copies are planted."""
    return f"(cd ../.. && python3 -m drills {deed.call.replace('{label}', label)})" if deed.call else deed.command


def _reproduction(asked, label):
    """What was done, as blocks of lines of a shell; a fault that is armed at the end is taken away."""
    deeds = [one for one in asked if isinstance(one, Deed)]
    armed = [one for one in deeds if "--in" in one.call or PREFIX in one.command]
    if armed and armed[-1].call != DISARM:
        asked = [*asked, Deed("when you have seen enough:", call=DISARM)]
    blocks, commands = [], [SQL] if any(one.command.startswith("sql ") for one in deeds) else []
    for one in asked:
        if isinstance(one, Deed) and one.apart:
            blocks += [*_block(commands), f"{one.about}, in a terminal of its own:", *_block([_deed(one, label)])]
            commands = []
        elif isinstance(one, Deed):
            commands += [f"# {one.about}", *filter(None, [_deed(one, label)])]
        elif one.follows and commands:  # one curl keeps its connection for what stands behind --next
            commands[-1] += f" --next {curl(one).removeprefix('curl ')}"
        else:
            commands.append(curl(one) + (" &" if one.goes_on else ""))
    start = "" if any("python3 app.py" in one.command for one in deeds) else ", start it"
    how = f"Against a fresh database (stop the desk, move `support-desk.sqlite3` away{start}), in the copy's folder,"
    return "\n\n".join([f"{how}\nin this order:", *blocks, *_block(commands)])


def _block(commands):
    return ["\n".join(["```bash", *commands, "```"])] if commands else []


def _evidence(asked, log):
    """What the requests were answered, and what the desk's log says about them."""
    asked = [one for one in asked if isinstance(one, Exchange)][-MOST:]
    rows = [f"- `{one.method} {one.path}` → {one.status}, request id `{one.request_id or 'none'}`" for one in asked]
    ids = {one.request_id for one in asked if one.request_id}
    lines = [line[:SHOWN] for line in _about(ids, log)]
    shown = "\n".join(lines)
    return "\n".join(rows) + (f"\n\n```\n{shown}\n```" if lines else "")


def _about(ids, log):
    """The lines of the log with these request ids, and what is indented below them: a traceback."""
    is_ours = False
    for line in log.splitlines():
        is_ours = bool(ids & set(line.split())) or is_ours and "|" not in line[:8]
        if is_ours:
            yield line
