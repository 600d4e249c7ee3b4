"""Tickets as CSV (RFC 4180), page by page, safe to open in a spreadsheet."""

import csv
import io
import json
from unicodedata import normalize

from web.http1 import Response
from workflow import MAX_ID

COLUMNS = (
    "id uuid title description category priority status state assignee created_by created_at updated_at version".split()
)
HEADERS = (
    ("Content-Type", "text/csv; charset=utf-8; header=present"),
    ("Content-Disposition", 'attachment; filename="tickets.csv"'),
)
FORMULA_STARTS = ("=", "+", "-", "@")
PAGE = 500  # tickets that are read and sent at a time


def as_csv(context, filters: dict) -> Response:
    """All tickets that match the filters, newest first; read, written and sent page by page."""
    pieces = _pieces(context, filters)
    return Response(200, b"", HEADERS, lambda: next(pieces, b""))


def _pieces(context, filters):
    yield _rows([COLUMNS])
    left, before = filters["limit"], filters.get("before", MAX_ID)
    while left:
        with context.store.reader() as store:
            store.begin_read()
            page = store.tickets({**filters, "limit": min(left, PAGE), "before": before})
        if page["tickets"]:
            yield _rows([[_safe(ticket[column]) for column in COLUMNS] for ticket in map(json.loads, page["tickets"])])
        left, before = left - len(page["tickets"]) if page["next"] else 0, page["next"]


def _rows(rows) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _safe(value):
    """Put an apostrophe before a text that a spreadsheet would run as a formula (CSV injection).

    Some spreadsheets skip spaces and invisible characters, and read a full-width sign as the normal one.
    """
    if not isinstance(value, str):
        return value
    first = next((character for character in value if character.isprintable() and character != " "), "")
    return f"'{value}" if normalize("NFKC", first).startswith(FORMULA_STARTS) else value
