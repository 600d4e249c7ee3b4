"""How the commands of the tool talk: what to type next, check marks, short paths."""

import re
import sys
from pathlib import Path

from drills.untrusted import one_line, print_error, print_lines

TOOL = "python3 -m drills"
LOG_LINE = "  | "  # begins the lines of the desk's log below a message
OWN_PART = re.compile(  # what differs in the messages of tests that fail for one reason
    r"^AssertionError: |promised: [^;]*; | instead of [1-5]\d\d\b| \(\w+\.py, line \d+\)"
)


def print_next(*commands: str) -> None:
    """Print what to type next; every command ends with this."""
    print_lines("", one_line(f"next: {'   or: '.join(f'{TOOL} {command}' for command in commands)}"))


def print_next_aside(command):
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


def short_path(path):
    """The path relative to the current folder, if it is inside."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def result_lines(text: str) -> list[str]:
    """The line about one test, and those of the desk's log below it, if there are some; no other line can be forged."""
    first, *rest = text.split("\n")
    if not all(line.startswith(LOG_LINE) for line in rest):
        return [one_line(text)]
    return [one_line(line) for line in (first, *rest)]


def with_more(text: str, number: int, what: str) -> str:
    """The text, with "(and 3 more tests like it)" at the end of its first line if the number is 3."""
    first, *rest = text.split("\n")
    more = f" (and {number} more {what}{'s' * (number > 1)} like it)" if number else ""
    return "\n".join([first + more, *rest])


def grouped(lines: list[str]) -> list[str]:
    """Lines `TEST: MESSAGE`. Of those that say the same of several tests only the first is there, with their number."""
    found = {}
    for line in lines:
        text, log_start, log = line.partition(f"\n{LOG_LINE}")
        _, colon, message = text.partition(": ")
        found.setdefault(log if log_start else OWN_PART.sub("", message) if colon else text, []).append(line)
    return [with_more(first, len(others), "test") for first, *others in found.values()]
