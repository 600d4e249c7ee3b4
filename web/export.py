"""Tickets as CSV (RFC 4180), page by page, safe to open in a spreadsheet."""

import csv
import io
import json
from unicodedata import normalize

COLUMNS = (
    "id uuid title description category priority status state assignee created_by created_at updated_at version".split()
)
HEADERS = (
    ("Content-Type", "text/csv; charset=utf-8; header=present"),
    ("Content-Disposition", 'attachment; filename="tickets.csv"'),
)
FORMULA_STARTS = ("=", "+", "-", "@")
PAGE = 500  # tickets that are read and written at a time


def as_csv(read_page, most: int):
    """A job that returns the next piece of the file each time it is called, and b"" at the end.

    `read_page(size, before)` reads tickets as Store.tickets does, a page of `size` from behind the ticket
    `before` on, which is None at first. The file has `most` tickets at most.
    """
    pieces = _pieces(read_page, most)
    return lambda: next(pieces, b"")


def _pieces(read_page, left):
    yield _rows([COLUMNS])
    page = {"next": None}
    while left:
        page = read_page(min(left, PAGE), page["next"])
        if page["tickets"]:
            yield _rows([[_safe(ticket[column]) for column in COLUMNS] for ticket in map(json.loads, page["tickets"])])
        left = left - len(page["tickets"]) if page["next"] else 0


def _rows(rows) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _safe(value):
    """A spreadsheet would run a text that begins like a formula: an apostrophe in front makes it a text.

    Some look past blanks and what nobody sees, and take a full-width sign for the plain one.
    """
    if not isinstance(value, str):
        return value
    first = next((character for character in value if character.isprintable() and character != " "), "")
    return f"'{value}" if normalize("NFKC", first).startswith(FORMULA_STARTS) else value
