"""The debugging log of a drill: a Markdown file with ten headings. The tool creates it and never overwrites it."""

import re
import shlex
from pathlib import Path

from drills.catalogue import DrillError
from drills.faults import PREFIX
from drills.judge import Verdict
from drills.lab import REMOVE_FAULTS, RecordedRequest, Step
from drills.untrusted import clean, one_line, read_bytes, replace_text

NAME = "debugging-log.md"
QUESTIONS = {  # heading: what the learner writes there; None if the tool fills it in
    "Symptom": None,
    "Reproduction": None,
    "Expected": "What should the responses have been, and the rows after them? Which document says so?",
    "Actual": "What happened instead? Statuses, bodies, rows, events.",
    "Failing boundary": "The last place where everything is right, and the first where it is wrong. See Evidence.",
    "Root cause": "Why it happens: the file, the line, and the wrong assumption.",
    "Evidence": None,
    "Fix": "What you changed, and why there.",
    "Verification": "How you know that it works: the check, your regression test, the suite.",
    "Prevention": "What would have caught it earlier, or made it impossible?",
}
LEARNER_SECTIONS = [heading for heading, question in QUESTIONS.items() if question]
MAX_REQUESTS = 12  # whose responses are shown as evidence
MAX_CHARS = 300  # of a log line
READ_TOKEN = (
    'import json, sys; print(json.load(sys.stdin).get("token") or sys.exit("no token: is this desk in DEBUG?"))'
)
SQL = """sql() { python3 -c 'import sqlite3, sys
db = sqlite3.connect("support-desk.sqlite3")
print(*db.execute(sys.argv[1], sys.argv[2:]), sep="\\n")
db.commit()' "$@"; }"""
TOKEN = re.compile(r"'(Authorization: Bearer \$[A-Z0-9_]+)'")  # shlex quotes it, but the shell must expand it
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.S)  # one without an end goes on to the end of the file, as in HTML
OWN_HEADING = re.compile(rf"^## ({'|'.join(QUESTIONS)})$", re.M)
HEADING = re.compile(r"^#+[ \t](.*)$", re.M)  # no two parts match the same character: that takes too long


def create(folder: Path, story: str, verdict: Verdict, traces: str = "") -> bool:
    """Write the log of a copy, from a check that failed, and the Markdown about its traces.

    If there is a log already, write nothing and return False.
    """
    recorded = verdict.reproduction
    written = {
        "Symptom": story,
        "Reproduction": _reproduction(recorded, folder.name),
        "Evidence": "\n\n".join(filter(None, [_evidence(recorded, verdict.log), traces])),
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
    except BaseException:  # a full disk, Ctrl-C: an incomplete log would prevent a complete one
        (folder / NAME).unlink(missing_ok=True)
        raise
    return True


def empty_sections(folder: Path) -> list[str] | None:
    """The headings with nothing under them, or missing from the log; None if there is no log that can be read."""
    try:
        text = read_bytes(folder / NAME).decode("utf-8", "replace")
    except OSError:
        return None
    return empty_in(text)


def empty_in(text: str) -> list[str]:
    """The headings with nothing under them, or missing from the text of a log."""
    pieces = HEADING.split(COMMENT.sub("", text))
    filled = {heading.strip().lower() for heading, body in zip(pieces[1::2], pieces[2::2]) if body.strip()}
    return [heading for heading in QUESTIONS if heading.lower() not in filled]


def read_sections(folder: Path) -> dict[str, str]:
    """What stands under each heading of the log, without the questions; OSError if it cannot be read."""
    pieces = OWN_HEADING.split(_read(folder))
    found = dict(zip(pieces[1::2], pieces[2::2]))
    return {heading: _without_question(heading, found.get(heading, "")) for heading in QUESTIONS}


def _read(folder):
    return read_bytes(folder / NAME).decode("utf-8", "replace").replace("\r\n", "\n")


def _without_question(heading, body):
    return body.replace(f"<!-- {QUESTIONS[heading]} -->", "").strip()


def write_answers(folder: Path, answers: dict[str, str]) -> None:
    """Replace what stands under the learner's headings; the rest of the file stays. DrillError if it is no such log."""
    text = _read(folder)
    for heading, answer in answers.items():
        if heading not in LEARNER_SECTIONS or OWN_HEADING.search(answer):
            raise DrillError(f"a line of {heading!r} is one of the headings of the log: write it in another way")
        start = re.search(rf"^## {re.escape(heading)}$", text, re.M)
        if not start:
            raise DrillError(f"{NAME} has no heading `## {heading}`: put it back, or edit the file in your editor")
        rest = OWN_HEADING.search(text, start.end())
        body = answer.strip() or f"<!-- {QUESTIONS[heading]} -->"
        text = f"{text[: start.end()]}\n\n{body}\n\n{text[rest.start() :] if rest else ''}"
    replace_text(folder / NAME, text.rstrip("\n") + "\n")


def curl(request, port: int = 8080) -> str:
    """The request as a curl command to paste, for a desk on its usual port."""
    words = ["curl", "-s" if request.token else "-i"]
    words += ["-X", request.method] if request.method != "GET" or request.body is not None else []
    for name, value in request.headers:
        words += ["-H", f"{name}: {value}" if value else f"{name};"]  # curl's syntax for an empty header
    if request.body is not None:
        words += ["-d", request.body.decode("utf-8", "backslashreplace")]
    command = TOKEN.sub(r'"\1"', shlex.join([*words, f"http://localhost:{port}{request.path}"]))
    return f"{request.token}=$({command} | python3 -c '{READ_TOKEN}')" if request.token else command


def _shell_line(step, label):
    """A step as a shell command in the copy's folder; commands of the drill tool run two folders up."""
    tool_command = step.tool_command.replace("{label}", label)
    return f"(cd ../.. && python3 -m drills {tool_command})" if tool_command else TOKEN.sub(r'"\1"', step.command)


def _reproduction(recorded, label):
    """What was done, as blocks of shell commands; a fault that is still injected is removed at the end."""
    steps = [one for one in recorded if isinstance(one, Step)]
    runs_desk = any(one.in_background and "python3 app.py" in one.command for one in steps)
    how = f"move `support-desk.sqlite3` away{'' if runs_desk else ', start it'}"
    intro = f"With a new database (stop the desk, {how}), in the copy's folder,\nin this order:"
    commands = [SQL] if any(one.command.startswith("sql ") for one in steps) else []
    return "\n\n".join([intro, *_blocks([*recorded, *_last_step(steps)], label, commands)])


def _last_step(steps):
    faults = [one for one in steps if "--in" in one.tool_command or PREFIX in one.command]
    if faults and faults[-1].tool_command != REMOVE_FAULTS:
        yield Step("when you have seen enough:", tool_command=REMOVE_FAULTS)


def _blocks(recorded, label, commands):
    """Blocks of `commands` and those of the requests and steps; a step in the background has a block of its own."""
    for one in recorded:
        if isinstance(one, Step) and one.in_background:
            yield from _block(commands)
            yield f"{one.about}, in a terminal of its own:"
            yield from _block([_shell_line(one, label)])
            commands = []
        elif isinstance(one, RecordedRequest) and one.same_connection and commands:
            commands[-1] += f" --next {curl(one).removeprefix('curl ')}"  # curl reuses its connection for this request
        else:
            commands += _lines_of(one, label)
    yield from _block(commands)


def _lines_of(one, label):
    if isinstance(one, RecordedRequest):
        return [curl(one) + (" &" if one.overlaps else "")]
    return [f"# {one.about}", *filter(None, [_shell_line(one, label)])]


def _block(commands):
    return ["\n".join(["```bash", *commands, "```"])] if commands else []


def _evidence(recorded, log):
    """The responses to the requests, and what the desk's log says about them."""
    requests = [one for one in recorded if isinstance(one, RecordedRequest)][-MAX_REQUESTS:]
    facts = [(f"{one.method} {one.path}", one.status, one.request_id or "none") for one in requests]
    rows = [one_line(f"- `{request}` → {status}, request id `{number}`") for request, status, number in facts]
    ids = {one.request_id for one in requests if one.request_id}
    lines = [clean(line[:MAX_CHARS]) for line in _lines_with(ids, log)]
    shown = "\n".join(lines)
    return "\n".join(rows) + (f"\n\n```\n{shown}\n```" if lines else "")


def _lines_with(ids, log):
    """The lines of the log with these request ids, and the traceback lines below them."""
    is_ours = False
    for line in log.splitlines():
        is_ours = bool(ids & set(line.split())) or is_ours and "|" not in line[:8]
        if is_ours:
            yield line
