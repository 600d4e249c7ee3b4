"""Files that another person wrote: no export, progress file, copy or name of a file harms the one who reads it."""

import json
import os
import re
import sqlite3
import unittest
from contextlib import closing
from pathlib import Path

from drills import catalogue, debug_log, exercises, exports, faults, plant, progress
from drills.judge import Verdict
from drills.lab import RecordedRequest
from drills.learner_test import judge_test
from drills.progress import MAX_ENTRIES, Progress, utc_now
from tests.desk import ROOT
from tests.proofs.test_drill_tool import NAME, ToolTestCase

CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
ATTACKS = (  # each is a name, or part of a text
    "\x1b[2J\x1b[31mred",
    "\x1b]52;c;cm0gLXJmIH4K\x07",
    "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "\x9b31m",
    "solved\rnew",
    "new\b\b\bsolved",
    "a\n| approval_bypass | solved |",
    "a | b",
    "\u202egnp.exe\u2066",
    "\u200eleft\u200f\u061c",
    "a\u2028b\u2029c\x7f\x00",
)
NO_LABELS = ("..", ".", "", "../..", "/", "/etc", "a/b", "mystery-1/../../x", "MYSTERY-1", "mystery-", "mystery-1\n")
NO_LABELS += ("mystery-१", "mystery-²", "mystery-1234567890", "mystery--1", "set-aside", "web", f"{NAME}/")
NO_LABELS += (NAME.upper(), f"{NAME}+half_a_save")
WRONG_ROWS = (None, 1, "x", [], {}, {"state": "solved"}, {"state": ["new"], "hints": 0}, {"state": "won", "hints": 0})
WRONG_HINTS = ("1", True, -1, 1.5, None, [], float("nan"), float("inf"), 10**30)


def row(hints=0, **facts):
    return {"state": "started", "hints": hints, **facts}


class HandInTestCase(ToolTestCase):
    def setUp(self):
        super().setUp()
        self.folder = self.copies_dir.parent
        self.copies_dir.mkdir()

    def call(self, *words: str, typed: str = "") -> int:
        """As always; and whatever a command prints, no character of it controls the terminal."""
        status = super().call(*words, typed=typed)
        self.assertEqual(CONTROL.findall(self.output + self.errors), [])
        return status

    def hand_in(self, drills, name: str = "ann.json") -> str:
        """The path of a file with an export of these drills; a text is written as it is."""
        path = self.folder / name
        path.write_text(drills if isinstance(drills, str) else json.dumps({"drills": drills}), encoding="utf-8")
        return str(path)

    def save_progress(self, drills):
        (self.copies_dir / "progress.json").write_text(json.dumps({"version": 1, "drills": drills}), "utf-8")

    def rows(self, title: str) -> list[list[str]]:
        """The cells of a table that `class` printed; every row has as many as the head."""
        lines = self.output.split(f"## {title}\n\n")[1].split("\n\n")[0].splitlines()
        self.assertEqual(len({line.count("|") for line in lines}), 1, lines)
        return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]

    def assert_left_out(self, path, reason):
        self.assertEqual((self.call("class", path), self.output), (1, ""))
        problem, *more = self.errors.splitlines()
        self.assertIn(reason, problem)
        self.assertIn(Path(path).name, problem)
        self.assertEqual(len(more), 2, self.errors)  # an empty line and what to type next


class ClassTable(HandInTestCase):
    def test_only_names_of_drills_and_mysteries_are_rows_and_the_others_are_named(self):
        good = {NAME: row(1), "mystery-7": row(), "mystery-123456789": row()}
        self.assertEqual(self.call("class", self.hand_in(good | {name: row() for name in NO_LABELS + ATTACKS})), 1)
        self.assertEqual([cells[0] for cells in self.rows("Students")], ["ann"])
        names = [cells[0] for cells in self.rows("Drills and exercises")]
        self.assertEqual(names, [NAME, "mystery-123456789", "mystery-7"])
        self.assertIn(r"'', '\x1b[2J", self.errors)
        self.assertIn("only names of drills and exercises, and mystery-<number> are taken", self.errors)
        self.assertLess(len(self.errors), 1000)

    def test_a_row_with_a_wrong_type_or_number_leaves_the_file_out(self):
        for wrong in (*WRONG_ROWS, *(row(hints) for hints in WRONG_HINTS)):
            with self.subTest(wrong=wrong):
                self.assert_left_out(self.hand_in({NAME: wrong}), "this is not an export")

    def test_a_file_of_another_shape_is_left_out_in_one_line(self):
        for text in ("", "[]", "1", "null", '{"drills": []}', '{"drills"', "[" * 99_999, '{"a":' * 99_999):
            with self.subTest(text=text[:20]):
                self.assert_left_out(self.hand_in(text), "this is not an export")
        self.assert_left_out(self.hand_in('{"drills": {"%s": {"hints": %s}}}' % (NAME, "9" * 9999)), "not an export")
        (self.folder / "bytes.json").write_bytes(b"\xff\xfe\x00")
        self.assert_left_out(str(self.folder / "bytes.json"), "this is not an export")

    def test_a_file_that_is_too_large_or_has_too_many_entries_is_left_out(self):
        with open(self.folder / "large.json", "wb") as file:
            file.truncate(100_000_000)
        self.assert_left_out(str(self.folder / "large.json"), "larger than")
        many = {f"mystery-{number}": row() for number in range(exports.MAX_ROWS + 1)}
        self.assert_left_out(self.hand_in(many), "this is not an export")

    def test_what_is_no_file_is_left_out_and_never_waited_for(self):
        (self.folder / "dir.json").mkdir()
        self.assert_left_out(str(self.folder / "dir.json"), "not a file")
        if hasattr(os, "mkfifo"):
            os.mkfifo(self.folder / "pipe.json")
            self.assert_left_out(str(self.folder / "pipe.json"), "not a file")
            (self.folder / "zero.json").symlink_to("/dev/zero")
            self.assert_left_out(str(self.folder / "zero.json"), "not a file")

    @unittest.skipIf(os.name == "nt", "Windows has no such names of files")
    def test_the_name_of_a_file_forges_no_row_and_no_line(self):
        names = [text.replace("/", "_").replace("\x00", "") for text in ATTACKS]
        good = [self.hand_in({NAME: row()}, f"{name}.json") for name in names]
        bad = [self.hand_in("{}", f"{name}.txt") for name in names]
        self.assertEqual(self.call("class", *good, *bad), 1)
        self.assertEqual(len(self.rows("Students")), len(names))
        self.assertEqual([cells[0] for cells in self.rows("Drills and exercises")], [NAME])
        self.assertEqual(self.errors.count("\n"), len(names) + 2)
        self.assertEqual(self.call("class", "no/such\n\x1b[2J.json"), 1)
        self.assertEqual(self.errors.count("\n"), 3)


class ProgressFile(HandInTestCase):
    def test_an_entry_with_a_foreign_name_is_no_row_and_its_name_is_shown_harmlessly(self):
        self.save_progress({name: {"started": "x", "hints": 1} for name in NO_LABELS + ATTACKS})
        self.assertEqual(self.call("list"), 0)
        clean = self.output
        self.assertIn(r"'', '\x1b[2J", self.errors)
        self.assertIn("only names of drills and exercises, and mystery-<number> are taken", self.errors)
        self.save_progress({})
        self.call("list")
        self.assertEqual(self.output, clean)

    def test_the_texts_of_an_entry_forge_no_row(self):
        texts = [{"started": text, "reproduced": text, "name": text, "revealed": text, text: text} for text in ATTACKS]
        self.save_progress({f"mystery-{number}": entry for number, entry in enumerate(texts)} | {NAME: texts[0]})
        self.assertEqual(self.call("list"), 0)
        lines = 1 + len(catalogue.names()) + len(texts) + 2 + len(exercises.names()) + 2
        self.assertEqual(len(self.output.splitlines()), lines)
        self.assertEqual(self.call("export"), 0)
        exported = json.loads(self.output)["drills"]
        self.assertEqual(exported[NAME]["state"], "reproduced")
        self.assertEqual(exported[NAME]["started"], ATTACKS[0])
        self.assertNotIn(ATTACKS[0], exported[NAME])

    def test_odd_entries_get_one_line_and_never_a_traceback(self):
        deep = [f"{'[' * levels}{']' * levels}" for levels in (500, 900, 9000)]
        odd = ['{"hints": 1%s}' % ("0" * 30), '{"hints": NaN}', '{"solved": 1}', '{"earlier": [{"name": 1}]}', "[]"]
        odd += [form % text for text in deep for form in ('{"earlier": %s}', '{"x": %s}', '{"earlier": [{"x": %s}]}')]
        for entry in odd:
            with self.subTest(entry=entry[:40]):
                text = '{"version": 1, "drills": {"%s": %s}}' % (NAME, entry)
                (self.copies_dir / "progress.json").write_text(text, encoding="utf-8")
                self.assertEqual([self.call("list"), self.call("export"), self.call("hint", NAME)], [0, 0, 0])

    def test_a_progress_file_that_is_too_large_or_no_file_is_refused_in_one_line(self):
        path = self.copies_dir / "progress.json"
        with open(path, "wb") as file:
            file.truncate(100_000_000)
        for words in (["list"], ["export"], ["reset", "--all", "--yes"], ["start", NAME]):
            self.assert_refused(*words, message="larger than")
        self.save_progress({f"mystery-{number}": {"started": "x"} for number in range(MAX_ENTRIES + 1)})
        self.assertEqual(self.call("reset", "--all", "--yes"), 0)
        self.assertIn("nothing to reset", self.output)
        if hasattr(os, "mkfifo"):
            path.unlink()
            os.mkfifo(path)
            self.assert_refused("list", message="not a file")


class Evidence(HandInTestCase):
    """An entry or an export that says "solved" is believed only with its evidence."""

    def solve(self, label=NAME):
        progress = Progress(self.copies_dir)
        progress.record(label, started=utc_now(), verdict="OK", fix="a" * 64, stages="OK")
        progress.record(label, tested=utc_now(), test="b" * 64)
        return progress.entry(label)

    def state_of_export(self, drills):
        """(the student's state of NAME, who gave up, the hints), and in self.output what to look at."""
        self.call("class", self.hand_in(drills), "--drill", NAME)
        return self.rows("Students")[0][1:4]

    def test_solved_needs_a_fix_that_breaks_nothing_and_an_accepted_test(self):
        progress = Progress(self.copies_dir)
        progress.record(NAME, started=utc_now(), tested=utc_now(), test="b" * 64, verdict="OK", fix="a" * 64)
        self.assertEqual(self.state_of(), "fixed")
        progress.record(NAME, stages="NO")
        self.assertEqual(self.state_of(), "started")
        progress.record(NAME, stages="OK")
        self.assertEqual(self.state_of(), "solved")
        progress.record(NAME, verdict="NO", stages="", fix="c" * 64)
        self.assertEqual(self.state_of(), "solved")

    def test_solved_without_its_evidence_is_not_believed(self):
        entry = self.solve()
        self.assertEqual(self.state_of(), "solved")
        changes = [{fact: None} for fact in ("seal", "test", "fix", "tested", "started")]
        changes += [{"solved": "yesterday"}, {"solved": "2020-01-01T00:00:00Z"}, {"test": "c" * 64}]
        for change in changes:
            wrong = {fact: value for fact, value in {**entry, **change}.items() if value is not None}
            with self.subTest(change=change):
                self.save_progress({NAME: wrong, "half_a_save": {"hints": 1}})
                self.assertEqual(self.call("list"), 0)
                self.assertRegex(self.output, rf"{NAME} +\* +fixed")
                self.assertIn(f"{NAME}: progress.json says that it is solved, but has no evidence", self.errors)
        self.save_progress({"half_a_save": entry})
        self.assertEqual(self.state_of("half_a_save"), "fixed")
        self.call("hint", "half_a_save")
        self.assertEqual(self.state_of("half_a_save"), "fixed")

    def test_the_class_table_does_not_believe_it_either(self):
        entry = {**self.solve(), "state": "solved", "hints": 0}
        self.assertEqual(self.state_of_export({NAME: entry}), ["solved", "", "0"])
        for forged in ({**entry, "seal": 5}, row(2, state="solved"), self.sealed(entry)):
            self.assertEqual(self.state_of_export({NAME: forged})[0], "not proven")
            self.assertIn(f"- ann: {NAME} says solved, without evidence", self.output)

    def sealed(self, entry):
        """The entry, with a time that is none and the seal of somebody who has read how it is made."""
        entry = {**entry, "solved": f"{entry['solved'][:10]}T23:59:59Z", "started": "2026-02-31T00:00:00Z"}
        return {**entry, "seal": progress._seal(NAME, entry)}

    def test_a_drill_that_was_solved_as_a_mystery_is_proven_by_the_mystery(self):
        self.solve("mystery-7")
        Progress(self.copies_dir).record("mystery-7", name=NAME)
        self.call("export")
        exported = json.loads(self.output)["drills"]
        self.assertEqual(self.state_of_export(exported)[0], "solved")
        del exported["mystery-7"]
        self.assertEqual(self.state_of_export(exported)[0], "not proven")

    def test_the_board_and_the_class_table_say_how_a_solution_was_found(self):
        Progress(self.copies_dir).record(NAME, revealed=utc_now())
        self.call("list")
        self.assertRegex(self.output, rf"{NAME} +\* +new, gave up")
        Progress(self.copies_dir).record(NAME, identical="yes", shipped="yes")
        self.solve()
        self.call("list")
        marks = "solved, gave up, fix is the revealed one, test is the shipped one"
        self.assertRegex(self.output, rf"{NAME} +\* +{marks}")
        self.call("export")
        self.assertEqual(self.state_of_export(json.loads(self.output)["drills"]), ["solved", "yes", "0"])
        self.assertIn(f"- ann: {NAME}: fix is the revealed one, test is the shipped one", self.output)

    def test_hints_that_are_read_after_solving_are_not_counted(self):
        self.solve()
        self.assertEqual(self.call("hint", NAME), 0)
        self.assertIn(f"1. {catalogue.load(NAME).HINTS[0]}", self.output)
        self.assertNotIn("hints", Progress(self.copies_dir).entry(NAME))


class Reset(HandInTestCase):
    def test_reset_all_moves_no_entry_that_is_not_the_name_of_a_copy(self):
        (self.folder / "precious").mkdir()
        (self.copies_dir / "web").mkdir()
        self.save_progress({name: {"started": "x"} for name in ("../precious", "web", *NO_LABELS)})
        before = sorted(self.folder.rglob("*"))
        self.assertEqual(self.call("reset", "--all", "--yes"), 0)
        self.assertIn("nothing to reset", self.output)
        self.assertEqual(sorted(self.folder.rglob("*")), before)

    def test_a_word_that_is_not_the_name_of_a_copy_moves_nothing(self):
        self.save_progress({"..": {"started": "x"}})
        for word in ("..", ".", "/", "../..", "mystery-1/../../x", "mystery-१", str(ROOT)):
            self.assert_refused("reset", word, "--yes", message="there is no drill")
        self.assertTrue(self.copies_dir.exists())

    def test_reset_all_leaves_a_copy_of_another_name_alone_and_says_so(self):
        for name in ("mine", "MYSTERY-1", "mystery-१", "x\n\x1b[2J"):
            (self.copies_dir / name).mkdir()
            (self.copies_dir / name / plant.METADATA_FILE).write_text("{}")
        self.assertEqual(self.call("reset", "--all", "--yes"), 0)
        self.assertEqual(self.errors.count("is not the name of a copy"), 4)
        self.assertEqual(self.errors.count("\n"), 4)
        self.assertTrue((self.copies_dir / "mine").exists())

    @unittest.skipIf(os.name == "nt", "Windows needs a privilege for links")
    def test_a_link_out_of_the_lab_folder_is_refused_before_anything_is_moved(self):
        self.call("start", "accept_empty_title")
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / plant.METADATA_FILE).write_text("{}")
        (self.copies_dir / NAME).symlink_to(elsewhere)
        for word in ("--all", NAME):
            self.assert_refused("reset", word, "--yes", message="is a link")
        self.assertTrue((self.copies_dir / NAME).is_symlink())
        self.assertTrue((self.copies_dir / "accept_empty_title").exists())
        (self.copies_dir / NAME).unlink()
        (elsewhere / plant.METADATA_FILE).unlink()
        (self.copies_dir / plant.ASIDE).symlink_to(elsewhere)
        self.assert_refused("reset", "--all", "--yes", message="is a link")
        self.assertEqual(list(elsewhere.iterdir()), [])

    @unittest.skipIf(os.name == "nt", "Windows needs a privilege for links")
    def test_the_lab_folder_itself_may_be_a_link(self):
        self.copies_dir.rmdir()
        (self.folder / "disk").mkdir()
        self.copies_dir.symlink_to(self.folder / "disk")
        self.call("start", NAME)
        self.assertEqual(self.call("reset", "--all", "--yes"), 0)
        self.assertEqual(len(list((self.folder / "disk" / plant.ASIDE).iterdir())), 1)


class CopyOfALearner(HandInTestCase):
    def test_metadata_of_any_shape_is_no_traceback(self):
        folder = self.copies_dir / "mystery-7"
        folder.mkdir()
        for text in ("[" * 99_999, '{"bugs": 5}', '{"bugs": "x"}', '{"bugs": [[]]}', "{}", "5", '{"sources": []}'):
            (folder / plant.METADATA_FILE).write_text(text)
            self.assert_refused("check", "mystery-7", message="no longer exists")
            self.assertIn(plant.is_current(folder), (True, False))

    def test_the_headings_of_a_huge_or_crafted_log_are_found_in_time(self):
        for text in ("<!--" * 200_000, "# " + " " * 500_000 + "x\n", "#" * 500_000, "## " + " \t" * 250_000 + "\n"):
            (self.copies_dir / debug_log.NAME).write_text(text)
            self.assertEqual(debug_log.empty_sections(self.copies_dir), list(debug_log.QUESTIONS))
        with open(self.copies_dir / debug_log.NAME, "wb") as file:
            file.truncate(100_000_000)
        self.assertIsNone(debug_log.empty_sections(self.copies_dir))

    def test_the_evidence_of_a_debugging_log_has_no_control_characters(self):
        sent = [RecordedRequest("GET", "/health", (), None, "no answer \x1b[2J", "r-1\x1b]52;c;x\x07")]
        log = "ERROR | r-1\x1b]52;c;x\x07 \x9b31m \u202e\b"
        debug_log.create(self.copies_dir, "A symptom.", Verdict([], None, sent, log))
        text = (self.copies_dir / debug_log.NAME).read_text("utf-8")
        self.assertEqual(CONTROL.findall(text), [])
        self.assertIn(r"\u001b[2J", text)

    def test_a_copy_that_prints_escape_codes_is_judged_without_them(self):
        self.call("start", NAME)
        (self.copies_dir / NAME / "app.py").write_text(r"raise SystemExit('\x1b]52;c;x\x07 \x9b31m')")
        self.assertEqual(self.call("check", NAME), 1)
        self.assertIn(r"\u001b]52;c;x\u0007", self.output)
        self.assertEqual(self.call("check", NAME, "--json"), 1)
        self.assertIn("\x1b]52;c;x", json.loads(self.output)["tests"][0]["message"])

    def test_the_output_of_a_learners_test_is_shown_without_escape_codes(self):
        path = self.folder / "mine.py"
        fails = r"self.fail('\x1b[2J \x9b')"
        path.write_text(f"from tests.desk import *\nclass T(DeskTest):\n    def test_it(self):\n        {fails}\n")
        self.assertEqual(self.call("test", NAME, str(path)), 1)
        self.assertIn(r"\u001b[2J", self.output)

    def test_a_result_that_a_learners_test_wrote_itself_is_checked(self):
        path = self.folder / "mine.py"
        wrong = '{"run": 1, "passed": 1, "skipped": 0, "errors": [["", ""]], "failures": 1}'
        for text in ("{}", "[]", wrong, "[" * 99_999):
            path.write_text(f"import os, sys, pathlib\npathlib.Path(sys.argv[1]).write_text({text!r})\nos._exit(0)\n")
            with self.subTest(text=text[:20]):
                (result,) = judge_test(catalogue.load(NAME), path, 30)
                self.assertFalse(result.is_ok)
                self.assertIn("before the tests were done", result.message)

    def test_only_known_faults_are_removed_from_a_learners_database(self):
        database = self.folder / "lab.sqlite3"
        with closing(sqlite3.connect(database)) as db:
            db.execute(f"PRAGMA application_id = {faults.APPLICATION_ID}")
            db.execute("CREATE TABLE tickets (id)")
            for name in ('"lab_fault_x; DROP TABLE tickets"', '"lab_fault_\x1b[2J"'):
                db.execute(f"CREATE TRIGGER {name} BEFORE INSERT ON tickets BEGIN SELECT 1; END")
        self.assertEqual(self.call("fault", "ticket-write", "--db", str(database)), 0)
        self.assertEqual(self.call("fault", "--off", "--db", str(database)), 0)
        self.assertIn("ticket-write removed", self.output)

    @unittest.skipIf(os.name == "nt", "Windows needs a privilege for links")
    def test_a_copys_database_that_is_a_link_to_the_desks_own_is_refused(self):
        self.call("start", NAME)
        (self.copies_dir / NAME / "support-desk.sqlite3").symlink_to(ROOT / "support-desk.sqlite3")
        self.assert_refused("fault", "ticket-write", "--in", NAME, message="the desk's own database")
