"""How the commands of the tool talk: what to type next, check marks, short paths."""

import sys
from pathlib import Path

from drills.untrusted import one_line, print_error, print_lines

TOOL = "python3 -m drills"


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
