"""The steps of a drill, as functions that return data and record progress.

commands.py prints what they return, the board in the browser shows it.
"""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Callable, Iterator

from drills import catalogue, debug_log, exercise_commands, plant, solutions, traces
from drills.judge import Expectation, Verdict, judge
from drills.learner_test import RunResult, results_of_test
from drills.progress import Progress, state, utc_now
from drills.session import Session, find_session, require_app
from drills.stages import SUITE, Stage, after_ok
from drills.untrusted import read_bytes


def start(label: str, name: str, copies_dir: Path) -> tuple[Session, bool]:
    """Plant the drill `name` as `label`, or copy the desk for the exercise; (session, whether its copy was there)."""
    folder = copies_dir / label
    existed = folder.exists()
    if not existed:
        _make_copy(label, name, copies_dir)
    session = find_session(label, copies_dir)
    require_app(session)
    session.progress.record(label, started=utc_now())
    return session, existed


def _make_copy(label, name, copies_dir):
    if name in catalogue.exercise_names():
        exercise_commands.make_copy(name, copies_dir)
    else:
        plant.plant(name, copies_dir, label if label != name else "")


def judge_copy(session: Session, report: Callable[[Expectation], None] = lambda expectation: None) -> tuple:
    """(verdict, entry) of the drill's own check; nothing is known yet about what the fix breaks."""
    verdict = judge(session.drill, session.folder, report=report)
    facts = {"verdict": verdict.result, "checks": 1, "stages": "", "fix": plant.work_hash(session.folder)}
    facts["identical"] = "yes" if plant.is_clean(session.folder) else ""
    if verdict.failed:
        facts["reproduced"] = utc_now()
    return verdict, session.progress.record(session.label, started=utc_now(), **facts)


def later_stages(
    session: Session, with_suite: bool, report: Callable[[int, int], None] = lambda done, of: None
) -> Iterator[Stage]:
    """The stages after the OK of the drill's own check."""
    return after_ok(session.drill, session.folder, with_suite, report)


def record_stages(session: Session, verdict: Verdict, stages: list[Stage]) -> dict:
    """The entry after these stages. The suite does not count: it also has tests of one layer only."""
    needed = [stage for stage in stages if stage.name != SUITE]
    return _name_if_solved(session, session.progress.record(session.label, stages=result(verdict, needed)))


def result(verdict: Verdict, stages: list[Stage]) -> str:
    """OK or NO: that of all stages that ran."""
    return "OK" if verdict.result == "OK" and all(stage.is_ok for stage in stages) else "NO"


def _name_if_solved(session, entry):
    """Record the name of a mystery as soon as it is solved."""
    if state(entry) == "solved" and session.is_mystery:
        return session.progress.record(session.label, name=catalogue.name_of(session.drill))
    return entry


def give_hint(session: Session) -> tuple[int, bool]:
    """(the number of hints that may be shown, whether the last one is new). After the solution hints do not count."""
    hints, shown = session.drill.HINTS, session.entry.get("hints", 0)
    if state(session.entry) == "solved" or shown >= len(hints):
        return len(hints), False
    session.progress.record(session.label, hints=1)
    return shown + 1, True


def results_of(session: Session, path: Path) -> Iterator[RunResult]:
    """The results of the learner's own test, as they come."""
    is_fixed = session.entry.get("verdict") == "OK" and (session.folder / "app.py").exists()
    return results_of_test(session.drill, path, fixed=session.folder if is_fixed else None)


def record_test(session: Session, path: Path) -> tuple[dict, bool]:
    """(entry, whether the test is the one that is shipped with the drill), after the test was accepted."""
    content = read_bytes(path)
    is_shipped = solutions.is_shipped_test(catalogue.name_of(session.drill), content.decode("utf-8", "replace"))
    facts = {"test": hashlib.sha256(content).hexdigest(), "shipped": "yes" if is_shipped else ""}
    now = dict.fromkeys(("started", "reproduced", "tested"), utc_now())
    return _name_if_solved(session, session.progress.record(session.label, **now, **facts)), is_shipped


def create_log(session: Session) -> bool:
    """Create the debugging log, with what shows the bug; False if there is one already."""
    if (session.folder / debug_log.NAME).exists():
        return False
    is_new = debug_log.create(session.folder, session.story, *_failure(session))
    session.progress.record(session.label, started=utc_now())
    return is_new


def _failure(session):
    """The verdict about a copy that shows the bug, and what its traces show."""
    verdict = judge(session.drill, session.folder, seed=traces.SEED)
    if verdict.failed:
        return verdict, traces.for_the_log(session.drill, session.folder, verdict)
    with tempfile.TemporaryDirectory() as name:  # it is fixed already, or does not run: a new copy shows the bug
        folder = Path(name, "desk")
        plant.copy_desk(folder, [session.drill])
        verdict = judge(session.drill, folder, seed=traces.SEED)
        return verdict, traces.for_the_log(session.drill, folder, verdict)


def allow_reveal(session: Session, gives_up: bool) -> bool:
    """Whether the drill may be explained: it is solved, or the learner gives up, which is recorded."""
    if state(session.entry) == "solved" or session.entry.get("revealed"):
        return True
    if gives_up:
        name = catalogue.name_of(session.drill)
        facts = {"name": name} if name != session.label else {}
        session.progress.record(session.label, revealed=utc_now(), **facts)
    return gives_up


def reset(labels: list[str], copies_dir: Path) -> Iterator[tuple[str, Path]]:
    """Set the copies with these labels aside, and begin their entries again; (label, new path) of each copy."""
    folders = {label: copies_dir / label for label in labels if os.path.lexists(copies_dir / label)}
    for folder in folders.values():
        plant.require_inside(folder, copies_dir)  # for all of them, before the first one is moved
    for label in labels:
        if label in folders:
            yield label, plant.set_aside(folders[label], copies_dir)
        Progress(copies_dir).reset(label)
