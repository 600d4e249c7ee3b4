"""Other fixes: (file, planted text, replacement)."""

FOUND = "        if kept:\n"

# what is only claimed is not answered with; who is at work is known to the process
OTHER = (("web/door.py", FOUND, '        if kept and kept["status"] != 202:\n'),)
# "then tell them to wait": for ever
LAZY = (
    (
        "web/door.py",
        FOUND,
        """        if kept and kept["status"] == 202:
            raise workflow.KeyInProgress("still at work; try again")
""" + FOUND,
    ),
)
SEEN_BY = "tests.test_store.FailingDisk.test_what_failed_half_way_succeeds_when_it_is_sent_again_with_its_key"
