"""Other fixes: (file, planted text, replacement)."""

PLANTED = """f"({STORED.format('title')} LIKE '%' || :search || '%'"
    f" OR {STORED.format('description')} LIKE '%' || :search || '%')\""""
BACKSLASH = "char(92)"
ESCAPED = ":search"
for sign in ("char(92)", "char(37)", "char(95)"):
    ESCAPED = f"replace({ESCAPED}, {sign}, {BACKSLASH} || {sign})"
LIKE = "{STORED.format('%s')} LIKE char(37) || " + ESCAPED + " || char(37) ESCAPE char(92)"

# LIKE, with its special characters escaped
OTHER = (("store.py", PLANTED, f"""f"({LIKE % "title"} OR {LIKE % "description"})\""""),)
# removes such characters from the search: 0% finds every zero
LAZY = (("store.py", PLANTED, PLANTED.replace(":search", "replace(replace(:search, '%', ''), '_', '')")),)
SEEN_BY = "tests.test_search.NoFts5.test_operators_and_patterns_are_words_like_others"
