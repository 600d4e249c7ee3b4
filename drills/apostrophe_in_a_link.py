"""A link with an apostrophe shows an error page, and another link opened the wrong ticket.

"Pager: a scanner requested /tickets/O'Brien a dozen times and got 500. That alone is bad. But one of its links got a
ticket, and no ticket has a number or a uuid that looks like that link."
"""

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
The reference from the path was inserted into the text of the SQL statement, not passed as a parameter. An apostrophe
ends the string there, and the rest is executed as SQL: at best it is a syntax error and a 500, at worst a condition
that is always true, or a UNION with another table. Escaping by hand does not help, because somebody forgets one
place. Always pass values as parameters; insert only names from your own code (as `column` here) into the text. An
apostrophe that causes a 500 is the simplest test for this bug, so every scanner begins with it.
"""
PROVENANCE = (
    "CWE-89: Improper Neutralization of Special Elements used in an SQL Command",
    "CWE-209: Generation of Error Message Containing Sensitive Information",
    "OWASP A03:2021 Injection; in the API list of 2019 it was API8",
)
NO_REFERENCES = ("O%27Brien", "%27", "%27%20OR%201=1%20--", "x%27%20OR%20%27a%27=%27a", "x%27%20OR%20id=2%20--", "%22")


def check(lab):
    desk = lab.desk()
    mine, other = desk.new_ticket(title="Mine"), desk.new_ticket(title="O'Brien's")
    for reference in NO_REFERENCES:
        yield f"GET /tickets/{reference} finds no ticket", 404, desk.get(f"/tickets/{reference}").status
    reply = desk.patch("/tickets/x%27%20OR%20id=2%20--", {"title": "Changed"})
    yield "a PATCH of a ticket that does not exist is refused", 404, reply.status
    reply = desk.post("/api/assign", {"aggregate_id": "x' OR id=2 --"}, {"X-User-Role": "agent"})
    yield "an assign of a ticket that does not exist is refused", 404, reply.status
    titles = [title for title, in desk.rows("SELECT title FROM tickets ORDER BY id")]
    yield "no ticket was changed", ["Mine", "O'Brien's"], titles
    answers = [desk.get(f"/tickets/{reference}") for reference in (mine["id"], mine["uuid"], mine["uuid"].upper())]
    yield "a ticket is found by its number and by its uuid", [200] * 3, [reply.status for reply in answers]
    yield "each response is that ticket", [mine["id"]] * 3, [reply.json.get("id") for reply in answers]
    found = [ticket["id"] for ticket in desk.get("/tickets", search="O'Brien").json["tickets"]]
    yield "a search for O'Brien finds the ticket with that name", [other["id"]], found
