"""What another person wrote, such as an export that a learner hands in: it is read with limits, and printed harmlessly.

Everything that the tool prints goes through print_lines() or print_error(). An escape sequence in a text could change
the title, the clipboard or the links of the reader's terminal, and a line break could forge a row of a table.
"""

import glob
import json
import os
import re
import sys
import time
from pathlib import Path
from secrets import token_hex

MAX_BYTES = 1_000_000  # of a file that another person may have written
# all control characters (C0, DEL, C1) but the line feed; the separators of lines; what reverses the reading direction
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def clean(text: object) -> str:
    """The text with an escape instead of each control character. It is the escape of JSON, so JSON stays the same."""
    return CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", str(text))


def one_line(text: object) -> str:
    """The same in one line, for a row, a cell of a table, or a message."""
    return clean(text).replace("\n", "\\n")


def print_lines(*lines: str) -> None:
    """Print texts to stdout; one may have several lines."""
    print(*map(clean, lines), sep="\n", flush=True)


def print_error(line: str) -> None:
    """Print one line to stderr."""
    print(one_line(line), file=sys.stderr)


def read_bytes(path: Path) -> bytes:
    """The content of a file. OSError if it is not a regular file (a pipe may never end) or larger than MAX_BYTES."""
    if path.exists() and not path.is_file():
        raise OSError(None, "this is not a file", str(path))
    with open(path, "rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise OSError(None, f"this is larger than {MAX_BYTES:,} bytes", str(path))
    return content


def read_json(path: Path) -> object:
    """The value in a JSON file. ValueError if it is not JSON, OSError as for read_bytes()."""
    try:
        return json.loads(read_bytes(path))
    except RecursionError:
        raise ValueError("the values are nested too deeply") from None


def paths_of(words: list[str]) -> list[Path]:
    """The files that these words name. A shell of Windows leaves `*.json` as it is."""
    found = []
    for word in words:
        is_pattern = glob.has_magic(word) and not os.path.exists(word)
        found += sorted(glob.glob(word)) if is_pattern and glob.glob(word) else [word]
    return [Path(path) for path in found]


def replace_file(new: Path, path: Path) -> None:
    """Rename a file over another one. On Windows that fails while somebody reads it: so try again for a second."""
    ends = time.monotonic() + 1
    while True:
        try:
            return os.replace(new, path)
        except PermissionError:
            if os.name != "nt" or time.monotonic() > ends:
                raise
            time.sleep(0.02)


def replace_text(path: Path, text: str) -> None:
    """Write a file as a whole: whoever reads it meanwhile, or after a full disk, has the old one."""
    new = path.with_name(f".{path.name}-{token_hex(8)}")
    try:
        new.write_text(text, encoding="utf-8")
        replace_file(new, path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
