"""A link with an apostrophe in it shows an error page, and another one opened a ticket that it does not name.

"Pager: a scanner asked for /tickets/O'Brien and got 500, a dozen times. That alone would be ugly. But one of its
links was answered with a ticket, and no ticket has a number or a uuid that looks like that."
"""

STARS = 2
FAMILY = ""
SECTION = "Lists and search"
FILE = "store.py"
CLEAN = 'for ticket in self._all(f"SELECT * FROM tickets WHERE {column} = ?", (value,)):'
PLANTED = "for ticket in self._all(f\"SELECT * FROM tickets WHERE {column} = '{value}'\"):"
HINTS = (
    "Ask for /tickets/O'Brien (in a shell: /tickets/O%27Brien). The desk's log has the traceback: whose words are the "
    "last line's?",
    "How does what stands in the path come to the database, and what is it to the database: a value, or a part of "
    "the question?",
    "Compare the statement in Store.ticket with the one in Store.comments.",
)
EXPLANATION = """
The reference from the path was written into the text of the SQL statement instead of being handed over beside it. An
apostrophe ends the text there, and what follows is SQL: at best a syntax error and a 500, at worst a condition that
is always true, or a UNION with another table. Quoting by hand is no remedy, somebody always forgets one place. Values
travel as parameters, always; only names from our own tables (as `column` here) may be put into the text. A 500 on an
apostrophe is the cheapest test for this there is, which is why every scanner begins with it.
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
    yield "a PATCH of a ticket that is not there is refused", 404, reply.status
    reply = desk.post("/api/assign", {"aggregate_id": "x' OR id=2 --"}, {"X-User-Role": "agent"})
    yield "an assign of a ticket that is not there is refused", 404, reply.status
    titles = [title for title, in desk.rows("SELECT title FROM tickets ORDER BY id")]
    yield "no ticket was changed", ["Mine", "O'Brien's"], titles
    answers = [desk.get(f"/tickets/{reference}") for reference in (mine["id"], mine["uuid"], mine["uuid"].upper())]
    yield "a ticket is found by its number and by its uuid", [200] * 3, [reply.status for reply in answers]
    yield "what is found is that ticket", [mine["id"]] * 3, [reply.json.get("id") for reply in answers]
    found = [ticket["id"] for ticket in desk.get("/tickets", search="O'Brien").json["tickets"]]
    yield "a search for O'Brien finds the ticket with that name", [other["id"]], found
