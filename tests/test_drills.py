"""Every drill in both directions: its check passes on the clean desk and fails on the planted one."""

import tempfile
import unittest
from pathlib import Path

from drills import judge, plant
from tests.desk import ROOT, DeskProcess, run_app


class Drills(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.garden = Path(folder.name)

    def test_the_published_three_are_there(self):
        published = {"accept_empty_title", "approval_bypass", "duplicate_idempotency"}
        self.assertLessEqual(published, set(plant.names()))

    def test_every_check_passes_on_the_clean_desk_and_fails_on_the_planted_one(self):
        for name in plant.names():
            drill = plant.load(name)
            with self.subTest(name):
                broken = [found for found in judge.judge(drill, ROOT) if not found.is_met]
                self.assertEqual(broken, [])
                planted = judge.judge(drill, plant.plant(name, self.garden))
                self.assertTrue([found for found in planted if not found.is_met])
                self.assertTrue([found for found in planted if found.is_met])

    def test_every_drill_tells_a_symptom_and_three_hints(self):
        for name in plant.names():
            drill = plant.load(name)
            with self.subTest(name):
                self.assertTrue(drill.__doc__)
                self.assertGreaterEqual(len(drill.HINTS), 3)
                self.assertEqual((ROOT / drill.FILE).read_text(encoding="utf-8").count(drill.CLEAN), 1)

    def test_a_planted_desk_says_which_bug_it_has(self):
        folder = plant.plant("approval_bypass,accept_empty_title", self.garden)
        desk = DeskProcess(self.garden / "lab.sqlite3", folder)
        self.addCleanup(desk.stop)
        reply = desk.get("/health")
        self.assertEqual(reply.json["bug_mode"], "accept_empty_title,approval_bypass")
        self.assertEqual(reply.headers["X-Bug-Mode"], "accept_empty_title,approval_bypass")
        self.assertIn("accept_empty_title,approval_bypass", " ".join(desk.banner))

    def test_a_copy_that_stands_is_never_written_over(self):
        folder = plant.plant("approval_bypass", self.garden)
        (folder / "app.py").write_text("mended", encoding="utf-8")
        self.assertEqual(plant.plant("approval_bypass", self.garden), folder)
        self.assertEqual((folder / "app.py").read_text(encoding="utf-8"), "mended")

    def test_a_text_that_has_moved_stops_the_planting_and_leaves_nothing(self):
        drill = plant.load("approval_bypass")
        clean, drill.CLEAN = drill.CLEAN, "a text that stands nowhere"
        self.addCleanup(setattr, drill, "CLEAN", clean)
        with self.assertRaises(plant.Refused):
            plant.plant("approval_bypass", self.garden)
        self.assertEqual(list(self.garden.iterdir()), [])

    def test_an_unknown_bug_mode_is_one_line_with_the_known_ones(self):
        done = run_app(VEDYA_BUG_MODE="no_such_bug")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertIn("no_such_bug", done.stderr)
        self.assertIn("approval_bypass", done.stderr)
