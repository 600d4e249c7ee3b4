"""What each call of the drill tool does: it prints what there is to say, and ends with what to type next.

A call gets its words and flags, and the folder that the copies are in; it returns the exit status.
"""

import json
import random
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from drills import board, catalogue, debug_log, faults, plant
from drills.catalogue import Refused
from drills.clients import LLMS, StubLLM
from drills.judge import judge
from drills.lab import LLM_PORT
from drills.learner_test import judge_test
from drills.progress import Progress, state, utc_now
from drills.reveal import explain

ME = "python3 -m drills"


class Lesson(NamedTuple):
    """A drill as the learner knows it: by its name, or by the name of a mystery."""

    label: str
    drill: object
    folder: Path
    progress: Progress

    @property
    def is_mystery(self) -> bool:
        return self.label.startswith(plant.MYSTERY)

    @property
    def story(self) -> str:
        """What there is to hear; of a mystery without the first line, which stands on the board beside the name."""
        told = self.drill.__doc__.strip()
        return told.partition("\n")[2].strip() if self.is_mystery else told

    @property
    def entry(self) -> dict:
        return self.progress.entry(self.label)


def say(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)


def then(*calls: str) -> None:
    """The end of every call: what to type next."""
    say("", f"next: {'   or: '.join(f'{ME} {call}' for call in calls)}")


def marks() -> tuple[str, str]:
    """Tick and cross, where the terminal has them."""
    try:
        "✓✗".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
        return "✓", "✗"
    except (UnicodeError, LookupError):
        return "ok", "NO"


def find(label: str, garden: Path) -> Lesson:
    """The lesson of that name; Refused, with the valid ones, where there is none."""
    label, progress = _name(label), Progress(garden)
    progress.entries()  # Refused here, before anything is done
    if "+" in label and (garden / label).exists():
        why = f"{label} has several bugs and cannot be judged; drills are done one at a time: {ME} start NAME"
        raise Refused(f"{why}; {ME} reset {label} sets it aside")
    mysteries = [place.name for place in board.places(garden) if place.name.startswith(plant.MYSTERY)]
    if label in mysteries:
        seals = plant.label_of(garden / label).get("bugs", [])
        name = next((name for name in catalogue.names() if plant.sealed(label, name) in seals), None)
        if not name:
            raise Refused(f"{label} is of a drill that is no longer there; `{ME} reset {label}` sets it aside")
        return Lesson(label, catalogue.load(name), garden / label, progress)
    if label not in catalogue.names():
        raise catalogue.unknown("drill", label, [*catalogue.on_board(), *mysteries])
    return Lesson(label, catalogue.load(label), garden / label, progress)


def _name(word):
    """The name of a drill or a copy, also where a shell has completed its folder."""
    return Path(word).name.lower()


def _standing(label, garden):
    lesson = find(label, garden)
    if not lesson.folder.exists():
        raise Refused(f"{lesson.label} is not planted; type {ME} start {lesson.label}")
    _must_be_whole(lesson)
    return lesson


def _must_be_whole(lesson):
    if not (lesson.folder / "app.py").exists():
        why = f"{_shown(lesson.folder)} is no copy of the desk any more: it has no app.py"
        raise Refused(f"{why}; `{ME} reset {lesson.label}` sets it aside")


# -- the calls ----------------------------------------------------------------------------------


def show_board(said, garden):
    board.show(garden)
    left_out = Progress(garden).left_out()
    if left_out:
        print(f"drills: {left_out} in {_shown(garden / 'progress.json')} cannot be read", file=sys.stderr)
    there = [(name, row["state"]) for name, row in board.rows(garden).items()]
    begun = [(name, now) for name, now in there if now not in ("new", "solved") and (garden / name).exists()]
    if begun:
        name, now = begun[0]
        then(f"test {name} PATH-OF-YOUR-TEST" if now == "mended" else f"check {name}")
    elif any(now == "new" for _, now in there):
        then("start next", "start --mystery")
    else:
        then("export")
    return 0


def start(said, garden):
    Progress(garden).entries()  # Refused here, before anything is done
    if said.flags.get("--mystery"):
        if said.words:
            raise Refused(f"a mystery has no name to start it by; type {ME} start --mystery")
        label, name = _mystery(said.flags.get("--seed"), garden)
    else:
        name = label = _chosen(said.words[0] if said.words else "next", said.flags.get("--seed"), garden)
    folder = garden / label
    stood = folder.exists()
    if not stood:
        plant.plant(name, garden, label if label != name else "")
    lesson = find(label, garden)
    _must_be_whole(lesson)
    lesson.progress.note(label, started=utc_now())
    _tell_story(lesson)
    if stood:
        old = "" if plant.is_of_today(folder) else " The desk has changed since it was made."
        say("", f"It stands since an earlier start, as you left it.{old} For a fresh one: {ME} reset {label}")
    then(f"check {label}", f"hint {label}")
    return 0


def _tell_story(lesson):
    place = _shown(lesson.folder)
    say(f"{lesson.label} ({'*' * lesson.drill.STARS})", "", lesson.story, "")
    table = [
        ("folder", place),
        ("run it", f"(cd {place} && python3 app.py)"),
        ("its tests", f"(cd {place} && python3 -m unittest)"),
        ("your log", f"{ME} log {lesson.label}, typed here as all its calls"),
    ]
    say(*board.columns(table))
    say("", f"Write down, in your log: {' · '.join(debug_log.TO_FILL)}.")


def _shown(path):
    """A path as short as it can be typed here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _chosen(word, seed, garden):
    """The drill that start means."""
    if word not in ("next", "random"):
        if seed is not None:
            raise Refused(f"--seed goes with `{ME} start random` and `{ME} start --mystery`")
        return find(word, garden).label
    rows = board.rows(garden)
    new = [name for name in catalogue.on_board() if rows[name]["state"] == "new"]
    if not new:
        raise Refused(f"every drill was started already; `{ME}` shows the board, `{ME} reset NAME` begins one anew")
    return new[0] if word == "next" else random.Random(seed).choice(new)


def _mystery(seed, garden):
    """(label, name): with a seed the same for a whole class, else one that is not solved yet."""
    if seed is not None:
        return f"{plant.MYSTERY}{seed}", _drawn(seed)
    rows = board.rows(garden)
    free = [number for number in range(1000, 10000) if f"{plant.MYSTERY}{number}" not in rows]
    random.shuffle(free)
    unsolved = (number for number in free if rows[_drawn(number)]["state"] != "solved")
    seed = next(unsolved, free[0])
    return f"{plant.MYSTERY}{seed}", _drawn(seed)


def _drawn(seed):
    return random.Random(seed).choice(catalogue.names())


def check(said, garden):
    lesson = _standing(said.words[0], garden)
    verdict = judge(lesson.drill, lesson.folder)
    found = {"verdict": verdict.word, "checks": 1}
    if verdict.broken:
        found["reproduced"] = utc_now()
    entry = lesson.progress.note(lesson.label, started=utc_now(), **found)
    was_solved = state(entry) == "solved"
    if was_solved and lesson.is_mystery:
        entry = lesson.progress.note(lesson.label, name=catalogue.name_of(lesson.drill))
    if said.flags.get("--json"):
        facts = {"name": lesson.label, "verdict": verdict.word, "state": state(entry), "tests": verdict.tests}
        say(json.dumps({**facts, "empty_sections": debug_log.empty_sections(lesson.folder)}, indent=1, ensure_ascii=False))
        return int(verdict.word == "NO")
    _print_verdict(lesson, verdict)
    _say_what_follows(lesson, verdict, entry)
    say(verdict.word)
    return int(verdict.word == "NO")


def _print_verdict(lesson, verdict):
    tick, cross = marks()
    say(f"{lesson.label}, in {_shown(lesson.folder)}:", "")
    for test in verdict.tests:
        is_fine = test["status"] == "pass"
        said = "" if is_fine else f": {test['message']}"
        say(f"{tick if is_fine else cross} {test['name']}{said}")
    if verdict.found:
        met = len(verdict.found) - len(verdict.broken)
        say("", f"{met} of {len(verdict.found)} promises are kept")
    if verdict.trouble:
        say("", f"The check stopped early ({verdict.trouble.kind}): what comes after it was not asked.")
        say(f"See whether your copy runs: (cd {_shown(lesson.folder)} && python3 app.py)")


def _say_what_follows(lesson, verdict, entry):
    empty = debug_log.empty_sections(lesson.folder)
    if empty:
        say(f"Still empty in {debug_log.NAME}: {', '.join(empty)}")
    label = lesson.label
    if state(entry) == "solved" and verdict.word == "OK":
        if lesson.is_mystery:
            say(f"{label} is solved: it was {catalogue.name_of(lesson.drill)}")
        then(f"reveal {label}", "start next")
    elif verdict.word == "OK":
        say("It is mended. It is solved with a test of your own that sees the bug.")
        then(f"test {label} PATH-OF-YOUR-TEST")
    elif empty is None:
        then(f"log {label}", f"hint {label}")
    else:
        then(f"hint {label}", f"check {label}")


def hint(said, garden):
    lesson = find(said.words[0], garden)
    hints, seen = lesson.drill.HINTS, lesson.entry.get("hints", 0)
    if seen < len(hints):
        say(f"Hint {seen + 1} of {len(hints)}: {hints[seen]}")
        lesson.progress.note(lesson.label, hints=1)
    else:
        say("These were all of them:", *(f"{number}. {text}" for number, text in enumerate(hints, 1)))
    more = (f"hint {lesson.label}",) if seen + 1 < len(hints) else (f"reveal {lesson.label} --give-up",)
    then(f"check {lesson.label}" if lesson.folder.exists() else f"start {lesson.label}", *more)
    return 0


def test(said, garden):
    word, path = said.words
    lesson = find(word, garden)
    label = lesson.label
    halves = judge_test(lesson.drill, Path(path))
    tick, cross = marks()
    for half in halves:
        say(f"{tick if half.is_fine else cross} {half.why}")
    is_accepted = len(halves) == 2 and all(half.is_fine for half in halves)
    if not is_accepted:
        say("", "Not accepted: a regression test passes on the clean desk and fails, by assertion, on the planted one.")
        then(f"test {label} {path}")
        return 1
    entry = lesson.progress.note(label, started=utc_now(), reproduced=utc_now(), tested=utc_now())
    say("", "Accepted: this test would have caught the bug.")
    if state(entry) == "solved":
        if lesson.is_mystery:
            lesson.progress.note(label, name=catalogue.name_of(lesson.drill))
            say(f"{label} is solved: it was {catalogue.name_of(lesson.drill)}")
        then(f"reveal {label}", "start next")
    else:
        then(f"check {label}" if lesson.folder.exists() else f"start {label}")
    return 0


def log(said, garden):
    lesson = _standing(said.words[0], garden)
    path = lesson.folder / debug_log.NAME
    is_new = not path.exists()
    if is_new:
        verdict = judge(lesson.drill, lesson.folder)
        if not verdict.broken:  # it is mended already, or does not run: the bug shows in a new copy
            with tempfile.TemporaryDirectory() as room:
                plant.copy_desk(Path(room, "desk"), [lesson.drill])
                verdict = judge(lesson.drill, Path(room, "desk"))
        is_new = debug_log.begin(lesson.folder, lesson.story, verdict)
        lesson.progress.note(lesson.label, started=utc_now())
    begun, kept = "is begun, with the requests that show the bug.", "is there already; nothing in it was changed."
    say(f"{_shown(path)} {begun if is_new else kept}")
    empty = debug_log.empty_sections(lesson.folder)
    say(f"Still empty: {', '.join(empty)}" if empty else "Every section is filled.")
    then(f"check {lesson.label}", f"hint {lesson.label}")
    return 0


def reveal(said, garden):
    lesson = find(said.words[0], garden)
    name, gives_up = catalogue.name_of(lesson.drill), said.flags.get("--give-up")
    if state(lesson.entry) != "solved" and not lesson.entry.get("revealed"):
        if not gives_up:
            print(
                f"drills: {lesson.label} is not solved yet; `{ME} hint {lesson.label}` helps, or add --give-up",
                file=sys.stderr,
            )
            return 1
        lesson.progress.note(lesson.label, revealed=utc_now(), **({"name": name} if name != lesson.label else {}))
    say(*explain(lesson.drill))
    then("start next", f"reset {lesson.label}")
    return 0


def reset(said, garden):
    progress = Progress(garden)
    everything = [place.name for place in board.places(garden)]
    begun = [name for name, entry in progress.entries().items() if set(entry) - {"earlier"}]
    if bool(said.words) == bool(said.flags.get("--all")):
        raise Refused(f"say which one: {ME} reset NAME, or {ME} reset --all")
    there = {name for name in (*everything, *begun) if name == _name(name)}
    labels = [_name(word) for word in said.words] or sorted(there)
    if said.words and labels[0] not in there:
        find(labels[0], garden)
    if not labels:
        say("There is nothing to reset.")
    elif not (said.flags.get("--yes") or _agreed(labels, garden)):
        say("Nothing was changed.")
        return 1
    for label in labels:
        if (garden / label).exists():
            say(f"{label}: your copy is kept in {_shown(plant.set_aside(garden / label, garden))}")
        progress.forget(label)
    then(_call_to_start_again(labels[0]) if len(labels) == 1 else "start next")
    return 0


def _call_to_start_again(label):
    if label.startswith(plant.MYSTERY):
        return f"start --mystery --seed {label.removeprefix(plant.MYSTERY)}"
    return f"start {label}" if label in catalogue.names() else "start next"


def _agreed(labels, garden):
    say(f"This begins anew with {', '.join(labels)}.")
    say(f"Copies are set aside in {_shown(garden / plant.ASIDE)}, not deleted.")
    print("Go on? [y/N] ", end="", flush=True)
    answer = sys.stdin.readline() if sys.stdin else ""
    print("" if answer.endswith("\n") else "(no answer)")
    return answer.strip().lower() in ("y", "yes")


def fault(said, garden):
    flags = said.flags
    if flags.get("--list") or not (said.words or flags.get("--off")):
        say(*board.columns([(name, about) for name, (_, about) in {**faults.FAULTS, **LLMS}.items()]))
        then("fault audit-write", "fault --off")
        return 0
    name = said.words[0] if said.words else ""
    if name and name not in (*faults.FAULTS, *LLMS):
        raise catalogue.unknown("fault", name, [*faults.FAULTS, *LLMS])
    if name in LLMS and not flags.get("--off"):
        return _serve_llm(name, flags)
    if {"--status", "--says", "--port"} & set(flags):
        raise Refused(f"--status, --says and --port go with {', '.join(LLMS)}")
    if flags.get("--off"):
        for database in _databases(flags, garden):
            say(f"{_shown(database)}: {_taken_away(faults.disarm(database))}")
        then("fault --list")
        return 0
    databases = _databases(flags, garden)
    if len(databases) != 1:
        choices = ", ".join(map(_shown, databases))
        raise Refused(
            f"say in which database, --in NAME or --db FILE; there are: {choices}"
            if databases
            else "no copy has a database yet: start the copy's desk first, or name a database with --db FILE"
        )
    faults.arm(databases[0], name)
    say(f"{_shown(databases[0])}: {', '.join(faults.armed(databases[0]))} armed ({faults.FAULTS[name][1]})")
    then(f"fault --off --in {flags['--in']}" if "--in" in flags else "fault --off")
    return 0


def _taken_away(names):
    return f"{', '.join(names)} taken away" if names else "had no fault"


def _databases(flags, garden):
    """The databases that are meant: the one that is named, else those of all copies that stand."""
    if flags.get("--db"):
        path = Path(flags["--db"])
        if path.resolve() == plant.ROOT / "support-desk.sqlite3":
            raise Refused(f"{path} is the desk's own database, not a lab's")
        return [path]
    if flags.get("--in"):
        return [_standing(flags["--in"], garden).folder / "support-desk.sqlite3"]
    return [path for path in (place / "support-desk.sqlite3" for place in board.places(garden)) if path.exists()]


def _serve_llm(name, flags):
    told = LLMS[name][0] | {fact: flags[f"--{fact}"] for fact in ("status", "says") if f"--{fact}" in flags}
    if {"--in", "--db"} & set(flags):
        raise Refused(f"{name} is in no database: it goes without --in and --db")
    port = flags.get("--port", LLM_PORT)
    try:
        llm = StubLLM(**told, port=port)
    except (OSError, OverflowError) as problem:
        raise Refused(f"cannot listen on port {port}: {problem}; stop the program there, or choose --port N") from None
    settings = " ".join(f"{name}={value}" for name, value in llm.environ.items())
    say(f"{name} is there, and Ctrl-C stops it. In the copy's folder, start a desk that asks it:", "")
    say(f"  {settings} python3 app.py", "")
    try:
        while True:
            if llm.wait_until_asked(3600):
                say(f"calls so far: {len(llm.asked)}")
    except KeyboardInterrupt:
        say("stopped")
    then("fault --list")
    return 0


def export(said, garden):
    say(board.export(garden))
    print(f"\nnext: {ME} export > my-name.json   (for {ME} class)", file=sys.stderr)
    return 0


def compare(said, garden):
    table, problems = board.class_table([Path(word) for word in said.words])
    say(*table)
    for problem in problems:
        print(f"drills: left out {problem}", file=sys.stderr)
    print(f"\nnext: {ME} class FILE... > class.md", file=sys.stderr)
    return int(bool(problems))
