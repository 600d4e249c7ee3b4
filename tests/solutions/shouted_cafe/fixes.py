"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'FOLDED = "lower({0})"'

# the same function for both sides
OTHER = (("store.py", PLANTED, 'FOLDED = "search_key({0})"'),)
# the same function for both sides, but it folds A to Z only
LAZY = (
    (
        "workflow.py",
        'return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())',
        'return re.sub("[A-Z]", lambda letter: letter[0].lower(), text)',
    ),
)
SEEN_BY = "tests.test_search.NoFts5.test_the_words_of_a_ticket_find_it_and_only_it"
