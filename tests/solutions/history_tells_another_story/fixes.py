"""Other fixes: (file, planted text, replacement)."""

# leaves out only fields that were empty before, which is harmless
OTHER = (("store.py", "if value is not None}", "if (value, ticket[column]) != (None, None)}"),)
# returns the row for the newest version, and does not rebuild it from events
LAZY = (
    (
        "store.py",
        "        row = reduce(workflow.fold, ",
        """        if version == ticket["version"]:
            return ticket
        row = reduce(workflow.fold, """,
    ),
)
KEPT = "if value is not None}"
# the field of the story is kept, and a lock still has its old end
INCOMPLETE = (("store.py", KEPT, 'if value is not None or column in ("assignee", "locked_by")}'),)
# the event of the story is kept, and a PATCH and an unlock are not
WRONG_ONE_EVENT = (("store.py", KEPT, 'if value is not None or event_type == "Reopened"}'),)
# an empty text instead of nothing
WRONG_EMPTY = (
    (
        "store.py",
        "{column: value for column, value in changes.items() if value is not None}",
        '{column: value or "" for column, value in changes.items()}',
    ),
)
# the history is right again, because the ticket keeps what was cleared
WRONG_ROW = (
    (
        "store.py",
        '        data = {"changes": changes, **facts} if changes else facts\n',
        """        changes = {column: value for column, value in (changes or {}).items() if value is not None}
        data = {"changes": changes, **facts} if changes else facts
""",
    ),
)
# no field can be cleared by a PATCH any more
SWITCHED_OFF = (
    (
        "store.py",
        "        changes = {column: value for column, value in changes.items() if ticket[column] != value}\n",
        """        if None in changes.values():
            raise workflow.Invalid("a field cannot be cleared")
        changes = {column: value for column, value in changes.items() if ticket[column] != value}
""",
    ),
    ("store.py", KEPT, 'if value is not None or event_type != "Edited"}'),
)
SEEN_BY = "tests.test_workflow.TimeTravel.test_a_ticket_can_be_read_as_it_was_at_every_version"
