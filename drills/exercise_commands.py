"""The commands of the drill tool, for an exercise: start, check and reveal; and why test and log are refused."""

import hashlib
import json
from pathlib import Path
from typing import Callable

from drills import board, catalogue, exercises, plant
from drills.catalogue import DrillError
from drills.exercise_check import Outcome, run_exercise, run_suite
from drills.output import TOOL, check_marks, grouped, print_next, result_lines, short_path
from drills.progress import state, utc_now
from drills.session import Session
from drills.stages import MAX_BROKEN, Stage
from drills.untrusted import one_line, print_lines

TEXT_FILE = "EXERCISE.md"  # in the copy: the story and the contract
INSTEAD = {  # of a command that an exercise does not have
    "test": f"its own tests judge your change; type {TOOL} check {{label}}",
    "log": f"there is no bug to log; {TOOL} hint {{label}} helps, and {TOOL} check {{label}} shows what is missing",
}
OWN_TESTS = "tests of the exercise"  # the first stage of check


def make_copy(name: str, copies_dir: Path) -> Path:
    """A clean copy of the desk, with the text of the exercise and its tests; one that is there stays."""
    exercise = exercises.load(name)
    text = f"# {name}\n\n{exercise.__doc__.strip()}\n\n## What is promised\n\n{exercise.CONTRACT.strip()}\n"
    test = exercises.test_of(exercise).read_text(encoding="utf-8")
    files = {TEXT_FILE: text, f"tests/{exercises.TEST}": test}
    return plant.make_copy(copies_dir / name, [], files, {"exercise": name})


def print_story(session: Session) -> None:
    exercise, path = session.drill, short_path(session.folder)
    print_lines(f"{session.label} ({'*' * exercise.STARS})", "", session.story, "")
    print_lines("What is promised:", "", exercise.CONTRACT.strip(), "")
    table = [
        ("folder", f"{path} ({TEXT_FILE} there has this text)"),
        ("begin in", ", ".join(exercise.FILES)),
        ("run it", f"(cd {path} && python3 app.py)"),
        ("one test", f"{one_test(session, 'PART_OF_ITS_NAME')}, with _ for each blank"),
    ]
    print_lines(*board.align(table))


def check(session: Session, flags: dict) -> int:
    """Run the tests of the exercise; if all pass, and without --quick, the suite of the copy. Prints OK or NO last."""
    (outcome, entry), stages = judge_change(session), []
    if not flags.get("--json"):
        _print_outcome(session, outcome)
    if outcome.result == "OK" and not flags.get("--quick"):
        stages = [_run_suite(session, flags)]
        entry = record_suite(session, stages[0])
    result = result_of(outcome, stages)
    if flags.get("--json"):
        _print_json(session, outcome, stages, entry, result)
    else:
        _print_conclusion(session, outcome, stages, entry)
        print_lines(result)
    return int(result == "NO")


def judge_change(session: Session, report: Callable[[dict], None] = lambda test: None) -> tuple[Outcome, dict]:
    """(what the tests of the exercise say, the entry); nothing is known yet about what the change breaks."""
    outcome = run_exercise(session.drill, session.folder, report=report)
    facts = {"verdict": outcome.result, "checks": 1, "stages": "", "fix": plant.whole_hash(session.folder)}
    facts["tests"] = f"{outcome.passed}/{len(outcome.tests) or '?'}"
    if outcome.result == "OK":
        test = exercises.test_of(session.drill).read_bytes()
        facts |= {"tested": utc_now(), "test": hashlib.sha256(test).hexdigest()}
    return outcome, session.progress.record(session.label, started=utc_now(), **facts)


def record_suite(session: Session, stage: Stage) -> dict:
    """The entry after the suite of the copy has run."""
    return session.progress.record(session.label, stages="OK" if stage.is_ok else "NO")


def result_of(outcome: Outcome, stages: list[Stage]) -> str:
    """OK or NO: that of the tests, and of the suite if it has run."""
    return "OK" if outcome.result == "OK" and all(stage.is_ok for stage in stages) else "NO"


def _run_suite(session, flags):
    try:
        if not flags.get("--json"):
            how_long = "This takes a minute; Ctrl-C stops it, --quick leaves it out."
            print_lines("", f"Is everything else as it was? {how_long}")
        stage = run_suite(session.folder)
    except KeyboardInterrupt:
        message = "stopped; that the tests of the exercise pass is kept"
        raise DrillError(f"{message}, `{TOOL} check {session.label}` does the rest") from None
    if not flags.get("--json"):
        tick, cross = check_marks()
        print_lines(one_line(f"{tick if stage.is_ok else cross} {stage.message} ({stage.seconds:.0f} s)"))
    return stage


def _print_outcome(session, outcome: Outcome):
    tick, cross = check_marks()
    print_lines(f"{session.label}, in {short_path(session.folder)}:", catalogue.symptom(session.drill), "")
    print_lines(*lines_of(outcome))
    if outcome.problem:
        where = " to their end" if outcome.tests else ""
        print_lines(one_line(f"{cross} the tests do not run{where}: {outcome.problem}"))
        print_lines(f"See whether your copy runs: (cd {short_path(session.folder)} && python3 app.py)")
    if outcome.tests:
        print_lines("", f"{outcome.passed} of {len(outcome.tests)} tests pass")
    failed = [test["name"] for test in outcome.tests if test["status"] != "pass"]
    if failed:
        print_lines(f"One test alone: {one_test(session, failed[0])}")


def lines_of(outcome: Outcome) -> list[str]:
    """The tests as lines with ✓ or ✗; tests that fail for one reason are one line."""
    tick, cross = check_marks()
    texts = [
        f"{tick} {test['name']}" if test["status"] == "pass" else f"{cross} {test['name']}: {test['message']}"
        for test in outcome.tests
    ]
    return [line for text in grouped(texts) for line in result_lines(text)]


def one_test(session: Session, name: str) -> str:
    """The command that runs the tests with this in their name; unittest takes no name with blanks."""
    module = f"tests.{Path(exercises.TEST).stem}"
    return f"(cd {short_path(session.folder)} && python3 -m unittest {module} -k {name.replace(' ', '_')})"


NOT_SHOWN = {  # whether it was solved before: what is said after --quick
    False: "To solve the exercise, show that everything else is as it was.",
    True: "It was solved before. Whether everything else is as it was is not known for this version.",
}


def _print_conclusion(session, outcome, stages, entry):
    label, broken = session.label, [line for stage in stages for line in stage.broken]
    if broken:
        cross = check_marks()[1]
        more = [f"… and {len(broken) - MAX_BROKEN} more"] if len(broken) > MAX_BROKEN else []
        print_lines("", "Your change does what is promised. It also changes this:")
        shown = [line for text in broken[:MAX_BROKEN] for line in result_lines(f"{cross} {text}")]
        print_lines(*shown, *more)
        print_lines("Where a message says `add to FILE`, paste its text there; else repair what broke.")
    if outcome.result == "NO" or broken:
        print_next(f"check {label}", f"hint {label}")
    elif state(entry) == "solved" and stages:
        print_lines("", "Solved: it does what is promised, and everything else is as it was.")
        print_next(f"reveal {label}", next_start(session))
    else:  # --quick
        print_lines(NOT_SHOWN[state(entry) == "solved"])
        print_next(f"check {label}")


def _print_json(session, outcome, stages, entry, result):
    """The whole result, for programs; the same members as those of a drill, as far as an exercise has them."""
    first = {"name": OWN_TESTS, "status": "pass" if outcome.result == "OK" else "fail"}
    facts = {"name": session.label, "verdict": result, "state": state(entry), "tests": tests_of(outcome)}
    facts["stages"] = [first, *(stage.as_json for stage in stages)]
    print_lines(json.dumps(facts, indent=1, ensure_ascii=False))


def tests_of(outcome: Outcome) -> list[dict]:
    """The tests, and after them why they did not run to their end."""
    problem = {"name": "the tests run to their end", "status": "error", "message": outcome.problem}
    return outcome.tests + ([problem] if outcome.problem else [])


def explain(exercise) -> list[str]:
    """The lines of `reveal`: the good designs as diffs, and what they decide."""
    lines = [catalogue.name_of(exercise), ""]
    for name, diff in exercises.solutions_of(exercise).items():
        lines += [f"== {name}: one good design" if name == "first.diff" else f"== {name}: another one", ""]
        lines += [*diff.rstrip().splitlines(), ""]
    return [*lines, exercise.EXPLANATION.strip()]


def next_start(session: Session) -> str:
    """The command that starts what comes after this drill or exercise."""
    if not session.is_exercise:
        return "start next"
    rows = board.exercise_rows(session.folder.parent)
    new = [name for name, row in rows.items() if row["state"] == "new" and name != session.label]
    return f"start {new[0]}" if new else "list"


def refuse_exercise(session: Session, command: str) -> None:
    """DrillError if this is an exercise, for a command that exercises do not have; it says what to do instead."""
    if session.is_exercise:
        raise DrillError(f"{session.label} is an exercise: {INSTEAD[command].format(label=session.label)}")
