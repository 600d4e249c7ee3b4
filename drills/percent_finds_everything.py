"""Searching for a percent sign finds every ticket there is, and so does an underscore.

"I wanted the tickets in which somebody writes about a discount, so I searched for 0% and got the invoices of 2020,
a phone number, and everything else with a zero in it. With % alone I get the whole queue. Words work fine."
"""

STARS = 2
FAMILY = ""
SECTION = "Lists and search"
FILE = "store.py"
CLEAN = """"search": f"(instr({FOLDED.format('title')}, :search) OR instr({FOLDED.format('description')}, :search))","""
PLANTED = """"search": f"({FOLDED.format('title')} LIKE '%' || :search || '%'"
    f" OR {FOLDED.format('description')} LIKE '%' || :search || '%')","""
HINTS = (
    "Make tickets titled '100% cpu' and '100 cpu', and search for: 100, %, 0%, _. What is found that does not have "
    "these characters?",
    "Does the search pattern ever see the words, or does something make a pattern of the words? What do % and _ mean "
    "there?",
    "Look at the condition named search in FILTERS of store.py.",
)
EXPLANATION = """
The words were handed to LIKE, and for LIKE they are a pattern: % is any text, _ is any character. They came as a
parameter, so this is no SQL injection, but it is the same mistake one floor up: text that somebody typed was read as
a language. It shows in full only where no index narrows the rows first, which is why longer words seemed to work.
Either escape %, _ and the escape character itself (LIKE … ESCAPE), or use what has no pattern language, as instr().
"""
PROVENANCE = (
    "CWE-155: Improper Neutralization of Wildcards or Matching Symbols",
    "HELPDESK.AI PR#980 and taginfo#40: % and _ of a search reach LIKE",
    "ransack#256",
)
TITLES = ("100% cpu", "100 cpu", "a_b", "axb", "back\\slash")
SHORT = ("%", "_", "0%", "_b", "\\", "pu", "b", "%%", "__", "%_")
# an index that is made in idle moments may hide the bug in these, so they are one promise with a short one
LONGER = ("100%", "0% c", "a_b", "%%%", "e\nh", "CPU")


def check(lab):
    desk = lab.desk()
    for title in TITLES:
        desk.new_ticket(title=title, description="Help us out, please")

    def found(words):
        titles = [ticket["title"] for ticket in desk.get("/tickets", search=words).json["tickets"]]
        return sorted(titles, key=TITLES.index)

    def wanted(words):
        return [title for title in TITLES if words.lower() in title]

    for words in SHORT:
        yield f"a search for {words!r} finds the titles that have it", wanted(words), found(words)
    answers = {words: found(words) for words in ("%_", *LONGER)}
    wrong = {words: titles for words, titles in answers.items() if titles != wanted(words)}
    yield "of the searches for '%_' and for longer words none is wrong", {}, wrong
    yield "a search for words of every description finds all", list(TITLES), found("Help us")
