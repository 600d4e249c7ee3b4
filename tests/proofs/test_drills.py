"""Drills and their copies: the format of drills, the three published ones in both directions, and planting."""

import os
import subprocess
import sys
import tempfile
import re
import unittest
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from runpy import run_path
from types import ModuleType

from drills import catalogue, plant
from drills.judge import judge
from drills.progress import Progress
from tests.desk import ROOT, DeskProcess, clean_environment, run_app
from tests.drills_proof import SOLUTIONS

PUBLISHED = ("accept_empty_title", "approval_bypass", "duplicate_idempotency")
PLANTED_FILES = ("app.py", "store.py", "schema.sql", "web/handler.py", "tests/desk.py", "bug-mode.txt", "planted.json")
CALL = """import sys
from pathlib import Path
from drills.__main__ import main
sys.exit(main(sys.argv[2:], Path(sys.argv[1])))"""
FULL = """import drills.commands, resource
create = drills.commands.debug_log.create
def create_on_a_full_disk(*facts):
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    return create(*facts)
drills.commands.debug_log.create = create_on_a_full_disk"""
CTRL_C = """import atexit, signal, drills.__main__
signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
atexit.register(signal.alarm, 0)  # until Python itself comes to its end
signal.setitimer(signal.ITIMER_REAL, {})"""
SMALL_DISK = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)); "


class CopiesTestCase(unittest.TestCase):
    """Each test has an empty folder for copies, `self.copies_dir`."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.copies_dir = Path(folder.name, "planted")

    def tool(self, *words: str, before: str = "") -> subprocess.Popen:
        """`python3 -m drills …` with the copies in self.copies_dir, as a process."""
        return subprocess.Popen(
            [sys.executable, "-c", f"{before}\n{CALL}", str(self.copies_dir), *words],
            cwd=ROOT,
            env={**clean_environment(), "PYTHONWARNINGS": ""},  # Ctrl-C leaves files open for a moment
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def finish(self, process):
        """(exit status, stdout, stderr), after the process has ended."""
        output, errors = process.communicate(timeout=60)
        return process.returncode, output, errors

    def assert_ended_well(self, status, errors, *statuses):
        """One of these statuses and no traceback, except one that Python prints and ignores (Ctrl-C in a finalizer)."""
        self.assertIn(status, statuses, errors)
        self.assertEqual(errors.count("Traceback"), errors.count("Exception ignored in"), errors)

    def assert_complete_or_absent(self):
        """There is no copy or a complete one, and no staging folder."""
        there = {path.name for path in self.copies_dir.iterdir()} if self.copies_dir.exists() else set()
        self.assertEqual([name for name in there if name.startswith(plant.STAGING_PREFIX)], [])
        if "approval_bypass" in there:
            for name in PLANTED_FILES:
                self.assertTrue((self.copies_dir / "approval_bypass" / name).exists(), name)


class Format(unittest.TestCase):
    def test_the_published_three_are_there(self):
        self.assertLessEqual(set(PUBLISHED), set(catalogue.names()))

    def test_every_drill_has_every_part(self):
        for name in catalogue.names():
            drill = catalogue.load(name)
            with self.subTest(name):
                self.assertEqual([part for part in catalogue.PARTS if not hasattr(drill, part)], [])
                self.assertIn(drill.STARS, range(1, 6))
                self.assertLessEqual(len(catalogue.symptom(drill)), 120)
                self.assertGreaterEqual(len(drill.HINTS), 3)
                self.assertGreater(len(drill.EXPLANATION.split()), 30)
                self.assertTrue([source for source in drill.PROVENANCE if re.search(r"^CWE-\d|#\d", source)])
                self.assertTrue(drill.SECTION)

    def test_the_clean_text_occurs_once_and_the_story_does_not_name_the_file(self):
        for name in catalogue.names():
            drill = catalogue.load(name)
            with self.subTest(name):
                self.assertNotEqual(plant.planted_text(drill.FILE, [drill]), (ROOT / drill.FILE).read_text("utf-8"))
                self.assertNotIn(drill.FILE, drill.__doc__)

    def test_every_drill_has_its_proofs(self):
        for name in catalogue.names():
            with self.subTest(name):
                fixes = run_path(str(SOLUTIONS / name / "fixes.py"))
                self.assertTrue(fixes["OTHER"] and fixes["LAZY"] and fixes["SEEN_BY"])
                self.assertTrue((SOLUTIONS / name / "regression.py").exists())

    def test_every_planted_python_file_compiles(self):
        for name in catalogue.names():
            drill = catalogue.load(name)
            if drill.FILE.endswith(".py"):
                compile(plant.planted_text(drill.FILE, [drill]), drill.FILE, "exec")


class Planting(CopiesTestCase):
    def test_the_published_checks_pass_on_the_clean_desk_and_fail_by_expectations_on_the_planted_one(self):
        for name in PUBLISHED:
            with self.subTest(name):
                drill = catalogue.load(name)
                clean, planted = judge(drill, ROOT), judge(drill, plant.plant(name, self.copies_dir))
                self.assertEqual((clean.result, clean.failed, clean.error), ("OK", [], None))
                self.assertEqual((planted.result, planted.error), ("NO", None))
                self.assertTrue(planted.failed)
                self.assertLess(len(planted.failed), len(planted.expectations))

    def test_a_planted_desk_says_which_bugs_it_has(self):
        folder = plant.plant(" approval_bypass,accept_empty_title,,approval_bypass ", self.copies_dir)
        self.assertEqual(folder.name, "accept_empty_title+approval_bypass")
        desk = DeskProcess(self.copies_dir / "lab.sqlite3", folder)
        self.addCleanup(desk.stop)
        reply = desk.get("/health")
        self.assertEqual(reply.json["bug_mode"], "accept_empty_title,approval_bypass")
        self.assertEqual(reply.headers["X-Bug-Mode"], "accept_empty_title,approval_bypass")
        self.assertIn("accept_empty_title,approval_bypass", " ".join(desk.banner))

    def test_a_copy_has_every_file_of_the_desk(self):
        self.assertLessEqual(
            {path.name for path in ROOT.iterdir() if path.suffix in (".py", ".sql")}, set(plant.COPIED)
        )

    def test_a_copy_does_not_contain_the_solutions(self):
        folder = plant.plant("duplicate_idempotency", self.copies_dir)
        clean = catalogue.load("duplicate_idempotency").CLEAN
        for path in folder.rglob("*"):
            self.assertFalse(path.is_file() and clean.encode() in path.read_bytes(), path)
            self.assertNotIn(path.name, ("drills", "solutions", "drills_proof.py", "test_drills.py"))

    def test_a_mystery_does_not_contain_the_name_of_its_drill(self):
        folder = plant.plant("approval_bypass", self.copies_dir, "mystery-5")
        for path in folder.rglob("*"):
            if path.is_file() and path.name != "README.md":  # which names the published three to everybody
                self.assertNotIn(b"approval_bypass", path.read_bytes(), path)
        self.assertEqual((folder / "bug-mode.txt").read_text(), "mystery-5")

    def test_an_existing_copy_is_never_overwritten(self):
        folder = plant.plant("approval_bypass", self.copies_dir)
        (folder / "app.py").write_text("fixed", encoding="utf-8")
        self.assertEqual(plant.plant("approval_bypass", self.copies_dir), folder)
        self.assertEqual((folder / "app.py").read_text(encoding="utf-8"), "fixed")

    def test_a_copy_knows_when_the_desk_has_changed(self):
        folder = plant.plant("approval_bypass", self.copies_dir)
        self.assertTrue(plant.is_current(folder))
        label = folder / plant.METADATA_FILE
        label.write_text(label.read_text().replace(plant.fingerprint(), "another desk"))
        self.assertFalse(plant.is_current(folder))

    def test_copies_set_aside_in_the_same_second_are_all_kept(self):
        for text in ("one", "two", "three"):
            (plant.plant("approval_bypass", self.copies_dir) / "app.py").write_text(text)
            plant.set_aside(self.copies_dir / "approval_bypass", self.copies_dir)
        kept = sorted((path / "app.py").read_text() for path in (self.copies_dir / plant.ASIDE).iterdir())
        self.assertEqual(kept, ["one", "three", "two"])

    def test_a_missing_clean_text_stops_the_planting_and_leaves_nothing(self):
        drill = catalogue.load("approval_bypass")
        clean, drill.CLEAN = drill.CLEAN, "a text that stands nowhere"
        self.addCleanup(setattr, drill, "CLEAN", clean)
        with self.assertRaisesRegex(catalogue.DrillError, "0 times, not once"):
            plant.plant("approval_bypass", self.copies_dir)
        self.assertEqual(list(self.copies_dir.iterdir()), [])

    def test_two_bugs_in_the_same_text_are_refused_by_name(self):
        one, other = ModuleType("drills.one"), ModuleType("drills.other")
        one.FILE = other.FILE = "app.py"
        text = "def health(context, request) -> Response:"
        one.CLEAN, one.PLANTED, other.CLEAN, other.PLANTED = text, "", text[4:], ""
        with self.assertRaisesRegex(catalogue.DrillError, "one and other change the same text of app.py"):
            plant.planted_text("app.py", [other, one])


class Interruptions(CopiesTestCase):
    def test_two_plantings_at_once_make_one_complete_copy(self):
        tools = [self.tool("start", "approval_bypass") for _ in range(3)]
        self.assertEqual([self.finish(tool)[0] for tool in tools], [0, 0, 0])
        self.assertTrue((self.copies_dir / "approval_bypass").exists())
        self.assert_complete_or_absent()

    @unittest.skipIf(os.name == "nt", "Windows has no such limit")
    def test_a_full_disk_leaves_nothing_and_is_reported_in_one_line(self):
        status, _, errors = self.finish(self.tool("start", "approval_bypass", before=SMALL_DISK))
        self.assertEqual((status, errors.count("\n")), (2, 1), errors)
        self.assertIn("nothing is half-done", errors)
        self.assertFalse((self.copies_dir / "approval_bypass").exists())
        self.assert_complete_or_absent()

    @unittest.skipIf(os.name == "nt", "Windows ends a process where others ask it to stop")
    def test_ctrl_c_at_any_point_leaves_a_complete_copy_or_none(self):
        delays = (0.001, 0.005, 0.01, 0.02)
        tools = [self.tool("start", "approval_bypass", before=CTRL_C.format(at)) for at in delays]
        for status, _, errors in [self.finish(tool) for tool in tools]:
            self.assert_ended_well(status, errors, 0, 130)
        self.assert_complete_or_absent()  # after the last of them: each has a half-done copy while it works

    def test_the_staging_folder_of_a_killed_planting_is_removed_later(self):
        left = self.copies_dir / f"{plant.STAGING_PREFIX}1"
        left.mkdir(parents=True)
        os.utime(left, (0, 0))
        plant.plant("approval_bypass", self.copies_dir)
        self.assertFalse(left.exists())


class ChangedCopy(CopiesTestCase):
    """A copy that a learner has changed, with hints counted: nothing of that is ever lost."""

    FILES = {"app.py": "# fixed by hand\n", "debugging-log.md": "# Mine\n", "tests/test_mine.py": "# my own test\n"}

    def setUp(self):
        super().setUp()
        self.folder = plant.plant("approval_bypass", self.copies_dir)
        for name, text in self.FILES.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        Progress(self.copies_dir).record("approval_bypass", hints=2)

    def assert_nothing_lost(self):
        """The learner's files are in one complete copy, in its place or set aside; the progress has the hints."""
        (copy,) = [path.parent for path in self.copies_dir.rglob("debugging-log.md")]
        self.assertIn(copy.parent, (self.copies_dir, self.copies_dir / plant.ASIDE))
        self.assertEqual({name: (copy / name).read_text("utf-8") for name in self.FILES}, self.FILES)
        self.assertTrue((copy / "web" / "handler.py").exists())
        entry = Progress(self.copies_dir).entry("approval_bypass")
        self.assertEqual([one["hints"] for one in (entry, *entry.get("earlier", ())) if "hints" in one], [2])
        self.assertEqual(list(self.copies_dir.glob(".progress-*")), [])

    def test_a_reset_and_a_start_after_the_desk_has_changed(self):
        label = self.folder / plant.METADATA_FILE
        label.write_text(label.read_text("utf-8").replace(plant.fingerprint(), "another desk"), "utf-8")
        self.assertEqual(self.finish(self.tool("start", "approval_bypass"))[0], 0)
        self.assertTrue((self.folder / "debugging-log.md").exists())
        self.assert_nothing_lost()
        for words in (("reset", "approval_bypass", "--yes"), ("start", "approval_bypass")):
            self.assertEqual(self.finish(self.tool(*words))[0], 0)
            self.assert_nothing_lost()
        self.assertTrue(plant.is_current(self.folder))
        self.assertFalse((self.folder / "debugging-log.md").exists())

    def test_two_drills_can_be_started_at_once(self):
        others = ("accept_empty_title", "duplicate_idempotency")
        tools = [self.tool("start", name) for name in others]
        self.assertEqual([self.finish(tool)[0] for tool in tools], [0, 0])
        self.assertEqual({"approval_bypass", *others}, set(Progress(self.copies_dir).entries()))
        for name in others:
            self.assertEqual(plant.read_metadata(self.copies_dir / name)["bugs"], [name])
        self.assertEqual(self.finish(self.tool("reset", others[0], "--yes"))[0], 0)
        self.assert_nothing_lost()

    @unittest.skipIf(os.name == "nt", "Windows has no such limit")
    def test_a_full_disk_loses_nothing_of_a_learner(self):
        full = SMALL_DISK.replace("20_000", "10")
        for words in (("start", "accept_empty_title"), ("reset", "approval_bypass", "--yes")):
            _, _, errors = self.finish(self.tool(*words, before=full))
            self.assertNotIn("Traceback", errors)
            self.assertFalse((self.copies_dir / "accept_empty_title").exists())
            self.assert_nothing_lost()

    @unittest.skipIf(os.name == "nt", "Windows has no such limit")
    def test_a_full_disk_leaves_no_incomplete_log(self):
        plant.plant("accept_empty_title", self.copies_dir)
        status, _, errors = self.finish(self.tool("log", "accept_empty_title", before=FULL))
        self.assertEqual((status, "Traceback" in errors), (2, False), errors)
        self.assertFalse((self.copies_dir / "accept_empty_title" / "debugging-log.md").exists())

    @unittest.skipIf(os.name == "nt", "Windows ends a process where others ask it to stop")
    def test_ctrl_c_at_any_point_loses_nothing_of_a_learner(self):
        check, reset = ("check", "approval_bypass"), ("reset", "approval_bypass", "--yes")
        for words, at in ((check, 0.005), (check, 0.2), (reset, 0.001), (reset, 0.003), (reset, 0.006)):
            status, _, errors = self.finish(self.tool(*words, before=CTRL_C.format(at)))
            self.assert_ended_well(status, errors, 0, 1, 130)
            self.assert_nothing_lost()


class BugMode(CopiesTestCase):
    def test_an_unknown_bug_mode_is_one_line_with_the_known_ones(self):
        for mode in ("no_such_bug", "approval_bypass,no_such_bug", ",", " "):
            done = run_app(VEDYA_BUG_MODE=mode)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertEqual(done.stderr.count("\n"), 1)
            self.assertIn("approval_bypass", done.stderr)
        self.assertIn("did you mean approval_bypass", run_app(VEDYA_BUG_MODE="aproval_bypas").stderr)

    def run_mode(self, mode):
        """What plant.run() prints; os.execv is replaced, so that this process is not replaced by the copy."""
        replaced = []
        execv, subprocess_call = os.execv, subprocess.call
        os.execv, subprocess.call = lambda *_: replaced.append(1), lambda *_: replaced.append(1)
        try:
            with redirect_stdout(StringIO()) as output, redirect_stderr(StringIO()):
                plant.run(mode, [], self.copies_dir)
        finally:
            os.execv, subprocess.call = execv, subprocess_call
        self.assertEqual(replaced, [1])
        return output.getvalue()

    def test_a_bug_mode_prints_the_folder_and_later_that_the_copy_exists(self):
        self.assertIn(str(self.copies_dir / "approval_bypass"), self.run_mode("approval_bypass"))
        again = self.run_mode("approval_bypass")
        self.assertIn("this copy was there already", again)
        self.assertIn("drills reset approval_bypass", again)
