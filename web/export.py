"""Tickets as CSV (RFC 4180), page by page, safe to open in a spreadsheet: store.py makes the lines.

The text of a customer must not run as a formula (CSV injection). Each cell is in quotes, and an apostrophe stands
before each sign that could begin a formula, also inside a cell: a spreadsheet may read the file with another separator.
"""

from web.http1 import Response

COLUMNS = tuple(
    "id uuid title description category priority status state assignee created_by created_at updated_at version".split()
)
HEADERS = (
    ("Content-Type", "text/csv; charset=utf-8; header=present"),
    ("Content-Disposition", 'attachment; filename="tickets.csv"'),
    ("X-Formula-Guard", "' before = + - @ at the start of a cell or line and after tab , ; quote"),
)
PAGE = 500  # tickets that are read and sent at a time


def as_csv(context, filters: dict) -> Response:
    """All tickets that match the filters, in the order of the list; read, written and sent page by page."""
    pieces = _pieces(context, filters)
    return Response(200, b"", HEADERS, lambda: next(pieces, b""))


def _pieces(context, filters):
    yield (",".join(f'"{column}"' for column in COLUMNS) + "\r\n").encode()
    left = filters["limit"]
    while left:
        with context.store.reader() as store:
            store.begin_read()
            page = store.csv_rows({**filters, "limit": min(left, PAGE)}, COLUMNS)
        if page["count"]:
            yield page["lines"]
        left, filters = left - page["count"] if page["next"] else 0, {**filters, "before": page["next"]}
