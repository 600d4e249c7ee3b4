"""A link with an apostrophe shows an error page, and another link opened the wrong ticket.

"Pager: a scanner requested /tickets/O'Brien a dozen times and got 500. That alone is bad. But one of its links got a
ticket, and no ticket has a number or a uuid that looks like that link."
"""

from urllib.parse import quote

STARS = 2
FAMILY = ""
SECTION = "Lists and search"
FILE = "store.py"
CLEAN = """        for row in self._all(_whole_ticket(column), (value,)):
"""
PLANTED = """        for row in self._all(_whole_ticket(column).replace("?", f"'{value}'")):
"""
HINTS = (
    "Request /tickets/O'Brien (in a shell: /tickets/O%27Brien). Read the traceback in the desk's log: which program "
    "reports the error in the last line?",
    "How does the text of the path get to the database? Does the database treat it as a value, or as part of the SQL?",
    "Compare Store.whole_ticket with Store.ticket, in store.py: how does the reference get into each of the two "
    "statements?",
)
EXPLANATION = """
The reference from the path was inserted into the text of the SQL statement, not passed as a parameter: an SQL
injection. An apostrophe ends the string there, and the rest is executed as SQL: at best it is a syntax error and a 500,
at worst a condition that is always true, or a UNION with another table. Escaping by hand does not help, because
somebody forgets one place. Always pass values as parameters (a parameterized query); insert only names from your own
code (as `column` here) into the text. An apostrophe that causes a 500 is the simplest test for this bug, so every
scanner begins with it.
"""
PROVENANCE = (
    "CWE-89: Improper Neutralization of Special Elements used in an SQL Command",
    "OWASP A03:2021 Injection; in the API list of 2019 it was API8",
    "udger/udger-dotnet#3: a text of a client with an apostrophe is an error of the database",
    "spre-sre/lumino-mcp-server#148: an id in the text of an SQL statement",
)
NO_REFERENCES = (
    *("O'Brien", "'", "' OR 1=1 --", "x' OR 'a'='a", "x' OR id=2 --", '"', "uuid", "title", "?", "a\0b"),
    *("x' OR\tid=2 --", "'||(select uuid from tickets)||'", "x' UNION SELECT * FROM tickets --"),
)
AGENT = {"X-User-Role": "agent"}


def check(lab):
    desk, title = lab.desk(), f"{lab.word()}'s"
    mine, other = desk.new_ticket(title="Mine"), desk.new_ticket(title=title)
    links = list(map(quote, NO_REFERENCES))
    for link, status in zip(links, statuses_of(desk, "/tickets/{}", links)):
        yield f"GET /tickets/{link} finds no ticket", 404, status
    uuid, word = mine["uuid"], title.partition("'")[0]
    drawn = (f"x' OR title LIKE '{word}%", f"x' OR {len(word)}<'{word}", f"{word}' OR id=2 OR '", f"{word}'")
    inside = (f"{uuid}'", f"'{uuid}", f"{uuid[:9]}'{uuid[9:]}", f"{uuid}' --", f"{uuid} ", f'"{uuid}"')
    for shown, references in (("with words of the customer", drawn), ("made of its uuid and a sign", inside)):
        statuses = statuses_of(desk, "/tickets/{}", map(quote, references))
        yield f"a ticket is not found by links {shown}", [404] * len(references), statuses
    for address, references in (("/api/tickets/{}", (*NO_REFERENCES, *inside)), ("/tickets/{}/comments", drawn)):
        statuses = statuses_of(desk, address, map(quote, references))
        yield f"GET {address} finds nothing with such links", {404}, set(statuses)
    reply = desk.patch(f"/tickets/{quote(NO_REFERENCES[4])}", {"title": "Changed"})
    yield "a PATCH of a ticket that does not exist is refused", 404, reply.status
    reply = desk.post("/api/assign", {"aggregate_id": NO_REFERENCES[4]}, AGENT)
    yield "an assign of a ticket that does not exist is refused", 404, reply.status
    titles = [text for text, in desk.rows("SELECT title FROM tickets ORDER BY id")]
    yield "no ticket was changed", ["Mine", title], titles
    answers = [desk.get(f"{path}/{one}") for path in ("/tickets", "/api/tickets") for one in (1, uuid, uuid.upper())]
    yield "a ticket is found by its number and by its uuid", [200] * 6, [reply.status for reply in answers]
    yield "each response is that ticket", [mine["id"]] * 6, [reply.json.get("id") for reply in answers]
    found = [ticket["id"] for ticket in desk.get("/tickets", search=title).json["tickets"]]
    yield "a search for a name with an apostrophe finds the ticket with that name", [other["id"]], found


def statuses_of(desk, address, links):
    requests = (("GET", address.format(link), None, {}) for link in links)
    return [reply.status for reply in desk.on_one_connection(*requests)]
