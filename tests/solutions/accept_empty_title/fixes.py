"""Other fixes: (file, planted text, replacement)."""

CREATES = "    ticket = context.store.add_ticket(request.caller, *with_suggestions(request.fields))\n"
REFUSES = f"""    if not request.fields["title"].strip():
        raise workflow.Invalid("title: write one")
{CREATES}"""
CHANGES = 'optional="title description category priority assignee status"'
FILLED = r"""re.compile(r"trim\((\w+)\) <> ''")"""
LOWEST = 'return {"lowest": 1}'
BOOLEAN = '            return {"kind": "boolean"}'
CHECK, STRIPS = "CHECK (length(trim(title)) BETWEEN 0 AND 200)", "        value = value.strip()\n"

# a second CHECK for the column, and the validation reads this kind, too
OTHER = (
    ("schema.sql", CHECK, f"{CHECK} CHECK (trim(title) <> '')"),
    ("web/validation.py", '    ("id", re', f'    ("filled", {FILLED}),\n    ("id", re'),
    ("web/validation.py", BOOLEAN, f'            if form == "filled":\n                {LOWEST}\n{BOOLEAN}'),
)
# gives an untitled ticket a title
LAZY = (("app.py", CREATES, f'    request.fields["title"] = request.fields["title"] or "(no title)"\n{CREATES}'),)
# a new ticket is checked, an edit is not
INCOMPLETE = (("app.py", CREATES, REFUSES),)
# a new ticket is checked, and no edit may change a title
SWITCHED_OFF = (("app.py", CREATES, REFUSES), ("web/bodies.py", CHANGES, CHANGES.replace("title ", "")))
# short titles are refused, also valid ones
WRONG_MINIMUM = (("schema.sql", "BETWEEN 0 AND 200", "BETWEEN 2 AND 200"),)
# an empty title is refused before the blanks are removed
WRONG_BLANKS = (
    ("web/validation.py", STRIPS, f'        if not value:\n            raise Fault("Write something.")\n{STRIPS}'),
)
SEEN_BY = "tests.test_store.RawSql.test_no_value_outside_the_enums_and_limits_gets_in"
