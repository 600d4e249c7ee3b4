"""Since we moved the desk to a new file our customers see none of the replies that we wrote before.

"We ran --rebuild on Sunday. It said that some old rows differ from their events; we took that for a damaged row in the
old file and started with the new one. Now customers ask why nobody has answered them: our replies are there for us, but
not on their pages. Letters that were drafted and approved are there, and so is everything that we write now."
"""

from contextlib import closing

from drills.faults import connect
from drills.lab import AGENT, CUSTOMER

STARS = 3
FAMILY = ""
SECTION = "Backup and migration"
FILE = "workflow.py"
CLEAN = '"internal": int(data.get("internal", False))}'
PLANTED = '"internal": int("internal" in data)}'
HINTS = (
    "Write one internal comment and one that everybody may see, and run `python3 app.py --verify`. Which row does it "
    "name, and which of its columns?",
    "--verify and --rebuild make each comment once more from its event. Look at the column data of the two Commented "
    "events: how does the one differ from the other? Which comments have an Approved event instead?",
    "Read _expect_rows_of in workflow.py: which value does a comment get for `internal`, if its event says false?",
)
EXPLANATION = """
The code that makes a comment from its event asked whether the event has the member `internal`, not what its value is.
Events of ordinary comments have it, too, with the value false. So every comment became an internal note, and customers
do not see these. A comment from an approved letter has no such member, and was right by luck. The desk did not notice
for months, because events are replayed (event sourcing) only by --verify and --rebuild: code for a rare day is tested
on that day. Test that a replay gives exactly the rows that are there, with each value of each column, run that test
often, and believe it when it says that they differ.
"""
PROVENANCE = (
    "CWE-697: Incorrect Comparison",
    "CWE-684: Incorrect Provision of Specified Functionality",
    "saltstack/salt#43973 and russellballestrini/nested-lookup#36: a key that is there, and its value, are confused",
    "spatie/laravel-event-projector#29: what a rebuild needs must be in the events, and be read from them",
)
ROWS = "SELECT body, internal FROM comments ORDER BY id"


def check(lab):
    desk, words = lab.desk(), [lab.word() for _ in range(5)]
    number = desk.new_ticket(CUSTOMER)["id"]
    comments = f"/tickets/{number}/comments"
    desk.post(comments, {"body": words[0]}, CUSTOMER)
    desk.post(comments, {"body": words[1]}, AGENT)
    desk.post(comments, {"body": words[2], "internal": True}, AGENT)
    desk.post(comments, {"body": words[3], "internal": False}, AGENT)
    draft = desk.post(f"/tickets/{number}/draft", {"body": words[4]}, AGENT).json["id"]
    desk.post(f"/drafts/{draft}/approve", {}, AGENT)
    before = desk.rows(ROWS)
    yield "before the move one comment of five is internal", [0, 0, 1, 0, 0], [internal for _, internal in before]
    desk.kill()
    moved = lab.temp_dir / "moved.sqlite3"
    rebuilt = lab.run("--rebuild", str(moved), SUPPORT_DESK_DB=str(desk.database))
    yield "--rebuild makes a new file, and finds that old rows and events agree", (0, True), (
        rebuilt.status,
        moved.exists(),
    )
    if not moved.exists():
        return
    with closing(connect(moved)) as database:
        after = database.execute(ROWS).fetchall()
    shown = [body for body, internal in after if not internal]
    yield "in the new file the customer's own comment can be seen by the customer", True, words[0] in shown
    seen = {words[1], words[3]} <= set(shown)
    yield "in the new file the customer can see each reply that could be seen before", True, seen
    yield "in the new file the customer can see the letter that was drafted and approved", True, words[4] in shown
    yield "in the new file the internal comment is still internal", True, (words[2], 1) in after
    yield "there are five comments, as before", [body for body, _ in before], [body for body, _ in after]
