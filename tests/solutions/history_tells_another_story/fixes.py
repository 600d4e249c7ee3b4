"""Other fixes: (file, planted text, replacement)."""

# only what was empty before is left out: that changes nothing
OTHER = (("store.py", "if value is not None}", "if (value, ticket[column]) != (None, None)}"),)
# the newest version is not asked of the history, but of the row
LAZY = (
    (
        "store.py",
        "        row = reduce(\n            workflow.fold, self.events(",
        """        if version == ticket["version"]:
            return ticket
        row = reduce(
            workflow.fold, self.events(""",
    ),
)
SEEN_BY = "tests.test_workflow.TimeTravel.test_a_ticket_can_be_seen_as_it_was_at_every_version"
