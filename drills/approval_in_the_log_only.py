"""The log says that Ann approved a reply, and no such request ever arrived.

"The line is between two others: POST /drafts/7/approve, 200, and her name. The draft itself is still pending, its
history has no approval, and the gateway knows of no such request. Ann was on holiday. I have always believed the log.
Since the last release it also says why a ticket was not found, because our support had asked for that."
"""

import re
from urllib.parse import quote

STARS = 3
FAMILY = ""
SECTION = "Edge and config"
FILE = "web/handler.py"
CLEAN = "        elif response.status == 503:"
PLANTED = "        elif response.status in (404, 503):  # support wants to know what was not found"
HINTS = (
    "Ask for a ticket that does not exist, GET /tickets/nothing, and read the log. Which words in the lines about it "
    "come from your own address?",
    "How does that text become two lines? Which characters can an address have after it is decoded? Try %20, then %0A.",
    "Handler.refuse passes the message of the error to Log.trouble. Why does web/log.py keep one control character in "
    "a report, and what for?",
)
EXPLANATION = """
The message of a 404 repeats the number that the client asked for. An address may have any character as %XX, so GET
/tickets/1%0AINFO... put a line end into the message, and the rest of it looked like a line of its own: a log injection.
The log escapes control characters, but keeps line ends in a report, because a traceback needs them: until now a report
had no text from a client. Whoever reads the log, a person or a program, believes a line that an attacker has written:
it can hide an attack or accuse somebody. Text from outside that goes into a log must be escaped where it comes in, also
line ends, and also escape codes, which can change the colours and the words on a terminal.
"""
PROVENANCE = (
    "CWE-117: Improper Output Neutralization for Logs",
    "OWASP API8:2023 Security Misconfiguration",
    "FreshRSS/FreshRSS #7883: a login writes lines of its own into the log",
    "augustd/owasp-security-logging #59: CR and LF are not the only line ends",
)
LINE = re.compile(r"(INFO |WARN |ERROR) \| \S.*")


def check(lab):
    desk = lab.desk()
    desk.new_ticket()
    victim, number = f"ann-{lab.word(4)}", lab.random.randint(100, 999)
    forged = f"/drafts/{number}/approve → 200 {victim}"
    agent = {"X-User-Id": f"agent-{lab.word()}", "X-User-Role": "agent"}
    sent = 0
    for end in ("\n", "\r\n", "\r", "\n\n", "\x85", "\x1b[2K\x1b[1G\n"):
        text = quote(f"{number}{end}INFO  | POST {forged}", safe="")
        lower = text.replace("%0A", "%0a")
        short = f"x{end}INFO  | POST {number} {victim}"[:36]
        for method, path, body in (
            ("GET", f"/tickets/{text}", None),
            ("GET", f"/api/tickets/{lower}", None),
            ("GET", f"/tickets/{lower}/events", None),
            ("PATCH", f"/tickets/{text}", {"title": "Hello"}),
            ("POST", f"/drafts/{text}/approve", {}),
            ("POST", "/api/assign", {"aggregate_id": short}),
            ("GET", f"/audit-events?ticket={quote(short)}", None),
        ):
            desk.request(method, path, body, agent)
            sent += 1
    yield "a ticket that is there is found", 200, desk.get("/tickets/1", agent).status
    desk.get("/health")  # when it is answered, the lines of all requests before it are written
    lines = desk.log().rstrip("\n").split("\n")
    yield "each line of the log begins with its level", [], [line for line in lines if not LINE.fullmatch(line)]
    pattern = re.compile(rf"\w+ +\| POST (/drafts/)?{number}\b.* {victim}")
    approved = [line for line in lines if pattern.match(line)]
    yield "no line says that somebody approved a draft", [], approved
    asked = [line for line in lines if re.match(r"\w+ +\| [A-Z]+ /\S* → \d+ ", line) and agent["X-User-Id"] in line]
    yield "each request has one line with its status", sent + 1, len(asked)
    control = [line for line in lines if re.search(r"[\x00-\x1f\x7f-\x9f]", line)]
    yield "no line has a control character", [], control
    yield from reports(desk)


def reports(desk):
    """What the desk itself reports can still be read: each step of a traceback."""
    before = len(desk.log())
    with desk.fault("audit-write"):
        failed = desk.post("/tickets", {"title": "Login broken", "description": "Cannot get in"})
    desk.get("/health")
    report = desk.log()[before:]
    steps = [line for line in report.split("\n") if line.startswith('  File "')]
    yield "after a failed write", 500, failed.status
    yield "the log has a traceback with a line for each step", True, len(steps) > 1
