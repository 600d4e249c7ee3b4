"""An agent closes a ticket, and the screen shows it as open for another minute.

"I resolve a ticket, go back to the list, and there it is, open. So I do it again, and I am told that it is resolved.
If I wait for a minute it is right. With curl I cannot see it at all, only in the browser."
"""

STARS = 2
FAMILY = ""
SECTION = "Cache, queries, resources"
FILE = "web/door.py"
CLEAN = 'headers += (("Cache-Control", "no-cache"),)'
PLANTED = 'headers += (("Cache-Control", "private, max-age=60"),)'
HINTS = (
    "Open the network tab of the browser's tools and read a ticket twice with a change in between. Does the desk's log "
    "have a line for the second read?",
    "A browser asks again, or does not, by what the first answer's headers allow. Which header says for how long?",
    "The headers that every answer carries are put together in Door._finish.",
)
EXPLANATION = """
Every answer said that it may be used for a minute without asking again. A browser believes that, so after a change it
showed what it had, and the desk never heard of the second read: no log line, no error, and no trace in curl, which
keeps nothing. For something that changes, say no-cache (keep it, but ask each time) and give it an ETag: a 304 is
nearly as cheap as not asking, and it is never wrong. A lifetime is for what has its version in its name.
"""
PROVENANCE = (
    "CWE-525: Use of Web Browser Cache Containing Sensitive Information",
    "RFC 9111, 5.2.2: what max-age and no-cache allow",
)


class Browser:
    """Reads as a browser does: what it may use without asking again it uses (RFC 9111)."""

    def __init__(self, desk):
        self.desk, self.kept = desk, {}

    def get(self, path):
        if path not in self.kept:
            reply = self.desk.get(path)
            rules = [rule.strip() for rule in reply.headers.get("Cache-Control", "").lower().split(",")]
            lives = any(rule.partition("=")[2].isdigit() and not rule.endswith("=0") for rule in rules)
            if not lives or {"no-cache", "no-store"} & set(rules):
                return reply
            self.kept[path] = reply
        return self.kept[path]


def check(lab):
    desk = lab.desk()
    number, browser = desk.new_ticket()["id"], Browser(desk)
    for path in ("/tickets", "/tickets?status=open", "/tickets/stats", f"/tickets/{number}"):
        browser.get(path)
    desk.fire(number, "assign", "start_work", "resolve")
    yield "the browser shows the ticket as resolved", "resolved", browser.get(f"/tickets/{number}").json["status"]
    listed = [ticket["status"] for ticket in browser.get("/tickets").json["tickets"]]
    yield "the browser shows it as resolved in the list", ["resolved"], listed
    yield "the browser's list of open tickets is empty", 0, browser.get("/tickets?status=open").json["total"]
    yield "the browser's dashboard says no open ticket", 0, browser.get("/tickets/stats").json["open_tickets"]
    tag = desk.get("/tickets").headers.get("ETag", "")
    yield "GET /tickets with the ETag of a list that has not changed gets 304", 304, desk.get(
        "/tickets", {"If-None-Match": tag}
    ).status
