"""The pager rings at night: the desk answers 500 to a scanner, and the log fills with tracebacks.

"Every night at three a scanner requests many addresses, as scanners do. Since the release each scan wakes me up: a
dozen 500s in one second. During the day nobody has seen one, and all tickets are in order. I still want to be called
when a real error happens."
"""

STARS = 1
FAMILY = ""
SECTION = "Validation and types"
FILE = "workflow.py"
CLEAN = 'return int(text) if re.fullmatch("[1-9][0-9]{0,18}", text) and int(text) <= MAX_ID else None'
PLANTED = 'return int(text) if re.fullmatch("[1-9][0-9]*", text) else None'
HINTS = (
    "Do what a scanner does: request tickets that cannot exist, such as /tickets/0, /tickets/-1, /tickets/1.0 and "
    "/tickets/99999999999999999999. Which response is not like the others? Then read the log of the desk.",
    "The last lines of the traceback name an error and a statement. Is the statement wrong, or its parameter? "
    "Python's integers have no limit; SQLite's have 64 bits.",
    "One function converts the text of a path to a number, for all endpoints: row_number() in workflow.py. Compare "
    "its docstring with its code.",
)
EXPLANATION = """
The text from the path had to be digits, but their number was not limited. Python's integers have no limit, SQLite's end
at 2^63 - 1: a larger parameter raises OverflowError (an integer overflow), and int() itself refuses more than 4,300
digits. Nobody expects these errors when one row is read, so the response was a 500. That rings a pager, and lets a
stranger fill the log. This happens wherever two number types meet: JavaScript is exact up to 2^53, a 32-bit key ends at
2,147,483,647, and a real service was read-only on the day when it reached that number. Check the range where text
becomes a number, and treat a number outside of it like any other unknown id: 404. Do not turn every error into a 404:
then the pager is silent, and nobody hears of the next bug.
"""
PROVENANCE = (
    "CWE-190: Integer Overflow or Wraparound",
    "CWE-681: Incorrect Conversion between Numeric Types",
    "CWE-755: Improper Handling of Exceptional Conditions",
    "django-oscar/django-oscar-api#227: OverflowError: Python int too large to convert to SQLite INTEGER",
    "Basecamp, 8 November 2018: a table of events ran out of 32-bit ids, and the service was read-only for five hours",
)

JUNK = ("0", "-1", "01", "+1", "1abc", "1.0", "1e3", "0x10", "%D9%A1")
LARGEST = 2**63 - 1  # the largest integer of SQLite
INSERT = """INSERT INTO tickets (id, uuid, title, description, created_by, created_at, updated_at)
    VALUES (?, ?, 'Imported', 'From the old desk', 'import', ?, ?)"""
AGENT = {"X-User-Id": "agent-1", "X-User-Role": "agent"}
ADDRESSES = (  # of things that do not exist, if {n} does not
    ("GET", "/tickets/{n}", None),
    ("PATCH", "/tickets/{n}", {"title": "Hello"}),
    ("GET", "/tickets/{n}/comments", None),
    ("POST", "/tickets/{n}/comments", {"body": "?"}),
    ("GET", "/tickets/{n}/events", None),
    ("GET", "/tickets/{n}/at/1", None),
    ("POST", "/tickets/{n}/transitions", {"transition": "assign"}),
    ("POST", "/tickets/{n}/draft", {}),
    ("DELETE", "/tickets/{n}/lock", None),
    ("POST", "/drafts/{n}/approve", {}),
    ("POST", "/drafts/{n}/reject", {}),
    ("PATCH", "/drafts/{n}", {"body": "?"}),
    ("GET", "/api/tickets/{n}", None),
    ("GET", "/api/support-ticket/{n}", None),
    ("GET", "/tickets/1/at/{n}", None),
    ("GET", "/audit-events?ticket={n}", None),
)


def check(lab):
    desk = lab.desk()
    ticket, nothing = desk.new_ticket(), lab.one_of(400, 404)
    number, at = ticket["id"], ticket["created_at"]
    draft = desk.post(f"/tickets/{ticket['uuid']}/draft", {}).json["id"]
    large = lab.random.randint(2**32, 2**62)
    for place, row in enumerate((large, LARGEST)):
        desk.rows(INSERT, (row, f"3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6{place}", at, at))
    for text in JUNK:
        yield f"GET /tickets finds no ticket {text}", nothing, desk.get(f"/tickets/{text}").status
        refused = desk.post(f"/drafts/{text}/approve", {}, AGENT).status
        yield f"there is no draft {text} to approve", nothing, refused
    digits = "".join(lab.random.choices("123456789", k=lab.random.randint(20, 400)))
    many = "".join(lab.random.choices("123456789", k=lab.random.randint(4400, 7000)))
    huge = {"2^63": str(2**63), "some larger number": str(lab.random.randint(2**63, 10**19 - 1)), "2^64": str(2**64)}
    huge |= {"2^64 + 1": str(2**64 + number), "hundreds of digits": digits, "thousands of digits": many}
    for name, text in huge.items():
        statuses = {desk.request(method, path.format(n=text), body, AGENT).status for method, path, body in ADDRESSES}
        yield f"nothing is found by the number {name}, at any address", set(), statuses - {400, 404}
    fired = desk.post("/api/assign", {"aggregate_id": str(2**63)}, AGENT).status
    yield "/api/assign finds no ticket 2^63", nothing, fired
    yield "all this leaves no traceback in the log", 0, desk.log().count("Traceback")
    yield "the draft is still pending", [("pending",)], desk.rows("SELECT status FROM drafts WHERE id = ?", (draft,))
    yield "the ticket is found by its number", 200, desk.get(f"/tickets/{number}").status
    yield "the ticket is found by its uuid", 200, desk.get(f"/tickets/{ticket['uuid']}").status
    yield "a ticket with a large number is found, too", large, desk.get(f"/tickets/{large}").json.get("id")
    yield "the ticket 2^63 - 1, the last one, is found, too", LARGEST, desk.get(f"/tickets/{LARGEST}").json.get("id")
    yield "the first version of the first ticket is there", 200, desk.get(f"/tickets/{number}/at/1").status
    yield "the draft can be rejected", 200, desk.post(f"/drafts/{draft}/reject", {}, AGENT).status
    with desk.fault("comment-write"):
        failed = desk.post(f"/tickets/{number}/comments", {"body": "Hello"}).status
    yield "while comments cannot be written, a comment is answered with a 500", 500, failed
    yield "that error is in the log, with its traceback", True, "Traceback" in desk.log()
