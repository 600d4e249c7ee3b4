"""The search finds a ticket about a café, but no ticket in which the customer writes CAFÉ.

"Half of our customers write in capital letters. LOGIN and login find the same tickets. But café finds only one of two
tickets, Straße and STRASSE also find one each, and a ticket that was pasted from a Mac is not found at all."
"""

from unicodedata import normalize

STARS = 3
FAMILY = ""
SECTION = "Lists and search"
FILE = "store.py"
CLEAN = """# search_key() of a column; for ASCII text lower() of SQLite gives the same, several times as fast
FOLDED = "CASE WHEN length({0}) = length(CAST({0} AS BLOB)) THEN lower({0}) ELSE search_key({0}) END\""""
PLANTED = """# search_key() of a column; lower() of SQLite gives the same, several times as fast
FOLDED = "lower({0})\""""
HINTS = (
    "Create one ticket titled 'café' and one titled 'CAFÉ', and search for each of the two words. Then do the same "
    "with login and LOGIN.",
    "A search compares two texts: the search words, and the text of the ticket. Which function converts the one, and "
    "which the other?",
    "What does lower('CAFÉ') return in `sqlite3 :memory:`, and what does 'CAFÉ'.casefold() return in Python? See "
    "FOLDED in store.py.",
)
EXPLANATION = """
The search words were case-folded by Python, the text of the ticket by SQLite's lower(), which converts only A to Z.
So É became é on one side only, ß did not match SS, and an e with a separate accent (another Unicode normal form) did
not match é. Convert both sides of a comparison with the same function. Every language and database has its own rules
for upper and lower case, and tests in English do not show that. The opposite can be a security bug: if one part of a
system treats two user names as equal and another part does not, a user can log in as somebody else.
"""
PROVENANCE = (
    "CWE-178: Improper Handling of Case Sensitivity",
    "CWE-176: Improper Handling of Unicode Encoding",
    "newsboat/newsboat#585 and janeczku/calibre-web#373: a search in SQLite ignores the case of ASCII letters only",
    "CVE-2019-19844: in Django, a mail to reset a password went to another address that is equal only without its case",
)
PAIRS = (("café", "CAFÉ"), ("Straße", "STRASSE"), ("naïve", "nai\u0308ve"), ("ЖУК", "жук"), ("login", "LOGIN"))
LETTERS = "àâçèëîïñõøùûýąćđęğłńřśşţžαβγδεθλπφψωбгдийлфцчшщыэюя"


def check(lab):
    desk = lab.desk()

    def found(needle, headers=None, address="/tickets", **query):
        reply = desk.get(address, headers, None, search=needle, **query).json
        return sorted(ticket["id"] for ticket in (reply["tickets"] if isinstance(reply, dict) else reply))

    for one, other in PAIRS:
        spellings = {desk.new_ticket(title=f"The word {word}")["id"]: word for word in (one, other)}
        for word in (one, other):
            written = word if len(word) == len(normalize("NFC", word)) else f"{word} (its ï is an i and two dots)"
            words = [spellings.get(number, number) for number in found(word)]
            yield f"a search for {written} finds both spellings", [one, other], words
    yield from check_drawn_word(lab, desk, found)
    number = desk.new_ticket(description="Das CAFÉ ist zu")["id"]
    yield "a search for das café finds Das CAFÉ in a description", True, number in found("das café")
    yield "a search for cafe, without the accent, finds none of them", [], found("cafe")
    small = desk.new_ticket({"X-User-Id": "ann"}, title="From ann")["id"]
    great = desk.new_ticket({"X-User-Id": "Ann"}, title="From Ann")["id"]
    yield "the users ann and Ann have one ticket each", ([small], [great]), (
        found("", created_by="ann"),
        found("", created_by="Ann"),
    )
    mine = [found(f"from {name}", {"X-User-Id": name}, mine="true") for name in ("ann", "Ann")]
    yield "with mine=true each of the two is shown that ticket", [[small], [great]], mine


def check_drawn_word(lab, desk, found):
    word = "".join(lab.random.sample(LETTERS, 6))
    titles = (word.upper(), word, normalize("NFD", word.upper()), "New")
    numbers = [desk.new_ticket(title=title)["id"] for title in titles]
    needles = {"small": word, "capital": word.upper(), "split": normalize("NFD", word)}
    needles |= {"its last three": word[-3:], "its first two": word[:2]}
    for shown, needle in needles.items():
        same = found(needle), found(needle, address="/api/tickets")
        yield f"a word with accents, in {shown} letters, finds all three spellings", (numbers[:3],) * 2, same
    desk.patch(f"/tickets/{numbers[3]}", {"title": f"Again {word.title()}"})
    yield "a ticket that gets this word later is found, too", numbers, found(word)
