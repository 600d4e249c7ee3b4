"""Two tickets become one."""

import json
import tempfile
from contextlib import closing
from pathlib import Path

from tests.desk import AGENT, CUSTOMER, DeskProcess, run_app
from tests.exercise import ExerciseTest

OTHER_AGENT = {"X-User-Id": "agent-2", "X-User-Role": "agent"}
ASK = {"into": "2"}
ROUTE = "add POST /tickets/{id}/merge: a row of ROUTES, an endpoint, and a method of store.py that makes all changes"
COLUMN = "add a column merged_into to tickets, and let fold() in workflow.py set it from the event Merged"
DRAFTS = "reject each pending draft of the merged ticket as reject_draft does, with its event, and no other one"
STAYS = "refuse in Store.fire to reopen a merged ticket, with TransitionFailed, and no other one"
NOTHING = "a merged ticket allows nothing: give [] as `allowed` of the error, and as `enabled_transitions`"
NOTE = "give the other ticket an internal comment that names the merged one, and change nothing else of it"
FIRST = "check everything before the first change: which tickets, their states, their locks"
WHOLE = "make all changes in the one savepoint of the request, and raise on"
REPLAY = "let every row follow from its events"


class MergeTest(ExerciseTest):
    """Ticket 1 goes into ticket 2. Both have a comment, ticket 1 two drafts, ticket 2 one."""

    def setUp(self):
        super().setUp()
        self.fill(self.desk)

    def fill(self, desk):
        for title in ("The printer is broken", "The printer smokes"):
            self.do(desk, 201, "/tickets", {"title": title, "description": "It is on fire"}, CUSTOMER)
        for number in (1, 2):
            self.do(desk, 201, f"/tickets/{number}/comments", {"body": f"Said in {number}"}, CUSTOMER)
        for number, body in ((1, "Sent"), (1, "First"), (1, "Second"), (2, "Theirs")):
            self.do(desk, 201, f"/tickets/{number}/draft", {"body": body}, AGENT)
        self.do(desk, 200, "/drafts/1/approve", {}, AGENT)

    def do(self, desk, status, path, body, headers):
        """Something that worked before the change, and must still work."""
        self.assert_status(desk.post(path, body, headers), status, f"let POST {path} work as before")

    def merge(self, body=ASK, headers=AGENT, number="1"):
        return self.desk.post(f"/tickets/{number}/merge", body, headers)

    def merged(self):
        reply = self.merge()
        self.assert_status(reply, 200, ROUTE)
        return reply

    def ticket(self, number, desk=None):
        return (desk or self.desk).get(f"/tickets/{number}", AGENT).json

    def events(self, number, desk=None):
        return (desk or self.desk).get(f"/tickets/{number}/events", AGENT).json["events"]

    def close(self, number):
        self.fire(number, "assign", "start_work", "resolve", "close")

    def fire(self, number, *names):
        for name in names:
            self.do(self.desk, 200, f"/tickets/{number}/transitions", {"transition": name}, AGENT)

    def database(self):
        """Every row that a merge could change."""
        tables = "tickets", "comments", "drafts", "audit_events"
        return {table: self.desk.rows(f"SELECT * FROM {table} ORDER BY id") for table in tables}


class TheMergedTicket(MergeTest):
    def test_it_is_closed_and_says_where_it_went(self):
        answer = self.merged().json
        self.assertEqual((answer.get("id"), answer.get("status"), answer.get("merged_into")), (1, "closed", 2), COLUMN)
        now = self.ticket(1)
        self.assertEqual((now["status"], now["merged_into"], now["version"]), ("closed", 2, answer["version"]), COLUMN)
        self.assertEqual(self.desk.get("/tickets?status=closed").json["total"], 1, "close it by its column state")

    def test_tickets_that_are_not_merged_have_null_there(self):
        for ticket in (self.ticket(1), *self.desk.get("/tickets").json["tickets"]):
            self.assertIsNone(ticket.get("merged_into", "no member merged_into"), COLUMN)

    def test_its_newest_event_is_merged(self):
        self.merged()
        event = self.events(1)[-1]
        self.assertEqual((event["type"], event["actor"]), ("Merged", "agent-1"), "write the event Merged last")
        self.assertRegex(json.dumps(event["data"]), r"\b2\b", "let the data name the other ticket")

    def test_its_pending_drafts_are_rejected_and_the_sent_one_stays(self):
        self.merged()
        drafts = {draft["body"]: (draft["status"], draft["decided_by"]) for draft in self.ticket(1)["drafts"]}
        rejected = ("rejected", "agent-1")
        self.assertEqual(drafts, {"Sent": ("sent", "agent-1"), "First": rejected, "Second": rejected}, DRAFTS)
        kinds = [event["type"] for event in self.events(1)]
        self.assertEqual(kinds.count("Rejected"), 2, DRAFTS)

    def test_its_comments_stay(self):
        before = self.ticket(1)["comments"]
        self.merged()
        self.assertEqual(self.ticket(1)["comments"], before, "leave the comments where they are")

    def test_it_stays_closed_by_each_way(self):
        uuid = self.merged().json["uuid"]
        either = {"X-User-Id": "root", "X-User-Role": "admin"}
        for ask in (
            lambda: self.desk.post("/tickets/1/transitions", {"transition": "reopen"}, either),
            lambda: self.desk.patch("/tickets/1", {"status": "open"}, either),
            lambda: self.desk.post("/api/reopen", {"aggregate_id": uuid}, either),
        ):
            reply = ask()
            self.assert_error(reply, 409, "TRANSITION_FAILED", STAYS)
            self.assertEqual(reply.json.get("allowed"), [], NOTHING)
        self.assertEqual(self.ticket(1)["status"], "closed", STAYS)

    def test_it_has_no_enabled_transitions(self):
        uuid = self.merged().json["uuid"]
        for path in ("/tickets/1", f"/api/support-ticket/{uuid}"):
            self.assertEqual(self.desk.get(path, AGENT).json["enabled_transitions"], [], f"{NOTHING} of GET {path}")
        self.assertEqual(self.ticket(2)["enabled_transitions"], ["assign"], "leave those of other tickets as they are")

    def test_a_ticket_that_was_closed_the_usual_way_can_still_be_reopened(self):
        self.close(1)
        self.assert_status(self.desk.post("/tickets/1/transitions", {"transition": "reopen"}, CUSTOMER), 200, STAYS)


class TheOtherTicket(MergeTest):
    def test_it_keeps_its_state_and_gets_a_note_that_names_the_merged_one(self):
        before = self.ticket(2)
        self.merged()
        now = self.ticket(2)
        self.assertEqual((now["state"], now["merged_into"]), (before["state"], None), NOTE)
        self.assertEqual(len(now["comments"]), len(before["comments"]) + 1, NOTE)
        note = now["comments"][-1]
        self.assertEqual((note["author"], note["internal"]), ("agent-1", True), NOTE)
        self.assertRegex(note["body"].lower(), r"\bticket 1\b", NOTE)

    def test_its_drafts_still_wait(self):
        self.merged()
        self.assertEqual([draft["status"] for draft in self.ticket(2)["drafts"]], ["pending"], DRAFTS)

    def test_a_ticket_with_merged_ones_can_be_merged_itself(self):
        self.merged()
        self.desk.new_ticket(title="A third printer")
        self.assert_status(self.merge({"into": "3"}, number="2"), 200, FIRST)
        self.assertEqual([self.ticket(number)["merged_into"] for number in (1, 2, 3)], [2, 3, None], COLUMN)

    def test_both_can_be_named_by_their_uuid(self):
        one, two = self.ticket(1)["uuid"], self.ticket(2)["uuid"]
        reply = self.merge({"into": two}, number=one)
        self.assert_status(reply, 200, ROUTE)
        self.assertEqual(reply.json["merged_into"], 2, COLUMN)


class EachState(MergeTest):
    """A ticket in a state that is not `closed` can be merged, and into one in such a state."""

    PATHS = {
        "in_progress": ("assign", "start_work"),
        "pending_customer": ("assign", "start_work", "request_info"),
        "resolved": ("assign", "start_work", "resolve"),
    }

    def test_as_the_merged_ticket(self):
        for number, (state, path) in enumerate(self.PATHS.items(), 3):
            with self.subTest(state):
                self.desk.new_ticket(title=f"Printer {number}")
                self.fire(number, *path)
                reply = self.merge(number=number)
                self.assert_status(reply, 200, f"{FIRST}; this one is {state}, which is no reason to refuse")
                self.assertEqual((reply.json["status"], reply.json.get("merged_into")), ("closed", 2), COLUMN)

    def test_as_the_other_ticket(self):
        for state, path in self.PATHS.items():
            with self.subTest(state):
                one, other = (self.desk.new_ticket(title=title)["id"] for title in ("Once more", "The printer smells"))
                self.fire(other, *path)
                reply = self.merge({"into": str(other)}, number=one)
                self.assert_status(reply, 200, f"{FIRST}; the other one is {state}, which is no reason to refuse")
                self.assertEqual(self.ticket(other)["state"], state, NOTE)


class Refused(MergeTest):
    def assert_nothing_changes(self, ask, status, code, what_next=FIRST):
        before = self.database()
        self.assert_error(ask(), status, code, what_next)
        self.assertEqual(self.database(), before, WHOLE)

    def test_into_itself_or_into_none(self):
        uuid = self.ticket(1)["uuid"]
        for into, status, code in (
            ("1", 400, "VALIDATION_ERROR"),
            (uuid, 400, "VALIDATION_ERROR"),
            ("77", 404, "NOT_FOUND"),
            (2, 400, "VALIDATION_ERROR"),
        ):
            with self.subTest(into=into):
                self.assert_nothing_changes(lambda: self.merge({"into": into}), status, code, f"refuse {into!r}")
        self.assert_nothing_changes(lambda: self.merge({}), 400, "VALIDATION_ERROR", "make `into` required in web/bodies.py")
        self.assert_nothing_changes(lambda: self.merge(number="77"), 404, "NOT_FOUND")

    def test_by_callers_who_are_no_agents(self):
        for headers in (CUSTOMER, {}, {"X-User-Id": "user-1", "X-User-Role": "user"}):
            self.assert_nothing_changes(lambda: self.merge(headers=headers), 403, "FORBIDDEN", "give the route a role")

    def test_with_a_closed_ticket_on_either_side(self):
        for number in (1, 2):
            with self.subTest(closed=number):
                self.close(number)
                self.assert_nothing_changes(self.merge, 409, "TRANSITION_FAILED")
                said, name = self.merge().json, "let the error have the state of the ticket that is closed"
                self.assertEqual(said.get("state"), "closed", name)
                self.desk.post(f"/tickets/{number}/transitions", {"transition": "reopen"}, CUSTOMER)

    def test_twice(self):
        self.merged()
        self.assert_nothing_changes(self.merge, 409, "TRANSITION_FAILED")

    def test_while_somebody_else_has_locked_one_of_them(self):
        for number in (1, 2):
            with self.subTest(locked=number):
                self.desk.post(f"/tickets/{number}/lock", {}, OTHER_AGENT)
                self.assert_nothing_changes(self.merge, 423, "LOCKED")
                self.desk.request("DELETE", f"/tickets/{number}/lock", None, OTHER_AGENT)
        self.desk.post("/tickets/1/lock", {}, AGENT)
        self.assert_status(self.merge(), 200, "let the caller's own lock be no reason to refuse")

    def test_with_an_old_version(self):
        stale, use = {**AGENT, "If-Match": '"1"'}, "find the ticket with ticket_to_change, which looks at If-Match"
        self.assert_nothing_changes(lambda: self.merge(headers=stale), 412, "PRECONDITION_FAILED", use)
        tag = self.desk.get("/tickets/1", AGENT).headers["ETag"]
        self.assert_status(self.merge(headers={**AGENT, "If-Match": tag}), 200, use)


class AllOrNothing(MergeTest):
    def test_a_write_that_fails_in_the_middle_leaves_nothing(self):
        for event in (
            "INSERT ON comments",
            "INSERT ON audit_events WHEN NEW.type = 'Merged'",
            "INSERT ON audit_events WHEN NEW.type = 'Commented'",
            "UPDATE ON drafts WHEN OLD.body = 'Second'",
        ):
            with self.subTest(event), closing(self.desk.open_database()) as database:
                before = self.database()
                database.execute(f"CREATE TRIGGER f BEFORE {event} BEGIN SELECT RAISE(ABORT, 'full'); END")
                reply = self.merge()
                database.execute("DROP TRIGGER f")
                self.assert_status(reply, 500, f"{ROUTE}; this time one write fails: {event}")
                self.assertEqual(self.database(), before, WHOLE)
        self.assert_status(self.merge(), 200, WHOLE)

    def test_a_retry_with_the_same_key_merges_once(self):
        key = {**AGENT, "Idempotency-Key": "merge-1"}
        first = self.merge(headers=key)
        self.assert_status(first, 200, ROUTE)
        before = self.database()
        again = self.merge(headers=key)
        keep = "let the route be a POST that keeps its response, as others do"
        self.assertEqual((again.status, again.body), (200, first.body), keep)
        self.assertEqual(self.database(), before, keep)
        self.assert_error(self.merge({"into": "3"}, key), 422, "IDEMPOTENCY_KEY_REUSED", keep)


class Proof(MergeTest):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.old, self.new = Path(folder.name, "old.sqlite3"), Path(folder.name, "new.sqlite3")

    def run_tool(self, *arguments, database):
        said = run_app(*arguments, SUPPORT_DESK_DB=str(database))
        told = [line for line in said.stdout.splitlines() if line.startswith("NO")] + said.stderr.splitlines()
        self.assertEqual(said.returncode, 0, f"{REPLAY}: {arguments[0]} says {told}")

    def open(self, database):
        desk = DeskProcess(database)
        self.addCleanup(desk.stop)
        return desk

    def test_the_check_agrees_and_a_rebuilt_desk_gives_the_same_answers(self):
        paths = ("/tickets/1", "/tickets/2", "/tickets", "/tickets/1/events", "/tickets/stats", "/tickets?status=closed")
        desk = self.open(self.old)
        self.fill(desk)
        self.assert_status(desk.post("/tickets/1/merge", ASK, AGENT), 200, ROUTE)
        desk.new_ticket(title="Made later")
        answers = {path: desk.get(path, AGENT).json for path in paths}
        desk.stop()
        self.run_tool("--verify", database=self.old)
        self.run_tool("--rebuild", str(self.new), database=self.old)
        desk = self.open(self.new)
        self.assertEqual({path: desk.get(path, AGENT).json for path in paths}, answers, REPLAY)

    def test_the_ticket_before_the_merge_can_be_seen(self):
        version = self.ticket(1)["version"]
        self.merged()
        before = self.desk.get(f"/tickets/1/at/{version}", AGENT)
        self.assert_status(before, 200, REPLAY)
        self.assertEqual((before.json["status"], before.json.get("merged_into")), ("open", None), REPLAY)

    def test_the_tickets_of_the_desk_before_your_change_are_taken_along(self):
        _, desk = self.carried_over(self.fill)
        self.assertIsNone(desk.get("/tickets/1").json.get("merged_into", "no member merged_into"), COLUMN)
        self.assert_status(desk.post("/tickets/1/merge", ASK, AGENT), 200, ROUTE)
