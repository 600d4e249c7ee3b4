"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'return sorted(rows, key=lambda row: row["updated_at"], reverse=True)[: filters["limit"] + 1]'

# the order that the cursor takes for granted, in other words
OTHER = (
    (
        "store.py",
        PLANTED,
        'rows.sort(key=lambda row: row["id"], reverse=True)\n        return rows[: filters["limit"] + 1]',
    ),
)
# within a page it is right now; which rows are on it is not
LAZY = (
    (
        "store.py",
        PLANTED,
        'rows = sorted(rows, key=lambda row: row["updated_at"], reverse=True)[: filters["limit"]]\n'
        '        return sorted(rows, key=lambda row: -row["id"])',
    ),
)
SEEN_BY = "tests.test_search.Filters.test_pages_show_every_ticket_once_while_tickets_arrive_and_change"
