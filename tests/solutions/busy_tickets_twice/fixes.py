"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'return sorted(rows, key=lambda row: row["updated_at"], reverse=True)[: filters["limit"] + 1]'

# the order that the cursor needs, written in another way
OTHER = (
    (
        "store.py",
        PLANTED,
        'rows.sort(key=lambda row: row["id"], reverse=True)\n        return rows[: filters["limit"] + 1]',
    ),
)
# the order within a page is right, but the page has the wrong rows
LAZY = (
    (
        "store.py",
        PLANTED,
        'rows = sorted(rows, key=lambda row: row["updated_at"], reverse=True)[: filters["limit"]]\n'
        '        return sorted(rows, key=lambda row: -row["id"])',
    ),
)
SEEN_BY = "tests.test_search.Filters.test_pages_show_every_ticket_once_while_tickets_arrive_and_change"
