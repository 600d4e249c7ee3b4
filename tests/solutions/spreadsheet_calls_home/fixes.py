"""Other fixes: (file, planted text, replacement)."""

NOT_GUARDED = "GUARDED.format(name) if name in FREE_TEXT else name)"
CELLS = "(CELL.format(GUARDED.format(name) if name in FREE_TEXT else name) for name in columns)"

# guards every column
OTHER = (("store.py", CELLS, "(CELL.format(GUARDED.format(name)) for name in columns)"),)
# only the equals sign
LAZY = (
    (
        "store.py",
        NOT_GUARDED,
        """GUARDED.format(name) if name in FREE_TEXT else f"iif({name} LIKE '=%', '''' || {name}, {name})")""",
    ),
)
# three of the four signs
INCOMPLETE = (
    (
        "store.py",
        NOT_GUARDED,
        """GUARDED.format(name) if name in FREE_TEXT else f"iif({name} GLOB '[-=+]*', '''' || {name}, {name})")""",
    ),
)
# the export has no names any more
SWITCHED_OFF = (("web/export.py", "state assignee created_by created_at", "state created_at"),)
# removes the sign wherever it is, so names change
WRONG_REMOVED = (
    (
        "store.py",
        NOT_GUARDED,
        """GUARDED.format(name) if name in FREE_TEXT else f"replace(replace({name}, '=', ''), '@', '')")""",
    ),
)
# only the first character of a name
WRONG_START = (
    (
        "store.py",
        NOT_GUARDED,
        """GUARDED.format(name) if name in FREE_TEXT else f"iif({name} GLOB '[-=+@]*', '''' || {name}, {name})")""",
    ),
)
SEEN_BY = "tests.test_console.Csv.test_no_cell_that_another_program_wrote_is_a_formula"
