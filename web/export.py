"""Tickets as CSV (RFC 4180), page by page, safe to open in a spreadsheet."""

import csv
import io

COLUMNS = (
    "id uuid title description category priority status state assignee created_by created_at updated_at version".split()
)
HEADERS = (
    ("Content-Type", "text/csv; charset=utf-8; header=present"),
    ("Content-Disposition", 'attachment; filename="tickets.csv"'),
)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def as_csv(read_page):
    """A job that returns the next piece of the file each time it is called, and b"" at the end.

    `read_page(before)` reads tickets as Store.tickets does, from the page behind the ticket `before` on.
    """
    pieces = _pieces(read_page)
    return lambda: next(pieces, b"")


def _pieces(read_page):
    yield _rows([COLUMNS])
    before = ""
    while before is not None:
        page = read_page(before)
        if page["tickets"]:
            yield _rows([[_safe(ticket[column]) for column in COLUMNS] for ticket in page["tickets"]])
        before = page["next"]


def _rows(rows) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _safe(value):
    """A spreadsheet would run a text that begins like a formula: an apostrophe in front makes it a text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
