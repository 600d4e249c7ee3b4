"""`python3 -m drills grade`: an answer sheet for each hand-in, with what it claims, and what its own parts say.

Nothing of a hand-in is run, unless --run-code is given. Its files are written into a temporary folder only.
"""

import hashlib
import tempfile
from pathlib import Path
from typing import Iterator, NamedTuple

from drills import catalogue, debug_log, diffs, exercises, plant, solutions, test_rules
from drills.catalogue import DrillError
from drills.class_report import Table, count, markdown, stars_of
from drills.exercise_check import run_exercise, run_suite
from drills.exercise_commands import explain as explain_exercise
from drills.exports import HARMLESS, minutes_of
from drills.hand_in import HandIn, is_accepted, make_clean_copy, names_of, read
from drills.judge import judge
from drills.learner_test import judge_test
from drills.output import check_marks, grouped, print_next_aside
from drills.progress import is_proven, state
from drills.reveal import explain
from drills.stages import after_ok
from drills.untrusted import one_line, paths_of, print_error, print_lines

MAX_LINES = 400  # of one part of a hand-in
MAX_CHARS = 200  # of one of its lines
TEST_FILE = "test_of_the_student.py"
WARNING = "--run-code RUNS what the students wrote on this machine, with all your rights: use it in a container"


class Claim(NamedTuple):
    """One sentence about a hand-in: it is right, it is wrong, or (None) it is only for information."""

    is_ok: bool | None
    text: str


def grade(args, copies_dir):
    """The command."""
    runs, rows, failed = bool(args.flags.get("--run-code")), [], False
    if runs:
        print_error(f"drills: {WARNING}")
    for path in paths_of(args.words):
        try:
            facts = read(path)
            claims = _print_sheet(path, facts, runs)
        except (OSError, ValueError, DrillError) as problem:
            print_error(f"drills: left out {path}: {getattr(problem, 'strerror', None) or problem}")
            failed = True
            continue
        wrong = [claim for claim in claims if claim.is_ok is False]
        name = path.name.translate(HARMLESS)[:40]
        rows.append((name, facts.label, state(facts.entry), len(claims) - len(wrong), len(wrong)))
        failed = failed or bool(wrong)
    if len(rows) > 1:
        print_lines("# All hand-ins", "", *markdown(Table("", ("file", "drill", "says", "right", "wrong"), rows)), "")
    print_next_aside("class FILE..." if runs else "grade FILE... --run-code   (runs the students' code)")
    return int(failed)


def _print_sheet(path, facts, runs):
    """Print the answer sheet for one hand-in; its claims."""
    drill = facts.drill
    with tempfile.TemporaryDirectory(prefix="hand-in-", ignore_cleanup_errors=True) as name:
        folder = make_clean_copy(drill, Path(name, "desk"))
        fix, misfit = _apply(facts, drill, folder)
        claims = [*_claims(facts, drill, folder, misfit)]
        name = catalogue.name_of(drill)
        print_lines(one_line(f"# {path.name.translate(HARMLESS)}: {facts.label}"), "")
        print_lines(f"{name} {stars_of(name)}: {catalogue.symptom(drill)}", "", "## Claims", "")
        print_lines(*map(_claim_line, claims))
        if runs and not misfit:
            claims += _print_run(facts, drill, folder)
    _print_part("The student's change", fix or "(none)")
    is_exercise = exercises.is_exercise(drill)
    _print_part("The model solution", "\n".join((explain_exercise if is_exercise else explain)(drill)))
    if not is_exercise:
        _print_part("The student's test", facts.test or "(none)")
        _print_part("The student's debugging log", facts.log or "(none)")
    print_lines("")
    return claims


def _print_part(title, text):
    print_lines("", f"## {title}", "", *_quoted(text))


def _claim_line(claim):
    tick, cross = check_marks()
    mark = {True: tick, False: cross, None: "-"}[claim.is_ok]
    return one_line(f"{mark} {claim.text}")


def _quoted(text):
    """The lines of a text of the student, indented: so no line of it looks like a line of the sheet."""
    lines = [line.rstrip("\r").expandtabs(4) for line in text.rstrip("\n").split("\n")]
    shown = [f"    {line[:MAX_CHARS]}{'…' if len(line) > MAX_CHARS else ''}" for line in lines[:MAX_LINES]]
    more = [f"    … and {len(lines) - MAX_LINES} more lines"] if len(lines) > MAX_LINES else []
    return [line.rstrip() for line in [*shown, *more]]


# -- what the parts of a hand-in say ---------------------------------------------------------------


def _apply(facts, drill, folder):
    """Apply the student's diff to the clean copy in `folder`: (the change to show, why the diff cannot be used).

    The change is what was done to the planted desk. Only paths that diffs.is_source() has checked are written.
    """
    names = names_of(drill)
    clean = diffs.sources(folder, names)[0]
    try:
        files = diffs.apply(facts.diff, clean, names)
    except ValueError as problem:
        return facts.diff, str(problem)
    for path in clean.keys() - files.keys():
        (folder / path).unlink()
    for path, text in files.items():
        if text != clean.get(path):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8", newline="\n")
    if exercises.is_exercise(drill):
        return facts.diff, ""
    return diffs.diff_of(clean | {drill.FILE: plant.planted_text(drill.FILE, [drill])}, files, 2), ""


def _claims(facts: HandIn, drill, folder, misfit) -> Iterator[Claim]:
    yield _claim_of_progress(facts)
    yield from _claims_of_fix(facts, drill, folder, misfit)
    if exercises.is_exercise(drill):
        yield _claim_of_exercise(facts, drill)
    else:
        yield from _claims_of_test(facts, drill)
        yield _claim_of_log(facts)
    hints, checks = facts.entry.get("hints", 0), count(facts.entry.get("checks", 0), "check")
    gave_up = "; gave up and looked at the solution" if facts.entry.get("revealed") else ""
    yield Claim(None, f"{hints} of {len(drill.HINTS)} hints, {checks}{gave_up}")


def _claim_of_progress(facts):
    if not facts.entry.get("solved"):
        return Claim(None, f"it does not say that the drill is solved; the state is {state(facts.entry)}")
    minutes = minutes_of(facts.entry)
    if not is_proven(facts.label, facts.entry) or minutes is None:
        return Claim(False, "it says solved, without evidence: the hashes, times and seal do not match")
    return Claim(True, f"solved in {count(minutes, 'minute')}; its hashes, times and seal match each other")


def _claims_of_fix(facts, drill, folder, misfit):
    is_exercise = exercises.is_exercise(drill)
    if misfit:
        is_same = facts.desk == plant.work_hash(plant.ROOT)
        why = misfit if is_same else f"it was made with another version of the desk ({misfit})"
        yield Claim(False, f"the diff cannot be used: {why}")
        return
    if not is_exercise and _has_bug(drill, folder):
        yield Claim(False, f"the planted text is still in {drill.FILE}")
    judged = facts.entry.get("fix")
    if judged and judged == (plant.whole_hash if is_exercise else plant.work_hash)(folder):
        yield Claim(True, "the diff is the change that `check` judged")
    elif judged:
        yield Claim(False, "the diff is not the change that `check` judged: it was changed later, or is another one")
    else:
        yield Claim(None, "`check` has not judged a change")
    if not facts.diff:
        yield Claim(None, f"the copy is identical to the clean desk{'' if is_exercise else ': it is the revealed fix'}")


def _has_bug(drill, folder):
    path = folder / drill.FILE
    return path.exists() and drill.PLANTED in path.read_text(encoding="utf-8")


def _claim_of_exercise(facts, drill):
    accepted = facts.entry.get("test")
    if not accepted:
        return Claim(None, f"its tests have not passed yet: {facts.entry.get('tests', '0')[:20]}")
    is_same = accepted == hashlib.sha256(exercises.test_of(drill).read_bytes()).hexdigest()
    return Claim(is_same, f"all tests of the exercise passed{'' if is_same else ', but not those of this desk'}")


def _claims_of_test(facts, drill):
    if facts.test is None:
        yield Claim(not facts.entry.get("test") and None, "there is no test in it")
        return
    is_right = is_accepted(facts.test, facts.entry)
    yield Claim(is_right, f"the test is {'the one' if is_right else 'not one'} that `test` accepted")
    if solutions.is_shipped_test(catalogue.name_of(drill), facts.test):
        yield Claim(False, "the test is the one that is shipped with the drill")
    refusal = test_rules.refusal(facts.test)
    if refusal:
        yield Claim(False, f"the test would be refused: {refusal}")


def _claim_of_log(facts):
    if facts.log is None:
        return Claim(False, "there is no debugging log in it")
    empty = debug_log.empty_in(facts.log)
    return Claim(not empty, f"empty in the log: {', '.join(empty)}" if empty else "every section of the log is filled")


# -- --run-code -----------------------------------------------------------------------------------


def _print_run(facts, drill, folder):
    """Judge the fix and the test again: this runs them. Print each result when it is there; all of them."""
    print_lines("", "## Run again", "")
    claims = []
    for claim in _run(facts, drill, folder):
        claims.append(claim)
        print_lines(_claim_line(claim))
    return claims


def _run(facts, drill, folder):
    if exercises.is_exercise(drill):
        yield from _run_exercise(drill, folder)
        return
    verdict = judge(drill, folder)
    met = len(verdict.expectations) - len(verdict.failed)
    yield Claim(verdict.result == "OK", f"{met} of {len(verdict.expectations)} expectations are met")
    yield from _failed(verdict.tests)
    for stage in after_ok(drill, folder, False) if verdict.result == "OK" else ():
        yield _claim_of_stage(stage)
    if facts.test is not None:
        test = folder.parent / TEST_FILE
        test.write_text(facts.test, encoding="utf-8", errors="replace", newline="")
        results = judge_test(drill, test, fixed=folder if verdict.result == "OK" else None)
        yield from (Claim(result.is_ok, f"test: {result.message}") for result in results)


def _run_exercise(exercise, folder):
    outcome = run_exercise(exercise, folder)
    problem = f": {outcome.problem}" if outcome.problem else ""
    yield Claim(outcome.result == "OK", f"{outcome.passed} of {len(outcome.tests)} tests pass{problem}")
    yield from _failed(outcome.tests)
    if outcome.result == "OK":
        yield _claim_of_stage(run_suite(folder))


def _failed(tests):
    failed = [f"{test['name']}: {test['message']}" for test in tests if test["status"] != "pass"]
    return [Claim(False, text.partition("\n")[0]) for text in grouped(failed)]


def _claim_of_stage(stage):
    return Claim(stage.is_ok, "; ".join([stage.message, *stage.broken[:3]]))
