"""Other fixes: (file, planted text, replacement)."""

CREATES = "    ticket = context.store.add_ticket(request.caller, *with_suggestions(request.fields))\n"

# the endpoint refuses an empty title, whatever the schema allows
OTHER = (
    (
        "app.py",
        CREATES,
        f'    if not request.fields["title"].strip():\n        raise workflow.Invalid("title: write one")\n{CREATES}',
    ),
)
# short titles are refused, also valid ones
LAZY = (("schema.sql", "BETWEEN 0 AND 200", "BETWEEN 5 AND 200"),)
SEEN_BY = "tests.test_store.RawSql.test_no_value_outside_the_enums_and_limits_gets_in"
