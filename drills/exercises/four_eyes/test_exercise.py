"""The four-eyes rule: whoever wrote a draft may not approve it."""

import tempfile
from pathlib import Path

from tests.desk import AGENT, DeskProcess, run_app
from tests.exercise import ExerciseTest

ON = {"FOUR_EYES": "true"}
TEXT = "We send your money back today."
ANN, BEN, CAT = ({"X-User-Id": name, "X-User-Role": "agent"} for name in ("ann", "ben", "cat"))
RULE = "let approve_draft in app.py refuse whoever wrote a text of the draft, when the setting FOUR_EYES is on"
WRITERS = "find out who has changed the text: drafts.created_by names the first writer only"
UNCHANGED = "raise the error inside the savepoint of the request, so that nothing of it is saved"
OTHERS = "refuse writers only: everybody else approves as before"


class Rule(ExerciseTest):
    environ = ON

    def setUp(self):
        super().setUp()
        self.desk.new_ticket()
        self.desk.post("/tickets/1/draft", {"body": TEXT}, ANN)

    def approve(self, who, body=None, path="/drafts/1/approve"):
        return self.desk.post(path, body or {}, who)

    def events(self):
        return [event["type"] for event in self.desk.get("/tickets/1/events", AGENT).json["events"]]

    def assert_refused_and_unchanged(self, reply, text=TEXT, what_next=RULE):
        self.assert_error(reply, 403, "FORBIDDEN", what_next)
        ticket = self.desk.get("/tickets/1", AGENT).json
        self.assertEqual([draft["status"] for draft in ticket["drafts"]], ["pending"], UNCHANGED)
        self.assertEqual((ticket["drafts"][0]["body"], ticket["comments"]), (text, []), UNCHANGED)

    def test_who_created_a_draft_may_not_approve_it(self):
        before = self.events()
        self.assert_refused_and_unchanged(self.approve(ANN))
        self.assertEqual(self.events(), before, UNCHANGED)

    def test_another_agent_approves_as_before(self):
        self.approve(ANN)
        reply = self.approve(BEN)
        self.assert_status(reply, 200, OTHERS)
        self.assertEqual((reply.json["status"], reply.json["decided_by"]), ("sent", "ben"), OTHERS)
        self.assertIn(self.approve(ANN).status, (403, 409), "let a draft be decided once, as before")

    def test_who_changed_the_text_may_not_approve_it_either(self):
        self.assert_status(self.desk.patch("/drafts/1", {"body": "Another text"}, BEN), 200, OTHERS)
        self.assert_refused_and_unchanged(self.approve(BEN), "Another text", WRITERS)
        self.assert_refused_and_unchanged(self.approve(ANN), "Another text", WRITERS)
        self.assert_status(self.approve(CAT), 200, OTHERS)

    def test_an_edit_by_a_third_does_not_free_the_second(self):
        self.desk.patch("/drafts/1", {"body": "Second text"}, BEN)
        self.desk.patch("/drafts/1", {"body": "Third text"}, CAT)
        for writer in (ANN, BEN, CAT):
            self.assert_refused_and_unchanged(self.approve(writer), "Third text", WRITERS)

    def test_no_writer_is_missed_after_many_other_events(self):
        for number in range(101):
            self.desk.post("/tickets/1/comments", {"body": f"Note {number}"}, BEN)
        self.assert_status(self.desk.patch("/drafts/1", {"body": "Another text"}, BEN), 200, OTHERS)
        all_events = "look at all events of the draft: one page of the audit log can end before them"
        for writer in (ANN, BEN):
            self.assert_error(self.approve(writer), 403, "FORBIDDEN", f"{WRITERS}; {all_events}")
        self.assert_status(self.approve(CAT), 200, OTHERS)

    def test_an_edit_that_changes_nothing_makes_nobody_a_writer(self):
        self.assert_status(self.desk.patch("/drafts/1", {"body": TEXT}, BEN), 200, OTHERS)
        self.assert_status(self.approve(BEN), 200, "count an edit only if it changes the text")

    def test_to_write_and_approve_in_one_step_is_refused(self):
        in_one_step = "check after the edit that an approval with a `body` makes"
        self.assert_refused_and_unchanged(self.approve(BEN, {"body": "Ben's own text"}), what_next=in_one_step)
        self.assert_status(self.approve(BEN), 200, "let a refused edit make nobody a writer")

    def test_an_approval_that_sends_the_same_text_along_is_no_edit(self):
        self.assert_status(self.approve(BEN, {"body": TEXT}), 200, OTHERS)

    def test_no_role_is_an_exception(self):
        for role in ("supervisor", "admin", "agent,supervisor,admin"):
            with self.subTest(role=role):
                self.assert_refused_and_unchanged(self.approve({**ANN, "X-User-Role": role}))

    def test_a_text_of_the_assistant_is_that_of_who_asked_for_it(self):
        self.assert_status(self.desk.post("/tickets/1/draft", {}, BEN), 201, "let the assistant write as before")
        self.assert_error(self.approve(BEN, path="/drafts/2/approve"), 403, "FORBIDDEN", RULE)
        self.assert_status(self.approve(ANN, path="/drafts/2/approve"), 200, "keep the writers of each draft apart")

    def test_a_writer_may_still_change_and_reject(self):
        may = "refuse the approval only: a writer may still change and reject"
        self.assert_status(self.desk.patch("/drafts/1", {"body": "Better"}, ANN), 200, may)
        self.assert_status(self.desk.post("/drafts/1/reject", {}, ANN), 200, may)

    def test_a_key_does_not_open_the_way(self):
        key = {"Idempotency-Key": "approve-1"}
        for _ in range(2):
            self.assert_refused_and_unchanged(self.approve({**ANN, **key}))
        first, again = (self.approve({**BEN, **key}) for _ in range(2))
        self.assertEqual((first.status, again.status, again.body), (200, 200, first.body), OTHERS)


class Off(ExerciseTest):
    def test_a_desk_without_the_setting_works_as_before(self):
        self.desk.new_ticket()
        self.desk.post("/tickets/1/draft", {"body": TEXT}, ANN)
        reply = self.desk.post("/drafts/1/approve", {"body": "Better"}, ANN)
        self.assert_status(reply, 200, "make false the default of the setting")


class Locked(ExerciseTest):
    environ = {**ON, "SUPPORT_DESK_AUTH": "tokens", "DEBUG": "true"}

    def log_in(self, name, *roles):
        token = self.desk.post("/api/debug/login", {"login": name, "roles": roles}).json["token"]
        return {"Authorization": f"Bearer {token}"}

    def test_a_token_says_who_wrote_and_no_header_hides_it(self):
        ann, ben = self.log_in("ann", "agent"), self.log_in("ben", "agent")
        self.desk.post("/tickets", {"title": "Refund", "description": "Four thousand"}, ann)
        self.desk.post("/tickets/1/draft", {"body": TEXT}, ann)
        for headers in (ann, {**ann, **BEN}, self.log_in("ann", "admin")):
            self.assert_error(self.desk.post("/drafts/1/approve", {}, headers), 403, "FORBIDDEN", RULE)
        self.assert_status(self.desk.post("/drafts/1/approve", {}, ben), 200, OTHERS)


class Later(ExerciseTest):
    """The writers are known for as long as the draft is there."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.old, self.new = Path(folder.name, "old.sqlite3"), Path(folder.name, "new.sqlite3")

    def open(self, database):
        desk = DeskProcess(database, **ON)
        self.addCleanup(desk.stop)
        return desk

    def write(self, desk):
        """A draft of ann that ben has changed."""
        desk.new_ticket()
        desk.post("/tickets/1/draft", {"body": TEXT}, ANN)
        desk.patch("/drafts/1", {"body": "Ben's text"}, BEN)

    def assert_writers_are_refused(self, desk, what_next):
        for writer in (ANN, BEN):
            self.assert_error(desk.post("/drafts/1/approve", {}, writer), 403, "FORBIDDEN", what_next)

    def assert_rule_holds(self, desk, what_next):
        self.assert_writers_are_refused(desk, what_next)
        self.assert_status(desk.post("/drafts/1/approve", {}, CAT), 200, OTHERS)

    def test_no_writer_is_forgotten_after_a_restart_or_in_a_rebuilt_database(self):
        desk = self.open(self.old)
        self.write(desk)
        self.assert_writers_are_refused(desk, WRITERS)  # now, so that a failure below is about the restart
        desk.stop()
        for arguments in (["--rebuild", str(self.new)], ["--verify"]):
            said = run_app(*arguments, SUPPORT_DESK_DB=str(self.old))
            make_it_work = f"make {arguments[0]} work; it says: {said.stdout[-300:]}{said.stderr}"
            self.assertEqual(said.returncode, 0, make_it_work)
        self.assert_rule_holds(self.open(self.old), "keep the writers in the database, not in memory")
        self.assert_rule_holds(self.open(self.new), "let the writers follow from the events")

    def test_the_rule_holds_for_drafts_of_before_your_change(self):
        _, desk = self.carried_over(self.write, **ON)
        self.assert_rule_holds(desk, f"{WRITERS}; let the writers follow from the events, also from those of before")
