"""The tests of the exercise: tags, and the filter `tag`."""

import csv
import io
import re
import sqlite3
import unittest

from tests.desk import AGENT, CUSTOMER, DeskProcess, run_app
from tests.exercise import ExerciseTest

COLUMN = "follow `category` from schema.sql to the bodies of the endpoints"
FORM = "bring the tags into one form before anything else sees them"
FILTER = "add a parameter in web/bodies.py and its SQL in store.py"
DERIVED = "audit_events|idempotency_keys|sqlite_.*|search_.*"  # tables that --verify checks in another way


class Tags(ExerciseTest):
    def create(self, tags=None, **fields):
        body = {"title": "Printer", "description": "Broken", **fields, **({} if tags is None else {"tags": tags})}
        reply = self.desk.post("/tickets", body, CUSTOMER)
        self.assert_status(reply, 201, COLUMN)
        return reply.json

    def tagged(self, tag, more=""):
        reply = self.desk.get(f"/tickets?tag={tag}{more}", AGENT)
        self.assert_status(reply, 200, FILTER)
        return [ticket["id"] for ticket in reply.json["tickets"]]

    def verify(self):
        return run_app("--verify", SUPPORT_DESK_DB=str(self.desk.database)).returncode

    def test_a_new_ticket_has_its_tags_and_none_by_default(self):
        self.assertEqual(self.create("printer-3 vip").get("tags", "nothing"), "printer-3 vip", COLUMN)
        self.assertEqual(self.create().get("tags", "nothing"), "", COLUMN)
        seen = [self.desk.get(f"/tickets/{number}").json.get("tags", "nothing") for number in (1, 2)]
        self.assertEqual(seen, ["printer-3 vip", ""], COLUMN)

    def test_an_edit_replaces_the_tags_and_an_empty_text_removes_them(self):
        self.create("vip")
        for tags in ("loan printer-3", ""):
            reply = self.desk.patch("/tickets/1", {"tags": tags}, AGENT)
            self.assert_status(reply, 200, COLUMN)
            self.assertEqual(reply.json.get("tags", "nothing"), tags, COLUMN)

    def test_tags_are_written_in_one_form(self):
        self.assertEqual(self.create("  VIP vip   Printer-3 ").get("tags", "nothing"), "printer-3 vip", FORM)
        reply = self.desk.patch("/tickets/1", {"tags": "b a B"}, AGENT)
        self.assert_status(reply, 200, COLUMN)
        self.assertEqual(reply.json.get("tags", "nothing"), "a b", FORM)

    def test_what_is_no_tag_is_refused_with_the_name_of_the_field(self):
        self.create("vip")
        many = " ".join(f"t{number}" for number in range(11))
        for wrong in ("a_b", "50%", "straße", "a,b", "x" * 33, many, 5, ["vip"], None, "\u212aey", "vip " * 100):
            for method, path in (("POST", "/tickets"), ("PATCH", "/tickets/1")):
                body = {"title": "Printer", "description": "Broken", "tags": wrong}
                reply = self.desk.request(method, path, body, AGENT)
                self.assert_status(reply, 400, f"refuse it before it is stored; it was {wrong!a}")
                self.assertEqual("tags" in reply.json["details"], True, "raise Invalid with details")

    def test_the_largest_tags_are_taken(self):
        tags = " ".join(sorted(f"{number}{'x' * 31}" for number in range(10)))
        self.assertEqual(self.create(tags).get("tags", "nothing"), tags, "ten tags of 32 characters are allowed")

    def test_the_text_has_330_characters_at_most_spaces_at_its_ends_aside(self):
        longest = f"{'vip ' * 82}ab"
        self.assertEqual(self.create(f"  {longest}   ").get("tags", "nothing"), "ab vip", "330 characters are allowed")
        reply = self.desk.post("/tickets", {"title": "Printer", "description": "Broken", "tags": f"{longest}c"}, CUSTOMER)
        self.assert_status(reply, 400, "refuse 331 characters")

    def test_a_ticket_of_a_client_of_the_petri_net_has_none(self):
        reply = self.desk.post("/api/support-ticket", {"title": "Printer", "description": "Broken"}, CUSTOMER)
        self.assert_status(reply, 201, "let the clients of the Petri net work as before")
        self.assertEqual(self.desk.get("/tickets/1").json.get("tags", "nothing"), "", COLUMN)

    def test_a_repeated_tag_counts_once(self):
        self.assertEqual(self.create("vip " * 80 + "loan").get("tags", "nothing"), "loan vip", "count after you sort")

    def test_the_list_filters_by_a_whole_tag(self):
        for tags in ("vip", "vips", "a vip z", "", "no-vip", "vip-2"):
            self.create(tags)
        self.assertEqual(self.tagged("vip"), [3, 1], FILTER)
        self.assertEqual(self.desk.get("/tickets?tag=vip", AGENT).json["total"], 2, FILTER)

    def test_the_filter_takes_capital_letters_as_a_new_tag_does(self):
        for tags in ("Vip", "vips"):
            self.create(tags)
        self.assertEqual((self.tagged("VIP"), self.tagged("viP")), ([1], [1]), "bring the filter into the same form")

    def test_no_character_of_the_filter_has_a_meaning_of_its_own(self):
        self.create("vip zoo")
        self.assertEqual(self.tagged("vip"), [1], FILTER)
        for tag in ("v_p", "v%25", "%25", "v*p", "vi?", "vip%20zoo", "'"):
            reply = self.desk.get(f"/tickets?tag={tag}", AGENT)
            found = [ticket["id"] for ticket in reply.json["tickets"]] if reply.status == 200 else []
            self.assertEqual((reply.status in (200, 400), found), (True, []), f"compare whole tags; it was tag={tag}")

    def test_it_goes_together_with_other_filters_pages_and_the_csv_file(self):
        for number in range(4):
            self.create("vip", priority=("low", "high")[number % 2], title=("Printer", "Login")[number // 2])
        self.create("loan", priority="high")
        self.assertEqual(self.tagged("vip", "&priority=high"), [4, 2], FILTER)
        self.assertEqual(self.tagged("vip", "&limit=1&before=4"), [3], FILTER)
        self.assertEqual(self.tagged("vip", "&search=print"), [2, 1], FILTER)
        reply = self.desk.get("/tickets.csv?tag=vip", AGENT)
        self.assert_status(reply, 200, FILTER)
        self.assertEqual(len(list(csv.DictReader(io.StringIO(reply.body.decode())))), 4, FILTER)

    def test_a_changed_tag_changes_the_list(self):
        self.create("vip")
        self.create("loan")
        self.assertEqual(self.tagged("vip"), [1], FILTER)
        self.desk.patch("/tickets/1", {"tags": "loan"}, AGENT)
        self.desk.patch("/tickets/2", {"tags": "loan vip"}, AGENT)
        self.assertEqual((self.tagged("vip"), self.tagged("loan")), ([2], [2, 1]), FILTER)

    def test_each_change_is_one_event_and_the_same_tags_in_another_order_are_none(self):
        self.create("b a")
        self.assert_status(self.desk.patch("/tickets/1", {"tags": "a b"}, AGENT), 200, COLUMN)
        self.desk.patch("/tickets/1", {"tags": "B A a"}, AGENT)
        self.assertEqual(self.desk.count("audit_events"), 1, FORM)
        self.desk.patch("/tickets/1", {"tags": "zebra"}, AGENT)
        events = self.desk.get("/tickets/1/events").json["events"]
        self.assertEqual(len(events), 2, "a change of the tags is one event")
        self.assertEqual("zebra" in str(events[1]["data"]), True, "write the tags into the event's data")

    def test_a_ticket_at_an_old_version_has_the_old_tags(self):
        version = self.create("vip")["version"]
        self.assert_status(self.desk.patch("/tickets/1", {"tags": "loan"}, AGENT), 200, COLUMN)
        then = self.desk.get(f"/tickets/1/at/{version}").json
        self.assertEqual(then.get("tags", "nothing"), "vip", "the replay must know the tags")

    def test_verify_compares_the_tags_with_the_log(self):
        self.create("zebra vip")
        self.create()
        self.assertEqual(self.verify(), 0, "python3 app.py --verify must find no difference")
        database = self.desk.open_database()
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for table in (name for name in names if not re.fullmatch(DERIVED, name)):
            for (column,) in database.execute("SELECT name FROM pragma_table_info(?)", [table]).fetchall():
                try:
                    change = f'UPDATE "{table}" SET "{column}" = replace("{column}", \'zebra\', \'horse\')'
                    database.execute(f"{change} WHERE instr(\"{column}\", 'zebra')")
                except sqlite3.DatabaseError:
                    continue  # this table does not take changes by hand
        database.commit()
        database.close()
        self.assertEqual(self.verify(), 1, "--verify must see that a tag was changed by hand")

    def test_the_tickets_of_today_are_carried_over_and_tags_too(self):
        def fill(desk):
            desk.new_ticket()
            desk.patch("/tickets/1", {"assignee": "agent-1", "status": "in_progress"}, AGENT)
            return desk.get("/tickets/1").json

        before, desk = self.carried_over(fill)
        after = desk.get("/tickets/1").json
        self.assertEqual([name for name in before if before[name] != after.get(name)], [], "keep today's columns")
        self.assertEqual(after.get("tags", "nothing"), "", COLUMN)
        self.assert_status(desk.patch("/tickets/1", {"tags": "vip"}, AGENT), 200, COLUMN)
        desk.stop()
        again = desk.database.with_name("again.sqlite3")
        done = run_app("--rebuild", str(again), SUPPORT_DESK_DB=str(desk.database))
        self.assertEqual(done.returncode, 0, f"a second --rebuild must work; it says: {done.stdout[-200:]}")
        rebuilt = DeskProcess(again)
        self.addCleanup(rebuilt.stop)
        found = [ticket["tags"] for ticket in rebuilt.get("/tickets?tag=vip").json["tickets"]]
        self.assertEqual(found, ["vip"], "the events must be enough to make the tags again")


if __name__ == "__main__":
    unittest.main()
