"""Searching for a percent sign finds every ticket, and so does an underscore.

"I wanted the tickets about a discount, so I searched for 0% and got the invoices of 2020, a phone number, and
everything else with a zero in it. With % alone I get the whole queue. Words work fine."
"""

STARS = 2
FAMILY = ""
SECTION = "Lists and search"
FILE = "store.py"
CLEAN = """HOLDS = f"(instr({STORED.format('title')}, :search) OR instr({STORED.format('description')}, :search))"
PLACES = (INDEXED, PENDING)"""
PLANTED = """HOLDS = (
    f"({STORED.format('title')} LIKE '%' || :search || '%'"
    f" OR {STORED.format('description')} LIKE '%' || :search || '%')"
)
PLACES = (EVERY,)"""
HINTS = (
    "Create tickets titled '100% cpu' and '100 cpu', and search for: 100, %, 0%, _. Which results do not contain "
    "these characters?",
    "Is the search text compared as text, or as a pattern? What do % and _ mean in a pattern?",
    "Look at HOLDS, the condition of a search, in store.py.",
)
EXPLANATION = """
The search text was passed to LIKE, and LIKE reads it as a pattern: % matches any text, _ any character. It came as a
parameter, so it is not an SQL injection, but it is a similar bug: user input was read as a language. Most words have
neither character, so they seemed to work. Either escape %, _ and the escape character itself (LIKE … ESCAPE), or use a
function without patterns, such as instr(). LIKE '%…%' also reads every ticket: no index can be used for it.
"""
PROVENANCE = (
    "CWE-155: Improper Neutralization of Wildcards or Matching Symbols",
    "HELPDESK.AI PR#980 and taginfo#40: % and _ of a search reach LIKE",
    "ransack#256",
)
TITLES = ("100% cpu", "100 cpu", "a_b", "axb", "back\\slash")
SHORT = ("%", "_", "0%", "_b", "\\", "pu", "b", "%%", "__", "%_")
LONGER = ("100%", "0% c", "a_b", "%%%", "e\nh", "CPU")


def check(lab):
    desk = lab.desk()
    for title in TITLES:
        desk.new_ticket(title=title, description="Help us out, please")

    def found(words):
        titles = [ticket["title"] for ticket in desk.get("/tickets", search=words).json["tickets"]]
        return sorted(titles, key=TITLES.index)

    def expected(words):
        return [title for title in TITLES if words.lower() in title]

    for words in SHORT:
        yield f"a search for {words!r} finds the titles that have it", expected(words), found(words)
    answers = {words: found(words) for words in ("%_", *LONGER)}
    wrong = {words: titles for words, titles in answers.items() if titles != expected(words)}
    yield "of the searches for '%_' and for longer words none is wrong", {}, wrong
    yield "a search for words of every description finds all", list(TITLES), found("Help us")
