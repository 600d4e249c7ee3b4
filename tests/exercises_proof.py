"""`python3 -m tests.exercises_proof [NAME…] [--quick]`: proves every claim about every exercise. Takes minutes.

For each exercise, with the patches of tests/solutions/exercises/NAME/:

- Its tests fail on a clean copy of the desk, by assertions only, each of which says what to do next.
- first.diff and second.diff, two designs, pass its tests. The whole suite of the copy passes, too (not with --quick).
- lazy.diff, which looks good, fails, by assertions only.
- No hint has a line of a solution.
"""

import argparse
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

from drills import exercises
from drills.exercise_check import run_exercise, run_suite
from drills.exercise_commands import make_copy

WORKERS = 2  # exercises at the same time
GOOD, LAZY = ("first.diff", "second.diff"), "lazy.diff"
MIN_CHARS = 20  # of a line of a solution that no hint may have; shorter ones are common words


def patched(name: str, patch: str, folder: Path) -> Path:
    """A copy of the desk in this new folder, with a patch of the exercise; "" for none."""
    copy = make_copy(name, folder)
    if patch:
        path = exercises.SOLUTIONS / name / patch
        subprocess.run(["git", "apply", str(path)], cwd=copy, check=True, capture_output=True, text=True)
    return copy


def why_red_is_wrong(outcome) -> str:
    """Why a red result is not as it must be: "" if assertions failed, and nothing else."""
    odd = [f"{test['name']}: {test['message']}" for test in outcome.tests if test["status"] not in ("pass", "fail")]
    mute = [test["name"] for test in outcome.tests if test["status"] == "fail" and "next: " not in test["message"]]
    if outcome.problem:
        return f"its tests do not run: {outcome.problem}"
    if outcome.result == "OK":
        return "its tests pass"
    if odd:
        return f"it ends with an error: {odd[0]}"
    return f"it does not say what to do next: {mute[0]}" if mute else ""


def why_green_is_wrong(exercise, copy: Path, with_suite: bool) -> str:
    """Why this copy does not solve the exercise; "" if it does."""
    outcome = run_exercise(exercise, copy)
    failed = [f"{test['name']}: {test['message']}" for test in outcome.tests if test["status"] != "pass"]
    if outcome.result == "NO":
        return outcome.problem or "; ".join(failed)
    broken = run_suite(copy).broken if with_suite else []
    return f"the suite fails: {'; '.join(broken)}" if broken else ""


def told_in_hints(exercise) -> list[str]:
    """The lines of the solutions that a hint has."""
    diffs = exercises.solutions_of(exercise).values()
    lines = [line[1:].strip() for diff in diffs for line in diff.splitlines() if line.startswith("+")]
    return [line for line in lines if len(line) >= MIN_CHARS and any(line in hint for hint in exercise.HINTS)]


def prove(name: str, with_suite: bool) -> list[str]:
    """What is wrong with this exercise; prints it, too."""
    exercise, problems = exercises.load(name), []
    with tempfile.TemporaryDirectory() as folder:
        clean = run_exercise(exercise, patched(name, "", Path(folder, "clean")))
        problems += [f"on the clean desk: {why}" for why in [why_red_is_wrong(clean)] if why]
        for patch in (*GOOD, LAZY):
            try:
                copy = patched(name, patch, Path(folder, patch))
            except subprocess.CalledProcessError as problem:
                problems.append(f"{patch}: {problem.stderr.strip()}")
                continue
            if patch == LAZY:
                why = why_red_is_wrong(run_exercise(exercise, copy))
            else:
                why = why_green_is_wrong(exercise, copy, with_suite)
            problems += [f"{patch}: {why}"] if why else []
    problems += [f"a hint has this line of a solution: {line}" for line in told_in_hints(exercise)]
    print(f"{name}: {'; '.join(problems) or 'proved'}", flush=True)
    return problems


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tests.exercises_proof", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="without the suites of the copies")
    options = parser.parse_args(argv)
    names = options.names or exercises.names()
    with ProcessPoolExecutor(WORKERS) as workers:
        found = list(workers.map(prove, names, repeat(not options.quick)))
    proved = sum(not problems for problems in found)
    print(f"{proved} of {len(names)} exercises proved")
    return int(proved < len(names))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
