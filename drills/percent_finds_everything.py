"""Searching for a percent sign finds every ticket, and so does an underscore.

"I wanted the tickets about a discount, so I searched for 0% and got the invoices of 2020, a phone number, and
everything else with a zero in it. With % alone I get the whole queue. Words work fine."
"""

import csv
import io
import string
from urllib.parse import urlencode

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
The search text was passed to LIKE, and LIKE reads it as a pattern: % matches any text, _ any character (wildcards). It
came as a parameter, so it is not an SQL injection, but it is a similar bug: user input was read as a language. Most
words have neither character, so they seemed to work. Either escape %, _ and the escape character itself (LIKE …
ESCAPE), or use a function without patterns, such as instr(). LIKE '%…%' also reads every ticket: no index can be used
for it.
"""
PROVENANCE = (
    "CWE-155: Improper Neutralization of Wildcards or Matching Symbols",
    "activerecord-hackery/ransack#256: % is escaped, _ is not",
    "taginfo/taginfo#40: a search for % or _ does not work, because both are wildcards",
    "nurl-lang/nurl pull request #609: to remove _ from the search is no fix, because names have it",
)
TITLES = ("100% cpu", "100 cpu", "a_b", "axb", "back\\slash")
SHORT = ("%", "_", "0%", "_b", "\\", "pu", "b", "%%", "__", "%_", "\\%", "\\_")
LONGER = ("100%", "0% c", "a_b", "%%%", "e\nh", "CPU")
CUSTOMER = {"X-User-Id": "user-1", "X-User-Role": "customer", "Content-Type": "application/json"}
DESCRIPTION = "Help us out please"


def check(lab):
    desk, one, other = lab.desk(), lab.word(4), lab.word(4)
    between = {"a percent sign": "%", "an underscore": "_", "a backslash": "\\", "two signs": "\\%", "a letter": "x"}
    drawn = {shown: f"{one}{sign}{other}" for shown, sign in between.items()}
    last, titles = f"{other}_{one}", (*TITLES, *drawn.values(), f"{one} {string.punctuation}")
    made = [{"title": title, "description": DESCRIPTION} for title in titles]
    made.append({"title": "In the description", "description": last})
    replies = desk.on_one_connection(*(("POST", "/tickets", body, CUSTOMER) for body in made))
    texts = {reply.json["id"]: text for reply, text in zip(replies, (*titles, last))}

    def expected(words):
        return sorted(text for text in texts.values() if words.lower() in text)

    def wrong_ones(*needles, address="/tickets"):
        """Of these searches those with a wrong result."""
        answers = zip(needles, numbers_found(desk, needles, address))
        found = {words: sorted(texts.get(number, str(number)) for number in numbers) for words, numbers in answers}
        return {words: titles for words, titles in found.items() if titles != expected(words)}

    wrong = wrong_ones(*SHORT, *drawn.values(), last)
    for words in SHORT:
        yield f"a search for {words!r} finds the titles that have it", "them", wrong.get(words, "them")
    for shown, words in drawn.items():
        what = f"a search for two words with {shown} between them"
        yield f"{what} finds the title that has it", "it", wrong.get(words, "it")
    yield "a search for an underscore between two words finds it in a description", "it", wrong.get(last, "it")
    for address in ("/api/tickets", "/tickets.csv"):
        yield f"GET {address} finds the same", {}, wrong_ones("%", *drawn.values(), address=address)
    shown = "of the searches for '%_', for longer words and for each punctuation mark none is wrong"
    yield shown, {}, wrong_ones("%_", *LONGER, *string.punctuation)
    yield "a search for words of every description finds all", len(texts) - 1, len(numbers_found(desk, ["Help us"])[0])


def numbers_found(desk, needles, address="/tickets"):
    """The numbers of the tickets that each search finds; or the status, if it is refused."""
    requests = (("GET", f"{address}?{urlencode({'search': words})}", None, {}) for words in needles)
    return [_numbers(reply, address) for reply in desk.on_one_connection(*requests)]


def _numbers(reply, address):
    if reply.status != 200:
        return [reply.status]
    if address.endswith(".csv"):
        rows = csv.DictReader(io.StringIO(reply.body.decode()))
    else:
        rows = reply.json["tickets"] if address == "/tickets" else reply.json
    return [int(row["id"]) for row in rows]
