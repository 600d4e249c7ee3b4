"""Other fixes: (file, planted text, replacement)."""

JOIN = "(SELECT state, status, priority, category, count(*) AS tickets FROM tickets\n    LEFT JOIN"
CONDITION = "WHERE :owner IN (created_by, author)"
EACH_ONCE = ("store.py", JOIN, JOIN.replace("count(*)", "count(DISTINCT tickets.id)"))
OWN = ("store.py", CONDITION, "WHERE created_by = :owner")

# counts each own ticket once, however many rows the join returns
OTHER = (EACH_ONCE, OWN)
# counts only tickets without comments
LAZY = (("store.py", CONDITION, "WHERE created_by = :owner AND author IS NULL"),)
# counts each ticket once, also those of others on which the caller has commented
INCOMPLETE = (EACH_ONCE,)
# a customer's dashboard has no numbers any more
SWITCHED_OFF = (("store.py", CONDITION, "WHERE :owner IS NULL"),)
# own tickets alone, but each once for every comment
WRONG_OWN_ALONE = (OWN,)
# the total alone, from the numbers by day
WRONG_TOTAL_ALONE = (
    (
        "store.py",
        "(SELECT coalesce(sum(tickets), 0) FROM counts) AS total_tickets",
        "(SELECT coalesce(sum(tickets), 0) FROM days) AS total_tickets",
    ),
)
# own comments alone multiply the rows
WRONG_OWN_COMMENTS = (
    ("store.py", CONDITION, f"AND author = :owner {CONDITION}"),
)
# comments that the customer may see
WRONG_SEEN = (("store.py", CONDITION, "WHERE created_by = :owner AND NOT coalesce(internal, 0)"),)
# everybody sees the numbers of all
WRONG_ALL = (
    (
        "app.py",
        "stats(context, request.caller.id if request.caller.only_own else None)",
        "stats(context)",
    ),
)
SEEN_BY = "tests.test_locked.Locked.test_a_customers_statistics_count_each_own_ticket_once"
