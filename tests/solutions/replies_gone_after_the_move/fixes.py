"""Other fixes: (file, planted text, replacement)."""

PLANTED = '"internal": int("internal" in data)}'
COMMENT = """        expected["comments"][data["comment_id"]] = {**comment, "internal": int("internal" in data)}
"""
OLD_ROW = "self._insert({**(old or {}), **row})"

# only an event that says so makes an internal comment
OTHER = (
    (
        "workflow.py",
        COMMENT,
        """        is_internal = kind == "Commented" and data["internal"]
        expected["comments"][data["comment_id"]] = {**comment, "internal": 1 if is_internal else 0}
""",
    ),
)
# every comment is shown
LAZY = (("workflow.py", PLANTED, '"internal": 0}'),)
# --rebuild takes the value of the old row; --verify still differs
INCOMPLETE = (
    (
        "store.py",
        OLD_ROW,
        'self._insert({**(old or {}), **row, **({"internal": old["internal"]} if old and "internal" in old else {})})',
    ),
)
# old rows and events are not compared any more
SWITCHED_OFF = (
    (
        "workflow.py",
        'return "the row has no event" if row else "it has events, but no row"\n',
        'return "the row has no event" if row else "it has events, but no row"\n'
        '    row = {**row, "internal": expected.get("internal")} if "internal" in row else row\n',
    ),
    ("store.py", "        pairs = f'old.", "        return None\n        pairs = f'old."),
)
SEEN_BY = "tests.test_process.Tools.test_verify_agrees_with_comments_that_are_internal_and_with_others"
