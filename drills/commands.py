"""The commands of the drill tool. Each one prints its result, and then what to type next.

A command gets its arguments (words and flags) and the folder of the copies; it returns the exit status.
"""

import contextlib
import hashlib
import itertools
import json
import os
import random
import re
import sys
import tempfile
import threading
from pathlib import Path
from typing import NamedTuple

from drills import board, catalogue, debug_log, faults, plant, solutions, traces
from drills.catalogue import DrillError
from drills.clients import LLMS, SWITCHING, StubLLM, WebSocket
from drills.judge import judge
from drills.lab import LLM_PORT
from drills.learner_test import judge_test
from drills.progress import Progress, state, utc_now
from drills.reveal import explain
from drills.stages import MAX_BROKEN, SUITE, after_ok
from drills.untrusted import one_line, print_error, print_lines, read_bytes

TOOL = "python3 -m drills"
DESK_PORT = 8080
STARS = re.compile("[1-5](-[1-5])?")
ANSWER_SECONDS = 2  # that `ws` waits for the answer to its last message
OWN_CHECK = "own check"  # the first stage of check
RULE_OF_A_TEST = (
    "a regression test passes on every correct desk and fails, by assertion, on the planted one, each time it runs."
)
MAX_SYMPTOMS = 3  # failed expectations that check shows without --all
DATABASE = "support-desk.sqlite3"  # in the folder of a copy


class Session(NamedTuple):
    """A learner's work on one drill. `label` is the name of the copy: the drill's name, or a mystery's."""

    label: str
    drill: object
    folder: Path
    progress: Progress

    @property
    def is_mystery(self) -> bool:
        return self.label.startswith(catalogue.MYSTERY)

    @property
    def story(self) -> str:
        """The drill's story. For a mystery without its first line, because the board shows that line with the name."""
        story = self.drill.__doc__.strip()
        return story.partition("\n")[2].strip() if self.is_mystery else story

    @property
    def entry(self) -> dict:
        return self.progress.entry(self.label)


def print_next(*commands: str) -> None:
    """Print what to type next; every command ends with this."""
    print_lines("", one_line(f"next: {'   or: '.join(f'{TOOL} {command}' for command in commands)}"))


def _print_next_aside(command):
    """The same on stderr, because stdout is for a file."""
    print(file=sys.stderr)
    print_error(f"next: {TOOL} {command}")


def check_marks() -> tuple[str, str]:
    """Tick and cross, if the terminal can show them."""
    try:
        "✓✗".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
        return "✓", "✗"
    except (UnicodeError, LookupError):
        return "ok", "NO"


def find_session(label: str, copies_dir: Path) -> Session:
    """The session with this label; DrillError, with the valid names, if there is none."""
    label, progress = _name(label), Progress(copies_dir)
    progress.entries()  # if this raises DrillError, nothing is done yet
    if "+" in label and plant.is_copy_name(label) and (copies_dir / label).exists():
        why = f"{label} has several bugs and cannot be judged; do one drill at a time: {TOOL} start NAME"
        raise DrillError(f"{why}; {TOOL} reset {label} sets it aside")
    mysteries = [copy.name for copy in board.copies(copies_dir) if copy.name.startswith(catalogue.MYSTERY)]
    if label in mysteries:
        hashes = plant.read_metadata(copies_dir / label).get("bugs", [])
        name = next((name for name in catalogue.names() if plant.hashed_name(label, name) in hashes), None)
        if not name:
            raise DrillError(f"the drill of {label} no longer exists; `{TOOL} reset {label}` sets the copy aside")
        return Session(label, catalogue.load(name), copies_dir / label, progress)
    if label not in catalogue.names():
        raise catalogue.unknown("drill", label, [*catalogue.by_difficulty(), *mysteries])
    return Session(label, catalogue.load(label), copies_dir / label, progress)


def _name(word):
    """The name of a drill or a copy, also if a shell has completed it to the path of its folder."""
    return Path(word).name.lower()


def _planted_session(label, copies_dir):
    session = find_session(label, copies_dir)
    if not session.folder.exists():
        raise DrillError(f"{session.label} is not planted; type {TOOL} start {session.label}")
    _require_app(session)
    return session


def _session_of(args, copies_dir):
    """The session of the drill that the words name, or of the current one; its copy must be there."""
    return _planted_session(args.words[0] if args.words else current_label(copies_dir), copies_dir)


def current_label(copies_dir: Path) -> str:
    """The copy that somebody works on who names none: that of the current folder, or the only one that is not solved.

    DrillError, with all that are started, if there is none or more than one.
    """
    with contextlib.suppress(ValueError, OSError):
        inside = Path.cwd().resolve().relative_to(copies_dir.resolve()).parts
        if inside and plant.is_copy_name(inside[0]):
            return inside[0]
    labels = started_labels(copies_dir)
    if len(labels) == 1:
        return labels[0]
    which = f"say which one: {', '.join(labels)}" if labels else f"no drill is started; type {TOOL} start next"
    raise DrillError(which)


def started_labels(copies_dir: Path) -> list[str]:
    """The copies that are there and not solved."""
    rows = board.rows(copies_dir)
    labels = [copy.name for copy in board.copies(copies_dir) if "+" not in copy.name]
    return [label for label in labels if label not in rows or rows[label]["state"] != "solved"]


def _require_app(session):
    if not (session.folder / "app.py").exists():
        why = f"{_short_path(session.folder)} is not a copy of the desk any more: it has no app.py"
        raise DrillError(f"{why}; `{TOOL} reset {session.label}` sets it aside")


# -- the commands -------------------------------------------------------------------------------


def show_board(args, copies_dir):
    board.show(copies_dir)
    unreadable = Progress(copies_dir).unreadable()
    if unreadable:
        what = f"{unreadable} in {_short_path(copies_dir / 'progress.json')}"
        print_error(f"drills: {what} cannot be read; {catalogue.ONLY_LABELS}")
    unproven = Progress(copies_dir).unproven()
    if unproven:
        why = "progress.json says that it is solved, but has no evidence; `check` and `test` make it"
        print_error(f"drills: {', '.join(unproven)}: {why}")
    states = [(name, row["state"]) for name, row in board.rows(copies_dir).items()]
    started = [(name, now) for name, now in states if now not in ("new", "solved") and (copies_dir / name).exists()]
    if started:
        name, now = started[0]
        print_next(f"test {name} PATH-OF-YOUR-TEST" if now == "fixed" else f"check {name}")
    elif any(now == "new" for _, now in states):
        print_next("start next", "start --mystery")
    else:
        print_next("export")
    return 0


def start(args, copies_dir):
    Progress(copies_dir).entries()  # if this raises DrillError, nothing is done yet
    word, seed = args.words[0] if args.words else "", args.flags.get("--seed")
    stars = _stars(args.flags.get("--stars", "1-5"))
    if args.flags.get("--mystery"):
        if word not in ("", "random"):
            raise DrillError(f"a mystery is started without a name; type {TOOL} start random --mystery")
        label, name = _choose_mystery(seed, stars, copies_dir)
    else:
        if word not in ("next", "random", "") and {"--seed", "--stars"} & set(args.flags):
            raise DrillError(f"--seed goes with `{TOOL} start random`, as does --stars")
        name = label = _choose_drill(word or "next", seed, stars, copies_dir)
    folder = copies_dir / label
    existed = folder.exists()
    if not existed:
        plant.plant(name, copies_dir, label if label != name else "")
    session = find_session(label, copies_dir)
    _require_app(session)
    session.progress.record(label, started=utc_now())
    _print_story(session)
    if existed:
        old = "" if plant.is_current(folder) else " The desk has changed since then."
        print_lines("", f"This copy was there already, with your changes.{old} For a new one: {TOOL} reset {label}")
    print_next(f"check {label}", f"hint {label}")
    return 0


def _print_story(session):
    path = _short_path(session.folder)
    print_lines(f"{session.label} ({'*' * session.drill.STARS})", "", session.story, "")
    table = [
        ("folder", path),
        ("run it", f"(cd {path} && python3 app.py)"),
        ("its tests", f"(cd {path} && python3 -m unittest)"),
        ("your log", f"{TOOL} log {session.label} (type it here, like all commands of this tool)"),
    ]
    print_lines(*board.align(table))
    print_lines("", f"Write in your log: {' · '.join(debug_log.LEARNER_SECTIONS)}.")


def _short_path(path):
    """The path relative to the current folder, if it is inside."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _stars(text):
    """The numbers of stars that "2" or "2-3" means."""
    numbers = [int(number) for number in text.split("-")] if STARS.fullmatch(text) else []
    if numbers != sorted(numbers) or not numbers:
        raise DrillError(f"--stars takes a number from 1 to 5, or two such as 2-3, not {text!r}")
    return range(numbers[0], numbers[-1] + 1)


def _choose_drill(word, seed, stars, copies_dir):
    """The drill to start: the word is a name, next or random."""
    if word not in ("next", "random"):
        return find_session(word, copies_dir).label
    rows = board.rows(copies_dir)
    names = [name for name in catalogue.by_difficulty() if catalogue.load(name).STARS in stars]
    new = [name for name in names if rows[name]["state"] == "new"]
    if not new:
        raise DrillError(f"every drill was started already; `{TOOL}` shows the board, `{TOOL} reset NAME` resets one")
    return new[0] if word == "next" else random.Random(seed).choice(new)


def _choose_mystery(seed, stars, copies_dir):
    """(label, name): with a seed the same for a whole class, without one a drill that is not solved yet.

    The number in the label decides the drill: with other stars a seed leads to another number.
    """
    drawn = random.Random(seed)
    if seed is not None and _has_stars(seed, stars):
        return f"{catalogue.MYSTERY}{seed}", _random_drill(seed)
    rows = board.rows(copies_dir)
    fitting = [number for number in drawn.sample(range(1000, 10000), 9000) if _has_stars(number, stars)]
    if not fitting:
        raise DrillError("no drill has that many stars")
    if seed is None:
        free = [number for number in fitting if f"{catalogue.MYSTERY}{number}" not in rows] or fitting
        fitting = [next((number for number in free if rows[_random_drill(number)]["state"] != "solved"), free[0])]
    return f"{catalogue.MYSTERY}{fitting[0]}", _random_drill(fitting[0])


def _has_stars(seed, stars):
    return catalogue.load(_random_drill(seed)).STARS in stars


def _random_drill(seed):
    return random.Random(seed).choice(catalogue.names())


def check(args, copies_dir):
    session = _session_of(args, copies_dir)
    verdict, flags = judge(session.drill, session.folder), args.flags
    entry = _record_verdict(session, verdict)
    if not flags.get("--json"):
        _print_verdict(session, verdict, bool(flags.get("--all")))
    stages = []
    if verdict.result == "OK" and not flags.get("--quick"):
        stages = _run_stages(session, flags)
        needed = [stage for stage in stages if stage.name != SUITE]  # the suite also has tests of one layer only
        entry = session.progress.record(session.label, stages=_result(verdict, needed))
        if state(entry) == "solved" and session.is_mystery:
            entry = session.progress.record(session.label, name=catalogue.name_of(session.drill))
    result = _result(verdict, stages)
    if flags.get("--json"):
        _print_json(session, verdict, stages, entry)
    else:
        _print_conclusion(stages)
        _print_next_step(session, entry, result == "OK")
        print_lines(result)
    return int(result == "NO")


def _record_verdict(session, verdict):
    """Record the result of the drill's own check; nothing is known yet about what the fix breaks."""
    facts = {"verdict": verdict.result, "checks": 1, "stages": "", "fix": plant.work_hash(session.folder)}
    facts["identical"] = "yes" if plant.is_clean(session.folder) else ""
    if verdict.failed:
        facts["reproduced"] = utc_now()
    return session.progress.record(session.label, started=utc_now(), **facts)


def _result(verdict, stages):
    """OK or NO: that of all stages that ran."""
    return "OK" if verdict.result == "OK" and all(stage.is_ok for stage in stages) else "NO"


def _run_stages(session, flags):
    """The stages after the OK of the drill's own check. Ctrl-C stops them; that OK is recorded already."""
    (tick, cross), is_quiet = check_marks(), flags.get("--json")
    if not is_quiet:
        how_long = "This takes minutes" if flags.get("--all") else "This takes half a minute"
        print_lines("", f"Does the fix break anything else? {how_long}; Ctrl-C stops it, --quick leaves it out.")
    stages = []
    try:
        for stage in after_ok(session.drill, session.folder, bool(flags.get("--all"))):
            stages.append(stage)
            if not is_quiet:
                print_lines(one_line(f"{tick if stage.is_ok else cross} {stage.message} ({stage.seconds:.0f} s)"))
    except KeyboardInterrupt:
        message = "stopped; the OK of the drill's own check is kept"
        raise DrillError(f"{message}, `{TOOL} check {session.label}` does the rest") from None
    return stages


def _print_json(session, verdict, stages, entry):
    """The whole result, for programs."""
    first = {"name": OWN_CHECK, "status": "pass" if verdict.result == "OK" else "fail"}
    facts = {"name": session.label, "verdict": _result(verdict, stages), "state": state(entry), "tests": verdict.tests}
    facts["stages"] = [first, *(stage.as_json for stage in stages)]
    facts["identical_to_the_clean_desk"] = entry.get("identical") == "yes"
    facts["empty_sections"] = debug_log.empty_sections(session.folder)
    print_lines(json.dumps(facts, indent=1, ensure_ascii=False))


def _print_verdict(session, verdict, shows_all):
    """The failed expectations, the first few unless all are asked for; those that are met only if all are."""
    tick, cross = check_marks()
    print_lines(f"{session.label}, in {_short_path(session.folder)}:")
    if not session.is_mystery:
        print_lines(catalogue.symptom(session.drill))
    print_lines("")
    shown = [test for test in verdict.tests if shows_all or test["status"] != "pass"]
    for test in shown if shows_all else shown[:MAX_SYMPTOMS]:
        passed = test["status"] == "pass"
        message = "" if passed else f": {test['message']}"
        print_lines(one_line(f"{tick if passed else cross} {test['name']}{message}"))
    if len(shown) > MAX_SYMPTOMS and not shows_all:
        print_lines(f"… and {len(shown) - MAX_SYMPTOMS} more; `{TOOL} check {session.label} --all` shows everything")
    if verdict.expectations:
        met = len(verdict.expectations) - len(verdict.failed)
        print_lines(*[""] * bool(shown), f"{met} of {len(verdict.expectations)} expectations are met")
    if verdict.error:
        print_lines("", f"The check stopped early ({verdict.error.kind}); the rest of it did not run.")
        print_lines(f"See whether your copy runs: (cd {_short_path(session.folder)} && python3 app.py)")


def _print_conclusion(stages):
    """What a fix that keeps the promises of its drill breaks; nothing if no stage ran."""
    if not stages:
        return
    broken = [line for stage in stages for line in stage.broken]
    kept = "Your fix keeps the promises of this drill"
    if not broken:
        print_lines("", f"{kept} and breaks nothing else.")
        return
    cross = check_marks()[1]
    more = [f"… and {len(broken) - MAX_BROKEN} more"] if len(broken) > MAX_BROKEN else []
    print_lines("", f"{kept}. It breaks:", *(one_line(f"{cross} {line}") for line in broken[:MAX_BROKEN]), *more)


def _print_next_step(session, entry, is_ok):
    empty, label = debug_log.empty_sections(session.folder), session.label
    if entry.get("identical") == "yes":
        print_lines("Your copy is identical to the clean desk.")
    if empty:
        print_lines(f"Still empty in {debug_log.NAME}: {', '.join(empty)}")
    if state(entry) == "solved" and is_ok:
        if session.is_mystery:
            print_lines(f"{label} is solved: it was {catalogue.name_of(session.drill)}")
        print_next(f"reveal {label}", "start next")
    elif is_ok and "tested" in entry:  # --quick
        print_lines("To solve the drill, show that the fix breaks nothing else.")
        print_next(f"check {label}")
    elif is_ok:
        print_lines("The bug is fixed. To solve the drill, write a test of your own that detects the bug.")
        print_next(f"test {label} PATH-OF-YOUR-TEST")
    elif empty is None:
        print_next(f"log {label}", f"hint {label}")
    else:
        print_next(f"hint {label}", f"check {label}")


def hint(args, copies_dir):
    session = find_session(args.words[0] if args.words else current_label(copies_dir), copies_dir)
    hints, shown = session.drill.HINTS, session.entry.get("hints", 0)
    if state(session.entry) == "solved":
        print_lines("The drill is solved; these hints are not counted:", *_numbered(hints))
        print_next(f"reveal {session.label}", "start next")
        return 0
    if shown < len(hints):
        print_lines(f"Hint {shown + 1} of {len(hints)}: {hints[shown]}")
        session.progress.record(session.label, hints=1)
    else:
        print_lines("You have all the hints:", *_numbered(hints))
    more = (f"hint {session.label}",) if shown + 1 < len(hints) else (f"reveal {session.label} --give-up",)
    print_next(f"check {session.label}" if session.folder.exists() else f"start {session.label}", *more)
    return 0


def _numbered(hints):
    return [f"{number}. {text}" for number, text in enumerate(hints, 1)]


def test(args, copies_dir):
    *words, path = args.words
    session = find_session(words[0] if words else current_label(copies_dir), copies_dir)
    label, is_fixed = session.label, session.entry.get("verdict") == "OK" and (session.folder / "app.py").exists()
    results = judge_test(session.drill, Path(path), fixed=session.folder if is_fixed else None)
    tick, cross = check_marks()
    for result in results:
        print_lines(one_line(f"{tick if result.is_ok else cross} {result.message}"))
    if not all(result.is_ok for result in results):
        print_lines("", f"Not accepted: {RULE_OF_A_TEST}")
        print_next(f"test {label} {path}")
        return 1
    content = read_bytes(Path(path))
    is_shipped = solutions.is_shipped_test(catalogue.name_of(session.drill), content.decode("utf-8", "replace"))
    facts = {"test": hashlib.sha256(content).hexdigest(), "shipped": "yes" if is_shipped else ""}
    entry = session.progress.record(label, started=utc_now(), reproduced=utc_now(), tested=utc_now(), **facts)
    print_lines("", "Accepted: this test detects the bug.")
    if is_shipped:
        print_lines("It is the test that is shipped with this drill, not one of your own; the board says so.")
    if state(entry) == "solved":
        if session.is_mystery:
            session.progress.record(label, name=catalogue.name_of(session.drill))
            print_lines(f"{label} is solved: it was {catalogue.name_of(session.drill)}")
        print_next(f"reveal {label}", "start next")
    else:
        print_next(f"check {label}" if session.folder.exists() else f"start {label}")
    return 0


def _failure(session):
    """The verdict about a copy that shows the bug, and what its traces show."""
    verdict = judge(session.drill, session.folder)
    if verdict.failed:
        return verdict, traces.for_the_log(session.drill, session.folder, verdict)
    with tempfile.TemporaryDirectory() as name:  # it is fixed already, or does not run: a new copy shows the bug
        folder = Path(name, "desk")
        plant.copy_desk(folder, [session.drill])
        verdict = judge(session.drill, folder)
        return verdict, traces.for_the_log(session.drill, folder, verdict)


def log(args, copies_dir):
    session = _session_of(args, copies_dir)
    path = session.folder / debug_log.NAME
    is_new = not path.exists()
    if is_new:
        is_new = debug_log.create(session.folder, session.story, *_failure(session))
        session.progress.record(session.label, started=utc_now())
    created, kept = "was created, with what shows the bug.", "is there already; it was not changed."
    print_lines(f"{_short_path(path)} {created if is_new else kept}")
    empty = debug_log.empty_sections(session.folder)
    print_lines(f"Still empty: {', '.join(empty)}" if empty else "Every section is filled.")
    print_next(f"check {session.label}", f"hint {session.label}")
    return 0


def reveal(args, copies_dir):
    session = find_session(args.words[0] if args.words else current_label(copies_dir), copies_dir)
    name, gives_up = catalogue.name_of(session.drill), args.flags.get("--give-up")
    if state(session.entry) != "solved" and not session.entry.get("revealed"):
        if not gives_up:
            help_text = f"`{TOOL} hint {session.label}` helps, or add --give-up"
            print_error(f"drills: {session.label} is not solved yet; {help_text}")
            return 1
        facts = {"name": name} if name != session.label else {}
        session.progress.record(session.label, revealed=utc_now(), **facts)
    print_lines(*explain(session.drill))
    print_next("start next", f"reset {session.label}")
    return 0


def reset(args, copies_dir):
    labels = _labels_to_reset(args, copies_dir)
    if not labels:
        print_lines("There is nothing to reset.")
    elif not (args.flags.get("--yes") or _confirm(labels, copies_dir)):
        print_lines("Nothing was changed.")
        return 1
    folders = {label: copies_dir / label for label in labels if os.path.lexists(copies_dir / label)}
    for folder in folders.values():
        plant.require_inside(folder, copies_dir)  # for all of them, before the first one is moved
    for label in labels:
        if label in folders:
            print_lines(f"{label}: your copy is now in {_short_path(plant.set_aside(folders[label], copies_dir))}")
        Progress(copies_dir).reset(label)
    print_next(_restart_command(labels[0]) if len(labels) == 1 else "start next")
    return 0


def _labels_to_reset(args, copies_dir):
    """The labels that the words or --all mean: those of copies, and of entries that are not new."""
    if args.words and args.flags.get("--all"):
        raise DrillError(f"say which one: {TOOL} reset NAME, or {TOOL} reset --all")
    copies = {copy.name for copy in board.copies(copies_dir)}
    started = {label for label, entry in Progress(copies_dir).entries().items() if set(entry) - {"earlier"}}
    if not args.flags.get("--all"):
        label = _name(args.words[0]) if args.words else current_label(copies_dir)
        return [label] if label in copies | started else [find_session(label, copies_dir).label]
    for folder in board.foreign_copies(copies_dir):
        print_error(f"drills: {_short_path(folder)} is not the name of a copy; it stays where it is")
    return sorted(copies | started)


def _restart_command(label):
    if label.startswith(catalogue.MYSTERY):
        return f"start --mystery --seed {label.removeprefix(catalogue.MYSTERY)}"
    return f"start {label}" if label in catalogue.names() else "start next"


def _confirm(labels, copies_dir):
    print_lines(f"This resets {', '.join(labels)}.")
    print_lines(f"Copies are moved to {_short_path(copies_dir / plant.ASIDE)}, not deleted.")
    print("Go on? [y/N] ", end="", flush=True)
    answer = sys.stdin.readline() if sys.stdin else ""
    print("" if answer.endswith("\n") else "(no answer)")
    return answer.strip().lower() in ("y", "yes")


def fault(args, copies_dir):
    name, flags = args.words[0] if args.words else "", args.flags
    if name and name not in (*faults.FAULTS, *LLMS):
        raise catalogue.unknown("fault", name, [*faults.FAULTS, *LLMS])
    if flags.get("--list") or not (name or flags.get("--off")):
        return _list_faults()
    if name in LLMS and not flags.get("--off"):
        return _serve_llm(name, flags)
    if {"--status", "--content", "--port"} & set(flags):
        raise DrillError(f"--status, --content and --port go with {', '.join(LLMS)}")
    databases = _databases(flags, copies_dir)
    if flags.get("--off"):
        return _remove_faults(databases)
    _inject(_only_one(databases), name)
    print_next(f"fault --off --in {flags['--in']}" if "--in" in flags else "fault --off")
    return 0


def _list_faults():
    print_lines(*board.align([(name, about) for name, (_, about) in {**faults.FAULTS, **LLMS}.items()]))
    print_next("fault audit-write", "fault --off")
    return 0


def _remove_faults(databases):
    for database in databases:
        removed = ", ".join(faults.remove_all(database))
        print_lines(f"{_short_path(database)}: {f'{removed} removed' if removed else 'had no fault'}")
    print_next("fault --list")
    return 0


def _only_one(databases):
    if not databases:
        raise DrillError("no copy has a database yet: start the copy's desk first, or name a database with --db FILE")
    if len(databases) > 1:
        choices = ", ".join(map(_short_path, databases))
        raise DrillError(f"say in which database, --in NAME or --db FILE; there are: {choices}")
    return databases[0]


def _inject(database, name):
    faults.inject(database, name)
    print_lines(f"{_short_path(database)}: {', '.join(faults.injected(database))} injected ({faults.FAULTS[name][1]})")


def _databases(flags, copies_dir):
    """The database that the flags name; without such a flag, those of all copies. Never the desk's own."""
    if flags.get("--db"):
        found = [Path(flags["--db"])]
    elif flags.get("--in"):
        found = [_planted_session(flags["--in"], copies_dir).folder / DATABASE]
    else:
        found = [copy / DATABASE for copy in board.copies(copies_dir) if (copy / DATABASE).exists()]
    for path in found:
        if path.resolve() == plant.ROOT / DATABASE:
            raise DrillError(f"{path} is the desk's own database, not a copy's")
    return found


def _serve_llm(name, flags):
    given = {option: flags[f"--{option}"] for option in ("status", "content") if f"--{option}" in flags}
    options = LLMS[name][0] | given
    if {"--in", "--db"} & set(flags):
        raise DrillError(f"{name} is not in a database: leave --in and --db out")
    port = flags.get("--port", LLM_PORT)
    try:
        llm = StubLLM(**options, port=port)
    except (OSError, OverflowError) as problem:
        why = f"cannot listen on port {port}: {problem}"
        raise DrillError(f"{why}; stop the program that does, or choose another with --port N") from None
    settings = " ".join(f"{name}={value}" for name, value in llm.environ.items())
    print_lines(f"{name} is running; Ctrl-C stops it. In the copy's folder, start a desk that uses it:", "")
    print_lines(f"  {settings} python3 app.py", "")
    try:
        while True:
            if llm.wait_for_request(3600):
                print_lines(f"requests so far: {len(llm.requests)}")
    except KeyboardInterrupt:
        print_lines("stopped")
    print_next("fault --list")
    return 0


def ws(args, copies_dir):
    path, *messages = args.words
    headers = {}
    for text in args.flags.get("--header", []):
        name, _, value = text.partition(":")
        headers[name.strip()] = value.strip()
    port = args.flags.get("--port", DESK_PORT)
    try:
        socket = WebSocket(port, path, headers)
    except (OSError, OverflowError) as problem:
        raise DrillError(f"cannot connect to port {port}: {problem}; is the copy running?") from None
    print_lines(f"{path} → {socket.status}")
    if socket.status != SWITCHING:
        return 1
    printer = threading.Thread(target=_print_messages, args=[socket], daemon=True)
    printer.start()
    with contextlib.suppress(OSError):  # the desk has closed the connection
        for line in itertools.chain(messages, sys.stdin or ()):
            if line.strip():
                socket.send_text(line.strip())
        socket.send_close()
    printer.join(ANSWER_SECONDS)
    socket.close()
    return 0


def _print_messages(socket):
    while (message := socket.next(None)) is not None:
        print_lines(one_line(json.dumps(message, ensure_ascii=False)))


def export(args, copies_dir):
    print_lines(board.export(copies_dir))
    _print_next_aside(f"export > my-name.json   (for {TOOL} class)")
    return 0


def class_table(args, copies_dir):
    table, problems = board.class_table([Path(word) for word in args.words])
    if table:
        print_lines(*table)
    for problem in problems:
        print_error(f"drills: left out {problem}")
    _print_next_aside("class FILE... > class.md")
    return int(bool(problems))
