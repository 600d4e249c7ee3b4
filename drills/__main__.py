"""`python3 -m drills`: the calls of the drill tool, in one table, and how its command line is read.

Exit status: 0 done, or OK; 1 NO, not accepted, not yet; 2 it cannot be done as it was asked; 130 interrupted.
"""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Callable, NamedTuple

from drills import catalogue, commands, plant
from drills.catalogue import Refused
from drills.commands import ME, say, then


class Call(NamedTuple):
    """One call: what does it, how it is written, what it is for, its flags (None: without a value), its words."""

    does: Callable
    usage: str
    about: str
    flags: dict = {}
    least: int = 0
    most: int = 0


CALLS = {
    "list": Call(commands.show_board, "", "the board: every drill, how hard it is, how far you are"),
    "start": Call(
        commands.start,
        "NAME | next | random [--seed N] | --mystery [--seed N]",
        "plant a bug in a copy of the desk and tell its story; a mystery keeps its name to itself",
        {"--mystery": None, "--seed": int},
        0,
        1,
    ),
    "check": Call(commands.check, "NAME [--json]", "judge the copy; the last line is OK or NO", {"--json": None}, 1, 1),
    "hint": Call(commands.hint, "NAME", "the next hint; they are counted, and cost nothing", {}, 1, 1),
    "test": Call(
        commands.test, "NAME PATH", "judge your own unittest file on a clean desk and on a planted one", {}, 2, 2
    ),
    "log": Call(commands.log, "NAME", "begin debugging-log.md in the copy, with the requests that show the bug", {}, 1, 1),
    "reveal": Call(
        commands.reveal, "NAME [--give-up]", "the diff, why it was wrong, where it comes from", {"--give-up": None}, 1, 1
    ),
    "reset": Call(
        commands.reset,
        "NAME | --all [--yes]",
        "begin anew; your copy is set aside, not deleted",
        {"--all": None, "--yes": None},
        0,
        1,
    ),
    "fault": Call(
        commands.fault,
        "NAME | --off | --list [--in DRILL | --db FILE] [--port N] [--status N] [--says TEXT]",
        "arm a fault in the database of a running copy, from outside; or serve it an LLM that is slow or broken",
        {"--off": None, "--list": None, "--in": str, "--db": str, "--port": int, "--status": int, "--says": str},
        0,
        1,
    ),
    "export": Call(commands.export, "", "your progress as one JSON text"),
    "class": Call(commands.compare, "FILE...", "many exports as one table", {}, 1, 10_000),
}


def help_text() -> str:
    table = [(f"{ME} {name} {call.usage}".rstrip(), call.about) for name, call in CALLS.items()]
    lines = [line for usage, about in table for line in (usage, f"    {about}")]
    states = "States: new, started, reproduced (a broken promise was shown), mended (check says OK), solved (and your"
    return "\n".join(
        [*lines, "", f"{states}\nown test was accepted). Everything is kept in planted/, nothing is ever deleted."]
    )


def parse(name: str, words: list[str]) -> SimpleNamespace:
    """The words and flags of a call; Refused, in one line, where they do not fit it."""
    call, found, flags = CALLS[name], [], {}
    rest = iter(words)
    for word in rest:
        flag, has_value, value = word.partition("=")
        if not word.startswith("-") or word == "-":
            found.append(word)
        elif flag not in call.flags:
            raise catalogue.unknown(f"option of {name}", flag, [*call.flags, "--help"])
        elif call.flags[flag] is None:
            if has_value:
                raise Refused(f"{flag} takes no value; type {ME} {name} {call.usage}")
            flags[flag] = True
        else:
            flags[flag] = _value(flag, value if has_value else next(rest, ""), call.flags[flag])
    if not call.least <= len(found) <= call.most:
        raise Refused(f"{name} cannot do with {len(found)} words; type {ME} {name} {call.usage}".rstrip())
    return SimpleNamespace(words=found, flags=flags)


def _value(flag, text, kind):
    if kind is int and not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Refused(f"{flag} takes a whole number of at most nine digits, not {text!r}")
    if not text:
        raise Refused(f"{flag} needs a value behind it")
    return kind(text)


def main(argv: list[str], garden: Path = plant.GARDEN) -> int:
    """Do one call; its exit status."""
    try:
        if {"-h", "--help", "help"} & set(argv):
            say(help_text())
            then("list")
            return 0
        name, *words = argv or ["list"]
        if name not in CALLS:
            raise catalogue.unknown("call", name, CALLS)
        return CALLS[name].does(parse(name, words), garden)
    except Refused as problem:
        print(f"drills: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ndrills: interrupted; nothing is half-done, type it again", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read our output has gone
        sys.stdout = None
        return 2
    except OSError as problem:
        where = f" ({problem.filename})" if problem.filename else ""
        print(f"drills: {problem.strerror or problem}{where}; nothing is half-done", file=sys.stderr)
        return 2


if __name__ == "__main__":
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character shows its number
    sys.exit(main(sys.argv[1:]))
