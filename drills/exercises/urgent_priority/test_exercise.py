"""The tests of the exercise: a priority `urgent`."""

import csv
import io
import unittest

from tests.desk import AGENT, CUSTOMER
from tests.exercise import ExerciseTest

IN_DANGER = (
    "Smoke comes from the printer",
    "Danger in the server room",
    "A colleague is injured",
    "There is smoke from the printer, and a colleague is injured",
    "We think that we are in danger here",
)
SCHEMA = "look for the list of priorities in schema.sql"
WORDS = "see which words decide about a priority in llm.py"


class Urgent(ExerciseTest):
    def create(self, title="Login broken", **fields):
        return self.desk.post("/tickets", {"title": title, "description": "Please look", **fields}, CUSTOMER)

    def create_urgent(self):
        reply = self.create(priority="urgent")
        self.assert_status(reply, 201, SCHEMA)
        return reply.json

    def test_a_ticket_can_be_created_as_urgent(self):
        self.assertEqual(self.create_urgent()["priority"], "urgent", SCHEMA)

    def test_an_agent_can_make_a_ticket_urgent_and_take_it_back(self):
        ticket = self.create(priority="low").json
        for priority in ("urgent", "low"):
            reply = self.desk.patch(f"/tickets/{ticket['id']}", {"priority": priority}, AGENT)
            self.assert_status(reply, 200, SCHEMA)
            self.assertEqual(reply.json["priority"], priority, SCHEMA)

    def test_a_priority_that_is_not_in_the_list_is_still_refused(self):
        self.create(priority="low")
        for priority in ("urgently", "Urgent", "", "very urgent"):
            for reply in (self.create(priority=priority), self.desk.patch("/tickets/1", {"priority": priority}, AGENT)):
                self.assert_status(reply, 400, "add the one word to the list of priorities")

    def test_the_list_and_the_csv_file_filter_by_urgent(self):
        number = self.create_urgent()["id"]
        self.create(priority="critical")
        reply = self.desk.get("/tickets?priority=urgent")
        self.assert_status(reply, 200, SCHEMA)
        self.assertEqual([ticket["id"] for ticket in reply.json["tickets"]], [number], SCHEMA)
        reply = self.desk.get("/tickets.csv?priority=urgent")
        self.assert_status(reply, 200, SCHEMA)
        rows = list(csv.DictReader(io.StringIO(reply.body.decode())))
        self.assertEqual([(row["id"], row["priority"]) for row in rows], [(str(number), "urgent")], SCHEMA)

    def test_the_statistics_count_urgent_tickets(self):
        self.create_urgent()
        breakdown = self.desk.get("/tickets/stats").json["priority_breakdown"]
        self.assertEqual(breakdown.get("urgent"), 1, SCHEMA)

    def test_a_title_about_danger_to_people_is_urgent_without_a_choice(self):
        for title in IN_DANGER:
            reply = self.create(title)
            self.assertEqual(reply.json["priority"], "urgent", f"{WORDS}; the title was {title!r}")

    def test_the_suggestion_for_such_a_text_is_urgent(self):
        reply = self.desk.post("/tickets/classify", {"description": "Smoke! Danger! Two people are injured."}, AGENT)
        self.assert_status(reply, 200, WORDS)
        self.assertEqual(reply.json["suggested_priority"], "urgent", WORDS)

    def test_other_words_decide_as_before(self):
        seen = [self.create(title).json["priority"] for title in ("Urgent: locked out", "Total outage", "A typo")]
        self.assertEqual(seen, ["high", "critical", "low"], "leave the words of the other priorities as they were")

    def test_the_tickets_of_today_are_carried_over(self):
        def fill(desk):
            desk.new_ticket(priority="critical")
            desk.new_ticket(title="Invoice wrong", priority="low")
            desk.patch("/tickets/1", {"priority": "high"}, AGENT)
            return desk.get("/tickets").json["tickets"]

        tickets, desk = self.carried_over(fill)
        self.assertEqual(desk.get("/tickets").json["tickets"] == tickets, True, "keep the columns of today's tickets")
        reply = desk.patch("/tickets/2", {"priority": "urgent"}, AGENT)
        self.assert_status(reply, 200, SCHEMA)


if __name__ == "__main__":
    unittest.main()
