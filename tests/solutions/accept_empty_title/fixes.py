"""Other fixes: (file, planted text, replacement)."""

WORKS = "    category, priority = classify_by_rules(f\"{fields['title']}\\n{fields['description']}\")\n"

# the door for creating refuses it, whatever the schema says
OTHER = (
    (
        "app.py",
        WORKS,
        f'    if not fields["title"].strip():\n        raise workflow.Invalid("title: write one")\n{WORKS}',
    ),
)
# whatever is short is refused: so is a good title
LAZY = (("schema.sql", "BETWEEN 0 AND 200", "BETWEEN 5 AND 200"),)
SEEN_BY = "tests.test_store.RawSql.test_no_value_outside_the_enums_and_limits_gets_in"
