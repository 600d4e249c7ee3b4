"""The pager rings at night: the desk answers 500 to a scanner, and the log fills with tracebacks.

"Every night at three a scanner requests lots of addresses, as scanners do. Since the release each scan wakes me up: a
dozen 500s in one second. During the day nobody has ever seen one, and the tickets are all in order."
"""

STARS = 1
FAMILY = ""
SECTION = "Validation and types"
FILE = "workflow.py"
CLEAN = 'return int(text) if re.fullmatch("[1-9][0-9]{0,18}", text) and int(text) <= MAX_ID else None'
PLANTED = 'return int(text) if re.fullmatch("[1-9][0-9]*", text) else None'
HINTS = (
    "Do what a scanner does: request tickets that cannot exist, such as /tickets/0, /tickets/-1, /tickets/1.0 and "
    "/tickets/99999999999999999999. Which response differs from the others? Then read the log of the desk.",
    "The last lines of the traceback name an error and a statement. Is the statement wrong, or its parameter? "
    "Python's integers have no limit; SQLite's have 64 bits.",
    "One function converts the text of a path to a number, for all endpoints: row_number() in workflow.py. Compare "
    "its docstring with its code.",
)
EXPLANATION = """
The text from the path had to be digits, but their number was not limited. Python's integers have no limit, SQLite's
end at 2^63 - 1: binding a larger one raises OverflowError, and int() itself refuses more than 4,300 digits. Nobody
expects these errors when reading one row, so the response was a 500. That rings a pager, and lets a stranger fill the
log. This happens wherever two number types meet: JavaScript is exact up to 2^53, a 32-bit key ends at 2,147,483,647,
and real services have stopped on the day they reached it. Check the range where text becomes a number, and treat a
number outside of it like any other unknown id: 404.
"""
PROVENANCE = (
    "CWE-190: Integer Overflow or Wraparound",
    "CWE-681: Incorrect Conversion between Numeric Types",
    "CWE-755: Improper Handling of Exceptional Conditions",
    "Basecamp, November 2018: a table of events ran out of 32-bit ids, and the service was read-only for hours",
)

JUNK = ("0", "-1", "01", "+1", "1abc", "1.0", "1e3", "0x10", "%D9%A1")
HUGE = ("9223372036854775807", "9223372036854775808", "99999999999999999999", "1" + "0" * 100, "9" * 5000)
LARGE = 3_000_000_000
INSERT = """INSERT INTO tickets (id, uuid, title, description, created_by, created_at, updated_at)
    VALUES (?, '3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b', 'Imported', 'From the old desk', 'import', ?, ?)"""


def check(lab):
    desk = lab.desk()
    ticket = desk.new_ticket()
    number, nothing = ticket["id"], lab.one_of(400, 404)
    draft = desk.post(f"/tickets/{number}/draft", {}).json["id"]
    for text in (*JUNK, *HUGE):
        name = text if len(text) <= 20 else f"{text[:5]}… ({len(text)} digits)"
        yield f"GET /tickets finds no ticket {name}", nothing, desk.get(f"/tickets/{text}").status
        yield f"there is no draft {name} to approve", nothing, desk.post(
            f"/drafts/{text}/approve", {}, {"X-User-Role": "agent"}
        ).status
    for text in HUGE:
        name = text if len(text) <= 20 else f"{text[:5]}… ({len(text)} digits)"
        yield f"there is no ticket {name} to comment on", nothing, desk.post(
            f"/tickets/{text}/comments", {"body": "?"}
        ).status
        yield f"ticket {number} has no version {name}", nothing, desk.get(f"/tickets/{number}/at/{text}").status
    yield "the draft is still pending", [("pending",)], desk.rows("SELECT status FROM drafts WHERE id = ?", (draft,))
    yield "the ticket is found by its number", 200, desk.get(f"/tickets/{number}").status
    yield "the ticket is found by its uuid", 200, desk.get(f"/tickets/{ticket['uuid']}").status
    desk.rows(INSERT, (LARGE, ticket["created_at"], ticket["created_at"]))
    yield f"a ticket with the number {LARGE} is found, too", 200, desk.get(f"/tickets/{LARGE}").status
    yield "the first version of the first ticket is there", 200, desk.get(f"/tickets/{number}/at/1").status
