"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'FOLDED = "lower({0})"'

# the same function for both sides
OTHER = (("store.py", PLANTED, 'FOLDED = "search_key({0})"'),)
FUNCTION = 'self.db.create_function("search_key", 1, workflow.search_key, deterministic=True)\n'
OWN_LOWER = f'{FUNCTION}        self.db.create_function("lower", 1, lambda text: text and text.lower())\n'
# the words of the story, by heart
LAZY = (
    (
        "store.py",
        PLANTED,
        """FOLDED = "lower({0})"
for great, small in (("É", "é"), ("ß", "ss"), ("ï", "ï"), ("Ж", "ж"), ("У", "у"), ("К", "к")):
    FOLDED = f"replace({FOLDED}, '{great}', '{small}')\"""",
    ),
)
# lower() of Python: it leaves ß and accents of their own as they are
INCOMPLETE = (("store.py", FUNCTION, OWN_LOWER),)
# the same function for both sides, but it folds A to Z only
WRONG_ASCII = (
    (
        "workflow.py",
        'return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())',
        'return re.sub("[A-Z]", lambda letter: letter[0].lower(), text)',
    ),
)
# titles only
WRONG_TITLES = (("store.py", "instr({STORED.format('title')}, :search)", "instr(search_key(title), :search)"),)
# the capital letters are found, because nothing is folded: then login does not find LOGIN
SWITCHED_OFF = (
    ("store.py", PLANTED, 'FOLDED = "{0}"'),
    ("store.py", 'needle = workflow.search_key(filters.get("search", ""))', 'needle = filters.get("search", "")'),
)
SEEN_BY = "tests.test_search.NoFts5.test_the_words_of_a_ticket_find_it_and_only_it"
