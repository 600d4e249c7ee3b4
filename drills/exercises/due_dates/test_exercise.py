"""The tests of the exercise: `due_at` and the filter `overdue`."""

import csv
import io
import time
import unittest
from datetime import datetime, timedelta, timezone

from tests.desk import AGENT, CUSTOMER, Desk, run_app
from tests.exercise import ExerciseTest

COLUMN = "follow `assignee` from schema.sql to the bodies of the endpoints"
CLOCK = "ask the clock of the desk"
WRONG = (
    *("tomorrow", "2026-13-01T00:00:00.000Z", "2026-02-30T10:00:00.000Z", "", 5, ["x"]),
    *("2026-11-20T10:00:00.000", "2026-11-20T10:00:00.000+02:00", "2026-11-20T10:00:00Z", "2026-12-01", "20261201T100000"),
)
KEPT = "the same request gets an old answer: where is it kept?"
FILTER = "follow the filter `mine` from web/bodies.py to the SQL"


def in_hours(hours: float) -> str:
    moment = datetime.now(timezone.utc) + timedelta(hours=hours)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class DueDates(ExerciseTest):
    environ = {"DEBUG": "true"}

    def create(self, **fields):
        reply = self.desk.post("/tickets", {"title": "Printer", "description": "Broken", **fields}, CUSTOMER)
        self.assert_status(reply, 201, COLUMN)
        return reply.json

    def overdue(self, more=""):
        reply = self.desk.get(f"/tickets?overdue=true{more}", AGENT)
        self.assert_status(reply, 200, FILTER)
        return [ticket["id"] for ticket in reply.json["tickets"]]

    def move_clock(self, duration):
        reply = self.desk.request("PUT", "/debug/clock", {"advance": duration}, AGENT)
        self.assert_status(reply, 200, "leave /debug/clock as it is")

    def test_a_new_ticket_has_the_due_date_that_it_was_given(self):
        due = in_hours(2)
        self.assertEqual(self.create(due_at=due).get("due_at", "nothing"), due, COLUMN)
        self.assertEqual(self.desk.get("/tickets/1").json.get("due_at", "nothing"), due, COLUMN)

    def test_without_one_it_is_null(self):
        for fields in ({}, {"due_at": None}):
            self.assertEqual(self.create(**fields).get("due_at", "nothing"), None, COLUMN)

    def test_an_agent_sets_changes_and_removes_it(self):
        self.create()
        for due in (in_hours(1), in_hours(3), None):
            reply = self.desk.patch("/tickets/1", {"due_at": due}, AGENT)
            self.assert_status(reply, 200, COLUMN)
            self.assertEqual(reply.json.get("due_at", "nothing"), due, COLUMN)

    def test_what_is_not_a_time_is_refused_with_the_name_of_the_field(self):
        self.create(due_at=in_hours(1))
        for wrong in WRONG:
            for method, path in (("POST", "/tickets"), ("PATCH", "/tickets/1")):
                body = {"title": "Printer", "description": "Broken", "due_at": wrong}
                reply = self.desk.request(method, path, body, AGENT)
                self.assert_status(reply, 400, f"check the value before the database does; it was {wrong!r}")
                self.assertEqual("due_at" in reply.json["details"], True, "raise Invalid with details")

    def test_spaces_around_the_time_are_cut_off(self):
        due = in_hours(1)
        for method, path, status in (("POST", "/tickets", 201), ("PATCH", "/tickets/1", 200)):
            body = {"title": "Printer", "description": "Broken", "due_at": f" {due} "}
            reply = self.desk.request(method, path, body, AGENT)
            self.assert_status(reply, status, "cut the spaces off, as of every text")
            self.assertEqual(reply.json.get("due_at", "nothing"), due, "cut the spaces off, as of every text")

    def test_the_list_of_overdue_tickets_has_those_whose_time_is_over(self):
        self.create(due_at=in_hours(-1))
        self.create(due_at=in_hours(1))
        self.create()
        self.create(due_at=in_hours(-48))
        self.assertEqual(self.overdue(), [4, 1], FILTER)
        self.assertEqual(self.desk.get("/tickets?overdue=true", AGENT).json["total"], 2, FILTER)

    def test_resolved_and_closed_tickets_are_not_overdue(self):
        for status in ("resolved", "closed", "in_progress"):
            number = self.create(due_at=in_hours(-1))["id"]
            self.desk.patch(f"/tickets/{number}", {"status": status}, AGENT)
        self.assertEqual(self.overdue(), [3], "who waits for an answer that was given? look at the status")

    def test_overdue_false_filters_nothing(self):
        for hours in (-1, 1):
            self.create(due_at=in_hours(hours))
        for path in ("/tickets?overdue=false", "/tickets?overdue=false&limit=1000"):
            reply = self.desk.get(path, AGENT)
            self.assert_status(reply, 200, FILTER)
            self.assertEqual([ticket["id"] for ticket in reply.json["tickets"]], [2, 1], "see what mine=false does")

    def test_it_goes_together_with_other_filters_pages_and_the_csv_file(self):
        for number in range(4):
            self.create(due_at=in_hours(-1), priority=("low", "high")[number % 2])
        self.create(priority="high")
        self.assertEqual(self.overdue("&priority=high"), [4, 2], FILTER)
        self.assertEqual(self.overdue("&limit=1&before=4"), [3], FILTER)
        reply = self.desk.get("/tickets.csv?overdue=true", AGENT)
        self.assert_status(reply, 200, FILTER)
        rows = list(csv.DictReader(io.StringIO(reply.body.decode())))
        self.assertEqual([row["id"] for row in rows], ["4", "3", "2", "1"], FILTER)

    def test_a_time_that_is_exactly_now_is_not_over_yet(self):
        now, over = "2026-11-20T10:00:00.000Z", "2026-11-20T09:59:59.999Z"
        desk = Desk(on_open=lambda store: setattr(store, "clock", lambda: now))
        self.addCleanup(desk.stop)
        for due in (now, over):
            reply = desk.post("/tickets", {"title": "Printer", "description": "Broken", "due_at": due}, CUSTOMER)
            self.assert_status(reply, 201, COLUMN)
        reply = desk.get("/tickets?overdue=true", AGENT)
        self.assert_status(reply, 200, FILTER)
        seen = [ticket["due_at"] for ticket in reply.json["tickets"]]
        self.assertEqual(seen, [over], f"{CLOCK}; it says {now}")

    def test_the_clock_of_the_desk_decides(self):
        self.create(due_at=in_hours(2))
        self.assertEqual(self.overdue(), [], FILTER)
        self.move_clock("3h")
        self.assertEqual(self.overdue("&limit=50"), [1], CLOCK)
        self.move_clock("-3h")
        self.assertEqual(self.overdue("&limit=51"), [], CLOCK)

    def test_who_asks_again_sees_what_has_become_overdue(self):
        self.create(due_at=in_hours(2))
        self.assertEqual(self.overdue(), [], FILTER)
        self.move_clock("3h")
        self.assertEqual(self.overdue(), [1], KEPT)

    def test_time_passes_also_if_nobody_moves_the_clock(self):
        self.create(due_at=in_hours(1 / 3600))
        seen, ends = self.overdue(), time.monotonic() + 5
        while not seen and time.monotonic() < ends:
            time.sleep(0.05)
            seen = self.overdue()
        self.assertEqual(seen, [1], KEPT)

    def test_a_long_list_and_the_bare_list_know_the_time_too(self):
        self.create(due_at=in_hours(2))
        self.move_clock("3h")
        self.assertEqual(self.overdue("&limit=1000"), [1], "long lists run on another thread: which clock is there?")
        reply = self.desk.get("/api/tickets?overdue=true", AGENT)
        self.assert_status(reply, 200, FILTER)
        self.assertEqual([ticket["id"] for ticket in reply.json], [1], FILTER)

    def test_the_history_has_each_due_date_and_verify_compares_it(self):
        due, later = in_hours(1), in_hours(2)
        version = self.create(due_at=due)["version"]
        self.assert_status(self.desk.patch("/tickets/1", {"due_at": later}, AGENT), 200, COLUMN)
        then = self.desk.get(f"/tickets/1/at/{version}").json
        self.assertEqual(then.get("due_at", "nothing"), due, "write it into the event, as every other change")
        self.assertEqual(self.verify(), 0, "python3 app.py --verify must find no difference")
        database = self.desk.open_database()
        with database:
            database.execute("UPDATE tickets SET due_at = ?", [due])
        database.close()
        self.assertEqual(self.verify(), 1, "--verify must see that a row was changed by hand")

    def verify(self):
        return run_app("--verify", SUPPORT_DESK_DB=str(self.desk.database)).returncode

    def test_the_tickets_of_today_are_carried_over(self):
        def fill(desk):
            desk.new_ticket()
            desk.patch("/tickets/1", {"assignee": "agent-1", "status": "in_progress"}, AGENT)
            return desk.get("/tickets/1").json

        before, desk = self.carried_over(fill)
        after = desk.get("/tickets/1").json
        self.assertEqual([name for name in before if before[name] != after.get(name)], [], "keep today's columns")
        self.assertEqual(after.get("due_at", "nothing"), None, COLUMN)
        self.assert_status(desk.patch("/tickets/1", {"due_at": in_hours(1)}, AGENT), 200, COLUMN)


if __name__ == "__main__":
    unittest.main()
