"""The drill tool on exercises, as a learner types its commands. tests/exercises_proof.py proves the exercises."""

import json
import re
import signal
import subprocess
import sys
import unittest

from drills import board, catalogue, exercises, plant
from drills.board_api import Board, show_board
from drills.exercise_check import run_exercise
from drills.exercise_commands import TEXT_FILE
from drills.learner_test import stop_runs
from drills.progress import Progress, utc_now
from tests.desk import ROOT, clean_environment
from tests.proofs.test_drill_tool import ToolTestCase
from tests.test_docs import table

NAME = "urgent_priority"
A_SUITE = """import unittest


class Suite(unittest.TestCase):
    def test_all_is_as_it_was(self):
        self.assertEqual({}, 1, "add to FILE, PLACE: a row")
"""


class Format(unittest.TestCase):
    def test_every_exercise_is_whole_and_has_a_place_of_its_own(self):
        names = exercises.names()
        orders = [exercises.load(name).ORDER for name in names]
        self.assertEqual(orders, sorted(set(orders)))
        self.assertEqual(set(names) & set(catalogue.names()), set())

    def test_every_exercise_has_two_solutions_and_a_lazy_one(self):
        for name in exercises.names():
            found = sorted(path.name for path in (exercises.SOLUTIONS / name).iterdir())
            self.assertEqual(found, ["first.diff", "lazy.diff", "second.diff"], name)

    def test_each_patch_fits_the_desk_of_today(self):
        for path in sorted(exercises.SOLUTIONS.glob("*/*.diff")):
            command = ["git", "apply", "--check", str(path)]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
            self.assertEqual((done.returncode, done.stderr), (0, ""), path)

    def test_the_table_of_the_readme_has_every_exercise(self):
        parts = [(name, exercises.load(name)) for name in exercises.names()]
        there = [[f"`{name}`", "*" * one.STARS, catalogue.symptom(one)] for name, one in parts]
        self.assertEqual(table("The exercises"), there)

    def test_the_tests_of_exercises_are_no_tests_of_the_desk(self):
        found = unittest.TestLoader().discover(str(ROOT / "drills"), top_level_dir=str(ROOT))
        self.assertEqual(found.countTestCases(), 0)

    def test_a_half_written_exercise_is_named_with_what_it_lacks(self):
        exercise = exercises.load(NAME)
        hints, exercise.HINTS = exercise.HINTS, ("one",)
        self.addCleanup(setattr, exercise, "HINTS", hints)
        with self.assertRaisesRegex(catalogue.DrillError, "missing or wrong: HINTS"):
            exercises.load(NAME)


class ExerciseToolTest(ToolTestCase):
    @property
    def copy(self):
        return self.copies_dir / NAME

    def entry(self):
        return Progress(self.copies_dir).entry(NAME)

    def start(self, patch="", suite_is_red=False):
        """Start the exercise, apply a patch, and make the copy's suite a short one."""
        self.assertEqual(self.call("start", NAME), 0, self.errors)
        if patch:
            path = exercises.SOLUTIONS / NAME / patch
            subprocess.run(["git", "apply", str(path)], cwd=self.copy, check=True, capture_output=True)
        for path in self.copy.glob("tests/test_*.py"):
            if path.name != exercises.TEST:
                path.write_text('"""A module of the suite, without its tests."""\n', encoding="utf-8")
        text = A_SUITE if suite_is_red else A_SUITE.replace("{}, 1", "1, 1")
        (self.copy / "tests" / "test_suite.py").write_text(text, encoding="utf-8")

    def row(self):
        self.call("list")
        return re.search(rf"^{NAME} .*", self.output, re.M)[0].split()


class Start(ExerciseToolTest):
    def test_start_makes_a_clean_copy_with_the_text_and_the_tests_of_the_exercise(self):
        self.assertEqual(self.call("start", NAME), 0)
        exercise = exercises.load(NAME)
        for text in (catalogue.symptom(exercise), exercise.CONTRACT.strip(), "python3 app.py", *exercise.FILES):
            self.assertIn(text, self.output)
        self.assertIn(f"next: python3 -m drills check {NAME}", self.output)
        self.assertTrue(plant.is_clean(self.copy))
        self.assertIn(exercise.CONTRACT.strip(), (self.copy / TEXT_FILE).read_text("utf-8"))
        test = (self.copy / "tests" / exercises.TEST).read_bytes()
        self.assertEqual(test, exercises.test_of(exercise).read_bytes())
        for name in (plant.BUG_MODE_FILE, "tests/solutions", "tests/exercises_proof.py", "drills"):
            self.assertFalse((self.copy / name).exists(), name)

    def test_a_second_start_keeps_the_changes(self):
        self.call("start", NAME)
        (self.copy / "schema.sql").write_text("-- mine", encoding="utf-8")
        self.assertEqual(self.call("start", NAME), 0)
        self.assertIn("This copy was there already, with your changes.", self.output)
        self.assertEqual((self.copy / "schema.sql").read_text("utf-8"), "-- mine")

    def test_the_board_has_the_exercises_as_a_path_of_their_own(self):
        self.call("list")
        path = self.output.split("what to build")[1]
        self.assertEqual([line.split()[0] for line in path.splitlines()[1:-2]], exercises.names())
        self.assertIn(f"start {exercises.names()[0]}", self.output)

    def test_reset_sets_the_copy_aside(self):
        self.call("start", NAME)
        self.assertEqual(self.call("reset", NAME, "--yes"), 0)
        self.assertIn(f"next: python3 -m drills start {NAME}", self.output)
        self.assertFalse(self.copy.exists())
        self.assertEqual(self.row()[2], "new")


class Messages(ExerciseToolTest):
    """What a learner reads of tests that fail."""

    def change(self, file, old, new):
        path = self.copy / file
        text = path.read_text("utf-8")
        self.assertEqual(text.count(old), 1)
        path.write_text(text.replace(old, new), encoding="utf-8")

    def test_tests_that_fail_for_one_reason_are_one_line_with_their_number(self):
        self.start()
        self.call("check", NAME)
        self.assertEqual(self.output.count("'urgent' is not a valid choice"), 1)
        self.assertRegex(self.output, r"✗ a ticket can be created as urgent: .* \(and 4 more tests like it\)\n")
        self.call("check", NAME, "--json")
        self.assertEqual(len(json.loads(self.output)["tests"]), 9)

    def test_the_cases_of_one_test_are_one_line(self):
        self.start("first.diff")
        indent = "\n" + 12 * " "
        cases = f"for case in range(40):{indent}with self.subTest(case):{indent}    self.assertEqual(case, 40)"
        test = A_SUITE.replace('self.assertEqual({}, 1, "add to FILE, PLACE: a row")', cases)
        (self.copy / "tests" / "test_suite.py").write_text(test, encoding="utf-8")
        self.assertEqual(self.call("check", NAME), 1)
        found = [line for line in self.output.splitlines() if "test_all_is_as_it_was" in line]
        self.assertEqual(len(found), 1, found)
        self.assertIn("(and 39 more cases like it)", found[0])

    def test_the_traceback_of_a_desk_that_answers_500_is_the_end_of_the_message(self):
        self.start("first.diff")
        line = "    ticket = context.store.add_ticket(request.caller, *with_suggestions(request.fields))\n"
        self.change("app.py", line, f'{line}    ticket["nothing"]\n')
        self.assertEqual(self.call("check", NAME), 1)
        first = "✗ a ticket can be created as urgent: seen: 500 instead of 201; next: "
        last = r"  \|     ticket\[\"nothing\"\]\n  \| KeyError: 'nothing'\n"
        self.assertRegex(self.output, rf"{first}.*\n(  \| .*\n)+{last}")
        self.assertRegex(self.output, r'  \|   File "app.py", line \d+, in create_ticket\n')
        self.assertEqual(self.output.count("KeyError: 'nothing'"), 1)
        self.assertNotIn("request id", self.output)

    def test_a_row_of_the_settings_that_was_pasted_is_not_asked_for_again(self):
        self.call("start", "urgent_priority")
        debug = '        Setting("debug", ("DEBUG",),'
        self.change("web/settings.py", debug, f'        Setting("most", ("MOST",), "", str, "as `100/60`"),\n{debug}')
        row = re.search(r"add to web/README\.md, section Settings: (.*)", self.settings_test())[1]
        page = self.copy / "web" / "README.md"
        wrong = "| `--most` | `MOST` | 5 | as"
        page.write_text(page.read_text("utf-8").replace("| `--debug`", f"{wrong}\n| `--debug`"), "utf-8")
        remove = "remove from web/README.md, section Settings, the row: | --most | MOST | 5 |"
        self.assertIn(remove, self.settings_test())
        page.write_text(page.read_text("utf-8").replace(wrong, row), "utf-8")
        self.assertIn("\nOK\n", self.settings_test())

    def settings_test(self):
        words = [sys.executable, "-m", "unittest", "tests.test_docs", "-k", "settings_table"]
        options = {"env": clean_environment(), "capture_output": True, "text": True, "encoding": "utf-8"}
        return subprocess.run(words, cwd=self.copy, **options).stderr

    def test_each_result_comes_as_soon_as_it_is_known(self):
        self.start()
        came = []
        outcome = run_exercise(exercises.load(NAME), self.copy, report=lambda one: (came.append(one), stop_runs()))
        self.assertIn(came[0]["status"], ("pass", "fail"))
        self.assertLess(len(came), 9)
        self.assertEqual((outcome.tests, outcome.result), (came, "NO"))
        self.assertIn("before the tests were done", outcome.problem)

    def test_one_test_alone_is_a_command_that_runs_it(self):
        self.start()
        self.assertIn("-k PART_OF_ITS_NAME), with _ for each blank", self.output)
        self.call("check", NAME)
        command = re.search(r"One test alone: \(cd (.*) && python3 (.*)\)\n", self.output)
        words = [sys.executable, *command[2].split()]
        done = subprocess.run(words, cwd=command[1], capture_output=True, text=True, encoding="utf-8", timeout=60)
        self.assertRegex(done.stderr, r"promised: a ticket can be created as urgent; (.*\n)+Ran 1 test ")


class Check(ExerciseToolTest):
    def test_a_clean_copy_is_told_what_is_missing(self):
        self.start()
        self.assertEqual(self.call("check", NAME), 1)
        self.assertTrue(self.output.endswith("\nNO\n"))
        self.assertRegex(self.output, r"✗ a ticket can be created as urgent: seen: 400 .* instead of 201; next: ")
        self.assertRegex(self.output, r"✓ other words decide as before\n")
        self.assertIn("2 of 9 tests pass", self.output)
        self.assertEqual(self.row()[2:4], ["started", "2/9"])

    def test_a_solution_passes_and_with_a_green_suite_it_is_solved(self):
        self.start("first.diff")
        self.assertEqual(self.call("check", NAME, "--quick"), 0, self.output)
        self.assertEqual(self.row()[2:4], ["passes", "9/9"])
        self.assertIn(f"check {NAME}", self.output)
        self.assertEqual(self.call("check", NAME), 0, self.output)
        self.assertIn("✓ all 1 tests of the copy pass", self.output)
        self.assertIn("Solved: it does what is promised, and everything else is as it was.", self.output)
        self.assertEqual(self.row()[2:4], ["solved", "9/9"])
        self.assertFalse(list(self.copy.glob("*.sqlite3*")))
        self.what_comes_next_is_an_exercise()
        self.a_later_no_shows_beside_solved()
        self.solved_counts_only_with_its_evidence()

    def what_comes_next_is_an_exercise(self):
        following = f"python3 -m drills start {exercises.names()[1]}"
        for command in ("hint", "reveal"):
            self.call(command, NAME)
            self.assertIn(following, self.output.splitlines()[-1])
            self.assertNotIn("start next", self.output)

    def a_later_no_shows_beside_solved(self):
        path = self.copy / "llm.py"
        text = path.read_text("utf-8")
        path.write_text("", encoding="utf-8")
        self.assertEqual(self.call("check", NAME), 1)
        self.assertEqual(self.row()[2:6], ["solved,", "the", "copy", "fails"])
        path.write_text(text, encoding="utf-8")
        self.assertEqual(self.call("check", NAME), 0)
        self.assertEqual(self.row()[2:4], ["solved", "9/9"])

    def solved_counts_only_with_its_evidence(self):
        path = self.copies_dir / "progress.json"
        facts = json.loads(path.read_text("utf-8"))
        facts["drills"][NAME]["fix"] = "a" * 64
        path.write_text(json.dumps(facts), encoding="utf-8")
        self.assertEqual(self.row()[2], "passes")
        self.assertIn(f"{NAME}: progress.json says that it is solved, but has no evidence", self.errors)

    def test_a_solution_that_breaks_the_suite_is_told_what_and_is_not_solved(self):
        self.start("first.diff", suite_is_red=True)
        self.assertEqual(self.call("check", NAME), 1)
        self.assertIn("test_all_is_as_it_was: AssertionError: ", self.output)
        self.assertIn("✗ 1 of the copy's 1 own tests fail", self.output)
        self.assertTrue(self.output.endswith("\nNO\n"))
        self.assertEqual(self.row()[2:4], ["started", "9/9"])

    def test_ctrl_c_stops_the_suite_at_once_and_keeps_what_passed(self):
        self.start("first.diff")
        endless = A_SUITE.replace("self.assertEqual({}, 1,", "__import__('threading').Event().wait(300) or self.fail(")
        (self.copy / "tests" / "test_suite.py").write_text(endless, encoding="utf-8")
        process = self.tool("check", NAME)
        said = iter(process.stdout.readline, "")
        self.assertTrue(any("Is everything else as it was?" in line for line in said))
        process.send_signal(signal.SIGINT)
        status, _, errors = self.finish(process)
        self.assertEqual(status, 2)
        self.assertIn(f"stopped; that the tests of the exercise pass is kept, `python3 -m drills check {NAME}`", errors)
        self.assertEqual(self.row()[2], "passes")

    def test_a_module_of_the_suite_that_is_deleted_is_named(self):
        self.start("first.diff")
        (self.copy / "tests" / "test_docs.py").unlink()
        self.assertEqual(self.call("check", NAME), 1)
        self.assertIn("✗ tests/test_docs.py is gone: put it back", self.output)

    def test_a_copy_that_does_not_start_is_a_no_with_the_reason(self):
        self.start()
        (self.copy / "app.py").write_text("def main(:\n", encoding="utf-8")
        self.assertEqual(self.call("check", NAME), 1)
        self.assertRegex(self.output, r"✗ the tests do not run: .*SyntaxError: .*\(app\.py, line 1\)")
        self.assertEqual(self.row()[3], "0/?")

    def test_a_wrong_schema_is_told_at_once(self):
        self.start()
        text = (self.copy / "schema.sql").read_text("utf-8")
        (self.copy / "schema.sql").write_text(text.replace("'critical')", "'critical'"), encoding="utf-8")
        self.assertEqual(self.call("check", NAME), 1)
        self.assertIn("Unusable: cannot read schema.sql", self.output)

    def test_json_has_the_same_members_as_for_a_drill(self):
        self.start()
        self.assertEqual(self.call("check", NAME, "--json"), 1)
        facts = json.loads(self.output)
        self.assertEqual((facts["name"], facts["verdict"], facts["state"]), (NAME, "NO", "started"))
        self.assertEqual({test["status"] for test in facts["tests"]}, {"pass", "fail"})
        self.assertEqual([stage["status"] for stage in facts["stages"]], ["fail"])


class OtherCommands(ExerciseToolTest):
    def test_a_command_that_an_exercise_lacks_is_refused_with_what_to_do(self):
        self.call("start", NAME)
        own = f"its own tests judge your change; type python3 -m drills check {NAME}"
        self.assert_refused("test", NAME, "x.py", message=own)
        self.assert_refused("log", NAME, message=f"there is no bug to log; python3 -m drills hint {NAME} helps")

    def test_hints_come_one_by_one_and_are_counted(self):
        hints = exercises.load(NAME).HINTS
        for number, text in enumerate(hints, 1):
            self.call("hint", NAME)
            self.assertIn(f"Hint {number} of {len(hints)}: {text}", self.output)
        self.assertEqual(self.entry()["hints"], len(hints))

    def test_reveal_shows_two_solutions_and_why_after_giving_up(self):
        self.assertEqual(self.call("reveal", NAME), 1)
        self.assertEqual(self.call("reveal", NAME, "--give-up"), 0)
        exercise = exercises.load(NAME)
        for text in (*exercises.solutions_of(exercise).values(), exercise.EXPLANATION):
            self.assertIn(text.strip(), self.output)
        self.assertEqual(self.row()[2:5], ["new,", "gave", "up"])

    def test_an_unknown_name_gets_the_exercises_too(self):
        self.assert_refused("start", "urgent_priorty", message=f"did you mean {NAME}?")


class Exports(ExerciseToolTest):
    def exported(self):
        self.call("export")
        return json.loads(self.output)

    def class_state(self, facts):
        """The student's state of the exercise, as `class` shows it; None if the file is left out."""
        path = self.copies_dir.parent / "ann.json"
        path.write_text(json.dumps(facts), encoding="utf-8")
        self.call("class", str(path), "--drill", NAME)
        found = re.search(r"^\| ann +\| (.*?) +\|", self.output, re.M)
        return found and found[1]

    def test_an_export_has_the_exercises_beside_the_drills(self):
        self.call("start", NAME)
        self.call("hint", NAME)
        facts = self.exported()
        self.assertEqual(list(facts["exercises"]), exercises.names())
        self.assertEqual(set(facts["drills"]), set(board.rows(self.copies_dir)))
        self.assertEqual((facts["exercises"][NAME]["state"], facts["exercises"][NAME]["hints"]), ("started", 1))

    def test_a_later_no_is_on_the_board_and_not_in_the_class_table(self):
        progress = Progress(self.copies_dir)
        facts = {"verdict": "OK", "stages": "OK", "fix": "a" * 64, "test": "b" * 64}
        progress.record(NAME, started=utc_now(), tested=utc_now(), **facts)
        progress.record(NAME, verdict="NO", stages="")
        self.call("list")
        self.assertRegex(self.output, rf"(?m)^{NAME} .* solved, the copy fails now ")
        first = show_board(Board(self.copies_dir))["exercises"][0]
        self.assertEqual((first["state"], first["marks"]), ("solved", ["the copy fails now"]))
        self.assertEqual(self.class_state(self.exported()), "solved")
        self.assertNotIn("fails now", self.output)

    def test_an_export_can_be_written_in_any_encoding(self):
        self.call("export")
        self.assertTrue(self.output.isascii())

    def test_the_class_table_has_them_and_takes_older_exports(self):
        self.call("start", NAME)
        facts = self.exported()
        self.assertEqual(self.class_state(facts), "started")
        facts["exercises"][NAME]["state"] = "solved"
        self.assertEqual(self.class_state(facts), "not proven")
        facts["exercises"] = ["x"]
        self.assertIsNone(self.class_state(facts))
        self.assertIn("this is not an export", self.errors)
        del facts["exercises"]
        self.assertEqual(self.class_state(facts), "new")


if __name__ == "__main__":
    unittest.main()
