"""`watch`: it runs again when a file of the copy changes, says what is new, and leaves nothing behind."""

import contextlib
import os
import signal
import threading
import unittest
from pathlib import Path

from drills import catalogue
from drills.watch import News, Watched
from tests.proofs.test_drill_tool import NAME, ToolTestCase

EXERCISE = "urgent_priority"
TIMEOUT = 90  # seconds for a whole watch


class Watching(ToolTestCase):
    def setUp(self):
        super().setUp()
        self.assertEqual(self.call("start", NAME), 0)
        self.folder = self.copies_dir / NAME
        self.watched = Watched(self.folder, None)

    def save(self, name, text, by_rename=False):
        path = self.folder / name
        if by_rename:
            path.with_name("saved.new").write_text(text, encoding="utf-8")
            path.with_name("saved.new").replace(path)
        else:
            path.write_text(text, encoding="utf-8")

    def test_what_changes_during_a_run_is_one_change_afterwards(self):
        changes = self.watched.changes()
        self.assertEqual(next(changes), [])
        for number in range(3):
            self.save("app.py", f"x = {number}\n" * (number + 1))
        self.save("web/handler.py", "y = 1\n", by_rename=True)
        self.assertEqual(next(changes), ["app.py", "web/handler.py"])
        (self.folder / "llm.py").unlink()
        self.assertEqual(next(changes), ["llm.py"])  # and not those of before once more
        self.save("llm.py", "z = 1\n", by_rename=True)
        self.assertEqual(next(changes), ["llm.py"])

    def test_databases_logs_and_files_of_editors_are_no_change(self):
        known = self.watched.look()
        names = "support-desk.sqlite3 support-desk.sqlite3-wal desk.log debugging-log.md .app.py.swp app.py~ #app.py#"
        for name in names.split():
            self.save(name, "x")
        for name in ("__pycache__", ".git"):
            (self.folder / name).mkdir(exist_ok=True)
            self.save(f"{name}/x.py", "x")
        self.assertEqual(self.watched.look(), known)

    def test_only_what_is_new_is_shown(self):
        news = News()
        self.assertEqual(news.of([("a", True, "✓ a"), ("b", "201", "✗ b: 201")]), ["✗ b: 201"])
        self.assertEqual(news.of([("a", True, "✓ a"), ("b", "201", "✗ b: 201")]), ["nothing new"])
        self.assertEqual(news.of([("b", "500", "✗ b: 500")]), ["✗ b: 500"])
        self.assertEqual(news.of([("a", "x", "✗ a: x"), ("b", True, "✓ b")]), ["✗ a: x", "✓ b"])
        self.assertEqual(News().of([("a", True, "✓ a")]), [])

    def start(self, *words):
        """A running watch; it is killed after TIMEOUT seconds."""
        self.home = self.copies_dir.parent / "tmp"
        self.home.mkdir()
        before = f"import tempfile; tempfile.tempdir = {str(self.home)!r}"
        tool = self.tool("watch", *words, before=before)
        timer = threading.Timer(TIMEOUT, tool.kill)
        timer.start()
        self.addCleanup(timer.cancel)
        self.addCleanup(self.close, tool)
        self.next_block(tool)
        return tool

    def close(self, tool):
        tool.kill()
        tool.communicate()

    def next_block(self, tool):
        """The lines up to the next empty one."""
        return "".join(iter(tool.stdout.readline, "\n"))

    def stop(self, tool):
        """Ctrl-C: the tool ends, and nothing that it has started or written is there."""
        tool.send_signal(signal.SIGINT)
        output, errors = tool.communicate(timeout=30)
        self.assertEqual((tool.returncode, errors), (0, ""))
        self.assertIn("stopped; nothing was recorded", output)
        self.assertEqual(list(self.home.iterdir()), [])
        self.assertEqual(self.running(), [])

    def running(self):
        """The processes of desks in this test's folder, where the system shows them."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):  # the process has ended
                found.append(path.read_bytes())
        return [words for words in found if str(self.copies_dir).encode() in words]

    @unittest.skipIf(os.name == "nt", "Windows cannot send Ctrl-C to one process alone")
    def test_a_walk_from_a_bug_over_a_syntax_error_to_the_fix(self):
        drill = catalogue.load(NAME)
        planted = (self.folder / drill.FILE).read_text("utf-8")
        tool = self.start()
        first = self.next_block(tool)
        self.assertIn("✗ ", first)
        self.save(drill.FILE, planted + "\nx = (\n", by_rename=True)
        line = len(planted.splitlines()) + 2
        self.assertRegex(self.next_block(tool), rf"changed: {drill.FILE}\n✗ {drill.FILE}, line {line}: .*\n")
        self.save(drill.FILE, planted.replace(drill.PLANTED, drill.CLEAN), by_rename=True)
        fixed = self.next_block(tool)
        failed = {text.partition(":")[0].removeprefix("✗ ") for text in first.splitlines() if text.startswith("✗")}
        self.assertEqual({text[2:] for text in fixed.splitlines() if text.startswith("✓")}, failed)
        self.assertIn("\nOK\n", fixed)
        self.save("web/handler.py", (self.folder / "web/handler.py").read_text("utf-8") + "\n")
        self.assertIn("changed: web/handler.py\nnothing new\n", self.next_block(tool))
        self.stop(tool)
        self.assertEqual(self.state_of(), "started")

    @unittest.skipIf(os.name == "nt", "Windows cannot send Ctrl-C to one process alone")
    def test_an_exercise_from_its_first_failures_over_a_broken_schema_to_the_first_green_tests(self):
        self.assertEqual(self.call("start", EXERCISE), 0)
        self.folder = self.copies_dir / EXERCISE
        schema = (self.folder / "schema.sql").read_text("utf-8")
        tool = self.start(EXERCISE)
        first = self.next_block(tool)
        self.assertRegex(first, r"^✗ a ticket can be created as urgent: .* \(and 4 more tests like it\)\n")
        self.assertRegex(first, "(?m)^2 of 9 tests pass$")
        self.save("schema.sql", schema.replace("'critical')", "'critical', 'urgent'"))
        broken = self.next_block(tool)
        self.assertRegex(broken, r"changed: schema.sql\n✗ .*cannot read schema.sql: .* \(and 8 more tests like it\)\n")
        self.save("schema.sql", schema.replace("'critical')", "'critical', 'urgent')"))
        better = self.next_block(tool)
        self.assertIn("✓ the statistics count urgent tickets\n", better)
        self.assertRegex(better, "(?m)^7 of 9 tests pass$")
        self.stop(tool)
        self.assertEqual(self.state_of(EXERCISE), "started")

    @unittest.skipIf(os.name == "nt", "Windows cannot send Ctrl-C to one process alone")
    def test_ctrl_c_in_the_middle_of_a_run_leaves_nothing_behind(self):
        tool = self.start()
        self.next_block(tool)
        self.save("web/handler.py", (self.folder / "web/handler.py").read_text("utf-8") + "\n")
        self.assertIn("changed: web/handler.py", tool.stdout.readline())
        self.stop(tool)

    @unittest.skipIf(os.name == "nt", "Windows cannot send Ctrl-C to one process alone")
    def test_a_test_of_ones_own_runs_again_when_it_changes(self):
        test = self.copies_dir.parent / "test_mine.py"
        tool = self.start(NAME, "--test", str(test))
        self.assertIn("cannot read", self.next_block(tool))
        test.write_text("import unittest\nclass T(unittest.TestCase):\n    def test_it(self): self.assertTrue(1\n")
        self.assertRegex(self.next_block(tool), r"✗ test_mine.py, line \d: .*\n")
        test.write_text("import unittest\nclass T(unittest.TestCase):\n    def test_it(self): self.assertTrue(1)\n")
        block = self.next_block(tool)
        self.assertIn("✓ 1 test passes on the clean desk\n✗ it passes on the planted desk, too", block)
        self.assertIn("Not accepted\n", block)
        self.stop(tool)

    def test_a_copy_that_is_reset_ends_the_watch(self):
        tool = self.start()
        self.next_block(tool)
        self.call("reset", NAME, "--yes")
        output, errors = tool.communicate(timeout=30)
        self.assertEqual(tool.returncode, 2)
        self.assertRegex(errors, "^drills: .*approval_bypass is not there any more\n$")
