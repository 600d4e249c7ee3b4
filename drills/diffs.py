"""Unified diffs of a desk's sources: made from a learner's copy, read from a hand-in, and applied to a clean desk.

A diff that is read is data: its paths must be sources of a desk, and its hunks must fit exactly.
"""

import difflib
import re
from pathlib import Path, PurePosixPath
from typing import Sequence

from drills import plant

MAX_FILES = 100
FOLDERS = {"web", "tests"}
ENDINGS = {".py", ".sql", ".md", ".js", ".css", ".html", ".svg", ".json", ".txt"}  # of the files that a diff may have
PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")  # of a path: no "..", no hidden file, no drive, no other separator
HUNK = re.compile(r"@@ -(\d{1,6})(?:,(\d{1,6}))? \+(\d{1,6})(?:,(\d{1,6}))? @@")
NO_FILE = "/dev/null"
NO_END = "\\ No newline at end of file"


def diff_of(before: dict[str, str], after: dict[str, str], context: int = 3) -> str:
    """The diff between two sets of files, {path: text}; "" if they are the same."""
    lines = []
    for path in sorted(before.keys() | after.keys()):
        old, new = (_lines(files.get(path, "")) for files in (before, after))
        names = (f"a/{path}" if path in before else NO_FILE, f"b/{path}" if path in after else NO_FILE)
        lines += difflib.unified_diff(old, new, *names, n=context, lineterm="")
    return "".join(f"{line}\n" for line in lines)


def sources(folder: Path, names: Sequence[str] = plant.SOURCES) -> tuple[dict[str, str], list[str]]:
    """({path: text} of the sources of a desk, the paths that no diff can have). Line ends of Windows do not count."""
    found, odd = {}, []
    for path, content in plant.work(folder, names):
        try:
            if not is_source(path, names):
                raise ValueError
            found[path] = content.decode()
        except ValueError:  # not UTF-8, or another kind of file
            odd.append(path)
    return found, odd


def is_source(path: str, names: Sequence[str] = plant.SOURCES) -> bool:
    """Whether this is the path of a text among these files and folders of a desk, and cannot lead out of them."""
    parts = path.split("/")
    is_plain = all(map(PART.fullmatch, parts)) and PurePosixPath(path).suffix in ENDINGS
    return is_plain and parts[0] in names and (len(parts) > 1 or parts[0] not in FOLDERS)


def apply(diff: str, files: dict[str, str], names: Sequence[str] = plant.SOURCES) -> dict[str, str]:
    """The files after this diff. ValueError, with the reason, if it is not a diff of sources that fits these files."""
    result, lines = dict(files), _split(diff)
    position, number = 0, 0
    while position < len(lines):
        path, position = _header(lines, position, names)
        number += 1
        if number > MAX_FILES:
            raise ValueError(f"the diff has more than {MAX_FILES} files")
        is_new, is_gone = path.startswith("+"), path.startswith("-")
        path = path.lstrip("+-")
        if is_new != (path not in result):
            raise ValueError(f"{path} {'is there already' if is_new else 'is not a file of the desk'}")
        text, position = _patched(lines, position, _lines(result.get(path, "")), path)
        result[path] = text
        if is_gone:
            if text:
                raise ValueError(f"{path} is removed, but not all of it")
            del result[path]
    return result


def _header(lines, position, names):
    """(the path, after "+" if the file is new and after "-" if it is removed; the position of its first hunk)"""
    head = lines[position : position + 2]
    if len(head) < 2 or not head[0].startswith("--- ") or not head[1].startswith("+++ "):
        raise ValueError(f"line {position + 1} of the diff is not the beginning of a file")
    old, new = head[0][4:], head[1][4:]
    sign = "+" if old == NO_FILE else "-" if new == NO_FILE else ""
    path = (new if sign == "+" else old)[2:]
    if (old not in (f"a/{path}", NO_FILE)) or (new not in (f"b/{path}", NO_FILE)) or not is_source(path, names):
        raise ValueError(f"line {position + 1} of the diff does not name a source of the desk: {path[:80]!r}")
    return sign + path, position + 2


def _patched(lines, position, old, path):
    """(the new text of a file, the position after its last hunk)"""
    new, done = [], 0
    while position < len(lines) and (found := HUNK.match(lines[position])):
        start, length, _, new_length = (1 if number is None else int(number) for number in found.groups())
        start -= length > 0  # a hunk without old lines names the line before it
        if not done <= start <= len(old):
            raise ValueError(f"line {position + 1} of the diff does not fit {path}")
        new += old[done:start]
        body, position = _body(lines, position + 1, length, new_length, path)
        removed = [line[1:] for line in body if line[0] in " -"]
        if old[start : start + length] != removed:
            raise ValueError(f"the hunk before line {position + 1} of the diff does not fit {path}")
        new += [line[1:] for line in body if line[0] in " +"]
        done = start + length
    return _join(new + old[done:]), position


def _body(lines, position, old_length, new_length, path):
    """(the lines of a hunk, the position after it)"""
    body = []
    while old_length or new_length or lines[position : position + 1] == [NO_END]:
        line = lines[position] if position < len(lines) else ""
        if line == NO_END and body:
            body[-1] += f"\n{NO_END}"
        elif line[:1] in (" ", "-", "+"):
            old_length -= line[0] in " -"
            new_length -= line[0] in " +"
            body.append(line)
        else:
            raise ValueError(f"line {position + 1} of the diff is not a line of {path}")
        if old_length < 0 or new_length < 0:
            raise ValueError(f"line {position + 1} of the diff is one too many for {path}")
        position += 1
    return body, position


def _split(text):
    lines = text.split("\n")  # and nowhere else: str.splitlines() also splits at characters inside a line
    return lines[:-1] if lines[-1] == "" else lines


def _lines(text):
    """The lines of a text; the last one says if it has no line end, as in a diff."""
    lines = _split(text)
    return lines if text.endswith("\n") or not lines else [*lines[:-1], f"{lines[-1]}\n{NO_END}"]


def _join(lines):
    is_cut = bool(lines) and "\n" in lines[-1]
    return "\n".join(lines).removesuffix(f"\n{NO_END}") if is_cut else "".join(f"{line}\n" for line in lines)
