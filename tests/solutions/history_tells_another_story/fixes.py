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
SEEN_BY = "tests.test_workflow.TimeTravel.test_a_ticket_can_be_read_as_it_was_at_every_version"
