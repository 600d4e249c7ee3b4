"""Other fixes: (file, planted text, replacement)."""

# counts each ticket once, however many rows the join returns
OTHER = (
    (
        "store.py",
        "(SELECT state, status, priority, category, count(*) AS tickets FROM tickets\n    LEFT JOIN",
        "(SELECT state, status, priority, category, count(DISTINCT tickets.id) AS tickets FROM tickets\n    LEFT JOIN",
    ),
)
# counts only tickets without comments
LAZY = (("store.py", "WHERE :owner IN (created_by, author)", "WHERE created_by = :owner AND author IS NULL"),)
SEEN_BY = "tests.test_locked.Locked.test_a_customers_statistics_count_each_own_ticket_once"
