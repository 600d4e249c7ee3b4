"""The tests of the exercise: a status `waiting_for_parts`."""

import unittest

from tests.desk import AGENT, CUSTOMER, run_app
from tests.exercise import ExerciseTest

SUPERVISOR = {"X-User-Id": "super-1", "X-User-Role": "supervisor"}
WAITING = "waiting_for_parts"
ROWS = "add the two transitions to the table in workflow.py, and what they need to schema.sql"
ROLES = "look at the last column of the table of transitions"
ORDER = "find out in workflow.py what decides which status comes after which"


class WaitingForParts(ExerciseTest):
    def fire(self, *names, caller=AGENT, number=1):
        """The response to the last one of these transitions."""
        for name in names:
            reply = self.desk.post(f"/tickets/{number}/transitions", {"transition": name}, caller)
        return reply

    def wait(self):
        """The ticket 1, in the new state."""
        self.desk.new_ticket()
        self.fire("assign", "start_work")
        reply = self.fire("order_parts", caller=SUPERVISOR)
        self.assert_status(reply, 200, ROWS)
        return reply.json

    def test_a_supervisor_orders_parts_and_the_ticket_waits(self):
        ticket = self.wait()
        self.assertEqual((ticket["state"], ticket["status"]), (WAITING, WAITING), ROWS)

    def test_an_agent_receives_the_parts_and_work_goes_on(self):
        self.wait()
        reply = self.fire("receive_parts")
        self.assert_status(reply, 200, ROWS)
        self.assertEqual((reply.json["state"], reply.json["status"]), ("in_progress", "in_progress"), ROWS)

    def test_each_of_the_two_needs_its_role(self):
        self.wait()
        self.assert_status(self.fire("receive_parts", caller=CUSTOMER), 403, ROLES)
        self.fire("receive_parts")
        for caller in (AGENT, CUSTOMER):
            self.assert_status(self.fire("order_parts", caller=caller), 403, ROLES)

    def test_in_other_states_both_are_refused_and_leave_no_event(self):
        both = "order_parts", "receive_parts"
        for number, (path, refused) in enumerate(
            (
                ((), both),
                (("assign",), both),
                (("assign", "start_work"), both[1:]),
                (("assign", "start_work", "escalate"), both),
                (("assign", "start_work", "request_info"), both),
                (("assign", "start_work", "resolve"), both),
                (("assign", "start_work", "resolve", "close"), both),
            ),
            1,
        ):
            self.desk.new_ticket()
            if path:
                self.fire(*path, number=number)
            before = self.desk.count("audit_events")
            for name in refused:
                why = f"{ROWS}; the ticket was {self.desk.get(f'/tickets/{number}').json['state']}"
                self.assert_status(self.fire(name, caller=SUPERVISOR, number=number), 409, why)
            self.assertEqual(self.desk.count("audit_events"), before, "a refused transition changes nothing")

    def test_each_of_the_two_adds_one_event(self):
        self.wait()
        self.assertEqual(self.desk.count("audit_events"), 4, ROWS)
        self.fire("receive_parts")
        self.assertEqual(self.desk.count("audit_events"), 5, ROWS)

    def test_a_patch_does_not_go_back_to_in_progress(self):
        self.wait()
        self.assert_status(self.desk.patch("/tickets/1", {"status": "in_progress"}, AGENT), 409, ORDER)

    def test_a_waiting_ticket_can_do_nothing_but_go_on(self):
        self.wait()
        self.assertEqual(self.desk.get("/tickets/1").json["enabled_transitions"], ["receive_parts"], ROWS)

    def test_clients_of_the_petri_net_can_fire_both(self):
        ticket = self.wait()
        reply = self.desk.post("/api/receive_parts", {"aggregate_id": ticket["uuid"]}, AGENT)
        self.assert_status(reply, 200, ROWS)
        reply = self.desk.post("/api/order_parts", {"aggregate_id": ticket["uuid"]}, SUPERVISOR)
        self.assert_status(reply, 200, ROWS)
        self.assertEqual(reply.json["state"].get(WAITING), 1, ROWS)

    def test_the_list_and_the_statistics_know_the_status(self):
        self.desk.new_ticket()
        self.assert_status(self.desk.get(f"/tickets?status={WAITING}"), 200, "look at the CHECK of status in schema.sql")
        self.fire("assign", "start_work")
        self.fire("order_parts", caller=SUPERVISOR)
        self.desk.new_ticket()
        page = self.desk.get(f"/tickets?status={WAITING}").json
        self.assertEqual(([ticket["id"] for ticket in page["tickets"]], page["total"]), ([1], 1), ROWS)
        self.assertEqual(self.desk.get("/tickets/stats").json["status_breakdown"].get(WAITING), 1, ROWS)

    def test_a_patch_to_resolved_finds_the_way_out(self):
        self.wait()
        reply = self.desk.patch("/tickets/1", {"status": "resolved"}, AGENT)
        self.assert_status(reply, 200, ORDER)
        self.assertEqual(reply.json["status"], "resolved", ORDER)

    def test_a_patch_to_the_new_status_walks_there_from_a_new_ticket(self):
        self.desk.new_ticket()
        reply = self.desk.patch("/tickets/1", {"status": WAITING}, SUPERVISOR)
        self.assert_status(reply, 200, ROWS)
        self.assertEqual(reply.json["state"], WAITING, ROWS)

    def test_a_closed_ticket_cannot_be_moved_to_it(self):
        self.wait()
        self.assert_status(self.desk.patch("/tickets/1", {"status": "closed"}, AGENT), 200, ORDER)
        admin = {"X-User-Id": "admin-1", "X-User-Role": "admin"}
        self.assert_status(self.desk.patch("/tickets/1", {"status": WAITING}, admin), 409, ORDER)

    def test_the_history_can_be_replayed(self):
        version = self.wait()["version"]
        self.fire("receive_parts")
        then = self.desk.get(f"/tickets/1/at/{version}")
        self.assert_status(then, 200, ROWS)
        self.assertEqual(then.json["status"], WAITING, "the replay reads the table of transitions, and so do all others")
        done = run_app("--verify", SUPPORT_DESK_DB=str(self.desk.database))
        self.assertEqual(done.returncode, 0, f"python3 app.py --verify says: {done.stdout[-200:]}")

    def test_the_tickets_of_today_are_carried_over(self):
        def fill(desk):
            desk.new_ticket()
            desk.patch("/tickets/1", {"status": "in_progress"}, AGENT)
            return desk.get("/tickets/1").json

        before, desk = self.carried_over(fill)
        after = desk.get("/tickets/1").json
        kept = ("id", "uuid", "title", "state", "status", "version", "updated_at")
        self.assertEqual([after[name] for name in kept] == [before[name] for name in kept], True, "keep today's columns")
        self.assert_status(desk.patch("/tickets/1", {"status": WAITING}, SUPERVISOR), 200, ROWS)


if __name__ == "__main__":
    unittest.main()
