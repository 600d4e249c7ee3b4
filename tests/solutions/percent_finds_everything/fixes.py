"""Other fixes: (file, planted text, replacement)."""

PLANTED = """f"({STORED.format('title')} LIKE '%' || :search || '%'"
    f" OR {STORED.format('description')} LIKE '%' || :search || '%')\""""


def like(signs, escape):
    """The condition with LIKE, if these characters of the search are escaped by that one."""
    words = ":search"
    for sign in signs:
        words = f"replace({words}, {sign}, {escape} || {sign})"
    condition = "{STORED.format('%s')} LIKE char(37) || " + words + f" || char(37) ESCAPE {escape}"
    return (("store.py", PLANTED, f"""f"({condition % "title"} OR {condition % "description"})\""""),)


BACKSLASH, PERCENT, UNDERSCORE, MARK = "char(92)", "char(37)", "char(95)", "char(33)"

# LIKE, with its special characters escaped
OTHER = like((BACKSLASH, PERCENT, UNDERSCORE), BACKSLASH)
# removes such characters from the search: 0% finds every zero
LAZY = (("store.py", PLANTED, PLANTED.replace(":search", "replace(replace(:search, '%', ''), '_', '')")),)
# one of the two wildcards
INCOMPLETE = like((BACKSLASH, PERCENT), BACKSLASH)
# both wildcards, and not the character that escapes them
WRONG_BACKSLASH = like((PERCENT, UNDERSCORE), BACKSLASH)
# the same with another character that escapes them
WRONG_MARK = like((PERCENT, UNDERSCORE), MARK)
# another language of patterns, with other special characters
WRONG_GLOB = (("store.py", PLANTED, PLANTED.replace("LIKE", "GLOB").replace("'%'", "'*'")),)
# a search for signs alone is compared as text, all others as before
WRONG_SIGNS_ALONE = (
    (
        "store.py",
        PLANTED,
        """f"(:search NOT GLOB '*[a-z0-9]*' AND instr(title || ' ' || description, :search)"
    " OR :search GLOB '*[a-z0-9]*' AND (title LIKE '%' || :search || '%'"
    " OR description LIKE '%' || :search || '%'))\"""",
    ),
)
# one of the lists escapes the search, and the others do not
WRONG_ONE_LIST = (
    *like((), BACKSLASH),
    (
        "app.py",
        "    page = context.store.tickets(ticket_filters(request))\n    tickets = ",
        """    filters = ticket_filters(request)
    if "search" in filters:
        for sign in ("\\\\", "%", "_"):
            filters["search"] = filters["search"].replace(sign, "\\\\" + sign)
    page = context.store.tickets(filters)
    tickets = """,
    ),
)
# nobody may search for such characters
SWITCHED_OFF = (
    (
        "app.py",
        '    filters = {"limit": 100, **request.fields}\n    if not prefers',
        """    filters = {"limit": 100, **request.fields}
    if {"%", "_", "\\\\"} & set(filters.get("search", "")):
        raise workflow.Invalid("a search for this character is not possible")
    if not prefers""",
    ),
)
SEEN_BY = "tests.test_search.NoFts5.test_operators_and_patterns_are_words_like_others"
