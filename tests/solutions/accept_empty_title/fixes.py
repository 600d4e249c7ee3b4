"""Other fixes: (file, planted text, replacement)."""

WORKS = "    category, priority = classify_by_rules(f\"{fields['title']}\\n{fields['description']}\")\n"

# the endpoint refuses an empty title, whatever the schema allows
OTHER = (
    (
        "app.py",
        WORKS,
        f'    if not fields["title"].strip():\n        raise workflow.Invalid("title: write one")\n{WORKS}',
    ),
)
# short titles are refused, also valid ones
LAZY = (("schema.sql", "BETWEEN 0 AND 200", "BETWEEN 5 AND 200"),)
SEEN_BY = "tests.test_store.RawSql.test_no_value_outside_the_enums_and_limits_gets_in"
