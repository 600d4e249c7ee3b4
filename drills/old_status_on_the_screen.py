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
showed the old response (a stale cache), and the desk did not get the second request: no log line, no error, and no
trace with curl, which has no cache. For data that changes, send no-cache (store it, but revalidate each time) and an
ETag: a 304 is nearly as cheap as no request, and it is never out of date. Use max-age only for files whose name
contains their version.
"""
PROVENANCE = (
    "RFC 9111, 5.2.2: what max-age and no-cache allow",
    "api-platform/core#6957: with max-age=60 the browser shows the old data for a minute after each change",
)


class Browser:
    """Reads as a browser behind a proxy does (RFC 9111): it reuses a response as long as that is allowed. If it must
    ask, it says which version it has."""

    def __init__(self, desk):
        self.desk, self.kept, self.status = desk, {}, 0  # the status of the last response that was really sent

    def get(self, path):
        kept = self.kept.get(path)
        if kept and may_be_reused(kept):
            return kept
        tag = kept and kept.headers.get("ETag")
        reply = self.desk.get(path, {"If-None-Match": tag} if tag else None)
        self.status = reply.status
        if reply.status == 304:
            reply = kept._replace(headers=reply.headers)  # a 304 gives the response that it has a new life
        if "no-store" not in rules(reply):
            self.kept[path] = reply
        return reply


def rules(reply):
    return [rule.strip() for rule in reply.headers.get("Cache-Control", "").lower().split(",")]


def may_be_reused(reply):
    """Whether a browser may show this response again without a request. If no header says it, a browser may guess."""
    if {"no-cache", "no-store"} & set(rules(reply)):
        return False
    lives = any(rule.partition("=")[2].isdigit() and int(rule.partition("=")[2]) for rule in rules(reply))
    return lives or "max-age=0" not in rules(reply)


def check(lab):
    desk = lab.desk()
    ticket, browser = desk.new_ticket(), Browser(desk)
    number, uuid = ticket["id"], ticket["uuid"]
    with_tag = ["/tickets", "/tickets?status=open", "/tickets/stats", f"/tickets/{number}"]
    with_tag += [f"/api{path}" for path in with_tag]
    without = [f"/tickets/{number}/{part}" for part in ("comments", "drafts", "events")]
    without += ["/audit-events", "/tickets.csv", "/tickets?search=login", f"/tickets/{number + 1}"]
    nets = {"the marking": f"/api/support-ticket/{uuid}", "its events": f"/api/support-ticket/{uuid}/events"}
    views = {path: path for path in (*with_tag, *without)} | nets
    for _ in range(2):
        for path in views.values():
            browser.get(path)
    desk.fire(number, "assign", "start_work", "resolve")
    desk.post(f"/tickets/{number}/comments", {"body": lab.word()})
    desk.post(f"/tickets/{number}/draft", {"body": lab.word()})
    desk.new_ticket(title=f"Login {lab.word()}", priority="low")
    yield "the browser shows the ticket as resolved", "resolved", browser.get(f"/tickets/{number}").json["status"]
    listed = [ticket["status"] for ticket in browser.get("/tickets").json["tickets"]]
    yield "the browser shows it as resolved in the list", ["open", "resolved"], listed
    yield "the browser's list of open tickets has one", 1, browser.get("/tickets?status=open").json["total"]
    yield "the browser's dashboard says two tickets", 2, browser.get("/tickets/stats").json["total_tickets"]
    for name, path in views.items():
        yield f"the browser shows the same as curl: {name}", True, browser.get(path).body == desk.get(path).body
    for path in ("/", *with_tag):
        browser.get(path)
        browser.get(path)
        yield f"what has not changed is not sent again: {path}", 304, browser.status
