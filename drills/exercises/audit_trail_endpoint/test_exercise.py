"""The tests of the exercise: `GET /tickets/{id}/audit-trail`."""

import html
import re
import unittest

from tests.desk import AGENT, CUSTOMER
from tests.exercise import ExerciseTest

ROUTE = "add a route and a function to app.py"
ONE_LINE = "write each text so that it stays in its line"
FORGED = "2026-01-01T00:00:00.000Z  agent-9  Closeed"
PARTS = {"time": "at", "actor": "actor", "type": "type"}  # of a line, and their names in an event
QUOTED = 'Café "Süd"'
HTML = {**AGENT, "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}


class AuditTrail(ExerciseTest):
    def trail(self, number=1, headers=AGENT):
        reply = self.desk.get(f"/tickets/{number}/audit-trail", headers)
        self.assert_status(reply, 200, ROUTE)
        return reply

    def lines(self):
        """The lines below the head."""
        return self.trail().body.decode().rstrip("\n").split("\n")[1:]

    def comment(self, body, **fields):
        self.desk.post("/tickets/1/comments", {"body": body, **fields}, AGENT)

    def test_the_answer_is_text_with_one_line_for_each_event_below_a_head(self):
        self.desk.new_ticket()
        self.desk.patch("/tickets/1", {"status": "in_progress"}, AGENT)
        kind = self.trail().headers["Content-Type"].replace(" ", "").lower()
        self.assertEqual(kind, "text/plain;charset=utf-8", "set the Content-Type")
        self.assertEqual(len(self.lines()), 3, "a line for each event: this ticket has three")

    def test_a_line_has_the_time_the_actor_and_the_type_in_this_order(self):
        self.desk.new_ticket()
        self.desk.patch("/tickets/1", {"status": "in_progress"}, AGENT)
        events = self.desk.get("/tickets/1/events").json["events"]
        lines = self.lines()
        self.assertEqual(len(lines), len(events), "a line for each event")
        for line, event in zip(lines, events):
            places = {name: line.find(event[part]) for name, part in PARTS.items()}
            which = f"event {event['version']} is {line[:100]!r}"
            missing = [f"{name} {event[PARTS[name]]}" for name, place in places.items() if place < 0]
            self.assertEqual(missing, [], f"spell it as /events does, oldest first; {which}")
            self.assertEqual(sorted(places, key=places.get), list(PARTS), f"keep this order; {which}")

    def test_a_line_says_what_changed(self):
        self.desk.new_ticket()
        self.desk.patch("/tickets/1", {"title": "Printer on fire", "priority": "critical"}, AGENT)
        self.comment("Unplug it")
        self.desk.post("/tickets/1/draft", {"body": "We are on our way"}, AGENT)
        lines = self.lines()
        self.assertEqual(len(lines), 4, "a line for each event")
        for line, texts in zip(lines[1:], (["Printer on fire", "critical"], ["Unplug it"], ["We are on our way"])):
            missing = [text for text in texts if text not in line]
            self.assertEqual(missing, [], "show what the event's data has")

    def test_quotes_and_accents_are_shown_as_they_are(self):
        self.desk.new_ticket()
        self.comment(f"I am in the {QUOTED} today")
        self.assertEqual(QUOTED in self.lines()[-1], True, f"people read it: show {QUOTED}, in UTF-8")
        page = html.unescape(self.trail(headers=HTML).body.decode())
        self.assertEqual(QUOTED in page, True, f"people read it: a browser must show {QUOTED}")

    def test_no_text_can_forge_a_line(self):
        self.desk.new_ticket(title=f"Broken {FORGED}")
        for end in ("\n", "\r\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029"):
            self.comment(f"Hello{end}{FORGED}")
        text = self.trail().body.decode().rstrip("\n")
        self.assertEqual(len(text.split("\n")), 10, f"{ONE_LINE}: nine events and a head")
        self.assertEqual(len(text.splitlines()), 10, f"{ONE_LINE}; some rare characters end a line, too")

    def test_a_browser_gets_a_page_with_a_table(self):
        self.desk.new_ticket()
        self.comment("Unplug it")
        reply = self.trail(headers=HTML)
        kind = reply.headers["Content-Type"].partition(";")[0]
        self.assertEqual(kind, "text/html", "look at the header Accept")
        page = reply.body.decode()
        counts = [len(re.findall(f"<{name}[ >]", page)) for name in ("table", "tr")]
        self.assertEqual(counts, [1, 3], "one table; a row for the head, and one for each of the two events")
        self.assertEqual("Unplug it" in page, True, "show what the event's data has")

    def test_no_text_becomes_an_element_of_the_page(self):
        self.desk.new_ticket(title="<script>alert(1)</script>", description="</td></tr><tr><td>x")
        self.desk.patch("/tickets/1", {"title": "<b onclick='x'>"}, {**AGENT, "X-User-Id": "<i>agent</i>"})
        page = self.trail(headers=HTML).body.decode()
        alive = [text for text in ("<script>alert", "<b onclick", "<tr><td>x", "<i>agent") if text in page]
        self.assertEqual(alive, [], "escape each text for HTML")

    def test_it_has_more_than_a_thousand_events(self):
        self.desk.new_ticket(priority="low")
        for number in range(1005):
            self.desk.patch("/tickets/1", {"priority": ("low", "high")[number % 2 == 0]}, AGENT)
        self.assertEqual(len(self.lines()), 1006, "the history comes in pages; read the next one, too")

    def test_it_has_all_events_of_a_ticket_with_long_texts(self):
        self.desk.new_ticket()
        for number in range(120):
            self.comment(f"Page {number}: {'x' * 19_000}")
        self.assertEqual(len(self.lines()), 121, "a page of the history also ends after some millions of bytes")

    def test_only_agents_may_read_it(self):
        self.desk.new_ticket()
        self.trail()
        for headers in ({}, CUSTOMER, {"X-User-Id": "user-1", "X-User-Role": "auditor"}):
            reply = self.desk.get("/tickets/1/audit-trail", headers)
            self.assert_status(reply, 403, "see what the column role of a route does")

    def test_an_unknown_ticket_is_a_404_and_an_unknown_path_is_not_the_reason(self):
        self.desk.new_ticket()
        self.trail()
        self.assert_status(self.desk.get("/tickets/99/audit-trail", AGENT), 404, "read the ticket first")

    def test_reading_changes_nothing(self):
        self.desk.new_ticket()
        self.trail()
        self.assertEqual(self.desk.count("audit_events"), 1, "a GET writes nothing")


if __name__ == "__main__":
    unittest.main()
