"""Where two traces of one request part: what counts as a difference, and what the debugging log says about it."""

import unittest

from drills import parting, traces
from drills.parting import find_parting, settled, shortened, side_by_side


def call(name, depth=1, values=(), result="", file="app.py"):
    facts = {"depth": depth, "kind": "call", "name": name, "file": file, "line": 1, "text": "", "result": result}
    return {**facts, "values": [list(pair) for pair in values]}


def sql(words, depth=2, values=(), rows=0, changed=0, failure=None, plan=()):
    step = {**call("SQL", depth, values, file="store.py"), "kind": "sql", "sql": words, "rows": rows}
    return {**step, "changed": changed, "failure": failure, "plan": list(plan)}


def error(name, text, depth=2):
    return {**call(name, depth), "kind": "error", "text": text}


def traced(steps, method="POST", path="/tickets", status=201, body="{}", text="a tree"):
    trace = {"method": method, "path": path, "protocol": "HTTP/1.1", "status": status, "steps": steps}
    return traces.Traced(trace, text, {"status": status, "headers": [], "body": body})


class Comparison(unittest.TestCase):
    def test_ids_times_hashes_ports_and_durations_are_no_difference(self):
        runs = (
            "id=1 2026-11-27T20:23:31.323Z 01a21ead-6afb-7709-8139-c8cd5c7bf47b bde05e52-1 127.0.0.1:33083 1 µs 7.1234",
            "id=9 2026-11-27T21:00:00.001Z 01a21eb0-f8c6-7ef3-b7d8-c8cd5c7bf000 5c1fe7a0-7 127.0.0.1:40001 2 µs 8.6543",
        )
        self.assertEqual(settled(runs[0]), settled(runs[1]))
        steps = [[call("add_ticket", values=[("at", run)], result=run), sql("SELECT 1", rows=1)] for run in runs]
        self.assertIsNone(find_parting(*steps))

    def test_counts_names_and_days_are_a_difference(self):
        for one, other in (("limit=3", "limit=4"), ("2026-11-27", "2026-11-28"), ("T00:00:00", "T12:00:00")):
            one, other = (f"2026-01-01{text}" if text[0] == "T" else text for text in (one, other))
            self.assertNotEqual(settled(one), settled(other))

    def test_the_functions_around_a_request_and_the_lines_of_functions_are_not_compared(self):
        outer = {**call("serve", 0), "kind": "stack"}
        moved = {**call("get_ticket"), "line": 7}
        self.assertIsNone(find_parting([call("get_ticket")], [outer, moved]))

    def test_a_result_counts_at_the_end_of_a_call_so_the_first_step_is_the_innermost(self):
        copy, clean = (
            [call("do_POST", result=outer), call("clean", 2, [("value", "''")], inner), call("reply", 2)]
            for outer, inner in (("Response 201", "''"), ("Response 400", ""))
        )
        found = find_parting(copy, clean)
        self.assertEqual((found.inside, found.before.text), (["do_POST", "clean"], "clean(value='')"))
        self.assertEqual(found.copy.text, "clean(value='') → ''")
        self.assertEqual(found.clean.text, f"clean(value='') → {parting.NO_RESULT}")
        self.assertEqual(copy[found.copy.step]["name"], "clean")

    def test_a_step_that_only_one_desk_takes_is_beside_no_step(self):
        both = [call("fire"), sql("UPDATE tickets SET state = ?", changed=1)]
        found = find_parting(both, [*both, sql("INSERT INTO audit_events VALUES (?)", changed=1)])
        self.assertIsNone(found.copy)
        lines = side_by_side(found)
        self.assertIn(parting.NOTHING, lines[1])
        self.assertIn("INSERT INTO audit_events", lines[2])

    def test_rows_and_failures_of_statements_are_compared(self):
        for one, other in (({"rows": 1}, {"rows": 0}), ({}, {"failure": "disk full"}), ({"values": [(1, "2")]}, {})):
            self.assertIsNotNone(find_parting([sql("SELECT 1", **one)], [sql("SELECT 1", **other)]))

    def test_other_words_of_a_statement_are_no_other_behaviour_but_a_place(self):
        copy, clean = [sql("SELECT * FROM a", rows=1)], [sql("SELECT * FROM b", rows=1)]
        self.assertTrue(parting.behaves_alike(copy, clean))
        lines = "\n".join(side_by_side(find_parting(copy, clean)))
        self.assertIn("SELECT * FROM a", lines)
        self.assertNotIn("SELECT * FROM b", lines)

    def test_query_plans_are_compared_and_only_what_differs_is_shown(self):
        plans = [["SCAN b", "SEARCH a"], ["SEARCH b", "SEARCH a"]]
        found = find_parting(*([sql("SELECT 1", plan=plan)] for plan in plans))
        self.assertEqual(side_by_side(found, tuple(plans))[-2:], ["copy      plan: SCAN b", "clean     plan: SEARCH b"])

    def test_an_exception_is_named_where_a_call_ends_with_it(self):
        raises = [call("do_GET"), call("row", 2), call("refuse", 1), error("NotFound", "no ticket 7", 1)]
        found = find_parting([call("do_GET"), call("row", 2, result="7")], raises)
        self.assertEqual(found.clean.text, "row() → raises NotFound: no ticket 7")

    def test_a_long_step_is_shown_from_the_value_that_differs_on(self):
        values = [("ticket", "x" * 200), ("data", "{}")]
        copy, clean = call("_append", values=values), call("_append", values=[*values[:1], ("data", "{1}")])
        lines = side_by_side(find_parting([copy], [clean]))
        self.assertIn("_append(…, data={}) ", lines[0])
        self.assertIn("_append(…, data={1}) ", lines[1])
        self.assertLessEqual(max(map(len, lines)), parting.WIDTH)


class Text(unittest.TestCase):
    def test_a_long_trace_keeps_its_start_its_end_and_the_step_where_it_parts(self):
        steps = [call(f"f{number}") for number in range(200)]
        tree = "\n".join(["POST /tickets", "", *(step["name"] for step in steps)])
        lines, left_out = shortened(tree, steps, 150)
        self.assertLessEqual(len(lines), parting.MOST_LINES)
        self.assertLessEqual({"POST /tickets", "f0", "f149", "f150", "f199"}, set(lines))
        gaps = [int(line.split()[1]) for line in lines if "left out" in line]
        self.assertEqual(sum(gaps), left_out)
        self.assertEqual(len(lines) - len(gaps) + left_out, 202)
        self.assertEqual(shortened("a\nb\n", steps, None), (["a", "b"], 0))

    def test_the_failing_request_is_the_last_with_another_answer_and_the_parting_may_be_earlier(self):
        same, silent = traced([call("a")]), [traced([sql("SELECT 1", rows=rows)], path="/x") for rows in (1, 2)]
        last = [traced([call("b")], "GET", body=body) for body in ("[1]", "[2]")]
        text = traces.describe([same, silent[0], last[0]], [same, silent[1], last[1]])
        self.assertIn("The trace of `GET /tickets`, traced request 3 of 3:\n\n```\na tree\n```", text)
        self.assertIn("part in an earlier request, `POST /x`, traced request 2 of 3", text.replace("\n", " "))
        self.assertRegex(text, r"(?m)^copy +SQL SELECT 1 → 1 row +store.py:1$")

    def test_requests_in_another_order_are_compared_with_their_like(self):
        one, other = traced([call("a")], path="/tickets/1/draft"), traced([call("b")], path="/tickets/classify")
        self.assertIn("takes the same steps", traces.describe([one, other], [other, one]))

    def test_a_request_that_only_the_clean_desk_gets_is_named(self):
        one, more = traced([call("a")]), traced([call("b")], "GET", "/tickets/1")
        self.assertIn("Then it gets `GET /tickets/1`", traces.describe([one], [one, more]))

    def test_a_websocket_message_is_called_one(self):
        message = traced([call("a")], "DELETE", "/tickets/1/lock")
        message.trace["protocol"] = "WebSocket message"
        self.assertIn("`DELETE /tickets/1/lock (a WebSocket message)`", traces.describe([message], []))


if __name__ == "__main__":
    unittest.main()
