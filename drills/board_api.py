"""The endpoints of the board in the browser: each function returns data. They do what the commands of the tool do.

A mystery has the number of its copy as its label, and no answer about it has the name of its drill before it is solved
or given up.
"""

import hashlib
import inspect
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Callable, Iterator, NamedTuple

from drills import board, catalogue, choice, debug_log, exercise_commands, exercises, plant, reveal, steps
from drills.catalogue import DrillError
from drills.lab import environment
from drills.output import TOOL, short_path
from drills.progress import Progress, state
from drills.running import SETTINGS, STOP_TIMEOUT, Running
from drills.session import Session, find_session, planted_session
from drills.untrusted import read_bytes, replace_text

OWN_TEST = "my-test.py"  # in a copy: the test that is written in the browser
NO_TAG = ""  # of a file that is not there
MAX_SEED = 999_999_999


class NotThere(DrillError):
    """There is no such endpoint, drill or copy."""


class Board:
    """What all requests share: the folder of the copies, and what is running."""

    def __init__(self, copies_dir: Path):
        self.copies_dir, self.running = copies_dir, Running()

    def session(self, label: str) -> Session:
        if label not in catalogue.labels({label}):
            raise NotThere(f"there is no drill {label[:80]!r}")
        if label.startswith(catalogue.MYSTERY) and not (self.copies_dir / label).exists():
            raise NotThere(f"{label} is not planted; type {TOOL} start --mystery")
        return find_session(label, self.copies_dir)

    def planted(self, label: str) -> Session:
        self.session(label)
        return planted_session(label, self.copies_dir)

    def idle(self, label: str) -> Session:
        """The session, if no check, test or log of it is running."""
        if self.running.is_busy(label):
            raise DrillError(f"a check, test or log of {label} is running: wait until it ends, or stop it")
        return self.session(label)


# -- the board --------------------------------------------------------------------------------------


def show_board(shared: Board) -> dict:
    """Every drill, every mystery that was started, and every exercise in the order of the path."""
    folder = shared.copies_dir
    drills = [{**_row(shared, label, row), **_groups(label)} for label, row in board.rows(folder).items()]
    built = [
        {**_row(shared, label, row), "order": row["order"], "tests": row.get("tests", ""), "shown": _shown(row)}
        for label, row in board.exercise_rows(folder).items()
    ]
    return {"drills": drills, "exercises": built, "problems": _problems(Progress(folder))}


def _row(shared, label, row):
    facts = {name: row[name] for name in ("stars", "state", "hints", "of", "symptom")}
    copy = shared.running.copy(label)
    facts |= {"has_copy": (shared.copies_dir / label).exists(), "is_running": bool(copy and copy.is_running)}
    return {"label": label, "marks": board.shown_marks(row), **facts}


def _groups(label):
    """The topic and the family of a drill; a mystery does not say them."""
    drill = None if label.startswith(catalogue.MYSTERY) else catalogue.load(label)
    return {"section": drill.SECTION if drill else "Mysteries", "family": drill.FAMILY if drill else ""}


def _shown(row):
    """The state of an exercise, in its own words."""
    return board.SHOWN.get(row["state"], row["state"])


def _problems(progress):
    """What is wrong with progress.json, in words."""
    found, path = [], short_path(progress.path)
    unreadable, unproven = progress.unreadable(), progress.unproven()
    if unreadable:
        found.append(f"{unreadable} in {path} cannot be read; {catalogue.ONLY_LABELS}.")
    if unproven:
        found.append(f"{', '.join(unproven)}: {path} says that it is solved, but has no evidence.")
    return found


def start(shared: Board, name: str = "", mystery: bool = False, stars: str = "1-5", seed: int | None = None) -> dict:
    """Plant a drill, or a mystery that nobody names."""
    if seed is not None and not 0 <= seed <= MAX_SEED:
        raise DrillError(f"a seed is a whole number from 0 to {MAX_SEED:,}")
    if mystery:
        label, name = choice.choose_mystery(seed, choice.stars_of(stars), shared.copies_dir)
    else:
        label = name = choice.choose_drill(name or "next", seed, choice.stars_of(stars), shared.copies_dir)
    steps.start(label, name, shared.copies_dir)
    return {"label": label}


# -- one drill --------------------------------------------------------------------------------------


def show_drill(shared: Board, label: str) -> dict:
    """Everything about one drill or exercise that its view shows."""
    session = shared.session(label)
    drill, entry = session.drill, session.entry
    facts = {"label": label, "is_mystery": session.is_mystery, "is_exercise": session.is_exercise}
    facts |= {"stars": drill.STARS, "story": session.story, "state": state(entry), "marks": board.shown_marks(entry)}
    facts |= {"hints": _hints(session), "of": len(drill.HINTS), "name": entry.get("name", "")}
    facts |= _copy(session) | {"running": _running(shared, label), "is_busy": shared.running.is_busy(label)}
    facts |= _of_exercise(drill, facts) if session.is_exercise else _of_drill(session, label, entry)
    facts |= {"may_reveal": state(entry) == "solved" or bool(entry.get("revealed"))}
    return facts | {"commands": _commands(session), "problems": _problems(session.progress)}


def _of_drill(session, label, entry):
    facts = _groups(label) | {"is_identical": entry.get("identical") == "yes", "is_tested": "tested" in entry}
    return facts | {"own_test": _own_test(session), "log": _log(session)}


def _of_exercise(exercise, facts):
    text = {"contract": exercise.CONTRACT.strip(), "files": list(exercise.FILES), "order": exercise.ORDER}
    return {**text, "shown": _shown(facts), "of_path": len(catalogue.exercise_names())}


def _hints(session):
    """The hints that were taken; all of them when the drill is solved."""
    entry = session.entry
    return list(session.drill.HINTS[: None if state(entry) == "solved" else entry.get("hints", 0)])


def _copy(session):
    is_there = (session.folder / "app.py").exists()
    is_current = plant.is_current(session.folder) if is_there else True
    return {"folder": short_path(session.folder), "has_copy": is_there, "is_current": is_current}


def _running(shared, label):
    copy = shared.running.copy(label)
    if not copy:
        return {"is_running": False, "has_output": False}
    url = f"http://localhost:{copy.port}/" if copy.port else ""
    return {"is_running": copy.is_running, "is_ready": copy.is_ready, "has_output": True, "url": url}


def _own_test(session):
    path = session.folder / OWN_TEST
    text, tag = _text_and_tag(path)
    return {"path": short_path(path), "text": text, "tag": tag}


def _log(session):
    path = session.folder / debug_log.NAME
    text, tag = _text_and_tag(path)
    if tag == NO_TAG:
        return {"path": short_path(path), "exists": False}
    found = debug_log.read_sections(session.folder)
    parts = [
        {"heading": heading, "question": debug_log.QUESTIONS[heading] or "", "text": text}
        for heading, text in found.items()
    ]
    empty = debug_log.empty_sections(session.folder)
    return {"path": short_path(path), "exists": True, "tag": tag, "sections": parts, "empty": empty}


def _text_and_tag(path):
    """The text of a file, and what changes with it: so nobody overwrites what somebody else has written meanwhile."""
    try:
        content = read_bytes(path)
    except FileNotFoundError:
        return "", NO_TAG
    return content.decode("utf-8", "replace"), hashlib.sha256(content).hexdigest()


def _require_tag(path, tag):
    if _text_and_tag(path)[1] != tag:
        raise DrillError(f"{short_path(path)} has changed meanwhile, perhaps in your editor: reload this page first")


def _commands(session):
    """What the buttons do, as commands."""
    label, folder = session.label, shlex.quote(short_path(session.folder))
    options = " ".join(f"--{name.lower()} {value}" for name, value in SETTINGS.items())  # every shell takes them
    started = f"--mystery --seed {label.removeprefix(catalogue.MYSTERY)}" if session.is_mystery else label
    commands = {
        "start": f"{TOOL} start {started}",
        "check": f"{TOOL} check {label}",
        "quick": f"{TOOL} check {label} --quick",
        "hint": f"{TOOL} hint {label}",
        "reveal": f"{TOOL} reveal {label}",
        "give_up": f"{TOOL} reveal {label} --give-up",
        "reset": f"{TOOL} reset {label}",
        "run": f"(cd {folder} && python3 app.py {options})",
        "empty": f"(cd {folder} && python3 app.py --reset)",
    }
    if not session.is_exercise:
        more = {"all": f"check {label} --all", "test": f"test {label}", "log": f"log {label}"}
        commands |= {name: f"{TOOL} {text}" for name, text in more.items()}
    return commands


def hint(shared: Board, label: str) -> dict:
    """Take one more hint."""
    steps.give_hint(shared.session(label))
    return show_drill(shared, label)


def show_reveal(shared: Board, label: str, give_up: bool = False) -> dict:
    """The explanation, and both sides of each diff: one of a drill, one for each good design of an exercise."""
    session = shared.session(label)
    if not steps.allow_reveal(session, give_up):
        raise DrillError(f"{label} is not solved yet")
    drill = session.drill
    facts = {"name": catalogue.name_of(drill), "explanation": drill.EXPLANATION.strip()}
    if session.is_exercise:
        designs = exercises.solutions_of(drill).values()
        return facts | {"designs": [reveal.side_by_side_of(patch) for patch in designs], "sources": []}
    facts |= {"designs": [[{"file": drill.FILE, "rows": reveal.side_by_side(drill)}]]}
    return facts | {"sources": list(drill.PROVENANCE), "family": drill.FAMILY, "relatives": reveal.relatives(drill)}


def reset(shared: Board, label: str) -> dict:
    """Set the copy aside."""
    shared.idle(label)
    shared.running.forget_copy(label)
    return {"moved": [short_path(path) for _, path in steps.reset([label], shared.copies_dir)]}


def check(shared: Board, label: str, mode: str = "") -> Iterator[dict]:
    """Judge the copy; the expectations come one by one."""
    shared.planted(label)
    how = {"": {}, "quick": {"quick": True}, "all": {"everything": True}}
    if mode not in how:
        raise DrillError(f"a check is quick, all, or neither, not {mode[:80]!r}")
    return _run(shared, label, job="check", **how[mode])


def test(shared: Board, label: str, path: str) -> Iterator[dict]:
    """Judge a test of the learner's own in a file."""
    exercise_commands.refuse_exercise(shared.session(label), "test")
    return _run(shared, label, job="test", path=str(Path(path).expanduser().absolute()))


def save_test(shared: Board, label: str, text: str, tag: str) -> dict:
    """Write the learner's own test into the copy."""
    path = shared.planted(label).folder / OWN_TEST
    _require_tag(path, tag)
    replace_text(path, text)
    return _own_test(shared.session(label))


def create_log(shared: Board, label: str) -> Iterator[dict]:
    """Create the debugging log, with what shows the bug."""
    exercise_commands.refuse_exercise(shared.planted(label), "log")
    return _run(shared, label, job="log")


def save_log(shared: Board, label: str, answers: dict, tag: str) -> dict:
    """Write the learner's answers into the debugging log."""
    session = shared.planted(label)
    if not all(isinstance(answer, str) for answer in answers.values()):
        raise DrillError("an answer is a text")
    _require_tag(session.folder / debug_log.NAME, tag)
    debug_log.write_answers(session.folder, answers)
    return _log(session)


def _run(shared, label, **what):
    return shared.running.run(label, copies_dir=str(shared.copies_dir.absolute()), **what)


# -- the running copy -------------------------------------------------------------------------------


def run_copy(shared: Board, label: str) -> dict:
    """Start the copy, on a free port."""
    session = shared.planted(label)
    shared.running.start_copy(label, session.folder).wait_until_ready()
    return _running(shared, label)


def stop_copy(shared: Board, label: str) -> dict:
    """Stop the copy; its log stays."""
    shared.session(label)
    shared.running.stop_copy(label)
    return _running(shared, label)


def empty_copy(shared: Board, label: str) -> dict:
    """Stop the copy, and delete its data."""
    session = shared.planted(label)
    shared.running.stop_copy(label)
    command, options = [sys.executable, "app.py", "--reset"], {"input": b"yes\n", "capture_output": True}
    done = subprocess.run(command, cwd=session.folder, env=environment(), timeout=STOP_TIMEOUT, **options)
    said = (done.stdout + done.stderr).decode("utf-8", "replace").strip()
    if done.returncode:
        raise DrillError(said)
    return {**_running(shared, label), "said": said}


def follow_output(shared: Board, label: str, after: int = 0) -> Iterator[dict]:
    """The log of the running copy, from this line on, as it comes."""
    copy = shared.running.copy(label)
    if not copy:
        raise NotThere(f"no copy of {label[:80]} was started here")
    return _output(copy, after)


def _output(copy, number):
    is_running = True
    while is_running:
        is_running = copy.is_running
        number, lines = copy.lines_after(number)
        yield {"lines": lines, "next": number, "is_running": is_running}


class Route(NamedTuple):
    """An endpoint: its method and path, its function, and the fields that its body may have, with their types."""

    method: str
    path: re.Pattern
    function: Callable
    fields: dict = {}

    @property
    def required(self) -> list[str]:
        parameters = inspect.signature(self.function).parameters
        return [name for name in self.fields if parameters[name].default is inspect.Parameter.empty]


def _route(method, path, function, /, **fields):
    return Route(method, re.compile("/api" + path.replace("LABEL", "([a-z0-9_-]+)")), function, fields)


ROUTES = (
    _route("GET", "/board", show_board),
    _route("POST", "/start", start, name=str, mystery=bool, stars=str, seed=int),
    _route("GET", "/drills/LABEL", show_drill),
    _route("POST", "/drills/LABEL/hint", hint),
    _route("POST", "/drills/LABEL/check", check, mode=str),
    _route("POST", "/drills/LABEL/test", test, path=str),
    _route("POST", "/drills/LABEL/own-test", save_test, text=str, tag=str),
    _route("POST", "/drills/LABEL/log", create_log),
    _route("POST", "/drills/LABEL/answers", save_log, answers=dict, tag=str),
    _route("POST", "/drills/LABEL/reveal", show_reveal, give_up=bool),
    _route("POST", "/drills/LABEL/reset", reset),
    _route("POST", "/drills/LABEL/run", run_copy),
    _route("POST", "/drills/LABEL/stop", stop_copy),
    _route("POST", "/drills/LABEL/empty", empty_copy),
    _route("POST", "/drills/LABEL/output", follow_output, after=int),
)
