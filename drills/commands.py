"""The commands of the drill tool. Each one prints its result, and then what to type next.

A command gets its arguments (words and flags) and the folder of the copies; it returns the exit status.
"""

import json
import sys
from pathlib import Path

from drills import board, catalogue, debug_log, exercise_commands, plant, steps
from drills.catalogue import DrillError
from drills.choice import choose_drill, choose_mystery, sign_of, stars_of
from drills.output import TOOL, check_marks, print_next, print_next_aside, result_lines, short_path
from drills.progress import Progress, state
from drills.reveal import explain
from drills.session import current_label, find_session, label_of, session_of
from drills.stages import MAX_BROKEN, SUITE_TEST
from drills.untrusted import one_line, print_error, print_lines

OWN_CHECK = "own check"  # the first stage of check
RULE_OF_A_TEST = (
    "a regression test passes on every correct desk and fails, by assertion, on the planted one, each time it runs."
)
MAX_SYMPTOMS = 3  # failed expectations that check shows without --all


def show_board(args, copies_dir):
    board.show(copies_dir)
    unreadable = Progress(copies_dir).unreadable()
    if unreadable:
        what = f"{unreadable} in {short_path(copies_dir / 'progress.json')}"
        print_error(f"drills: {what} cannot be read; {catalogue.ONLY_LABELS}")
    unproven = Progress(copies_dir).unproven()
    if unproven:
        why = "progress.json says that it is solved, but has no evidence; `check` and `test` make it"
        print_error(f"drills: {', '.join(unproven)}: {why}")
    _print_next_of_board(copies_dir)
    return 0


def _print_next_of_board(copies_dir):
    built = board.exercise_rows(copies_dir)
    states = [(name, row["state"]) for name, row in {**board.rows(copies_dir), **built}.items()]
    started = [(name, now) for name, now in states if now not in ("new", "solved") and (copies_dir / name).exists()]
    if started:
        name, now = started[0]
        has_own_test = now == "fixed" and name not in built
        print_next(f"test {name} PATH-OF-YOUR-TEST" if has_own_test else f"check {name}")
    elif any(now == "new" for _, now in states):
        new = [name for name, now in states if now == "new" and name in built][:1]
        print_next("start next", "start --mystery", *(f"start {name}" for name in new))
    else:
        print_next("export")


def start(args, copies_dir):
    Progress(copies_dir).entries()  # if this raises DrillError, nothing is done yet
    word, seed = args.words[0] if args.words else "", args.flags.get("--seed")
    stars = stars_of(args.flags.get("--stars", "1-5"))
    if args.flags.get("--mystery"):
        if word not in ("", "random"):
            raise DrillError(f"a mystery is started without a name; type {TOOL} start random --mystery")
        label, name = choose_mystery(seed, stars, copies_dir)
    else:
        if word not in ("next", "random", "") and {"--seed", "--stars"} & set(args.flags):
            raise DrillError(f"--seed goes with `{TOOL} start random`, as does --stars")
        name = label = choose_drill(word or "next", seed, stars, copies_dir)
    session, existed = steps.start(label, name, copies_dir)
    (exercise_commands.print_story if session.is_exercise else _print_story)(session)
    if existed:
        old = "" if plant.is_current(session.folder) else " The desk has changed since then."
        print_lines("", f"This copy was there already, with your changes.{old} For a new one: {TOOL} reset {label}")
    print_next(f"check {label}", f"hint {label}")
    return 0


def _print_story(session):
    path = short_path(session.folder)
    print_lines(f"{session.label} ({'*' * session.drill.STARS})", "", session.story, "")
    table = [
        ("folder", path),
        ("run it", f"(cd {path} && python3 app.py)"),
        ("its tests", f"(cd {path} && python3 -m unittest)"),
        ("your log", f"{TOOL} log {session.label} (type it here, like all commands of this tool)"),
    ]
    if session.is_mystery:
        sign = sign_of(session.label, catalogue.name_of(session.drill))
        table.append(("sign", f"{sign} (whoever sees the same sign has the same mystery)"))
    print_lines(*board.align(table))
    print_lines("", f"Write in your log: {' · '.join(debug_log.LEARNER_SECTIONS)}.")


def check(args, copies_dir):
    session = session_of(args, copies_dir)
    if session.is_exercise:
        return exercise_commands.check(session, args.flags)
    (verdict, entry), flags = steps.judge_copy(session), args.flags
    if not flags.get("--json"):
        _print_verdict(session, verdict, bool(flags.get("--all")))
    stages = []
    if verdict.result == "OK" and not flags.get("--quick"):
        stages = _run_stages(session, flags)
        entry = steps.record_stages(session, verdict, stages)
    result = steps.result(verdict, stages)
    if flags.get("--json"):
        _print_json(session, verdict, stages, entry)
    else:
        _print_conclusion(stages)
        _print_next_step(session, entry, result == "OK")
        print_lines(result)
    return int(result == "NO")


def _run_stages(session, flags):
    """The stages after the OK of the drill's own check. Ctrl-C stops them; that OK is recorded already."""
    (tick, cross), is_quiet = check_marks(), flags.get("--json")
    if not is_quiet:
        how_long = "This takes minutes" if flags.get("--all") else "This takes half a minute"
        print_lines("", f"Does the fix break anything else? {how_long}; Ctrl-C stops it, --quick leaves it out.")
    stages = []
    try:
        for stage in steps.later_stages(session, bool(flags.get("--all"))):
            stages.append(stage)
            if not is_quiet:
                print_lines(one_line(f"{tick if stage.is_ok else cross} {stage.message} ({stage.seconds:.0f} s)"))
    except KeyboardInterrupt:
        if not all(stage.is_ok for stage in stages):  # it is known already: NO
            return stages
        message = "stopped; the OK of the drill's own check is kept"
        raise DrillError(f"{message}, `{TOOL} check {session.label}` does the rest") from None
    return stages


def _print_json(session, verdict, stages, entry):
    """The whole result, for programs."""
    first = {"name": OWN_CHECK, "status": "pass" if verdict.result == "OK" else "fail"}
    result = steps.result(verdict, stages)
    facts = {"name": session.label, "verdict": result, "state": state(entry), "tests": verdict.tests}
    facts["stages"] = [first, *(stage.as_json for stage in stages)]
    facts["identical_to_the_clean_desk"] = entry.get("identical") == "yes"
    facts["empty_sections"] = debug_log.empty_sections(session.folder)
    print_lines(json.dumps(facts, indent=1, ensure_ascii=False))


def _print_verdict(session, verdict, shows_all):
    """The failed expectations, the first few unless all are asked for; those that are met only if all are."""
    tick, cross = check_marks()
    print_lines(f"{session.label}, in {short_path(session.folder)}:")
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
        if verdict.error.kind != "error":  # it did not start, or did not answer
            print_lines(f"See whether your copy runs: (cd {short_path(session.folder)} && python3 app.py)")


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
    is_half = any(stage.name == SUITE_TEST and stage.broken for stage in stages)
    what = "The check of this drill says OK, but other promises are broken:" if is_half else f"{kept}. It breaks:"
    shown = [line for text in broken[:MAX_BROKEN] for line in result_lines(f"{cross} {text}")]
    print_lines("", what, *shown, *more)


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
    hints, (shown, is_new) = session.drill.HINTS, steps.give_hint(session)
    if state(session.entry) == "solved":
        print_lines("This is solved; these hints are not counted:", *_numbered(hints))
        print_next(f"reveal {session.label}", exercise_commands.next_start(session))
        return 0
    if is_new:
        print_lines(f"Hint {shown} of {len(hints)}: {hints[shown - 1]}")
    else:
        print_lines("You have all the hints:", *_numbered(hints))
    more = (f"hint {session.label}",) if shown < len(hints) else (f"reveal {session.label} --give-up",)
    print_next(f"check {session.label}" if session.folder.exists() else f"start {session.label}", *more)
    return 0


def _numbered(hints):
    return [f"{number}. {text}" for number, text in enumerate(hints, 1)]


def test(args, copies_dir):
    *words, path = args.words
    session = find_session(words[0] if words else current_label(copies_dir), copies_dir)
    exercise_commands.refuse_exercise(session, "test")
    label, results = session.label, list(steps.results_of(session, Path(path)))
    tick, cross = check_marks()
    for result in results:
        print_lines(one_line(f"{tick if result.is_ok else cross} {result.message}"))
    if not all(result.is_ok for result in results):
        print_lines("", f"Not accepted: {RULE_OF_A_TEST}")
        print_next(f"test {label} {path}")
        return 1
    entry, is_shipped = steps.record_test(session, Path(path))
    print_lines("", "Accepted: this test detects the bug.")
    if is_shipped:
        print_lines("It is the test that is shipped with this drill, not one of your own; the board says so.")
    if state(entry) == "solved":
        if session.is_mystery:
            print_lines(f"{label} is solved: it was {catalogue.name_of(session.drill)}")
        print_next(f"reveal {label}", "start next")
    else:
        print_next(f"check {label}" if session.folder.exists() else f"start {label}")
    return 0


def log(args, copies_dir):
    session = session_of(args, copies_dir)
    exercise_commands.refuse_exercise(session, "log")
    path = session.folder / debug_log.NAME
    is_new = steps.create_log(session)
    created, kept = "was created, with what shows the bug.", "is there already; it was not changed."
    print_lines(f"{short_path(path)} {created if is_new else kept}")
    empty = debug_log.empty_sections(session.folder)
    print_lines(f"Still empty: {', '.join(empty)}" if empty else "Every section is filled.")
    print_next(f"check {session.label}", f"hint {session.label}")
    return 0


def reveal(args, copies_dir):
    session = find_session(args.words[0] if args.words else current_label(copies_dir), copies_dir)
    if not steps.allow_reveal(session, bool(args.flags.get("--give-up"))):
        help_text = f"`{TOOL} hint {session.label}` helps, or add --give-up"
        print_error(f"drills: {session.label} is not solved yet; {help_text}")
        return 1
    print_lines(*(exercise_commands.explain if session.is_exercise else explain)(session.drill))
    print_next(exercise_commands.next_start(session), f"reset {session.label}")
    return 0


def reset(args, copies_dir):
    labels = _labels_to_reset(args, copies_dir)
    if not labels:
        print_lines("There is nothing to reset.")
    elif not (args.flags.get("--yes") or _confirm(labels, copies_dir)):
        print_lines("Nothing was changed.")
        return 1
    for label, folder in steps.reset(labels, copies_dir):
        print_lines(f"{label}: your copy is now in {short_path(folder)}")
    print_next(_restart_command(labels[0]) if len(labels) == 1 else "start next")
    return 0


def _labels_to_reset(args, copies_dir):
    """The labels that the words or --all mean: those of copies, and of entries that are not new."""
    if args.words and args.flags.get("--all"):
        raise DrillError(f"say which one: {TOOL} reset NAME, or {TOOL} reset --all")
    copies = {copy.name for copy in board.copies(copies_dir)}
    started = {label for label, entry in Progress(copies_dir).entries().items() if set(entry) - {"earlier"}}
    if not args.flags.get("--all"):
        label = label_of(args.words[0]) if args.words else current_label(copies_dir)
        return [label] if label in copies | started else [find_session(label, copies_dir).label]
    for folder in board.foreign_copies(copies_dir):
        print_error(f"drills: {short_path(folder)} is not the name of a copy; it stays where it is")
    return sorted(copies | started)


def _restart_command(label):
    if label.startswith(catalogue.MYSTERY):
        return f"start --mystery --seed {label.removeprefix(catalogue.MYSTERY)}"
    return f"start {label}" if label in {*catalogue.names(), *catalogue.exercise_names()} else "start next"


def _confirm(labels, copies_dir):
    print_lines(f"This resets {', '.join(labels)}.")
    print_lines(f"Copies are moved to {short_path(copies_dir / plant.ASIDE)}, not deleted.")
    print("Go on? [y/N] ", end="", flush=True)
    answer = sys.stdin.readline() if sys.stdin else ""
    print("" if answer.endswith("\n") else "(no answer)")
    return answer.strip().lower() in ("y", "yes")


def export(args, copies_dir):
    print_lines(board.export(copies_dir))
    print_next_aside(f"export > my-name.json   (for {TOOL} class)")
    return 0
