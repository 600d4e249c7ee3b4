"""`python3 -m drills`: the table of the tool's commands, and the parser of its command line.

Exit status: 0 done, or OK; 1 NO, not accepted, not yet; 2 wrong usage, or it cannot be done; 130 interrupted.
"""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Callable, NamedTuple

if not __package__:  # started as `python3 PATH-OF-THE-DESK/drills`, from any folder
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from drills import catalogue, class_report, commands, grade, hand_in, lab_commands, plan, plant, watch
from drills.catalogue import DrillError
from drills.output import TOOL, print_next
from drills.serve import serve
from drills.untrusted import print_error, print_lines


class Command(NamedTuple):
    """One command. `flags` maps each flag to the type of its value (None: no value; list: texts, it can be
    repeated); min and max count its words."""

    function: Callable
    usage: str
    about: str
    flags: dict = {}
    min_words: int = 0
    max_words: int = 0


COMMANDS = {
    "list": Command(commands.show_board, "", "the board: every drill and exercise, its difficulty and your progress"),
    "start": Command(
        commands.start,
        "NAME | next | random | random --mystery [--stars 2-3] [--seed N]",
        "plant a bug in a copy of the desk, or begin an exercise in a clean copy; a mystery does not show its name",
        {"--mystery": None, "--seed": int, "--stars": str},
        0,
        1,
    ),
    "check": Command(
        commands.check,
        "[NAME] [--quick | --all] [--json]",
        "judge the copy, then what else the fix breaks; --all also shows everything and runs the suite; ends OK or NO",
        {"--quick": None, "--all": None, "--json": None},
        0,
        1,
    ),
    "watch": Command(
        watch.watch,
        "[NAME] [--test PATH]",
        "run the check, or your own test, again whenever a file of the copy changes; Ctrl-C ends it",
        {"--test": str},
        0,
        1,
    ),
    "hint": Command(commands.hint, "[NAME]", "the next hint; hints are counted, and cost nothing", {}, 0, 1),
    "test": Command(commands.test, "[NAME] PATH", "judge your own unittest file on clean and planted desks", {}, 1, 2),
    "log": Command(
        commands.log, "[NAME]", "create debugging-log.md in the copy, with the requests that show the bug", {}, 0, 1
    ),
    "reveal": Command(
        commands.reveal,
        "[NAME] [--give-up]",
        "the diff, why it was wrong, where it comes from",
        {"--give-up": None},
        0,
        1,
    ),
    "reset": Command(
        commands.reset,
        "[NAME] | --all [--yes]",
        "start again; your copy is set aside, not deleted",
        {"--all": None, "--yes": None},
        0,
        1,
    ),
    "ws": Command(
        lab_commands.ws,
        "PATH [--header TEXT]... [--port N] [MESSAGE...]",
        "open a WebSocket, send the messages, then each line that you type; print what arrives",
        {"--header": list, "--port": int},
        1,
        1000,
    ),
    "fault": Command(
        lab_commands.fault,
        "NAME | --off | --list [--in DRILL | --db FILE] [--port N] [--status N] [--content TEXT]",
        "inject a fault into the database of a running copy; or run an LLM that is slow or broken",
        {"--off": None, "--list": None, "--in": str, "--db": str, "--port": int, "--status": int, "--content": str},
        0,
        1,
    ),
    "serve": Command(
        serve, "[--port N]", "the board in the browser: stories, hints, checks, running copies", {"--port": int}
    ),
    "export": Command(commands.export, "", "your progress as JSON"),
    "hand-in": Command(
        hand_in.hand_in,
        "[NAME] [--test PATH] [--to FILE]",
        "write your progress, fix, test and debugging log into one file",
        {"--test": str, "--to": str},
        0,
        1,
    ),
    "class": Command(
        class_report.class_table,
        "FILE... [--drill NAME] [--csv | --html OUT.html]",
        "many exports as tables: one row for each student, one for each drill; or as CSV, or as a page to print",
        {"--drill": str, "--csv": None, "--html": str},
        1,
        10_000,
    ),
    "grade": Command(
        grade.grade,
        "FILE... [--run-code]",
        "an answer sheet for each hand-in; --run-code also RUNS the students' code, and judges it again",
        {"--run-code": None},
        1,
        10_000,
    ),
    "plan": Command(
        plan.plan,
        "[--minutes N] [--about WORD,WORD] [--stars 1-3] [--seed N] [--mystery] [--from FILE...]",
        "a plan for a lab, on one page; --from takes the minutes from the exports of a class",
        {"--minutes": int, "--about": str, "--stars": str, "--seed": int, "--mystery": None, "--from": str},
        0,
        10_000,
    ),
}


ABOUT_STATES = (
    "NAME can be left out in the folder of a copy, or if only one drill or exercise is started.",
    "",
    "States of a drill: new, started, reproduced (an expectation failed), fixed (check says OK), solved (and your own",
    "test was accepted). Of an exercise: new, started, passes (all its tests pass), solved (and the suite of the copy",
    "passes). Everything is stored in planted/, nothing is ever deleted.",
)


def help_text() -> str:
    table = [(f"{TOOL} {name} {command.usage}".rstrip(), command.about) for name, command in COMMANDS.items()]
    lines = [line for usage, about in table for line in (usage, f"    {about}")]
    return "\n".join([*lines, "", *ABOUT_STATES])


def parse(name: str, words: list[str]) -> SimpleNamespace:
    """The words and flags for a command; DrillError, in one line, if they do not fit it."""
    command, found, flags = COMMANDS[name], [], {}
    rest = iter(words)
    for word in rest:
        flag, has_value, value = word.partition("=")
        if not word.startswith("-") or word == "-":
            found.append(word)
        elif flag not in command.flags:
            raise catalogue.unknown(f"option of {name}", flag, [*command.flags, "--help"])
        elif command.flags[flag] is None:
            if has_value:
                raise DrillError(f"{flag} takes no value; type {TOOL} {name} {command.usage}")
            flags[flag] = True
        else:
            value = _value(flag, value if has_value else next(rest, ""), command.flags[flag])
            flags[flag] = [*flags.get(flag, []), value] if command.flags[flag] is list else value
    if not command.min_words <= len(found) <= command.max_words:
        raise DrillError(f"{name} does not take {len(found)} words; type {TOOL} {name} {command.usage}".rstrip())
    return SimpleNamespace(words=found, flags=flags)


def _value(flag, text, kind):
    if kind is int and not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise DrillError(f"{flag} takes a whole number of at most nine digits, not {text!r}")
    if not text:
        raise DrillError(f"{flag} needs a value after it")
    return text if kind is list else kind(text)


def main(argv: list[str], copies_dir: Path = plant.COPIES_DIR) -> int:
    """Run one command; its exit status."""
    try:
        if {"-h", "--help", "help"} & set(argv):
            print_lines(help_text())
            print_next("list")
            return 0
        name, *words = argv or ["list"]
        if name not in COMMANDS:
            raise catalogue.unknown("command", name, COMMANDS)
        return COMMANDS[name].function(parse(name, words), copies_dir)
    except DrillError as problem:
        print_error(f"drills: {problem}")
        return 2
    except KeyboardInterrupt:
        print(file=sys.stderr)
        print_error("drills: interrupted; nothing is half-done, type it again")
        return 130
    except BrokenPipeError:  # the reader of our output has ended
        sys.stdout = None
        return 2
    except OSError as problem:
        where = f" ({problem.filename})" if problem.filename else ""
        print_error(f"drills: {problem.strerror or problem}{where}; nothing is half-done")
        return 2


if __name__ == "__main__":
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="backslashreplace")  # print the number of a character that the terminal lacks
    sys.exit(main(sys.argv[1:]))
