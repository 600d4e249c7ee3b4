"""One job of the board in a process of its own: `python3 -m drills.job JSON`. It prints its events, one JSON per line.

The board closes stdin to stop it. That is like Ctrl-C in a terminal: everything that the job has started is stopped.
"""

import _thread
import json
import os
import signal
import sys
import threading
from pathlib import Path

from drills import exercise_commands, steps
from drills.catalogue import DrillError
from drills.exercise_check import run_suite
from drills.session import find_session, planted_session


def check(label, copies_dir, quick=False, everything=False):
    """The expectations as they come, then the later stages, then the conclusion."""
    session = planted_session(label, copies_dir)
    if session.is_exercise:
        return _check_exercise(session, quick)
    verdict, _ = steps.judge_copy(session, lambda expectation: report(expectation=expectation.as_json))
    if verdict.error:
        report(expectation=verdict.tests[-1])
    report(verdict=verdict.result, met=len(verdict.expectations) - len(verdict.failed), of=len(verdict.expectations))
    stages = []
    if verdict.result == "OK" and not quick:
        for stage in steps.later_stages(session, everything, lambda done, of: report(done=done, others=of)):
            stages.append(stage)
            report(stage=stage.as_json)
        steps.record_stages(session, verdict, stages)
    report(result=steps.result(verdict, stages))


def _check_exercise(session, quick):
    """The tests of the exercise, then the suite of the copy."""
    outcome, _ = exercise_commands.judge_change(session, lambda test: report(expectation=test))
    for one in exercise_commands.tests_of(outcome)[len(outcome.tests) :]:
        report(expectation=one)
    report(verdict=outcome.result, met=outcome.passed, of=len(outcome.tests))
    stages = []
    if outcome.result == "OK" and not quick:
        stages.append(run_suite(session.folder))
        report(stage=stages[0].as_json)
        exercise_commands.record_suite(session, stages[0])
    report(result=exercise_commands.result_of(outcome, stages))


def test(label, copies_dir, path):
    """The results of the learner's own test as they come."""
    session, results = find_session(label, copies_dir), []
    for result in steps.results_of(session, Path(path)):
        results.append(result)
        report(expectation={"name": result.message, "status": "pass" if result.is_ok else "fail", "message": ""})
    is_accepted = all(result.is_ok for result in results)
    is_shipped = is_accepted and steps.record_test(session, Path(path))[1]
    report(result="OK" if is_accepted else "NO", is_shipped=is_shipped)


def log(label, copies_dir):
    """Create the debugging log."""
    report(is_new=steps.create_log(planted_session(label, copies_dir)), result="OK")


JOBS = {function.__name__: function for function in (check, test, log)}


def report(**event) -> None:
    sys.stdout.buffer.write(json.dumps(event).encode() + b"\n")
    sys.stdout.buffer.flush()


def _interrupt_at_end_of_stdin():
    os.read(0, 1)
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)  # also ends a system call that waits
    else:
        _thread.interrupt_main()


def _interrupt(*_):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one would stop what cleans up
    raise KeyboardInterrupt


def main(text: str) -> int:
    """Do the job; its exit status."""
    what = json.loads(text)
    signal.signal(signal.SIGINT, _interrupt)
    threading.Thread(target=_interrupt_at_end_of_stdin, daemon=True).start()
    try:
        JOBS[what.pop("job")](what.pop("label"), Path(what.pop("copies_dir")), **what)
    except DrillError as problem:
        report(problem=str(problem))
        return 2
    except OSError as problem:
        report(problem=f"{problem.strerror or problem}; nothing is half-done")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
