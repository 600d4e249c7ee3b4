"""An agent closes a ticket, and the screen shows it as open for another minute.

"I resolve a ticket, go back to the list, and it is still open there. So I do it again, and the desk says that it is
resolved already. After a minute the list is right. With curl I cannot reproduce it, only in the browser."
"""

STARS = 2
FAMILY = ""
SECTION = "Cache, queries, resources"
FILE = "web/responses.py"
CLEAN = '"Cache-Control": "no-cache"'
PLANTED = '"Cache-Control": "private, max-age=60"'
HINTS = (
    "Open the network tab of the browser's developer tools. Read a ticket, change it, and read it again. Does the "
    "desk's log have a line for the second read?",
    "The headers of the first response decide whether the browser sends the second request. Which header says for how "
    "long a response may be reused?",
    "The headers of every response are in one table in web/responses.py: DEFAULTS.",
)
EXPLANATION = """
Every response said that the browser may reuse it for a minute without a new request. So after a change the browser
showed the old response, and the desk did not get the second request: no log line, no error, and no trace with curl,
which has no cache. For data that changes, send no-cache (store it, but revalidate each time) and an ETag: a 304 is
nearly as cheap as no request, and it is never out of date. Use max-age only for files whose name contains their
version.
"""
PROVENANCE = (
    "CWE-525: Use of Web Browser Cache Containing Sensitive Information",
    "RFC 9111, 5.2.2: what max-age and no-cache allow",
)


class Browser:
    """Reads as a browser does: it reuses a response as long as its headers allow that (RFC 9111)."""

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
