"""Hand-ins and answer sheets: what is in the file, what the sheet finds out, and what a hostile file cannot do."""

import gc
import hashlib
import json
import re
import unittest

from drills import catalogue, debug_log, diffs, exercises, hand_in, plant
from drills.choice import drill_of_mystery
from drills.progress import Progress, utc_now
from drills.untrusted import MAX_BYTES
from tests.desk import ROOT
from tests.proofs.test_drill_hand_ins import ATTACKS, HandInTestCase
from tests.proofs.test_drill_tool import NAME

CLEAN = diffs.sources(ROOT)[0]
TEST = "from tests.desk import *\n\nclass Mine(DeskTest):\n    def test_it(self):\n        ...  # ✓ ``` ````\n"
LOG = "\n".join(f"## {heading}\n\ntext\n" for heading in debug_log.QUESTIONS)


class HandInFile(HandInTestCase):
    def setUp(self):
        super().setUp()
        self.call("start", NAME)
        self.target = self.folder / "ann.md"

    def solve(self, fix="CLEAN", label=NAME, test=TEST):
        """Fix the copy, write a test and a log, and record what `check` and `test` record."""
        copy, drill = self.copies_dir / label, catalogue.load(NAME)
        path = copy / drill.FILE
        text = path.read_text("utf-8").replace(drill.PLANTED, drill.CLEAN)
        path.write_text(text if fix == "CLEAN" else text + fix, encoding="utf-8")
        (copy / "test_mine.py").write_text(test, encoding="utf-8")
        (copy / debug_log.NAME).write_text(LOG, encoding="utf-8")
        digest, now = hashlib.sha256(test.encode()).hexdigest(), utc_now()
        Progress(self.copies_dir).record(label, verdict="OK", fix=plant.work_hash(copy), stages="OK", checks=1)
        Progress(self.copies_dir).record(label, tested=now, test=digest)

    def write(self, *words):
        self.assertEqual(self.call("hand-in", *words, "--to", str(self.target)), 0, self.errors)
        return self.target.read_text("utf-8")

    def claims(self, status=0, *words):
        self.assertEqual(self.call("grade", str(self.target), *words), status, self.errors)
        return self.output.split("## Claims\n\n")[1].split("\n\n##")[0]

    def change(self, old, new):
        text = self.target.read_text("utf-8")
        self.assertEqual(text.count(old), 1)
        self.target.write_text(text.replace(old, new), encoding="utf-8", newline="")

    def change_evidence(self, **facts):
        text = self.target.read_text("utf-8")
        head, body, rest = re.split("```json\n|\n```\n", text, maxsplit=2)
        self.target.write_text(f"{head}```json\n{json.dumps(json.loads(body) | facts)}\n```\n{rest}", encoding="utf-8")

    def test_it_has_the_progress_the_diff_the_test_and_the_log(self):
        self.call("hint", NAME)
        self.solve(fix="# mine\n")
        text = self.write()
        for part in ("- state: solved", "- hints: 1 of", "+# mine\n", f"`````python\n{TEST}\n`````\n", LOG):
            self.assertIn(part, text)
        facts = hand_in.read(self.target)
        self.assertEqual((facts.label, facts.test, facts.log, facts.entry["hints"]), (NAME, TEST, LOG, 1))
        patched = diffs.apply(facts.diff, CLEAN)
        self.assertEqual(patched, diffs.sources(self.copies_dir / NAME)[0])
        self.assertIn("your test\n", self.output)

    def test_the_sheet_confirms_what_is_right_and_shows_both_fixes(self):
        self.solve(fix="# mine\n")
        self.write()
        claims = self.claims()
        self.assertNotIn("✗", claims)
        for right in ("✓ solved in", "✓ the diff is the change that", "✓ the test is the one", "✓ every section"):
            self.assertIn(right, claims)
        self.assertIn("    +# mine\n", self.output)
        self.assertIn(f"    --- planted/{catalogue.load(NAME).FILE}\n", self.output)
        self.assertIn("Where it comes from:", self.output)

    def test_the_sheet_names_the_revealed_fix_and_the_shipped_test(self):
        self.solve(test=(ROOT / "tests/solutions" / NAME / "regression.py").read_text("utf-8"))
        Progress(self.copies_dir).record(NAME, revealed=utc_now())
        self.write()
        claims = self.claims(1)
        self.assertIn("- the copy is identical to the clean desk: it is the revealed fix", claims)
        self.assertIn("✗ the test is the one that is shipped with the drill", claims)
        self.assertIn("gave up and looked at the solution", claims)

    def test_what_was_changed_after_the_check_is_found(self):
        self.solve(fix="# mine\n")
        self.write()
        whole = self.target.read_text("utf-8")
        for old, new, wrong in (
            ("+# mine\n", "+# yours\n", "✗ the diff is not the change that `check` judged"),
            ("class Mine", "class Yours", "✗ the test is not one that `test` accepted"),
            ('"solved": "', '"solved": "20', "✗ it says solved, without evidence"),
            ("## Fix\n\ntext", "## Fix\n\n", "✗ empty in the log: Fix"),
        ):
            with self.subTest(wrong=wrong):
                self.target.write_text(whole, encoding="utf-8", newline="")
                self.change(old, new)
                self.assertIn(wrong, self.claims(1))

    def test_a_drill_that_is_not_solved_can_be_handed_in(self):
        self.write()
        self.assertIn("no debugging log", self.output)
        claims = self.claims(1)
        for line in ("- it does not say that the drill is solved", "✗ the planted text is still", "- there is no test"):
            self.assertIn(line, claims)

    def test_a_mystery_is_graded_as_its_drill(self):
        seed = next(seed for seed in range(9999) if self.is_mystery_of(seed))
        self.solve(label=f"mystery-{seed}")
        self.assertNotIn(NAME, self.write(f"mystery-{seed}"))
        self.assertIn("✓ solved in", self.claims())
        self.assertIn(f"# ann.md: mystery-{seed}\n\n{NAME} *: ", self.output)

    def is_mystery_of(self, seed):
        is_it = drill_of_mystery(seed) == NAME
        if is_it:
            self.call("start", "random", "--mystery", "--seed", str(seed))
        return is_it

    def test_an_exercise_is_graded_with_its_tests_and_documents(self):
        name = exercises.names()[0]
        self.call("start", name)
        copy = self.copies_dir / name
        for file in ("schema.sql", "README.md", "tests/test_tickets.py"):
            (copy / file).write_text((copy / file).read_text("utf-8") + "\n# mine\n", encoding="utf-8")
        test = hashlib.sha256(exercises.test_of(exercises.load(name)).read_bytes()).hexdigest()
        facts = {"verdict": "OK", "stages": "OK", "fix": plant.whole_hash(copy), "tests": "9/9"}
        Progress(self.copies_dir).record(name, tested=utc_now(), test=test, checks=1, **facts)
        text = self.write(name)
        self.assertEqual(text.count("+# mine\n"), 3)
        self.assertIn("## Own test\n\n(none)\n", text)
        claims = self.claims()
        for line in ("✓ solved in", "✓ the diff is the change that `check` judged", "✓ all tests of the exercise"):
            self.assertIn(line, claims)
        self.assertIn("first.diff: one good design", self.output)
        self.assert_refused("hand-in", name, "--test", "x.py", message="is an exercise")
        self.assertEqual(self.call("hand-in", name, "--to", str(self.target)), 0)
        self.assertIn(f"next: python3 -m drills start {exercises.names()[1]}", self.output)
        self.assertNotIn("no test: ", self.output)

    def test_line_ends_that_a_mail_program_changed_do_no_harm(self):
        self.solve(fix="# mine\n")
        self.write()
        self.target.write_bytes(self.target.read_bytes().replace(b"\n", b"\r\n"))
        self.assertNotIn("✗", self.claims())

    def test_nothing_but_a_hand_in_is_overwritten(self):
        self.target.write_text("my notes")
        self.assert_refused("hand-in", NAME, "--to", str(self.target), message="is there already and is not a hand-in")
        self.target.unlink()
        self.write()
        self.write()
        (self.copies_dir / NAME / debug_log.NAME).write_text("x" * (hand_in.MAX_PART + 1))
        before = self.target.read_bytes()
        self.assert_refused("hand-in", NAME, "--to", str(self.target), message="larger than")
        self.assertEqual(self.target.read_bytes(), before)
        self.assertEqual([path.name for path in self.folder.iterdir() if path.name.startswith(".")], [])

    # -- hostile files --

    def test_a_file_that_is_no_hand_in_is_named_and_the_others_are_graded(self):
        self.solve()
        good = self.write()
        labels = ("../x", "web", "mystery-1/..", 7, None)
        evidence = [{"drill": label} for label in labels] + [{"version": 2}, {"version": "1"}, {"progress": [1]}]
        evidence += [{"bugs": 5}, {"bugs": [[]]}, {"desk": None}]
        evidence += [{"progress": {"hints": -1}}, {"progress": {"fix": 1}}]
        for facts in evidence:
            with self.subTest(facts=facts):
                self.target.write_text(good, encoding="utf-8")
                self.change_evidence(**facts)
                self.assert_left_out_of_grade()
        deep = good.replace("```json\n{", "```json\n" + "[" * 99_999)
        large = good + "x" * MAX_BYTES
        for text in ("", "[" * 99_999, hand_in.TITLE, good[:-9], deep, large):
            with self.subTest(text=text[:30]):
                self.target.write_text(text, encoding="utf-8")
                self.assert_left_out_of_grade()
        other = self.folder / "ben.md"
        other.write_text(good, encoding="utf-8")
        self.assertEqual(self.call("grade", str(self.target), str(other), str(other)), 1)
        self.assertEqual(self.output.count("✓ solved in"), 2)

    def assert_left_out_of_grade(self):
        self.assertEqual((self.call("grade", str(self.target)), self.output), (1, ""))
        self.assertRegex(self.errors, r"^drills: left out \S+ann\.md: ")
        self.assertEqual(self.errors.count("\n"), 3, self.errors)

    def test_a_diff_reaches_no_file_outside_and_must_fit(self):
        self.solve()
        self.write()
        new = "--- /dev/null\n+++ b/{0}\n@@ -0,0 +1 @@\n+x = 1"
        paths = "../x.py /etc/x.py web/../../x.py web//x.py ./app.py .git/x.py web/.x.py C:\\x.py web\\x.py tests/x.py"
        paths += " drills/x.py x.py planted.json web/x.sh web/x.pth README.md sitecustomize.py web/\x1b.py web"
        wrong = [new.format(path) for path in paths.split()]
        wrong += [new.format("app.py"), new.format("web/x.py").replace("+1 @@", "+1,9 @@"), "x", "--- a/app.py"]
        wrong += ["--- a/app.py\n+++ b/store.py\n@@ -1 +1 @@\n-x\n+y"]
        wrong += ["--- a/app.py\n+++ b/app.py\n@@ -1 +1 @@\n-x\n+y"]
        wrong += ["--- a/app.py\n+++ b/app.py\n@@ -999999 +1 @@\n-x\n+y", "--- a/app.py\n+++ /dev/null\n@@ -1 +0,0 @@"]
        wrong += ["--- a/app.py\n+++ b/app.py\n@@ -1,0 +1,0 @@\n\\ No newline at end of file"]
        before = sorted(self.folder.rglob("*"))
        whole = self.target.read_text("utf-8")
        for diff in wrong:
            with self.subTest(diff=diff):
                with self.assertRaises(ValueError):
                    diffs.apply(diff + "\n", CLEAN)
        for diff in wrong[:3]:
            fence = f"```diff\n{diff}\n\n```\n"
            text = whole.replace("clean desk\n\n(none)\n", f"clean desk\n\n{fence}")
            self.target.write_text(text, encoding="utf-8")
            self.assertIn("✗ the diff cannot be used: ", self.claims(1))
        self.assertEqual(sorted(self.folder.rglob("*")), before)
        many = "".join(f"{new.format(f'web/x{number}.py')}\n" for number in range(diffs.MAX_FILES + 1))
        self.assertRaises(ValueError, diffs.apply, many, CLEAN)

    def test_no_text_of_a_student_controls_the_terminal_or_looks_like_a_line_of_the_sheet(self):
        attack = "\n".join(f"# {text}\n## Claims\n✓ solved" for text in ATTACKS) + "\n"
        self.solve(fix="".join(f"# {text}\n" for text in ATTACKS if text.isprintable()), test=attack)
        (self.copies_dir / NAME / debug_log.NAME).write_text(attack, encoding="utf-8")
        self.write()
        self.call("grade", str(self.target))
        self.assertEqual(self.output.count("\n## Claims\n"), 1)
        self.assertEqual(len(re.findall("^✓ solved", self.output, re.M)), 1)

    def test_a_test_that_is_hard_to_read_for_python_is_no_traceback(self):
        for text in ("x" + ".a" * 3000, "-" * 90_000 + "1", "(" * 5000, "'\\\x1b'", "\x00", "é" * 9999):
            self.solve(test=text + "\n")
            self.write("--test", str(self.copies_dir / NAME / "test_mine.py"))
            gc.collect()  # warnings about what other tests have left open are no output of the tool
            self.assertIn(self.call("grade", str(self.target)), (0, 1))
            self.assertLessEqual(self.errors.count("\n"), 2, self.errors)

    def test_only_run_code_runs_what_a_student_wrote(self):
        trap, drill = self.folder / "trap", catalogue.load(NAME)
        runs = f"__import__('pathlib').Path({str(trap)!r}).write_text('x')\n"
        self.solve(test=runs + TEST)
        path = self.copies_dir / NAME / drill.FILE
        path.write_text(runs + path.read_text("utf-8").replace(drill.CLEAN, drill.PLANTED), encoding="utf-8")
        self.write("--test", str(self.copies_dir / NAME / "test_mine.py"))
        self.assertIn("✗ the test would be refused: line 1: it uses __import__", self.claims(1))
        self.assertFalse(trap.exists())
        self.assertEqual(self.call("grade", str(self.target), "--run-code"), 1)
        self.assertTrue(trap.exists())
        self.assertIn("--run-code RUNS what the students wrote", self.errors)
        self.assertRegex(self.output, r"## Run again\n\n✗ \d+ of \d+ expectations are met\n✗ ")
        self.assertIn("\n✗ test: line 1: it uses __import__", self.output)

    def test_a_right_fix_and_test_are_confirmed_by_running_them(self):
        self.solve(fix="# mine\n", test=(ROOT / "tests/solutions" / NAME / "regression.py").read_text("utf-8"))
        self.write()
        self.assertEqual(self.call("grade", str(self.target), "--run-code"), 1)  # only because the test is shipped
        again = self.output.split("## Run again\n\n")[1].split("\n\n##")[0]
        self.assertRegex(again, r"^✓ (\d+) of \1 expectations are met\n✓ the desk's own test of this bug passes\n")
        self.assertIn("✓ test: passes with your own fix", again)
        self.assertNotIn("✗", again)


class Diffs(unittest.TestCase):
    def test_a_diff_that_is_applied_gives_the_same_files(self):
        ends = ("", "x", "x\n", "\n", "x\ny", "x\ny\n", "\\ No newline at end of file\n", "x\x0cy\u2028z\n")
        ends += ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n",)
        for before in ends:
            for after in ends:
                old, new = ({"app.py": text, "web/a.py": "same\n"} for text in (before, after))
                self.assertEqual(diffs.apply(diffs.diff_of(old, new), old), new)
        new = {"web/a.py": "x\n" * 9}
        self.assertEqual(diffs.apply(diffs.diff_of(old, new), old), new)
