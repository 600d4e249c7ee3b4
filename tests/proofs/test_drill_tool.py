"""The commands of `python3 -m drills`, as a learner types them."""

import importlib
import json
import os
import re
import signal
import subprocess
import sys
import unittest
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from unittest import mock

from drills import board, catalogue, debug_log, plant
from drills.__main__ import COMMANDS, main
from drills.choice import drill_of_mystery
from drills.judge import Verdict
from drills.lab import LLM_URL, RecordedRequest, Step
from drills.learner_test import judge_test
from drills.progress import Progress, state
from drills.stages import after_ok
from drills.test_rules import refusal
from tests.desk import ROOT, Desk, DeskProcess, clean_environment
from tests.drills_proof import SOLUTIONS
from tests.test_docs import section, table
from tests.proofs.test_drills import CopiesTestCase

NAME = "approval_bypass"
SECONDS = re.compile(r" \(\d+ s\)")


class ToolTestCase(CopiesTestCase):
    def call(self, *words: str, typed: str = "") -> int:
        """Run a command; its exit status. What it prints is in self.output and self.errors."""
        with redirect_stdout(StringIO()) as output, redirect_stderr(StringIO()) as errors:
            with mock.patch("sys.stdin", StringIO(typed)):
                status = main(list(words), self.copies_dir)
        self.output, self.errors = output.getvalue(), errors.getvalue()
        return status

    def assert_refused(self, *words: str, message: str):
        self.assertEqual((self.call(*words), self.output), (2, ""))
        self.assertEqual(self.errors.count("\n"), 1, self.errors)
        self.assertIn(message, self.errors)

    def fix(self, folder=None, name=NAME):
        drill = catalogue.load(name)
        path = (folder or self.copies_dir / name) / drill.FILE
        path.write_text(path.read_text("utf-8").replace(drill.PLANTED, drill.CLEAN), encoding="utf-8")

    def state_of(self, name=NAME) -> str:
        return state(Progress(self.copies_dir).entry(name))


class CommandLine(ToolTestCase):
    def test_an_unknown_word_gets_one_line_with_the_valid_ones(self):
        self.assert_refused("chek", message="did you mean check? There are: list, start")
        self.assert_refused("hint", "aproval_bypass", message="did you mean approval_bypass?")
        self.assert_refused("check", NAME, "--jason", message="did you mean --json?")
        self.assert_refused("fault", "audit-wrote", message="did you mean audit-write?")
        self.assert_refused("check", "a", "b", message="type python3 -m drills check [NAME]")
        self.assert_refused("check", message="no drill is started; type python3 -m drills start next")
        self.assert_refused("check", NAME, "--json=1", message="takes no value")
        self.assert_refused("start", "random", "--seed", "x", message="whole number")
        self.assert_refused("start", NAME, "--seed", "1", message="--seed goes with")
        self.assert_refused("check", NAME, message="is not planted; type python3 -m drills start")

    def test_help_names_every_command_and_flag(self):
        for words in (("--help",), ("check", "-h"), ("help",)):
            self.assertEqual(self.call(*words), 0)
            for name, call in COMMANDS.items():
                self.assertIn(f"drills {name} {call.usage}".rstrip(), self.output)
                for flag in call.flags:
                    self.assertIn(flag, call.usage)

    def test_every_command_ends_with_what_to_type_next(self):
        calls = (["list"], ["start", NAME], ["hint", NAME], ["log", NAME], ["fault", "--list"], ["fault", "--off"])
        for words in (*calls, ["reveal", NAME, "--give-up"], ["reset", NAME, "--yes"]):
            self.assertEqual(self.call(*words), 0, words)
            self.assertRegex(self.output.splitlines()[-1], "^next: python3 -m drills ")

    def test_a_terminal_that_lacks_characters_gets_their_numbers_and_no_colour(self):
        for encoding in ("ascii", "cp1252"):
            process = subprocess.run(
                [sys.executable, "-m", "drills", "--help"],
                cwd=ROOT,
                env={**clean_environment(), "PYTHONIOENCODING": encoding},
                capture_output=True,
                timeout=60,
            )
            self.assertEqual((process.returncode, process.stderr), (0, b""))
            self.assertNotIn(b"\x1b", process.stdout)


class WalkThrough(ToolTestCase):
    """The examples of the READMEs, and their tables of commands and drills."""

    def test_the_table_has_every_command(self):
        written = re.findall(r"`([\w-]+)", " ".join(row[0] for row in table("All commands")))
        self.assertEqual(list(dict.fromkeys(written)), list(COMMANDS))

    def test_the_table_has_every_drill(self):
        there = []
        for drill in map(catalogue.load, catalogue.by_difficulty()):
            there.append([drill.SECTION, "★" * drill.STARS, f"`{catalogue.name_of(drill)}`", catalogue.symptom(drill)])
        self.assertEqual(sorted(table("The drills")), sorted(there))

    def test_the_board_wraps_long_symptoms_in_a_narrow_terminal(self):
        long = "A symptom that is longer than the lines of a narrow terminal, and so is wrapped below its name"
        lines = board._fit([("name", "symptom"), ("approval_bypass", long)], 60)
        self.assertEqual(lines[:2], ["name", "approval_bypass"])
        self.assertEqual(" ".join(line.strip() for line in lines[2:]), long)
        self.assertLessEqual(max(map(len, lines)), 60)

    def test_the_example_shows_what_the_tool_prints(self):
        name, text = "accept_empty_title", section("Break it") + section("Five minutes with one drill")
        (self.copies_dir.parent / "test_titles.py").write_text(re.search(r"```python\n(.*?)```", text, re.S)[1])
        self.call("start", name)
        printed = self.output
        self.call("check", name)
        printed += self.output
        self.call("log", name)
        self.fix(name=name)
        self.assertEqual(self.call("check", name), 0, self.output)
        printed += self.output
        self.assertEqual(self.call("test", name, str(self.copies_dir.parent / "test_titles.py")), 0)
        printed += self.output
        for block in re.findall(r"^```\n(\$ python3 -m drills.*?)```", text, re.S | re.M):
            for line in block.splitlines():
                if not line.startswith(("$", "…", "folder", "run it", f"{name}, in")):  # three show a path of this test
                    self.assertIn(SECONDS.sub("", line), SECONDS.sub("", printed).splitlines())


class States(ToolTestCase):
    def test_a_drill_goes_from_new_to_solved(self):
        self.assertEqual(self.state_of(), "new")
        self.call("start", NAME)
        self.assertIn("A customer received a reply", self.output)
        self.assertEqual(self.state_of(), "started")
        self.assertEqual(self.call("check", NAME), 1)
        self.assertEqual(self.output.splitlines()[-1], "NO")
        self.assertIn("✗ role 'user' may not approve: expected 403, got 200", self.output)
        self.assertEqual(self.state_of(), "reproduced")
        self.assertEqual(self.call("reveal", NAME), 1)
        self.fix()
        self.assertEqual(self.call("check", NAME, "--quick"), 0)
        self.assertIn("Your copy is identical to the clean desk.", self.output)
        self.assertEqual(self.output.splitlines()[-1], "OK")
        self.assertEqual(self.state_of(), "fixed")
        self.assertEqual(self.call("test", NAME, str(SOLUTIONS / NAME / "regression.py")), 0)
        self.assertIn("It is the test that is shipped with this drill", self.output)
        self.assertEqual(self.state_of(), "fixed")
        self.assertEqual(self.call("check", NAME), 0)
        self.assertIn("Your fix keeps the promises of this drill and breaks nothing else.", self.output)
        self.assertEqual(self.state_of(), "solved")
        self.assertEqual(self.call("reveal", NAME), 0)
        self.assertIn("CWE-862", self.output)
        self.assertIn('role="agent"', self.output)

    def test_a_fix_that_breaks_again_is_no_longer_fixed(self):
        progress = Progress(self.copies_dir)
        progress.record(NAME, started="t", reproduced="t", verdict="OK")
        self.assertEqual(self.state_of(), "fixed")
        progress.record(NAME, verdict="NO")
        self.assertEqual(self.state_of(), "reproduced")

    def test_check_in_json_names_each_test_with_status_and_message(self):
        self.call("start", NAME)
        self.assertEqual(self.call("check", NAME, "--json"), 1)
        facts = json.loads(self.output)
        self.assertEqual((facts["name"], facts["verdict"], facts["state"]), (NAME, "NO", "reproduced"))
        self.assertEqual({"name", "status", "message"}, set(facts["tests"][0]))
        self.assertEqual({test["status"] for test in facts["tests"]}, {"pass", "fail"})

    def test_check_shows_the_first_symptoms_and_everything_on_request(self):
        self.call("start", NAME)
        self.call("check", NAME)
        self.assertIn(catalogue.symptom(catalogue.load(NAME)), self.output)
        self.assertEqual((self.output.count("✗"), self.output.count("✓")), (3, 0))
        self.assertIn("--all` shows everything", self.output)
        self.call("check", NAME, "--all")
        self.assertGreater(self.output.count("✗"), 3)
        self.assertGreater(self.output.count("✓"), 0)

    def test_hints_come_one_by_one_and_are_counted(self):
        hints = catalogue.load(NAME).HINTS
        for number, text in enumerate(hints, 1):
            self.call("hint", NAME)
            self.assertIn(f"Hint {number} of {len(hints)}: {text}", self.output)
        self.call("hint", NAME)
        for text in hints:
            self.assertIn(text, self.output)
        self.assertEqual(Progress(self.copies_dir).entry(NAME)["hints"], len(hints))

    def test_start_next_takes_the_easiest_new_drill_and_a_seed_repeats_random(self):
        self.call("start", "next")
        first = catalogue.by_difficulty()[0]
        self.assertTrue((self.copies_dir / first).exists())
        self.call("start", "random", "--seed", "4")
        chosen = {path.name for path in self.copies_dir.iterdir() if path.is_dir()} - {first}
        for name in chosen:
            self.call("reset", name, "--yes")
        self.call("start", "random", "--seed", "4")
        self.assertIn(chosen.pop(), self.output)

    def test_start_reports_an_existing_copy_and_a_changed_desk(self):
        self.call("start", NAME)
        label = self.copies_dir / NAME / plant.METADATA_FILE
        label.write_text(label.read_text().replace(plant.fingerprint(), "another desk"))
        self.call("start", NAME)
        self.assertIn("The desk has changed since then", self.output)
        self.assertIn(f"reset {NAME}", self.output)


class Stages(ToolTestCase):
    """What comes after the OK of the drill's own check."""

    def test_a_fix_that_breaks_another_promise_is_not_ok_and_the_promise_is_named(self):
        self.call("start", NAME)
        self.fix()
        (self.copies_dir / NAME / "schema.sql").write_text(
            plant.planted_text("schema.sql", [catalogue.load("accept_empty_title")]), "utf-8"
        )
        self.assertEqual(self.call("check", NAME, "--quick"), 0)
        self.assertEqual(self.state_of(), "fixed")
        self.assertEqual(self.call("check", NAME, "--json"), 1)
        facts = json.loads(self.output)
        self.assertEqual((facts["verdict"], facts["state"]), ("NO", "started"))
        self.assertEqual({test["status"] for test in facts["tests"]}, {"pass"})
        stages = [(stage["name"], stage["status"]) for stage in facts["stages"]]
        self.assertEqual(stages, [("own check", "pass"), ("suite test", "pass"), ("other checks", "fail")])
        self.assertIn("a ticket titled '' is refused: expected 400, got 201", facts["stages"][2]["broken"])

    def test_a_fix_that_fails_the_desks_own_test_says_what_was_promised(self):
        self.call("start", "accept_empty_title")
        folder, drill = self.copies_dir / "accept_empty_title", catalogue.load("accept_empty_title")
        broken = (folder / "schema.sql").read_text("utf-8").replace(drill.PLANTED, drill.PLANTED + " ")
        (folder / "schema.sql").write_text(broken, "utf-8")
        stage = next(after_ok(drill, folder, with_suite=False))
        self.assertEqual((stage.name, stage.is_ok), ("suite test", False))
        self.assertIn("promised: no value outside the enums and limits gets in", stage.broken[0])

    def test_the_desks_own_tests_run_and_not_those_that_a_learner_changed(self):
        folder = plant.plant(NAME, self.copies_dir)
        (folder / "tests" / "test_tickets.py").unlink()
        (folder / "mine.py").write_text("")
        plant.copy_work(folder, self.copies_dir / "work")
        there = {path.name for path in (self.copies_dir / "work").iterdir()}
        self.assertEqual(there, {*plant.COPIED, "mine.py"})
        self.assertTrue((self.copies_dir / "work" / "tests" / "test_tickets.py").exists())
        self.assertIn(catalogue.load(NAME).PLANTED, (self.copies_dir / "work" / "app.py").read_text("utf-8"))

    def test_ctrl_c_keeps_the_result_so_far(self):
        self.call("start", NAME)
        self.fix()
        with mock.patch("drills.steps.after_ok", side_effect=KeyboardInterrupt):
            self.assertEqual(self.call("check", NAME), 2)
        self.assertIn("stopped; the OK of the drill's own check is kept", self.errors)
        self.assertEqual(self.state_of(), "fixed")


class CurrentDrill(ToolTestCase):
    """Commands without the name of a drill."""

    def test_the_only_drill_that_is_started_needs_no_name(self):
        self.call("start", NAME)
        for words in (["check"], ["hint"], ["log"], ["test", str(SOLUTIONS / NAME / "regression.py")]):
            self.assertIn(self.call(*words), (0, 1), self.errors)
            self.assertIn(NAME, self.output)
        plant.plant("half_a_save", self.copies_dir)
        self.assert_refused("check", message=f"say which one: {NAME}, half_a_save")
        self.assert_refused("reset", message="say which one")

    def test_the_folder_of_a_copy_names_its_drill(self):
        self.call("start", NAME)
        self.call("start", "half_a_save")
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.copies_dir / NAME / "web")
        self.assertEqual(self.call("check"), 1)
        self.assertIn(f"hint {NAME}", self.output)
        os.chdir(before)

    @unittest.skipIf(os.name == "nt", "Windows needs a privilege for links")
    def test_the_tool_runs_in_the_folder_of_a_copy_and_below_it(self):
        home = self.copies_dir.parent
        (home / "drills").symlink_to(ROOT / "drills")
        folder = plant.plant(NAME, self.copies_dir)
        for place, words in ((folder, ["-m", "drills"]), (folder / "web", [str(ROOT / "drills")])):
            command = [sys.executable, *words, "--help"]
            done = subprocess.run(command, cwd=place, env=clean_environment(), capture_output=True, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            self.assertIn(b"python3 -m drills check", done.stdout)


class HalfWritten(ToolTestCase):
    """A drill that somebody is writing: an error names its file and line."""

    def assert_error(self, text, message):
        catalogue.drills.__path__.append(str(self.copies_dir))
        self.addCleanup(catalogue.drills.__path__.remove, str(self.copies_dir))
        (self.copies_dir / "half_written.py").write_text(text)
        with mock.patch.object(catalogue, "_path_of", lambda name: self.copies_dir / f"{name}.py"):
            sys.modules.pop("drills.half_written", None)
            importlib.invalidate_caches()
            self.assert_refused("start", "half_written", message=f"drills/half_written.py, {message}")
            self.assert_refused("list", message=f"drills/half_written.py, {message}")
        catalogue.drills.__path__.remove(str(self.copies_dir))
        self.addCleanup(catalogue.drills.__path__.append, str(self.copies_dir))

    def test_each_kind_of_mistake_is_one_line(self):
        self.copies_dir.mkdir()
        whole = Path(catalogue.load(NAME).__file__).read_text("utf-8")
        cases = (
            ("x = 1\ndef (\n", "line 2: SyntaxError"),
            ('"""A story."""\nimport nowhere_to_be_found\n', "line 2: ModuleNotFoundError"),
            ('"""A story."""\nSTARS = 1\n', "line 2: the file ends, and there is no FAMILY, SECTION, FILE"),
            (whole.replace("STARS = 1", "STARS = 7"), "line "),
            (whole.replace("STARS = 1", 'STARS = "1"'), "line "),
        )
        for text, message in cases:
            with self.subTest(message):
                self.assert_error(text, message)


class WebSocketCommand(ToolTestCase):
    def test_it_sends_each_message_and_each_line_and_prints_what_arrives(self):
        desk = Desk()
        self.addCleanup(desk.stop)
        ticket = desk.new_ticket()["id"]
        lock = json.dumps({"_tag": "LockTicket", "ticketId": ticket})
        words = ["/ws", "--header", "X-User-Id: bob", "--header", "X-User-Role: agent", "--port", str(desk.port)]
        self.assertEqual(self.call("ws", *words, lock, typed=f"{lock}\n"), 0, self.errors)
        self.assertIn("/ws → 101", self.output)
        self.assertIn('"bob"', self.output)
        self.assertIn('{"closed": 1000}', self.output)
        desk.stop()
        self.assert_refused("ws", *words, message="is the copy running?")

    def test_the_log_has_the_steps_of_a_websocket_as_commands(self):
        self.call("start", "held_by_a_closed_tab")
        self.call("log")
        text = (self.copies_dir / "held_by_a_closed_tab" / debug_log.NAME).read_text("utf-8")
        self.assertIn("exec 3> >(cd ../.. && python3 -m drills ws /ws --header 'X-User-Id: bob' --header", text)
        self.assertIn("echo '{\"_tag\": \"LockTicket\", \"ticketId\": 1}' >&3; sleep 1\n", text)
        self.assertIn("exec 3>&-; sleep 1\n", text)


class Mystery(ToolTestCase):
    def seed_of(self, name):
        return next(seed for seed in range(1000) if drill_of_mystery(seed) == name)

    def test_the_name_of_a_mystery_is_shown_when_it_is_solved_and_not_before(self):
        seed = self.seed_of(NAME)
        label = f"mystery-{seed}"
        printed = []
        for words in (["start", "--mystery", f"--seed={seed}"], ["check", label], ["hint", label], ["log", label], []):
            self.call(*words)
            printed.append(self.output)
        board = printed.pop()
        self.assertNotIn(catalogue.symptom(catalogue.load(NAME)), "".join(printed))
        self.assertNotIn(NAME, "".join(printed) + Path(self.copies_dir / "progress.json").read_text())
        self.assertRegex(board, rf"{label} +\? +reproduced")
        desk = DeskProcess(self.copies_dir / "lab.sqlite3", self.copies_dir / label)
        self.addCleanup(desk.stop)
        self.assertEqual(desk.get("/health").json["bug_mode"], label)
        self.fix(self.copies_dir / label)
        self.call("test", label, str(SOLUTIONS / NAME / "regression.py"))
        self.assertNotIn(NAME, self.output)
        self.assertEqual(self.call("start", label), 0)
        self.assertIn("This copy was there already", self.output)
        self.assertEqual(self.call("check", label), 0)
        self.assertIn(f"{label} is solved: it was {NAME}", self.output)
        self.call()
        self.assertRegex(self.output, rf"{NAME} +\* +solved")
        self.call("reset", label, "--yes")
        self.assertIn(f"next: python3 -m drills start --mystery --seed {seed}\n", self.output)
        self.call()
        self.assertNotIn(label, self.output)

    def test_random_takes_a_mystery_and_the_stars_and_a_seed_that_a_class_shares(self):
        for words in (["random", "--mystery"], ["--mystery"]):
            self.assertEqual(self.call("start", *words, "--stars", "2-3", "--seed", "7"), 0, self.errors)
            self.assertRegex(self.output, r"^mystery-\d+ \(\*\*\*?\)")
        (copy,) = self.copies_dir.glob("mystery-*")
        self.call("reset", copy.name, "--yes")
        self.call("start", "--mystery", "--seed", copy.name.removeprefix("mystery-"))
        self.assertTrue(copy.exists())
        self.call("start", "random", "--stars", "5")
        self.assertIn("(*****)", self.output)
        self.assert_refused("start", NAME, "--mystery", message="a mystery is started without a name")
        self.assert_refused("start", NAME, "--stars", "2", message="as does --stars")
        for wrong in ("0", "6", "3-2", "x", "2-", "-"):
            self.assertEqual(self.call("start", "random", f"--stars={wrong}"), 2)

    def test_without_a_seed_each_start_is_a_new_mystery(self):
        self.call("start", "--mystery")
        self.call("start", "--mystery")
        self.assertEqual(len(list(self.copies_dir.glob("mystery-*"))), 2)


class Copies(ToolTestCase):
    """Copies that a learner has changed."""

    def test_the_path_of_its_folder_names_a_copy_too(self):
        self.call("start", NAME)
        self.assertEqual(self.call("check", f"{self.copies_dir / NAME}/"), 1)
        self.assertIn(f"{NAME}, in ", self.output)

    def test_a_copy_that_does_not_start_is_reported_with_its_line(self):
        self.call("start", NAME)
        path = self.copies_dir / NAME / "store.py"
        path.write_text("this is no Python\n" + path.read_text("utf-8"), "utf-8")
        self.assertEqual(self.call("check", NAME), 1)
        self.assertIn("SyntaxError: invalid syntax (store.py, line 1)", self.output)
        self.assertRegex(self.output, "See whether your copy runs: .cd .* && python3 app.py")
        self.assertNotIn("of 0 expectations", self.output)

    def test_a_copy_with_several_bugs_is_not_judged(self):
        plant.plant("accept_empty_title,approval_bypass", self.copies_dir)
        self.assert_refused("check", "accept_empty_title+approval_bypass", message="do one drill at a time")

    def test_a_folder_without_app_py_is_set_aside_by_a_reset(self):
        (self.copies_dir / NAME).mkdir(parents=True)
        for call in ("start", "check", "log"):
            self.assert_refused(call, NAME, message="it has no app.py")
        self.assertEqual([self.call("reset", NAME, "--yes"), self.call("start", NAME)], [0, 0])

    def test_a_mystery_without_its_bug_mode_file_can_be_checked(self):
        self.call("start", "--mystery", "--seed", "7")
        (self.copies_dir / "mystery-7" / plant.BUG_MODE_FILE).unlink()
        self.assertEqual(self.call("check", "mystery-7"), 1)


class OwnTest(ToolTestCase):
    def judge(self, body: str, seconds: float = 30):
        """The results for a test method with this body."""
        text = f"from tests.desk import *\nclass T(DeskTest):\n    def test_it(self):\n        {body}\n"
        return self.judge_file(text, seconds)

    def judge_file(self, text, seconds=30.0):
        path = self.copies_dir.parent / "mine.py"
        path.write_text(text, encoding="utf-8")
        return judge_test(catalogue.load(NAME), path, seconds)

    def assert_results(self, results, *expected):
        self.assertEqual([result.is_ok for result in results], [fine for fine, _ in expected], results)
        for result, (_, words) in zip(results, expected):
            self.assertIn(words, result.message)

    def test_an_empty_file_and_a_file_of_skipped_tests_are_rejected(self):
        self.assert_results(self.judge_file("# later\n"), (False, "no test was run"))
        self.assert_results(self.judge("self.skipTest('later')"), (False, "skipped"), (False, "skipped"))

    def test_a_test_that_is_always_true_or_always_false_is_rejected(self):
        self.assert_results(self.judge("pass"), (True, "1 test passes"), (False, "does not detect the bug"))
        self.assert_results(self.judge("self.fail('x')"), (False, "fails on the clean desk"), (True, "fails"))

    def test_an_error_is_not_a_failed_assertion(self):
        ask = "self.desk.post('/drafts/1/approve', {}, CUSTOMER).json['code']"
        make = "self.desk.new_ticket(); self.desk.post('/tickets/1/draft', {})"
        self.assert_results(self.judge(f"{make}; {ask}"), (True, "passes"), (False, "KeyError: 'code'"))

    def test_a_test_that_cannot_be_loaded_or_exits_is_reported(self):
        self.assert_results(self.judge_file("import nowhere_to_be_found"), (False, "nowhere_to_be_found"), (False, ""))
        self.assert_results(self.judge("this is no Python"), (False, "invalid syntax (line 4)"))
        self.assert_results(self.judge("import os; os._exit(3)"), (False, "exited with status 3"))

    def test_a_test_that_hangs_is_killed(self):
        hangs = "import time\ntime.sleep(60)\n"
        self.assert_results(self.judge_file(hangs, 0.5), (False, "did not end within 0.5 s"))

    def test_a_test_that_reads_files_or_imports_other_tests_is_refused_with_the_reason(self):
        cases = {
            "import hashlib, pathlib; hashlib.sha256(pathlib.Path('app.py').read_bytes())": "uses .read_bytes, which",
            "self.assertIn('x', open('app.py').read())": "uses open, which reads files",
            "import inspect; inspect.getsource(app)": "imports inspect, which reads files or code",
            "import app; app.main.__code__": "uses .__code__",
            "import drills.plant": "imports drills, the drill tool",
            "__import__('inspect')": "uses __import__",
            "import store; self.assertNotIn('x', store.STATS)": "looks at store.STATS, a text of the desk's code",
            "import store; getattr(store, 'STA' + 'TS')": "looks at getattr(store, 'STA' + 'TS')",
            "from store import STATS": "looks at store.STATS",
        }
        for body, words in cases.items():
            with self.subTest(body):
                self.assert_results(self.judge(body), (False, f"line 4: it {words}"))
        everything = "from tests.test_tickets import *\n"
        self.assert_results(self.judge_file(everything), (False, "line 1: it imports all of tests.test_tickets"))
        loader = "def load_tests(loader, tests, pattern):\n    return loader.discover('tests')\n"
        self.assert_results(self.judge_file(loader), (False, "load_tests, which loads tests that are not your own"))
        file = ROOT / "tests" / "test_tickets.py"
        copied = "# mine\n" + file.read_text("utf-8")
        self.assert_results(self.judge_file(copied), (False, "this is tests/test_tickets.py"))

    def test_what_only_looks_like_reading_is_not_refused(self):
        text = "from tests.test_llm import LLMTest, hangs\nimport hashlib\nclass T(LLMTest):\n    def test_it(self):\n"
        self.assertEqual(refusal(f'{text}        """In store.py."""\n        self.open(LLM_TIMEOUT="1")\n'), "")
        self.assertEqual(refusal("this is no Python"), "")

    def test_an_imported_test_is_not_a_test_of_your_own(self):
        text = "from tests.test_rules import {0}\nclass Mine({0}):\n    pass\n".format(self.class_of_the_suite())
        self.assert_results(self.judge_file(text), (False, "is not a test of your own"))

    def class_of_the_suite(self):
        return re.search(r"^class (\w+)", (ROOT / "tests" / "test_rules.py").read_text("utf-8"), re.M)[1]

    def test_a_test_that_looks_at_a_file_some_other_way_is_found_out_by_a_comment(self):
        size = (ROOT / "app.py").stat().st_size
        results = self.judge(f"import os; self.assertEqual(os.stat('app.py').st_size, {size})")
        self.assertEqual([result.is_ok for result in results[:3]], [True] * 3)
        self.assertIn("(it looks at files)", next(one.message for one in results if one.desk == "comments"))
        self.assertFalse(all(result.is_ok for result in results))

    def test_a_test_with_two_answers_is_flaky(self):
        runs = self.copies_dir.parent / "runs"
        runs.mkdir()
        body = "import pathlib; runs = pathlib.Path({!r}); n = len(list(runs.iterdir())); (runs / str(n)).touch(); "
        results = self.judge(body.format(str(runs)) + "self.assertNotEqual(n, 1)")
        self.assertEqual([result.is_ok for result in results[:3]], [True, True, False])
        self.assertIn("flaky: the first time all was well on the planted desk, but the second", results[2].message)

    def test_a_file_that_a_test_leaves_is_gone_in_the_next_run(self):
        for place in ("tempfile.gettempdir()", "os.path.expanduser('~')", "'.'"):
            mark = f"import os, tempfile; mark = os.path.join({place}, 'mark-of-a-test'); "
            body = f"{mark}self.assertFalse(os.path.exists(mark)); os.mkdir(mark)"
            with self.subTest(place):
                self.assert_results(self.judge(body), (True, "passes"), (False, "does not detect the bug"))

    def test_a_test_must_pass_with_another_correct_fix_and_with_your_own(self):
        name = "accept_empty_title"
        path, folder = self.copies_dir.parent / "mine.py", plant.plant(name, self.copies_dir)
        text = "from tests.desk import *\nclass T(DeskTest):\n    def test_it(self):\n        "
        ask = "self.desk.post('/tickets', {'title': '', 'description': 'x'}).status"
        path.write_text(f"{text}self.assertEqual({ask}, 400)\n")
        results = judge_test(catalogue.load(name), path, 30, fixed=folder)
        failed = [result.message for result in results if not result.is_ok]
        self.assertEqual(len(failed), 1)
        self.assertIn("does not pass with your own fix: test_it: AssertionError", failed[0])
        tables = "str(self.desk.rows('SELECT sql FROM sqlite_schema'))"
        path.write_text(f"{text}self.assertIn('length(trim(title)) BETWEEN 1 AND 200', {tables})\n")
        results = judge_test(catalogue.load(name), path, 30)
        self.assertIn("with another correct fix (test what the desk does", " ".join(one.message for one in results))

    def test_a_learners_test_cannot_read_the_bug_mode_of_either_desk(self):
        results = self.judge("self.assertIsNone(self.desk.get('/health').json['bug_mode'])")
        self.assert_results(results, (True, "passes"), (False, "does not detect the bug"))

    def test_a_missing_file_is_reported_in_one_line(self):
        self.assert_refused("test", NAME, "no/such/file.py", message="say which file")


class Log(ToolTestCase):
    def test_a_log_begins_with_the_requests_that_show_the_bug_and_their_ids(self):
        self.call("start", NAME)
        self.call("log", NAME)
        text = (self.copies_dir / NAME / debug_log.NAME).read_text(encoding="utf-8")
        self.assertEqual(re.findall("^## (.*)$", text, re.M), list(debug_log.QUESTIONS))
        self.assertIn("http://localhost:8080/drafts/1/approve", text)
        ids = re.findall("request id `(.+)`", text)
        self.assertEqual(len(ids), 3)
        self.assertIn("POST /drafts/1/approve → 200", text)
        self.assertEqual(debug_log.empty_sections(self.copies_dir / NAME), debug_log.LEARNER_SECTIONS)

    def test_a_log_says_what_was_done_between_the_requests(self):
        self.copies_dir.mkdir()
        sent = [
            Step("the desk", "DEBUG=true python3 app.py", in_background=True),
            RecordedRequest("GET", "/health", (), None, 200, "r-1"),
            Step("writing fails:", tool_command="fault audit-write --in {label}"),
            Step("the WebSocket is closed"),
        ]
        log = "INFO  | r-2 x\nERROR | r-1 Traceback\n  File\nKeyError: 1\nINFO  | r-2 y"
        debug_log.create(self.copies_dir, "A symptom.", Verdict([], None, sent, log))
        text = (self.copies_dir / debug_log.NAME).read_text(encoding="utf-8")
        self.assertIn("the desk, in a terminal of its own:\n\n```bash\nDEBUG=true python3 app.py\n```\n", text)
        lines = re.findall("```bash\n(.*?)```", text, re.S)[1].splitlines()
        self.assertEqual(lines[1], "# writing fails:")
        self.assertEqual(lines[2], f"(cd ../.. && python3 -m drills fault audit-write --in {self.copies_dir.name})")
        self.assertEqual(lines[3], "# the WebSocket is closed")
        self.assertEqual(lines[5:], [f"(cd ../.. && python3 -m drills fault --off --in {self.copies_dir.name})"])
        self.assertIn("```\nERROR | r-1 Traceback\n  File\nKeyError: 1\n```", text)

    def evidence(self, name):
        """What the log of a new copy says about its traces, as one line."""
        self.call("start", name)
        self.call("log", name)
        text = (self.copies_dir / name / debug_log.NAME).read_text(encoding="utf-8")
        self.assertEqual(debug_log.empty_sections(self.copies_dir / name), debug_log.LEARNER_SECTIONS)
        return " ".join(text.partition("## Evidence")[2].split())

    def test_a_log_has_the_trace_of_the_failing_request_and_where_it_parts_from_the_clean_desk(self):
        cases = {
            "accept_empty_title": (
                "The trace of `POST /tickets`, traced request 1 of 1: ``` POST /tickets → 201 Created",
                "part in this request, inside `handle_one_request` → `admit` → `check_body` → `clean`",
                "copy clean(value='') → '' web/validation.py",
                "clean clean(value='') → raises Fault",
            ),
            "duplicate_idempotency": (
                "The trace of `POST /tickets`, traced request 2 of 2: ``` POST /tickets → 201 Created",
                "copy kept_response(scope=('user-1', 'POST', '/tickets', 'demo-1')) → None store.py",
                "clean kept_response(…) → {caller: 'user-1',",
            ),
            "held_by_a_closed_tab": (
                "The trace of `PATCH /tickets/1`, traced request 6 of 6: ``` PATCH /tickets/1 → 423 Locked",
                "in an earlier request, `DELETE /tickets/1/lock (a WebSocket message)`, traced request 5 of 6",
                "copy find_caller() → Caller anonymous",
                "clean find_caller() → Caller bob",
            ),
        }
        for name, expected in cases.items():
            found = self.evidence(name)
            for text in (*expected, "curl localhost:8080/debug/requests/ID"):
                with self.subTest(name, text=text):
                    self.assertIn(text, found)

    def test_a_log_never_shows_the_clean_desks_statement(self):
        drill, found = catalogue.load("strangers_ticket_came_back"), self.evidence("strangers_ticket_came_back")
        self.assertIn("copy SQL SELECT * FROM idempotency_keys WHERE (method, path, calle", found)
        self.assertIn("clean SQL (another statement) → 0 rows", found)
        self.assertNotIn(drill.CLEAN, found)

    def test_a_log_says_in_a_line_why_there_is_no_trace(self):
        self.assertIn("There is no trace: this bug is about DEBUG itself", self.evidence("login_for_anybody"))

    def test_a_log_shows_the_bug_even_if_it_is_fixed_already(self):
        self.call("start", NAME)
        self.fix()
        self.assertEqual(self.call("log", NAME), 0)
        text = (self.copies_dir / NAME / debug_log.NAME).read_text(encoding="utf-8")
        self.assertIn("POST /drafts/1/approve → 200", text)

    def test_requests_on_one_connection_are_one_curl_command(self):
        sent = [
            RecordedRequest(*facts)
            for facts in (
                ("GET", "/health", (), None, 200, "r-1"),
                ("GET", "/health", (), b"{}", 200, "r-2", False),
                ("PUT", "/tickets", (("X-User-Id", "ann"),), b"{}", 405, "r-3", True),
            )
        ]
        self.copies_dir.mkdir()
        debug_log.create(self.copies_dir, "A symptom.", Verdict([], None, sent, ""))
        lines = re.findall("^curl .*$", (self.copies_dir / debug_log.NAME).read_text(encoding="utf-8"), re.M)
        first, address = "curl -i http://localhost:8080/health", "http://localhost:8080"
        follows = f"--next -i -X PUT -H 'X-User-Id: ann' -d '{{}}' {address}/tickets"
        self.assertEqual(lines, [first, f"curl -i -X GET -d '{{}}' {address}/health {follows}"])

    def test_a_copy_that_does_not_run_is_not_a_failed_expectation(self):
        self.call("start", NAME)
        (self.copies_dir / NAME / "app.py").write_text("def (")
        self.assertEqual(self.call("check", NAME), 1)
        self.assertIn("SyntaxError", self.output)
        self.assertEqual(self.state_of(), "started")

    def test_a_learners_text_is_never_overwritten_and_check_names_empty_sections(self):
        self.call("start", NAME)
        path = self.copies_dir / NAME / debug_log.NAME
        path.write_text("# Mine\n## Symptom\nA mail.\n## Expected\n<!-- later -->\n", encoding="utf-8")
        self.call("log", NAME)
        self.assertIn("it was not changed", self.output)
        self.assertIn("A mail.", path.read_text(encoding="utf-8"))
        self.call("check", NAME)
        self.assertIn(f"Still empty in {debug_log.NAME}: Reproduction, Expected, Actual", self.output)


class ResetAndProgress(ToolTestCase):
    def test_reset_asks_once_sets_the_copy_aside_and_keeps_the_old_entry(self):
        self.call("start", NAME)
        self.fix()
        self.call("hint", NAME)
        self.assertEqual(self.call("reset", NAME, typed="n\n"), 1)
        self.assertEqual(self.call("reset", NAME), 1)
        self.assertTrue((self.copies_dir / NAME).exists())
        self.assertEqual(self.call("reset", NAME, typed="y\n"), 0)
        self.assertFalse((self.copies_dir / NAME).exists())
        (aside,) = (self.copies_dir / plant.ASIDE).iterdir()
        self.assertIn(catalogue.load(NAME).CLEAN, (aside / "app.py").read_text(encoding="utf-8"))
        entry = Progress(self.copies_dir).entry(NAME)
        self.assertEqual((state(entry), entry["earlier"][0]["hints"]), ("new", 1))
        self.call("hint", NAME)
        self.assertIn("Hint 1 of", self.output)

    def test_reset_all_touches_copies_and_nothing_else(self):
        self.call("start", NAME)
        plant.plant("accept_empty_title,approval_bypass", self.copies_dir)
        (self.copies_dir / "notes.txt").write_text("mine")
        self.assertEqual((self.call("reset"), self.call("reset", typed="n\n")), (1, 1))
        self.assertIn(f"This resets {NAME}.", self.output)
        self.assert_refused("reset", NAME, "--all", message="reset NAME, or python3 -m drills reset --all")
        self.assertEqual(self.call("reset", "--all", "--yes"), 0)
        self.assertEqual(len(list((self.copies_dir / plant.ASIDE).iterdir())), 2)
        self.assertEqual((self.copies_dir / "notes.txt").read_text(), "mine")
        self.assertEqual(self.call("reset", "--all", "--yes"), 0)
        self.assertIn("nothing to reset", self.output)

    def test_a_broken_progress_file_is_backed_up_before_the_first_write(self):
        self.copies_dir.mkdir()
        path = self.copies_dir / "progress.json"
        broken = '{"version": 1, "drills": {"approval_bypass": {"hints": %s}, "half_a_save": {"hints": 2}}}'
        for text in ("{half", "[" * 9999, broken % 7.5, broken % -5, broken % "true"):
            path.write_text(text)
            self.assertEqual(self.call("list"), 0)
            self.assertIn("cannot be read", self.errors)
            self.assertEqual(path.read_text(), text)
            self.assertEqual(self.call("hint", NAME), 0)
            self.assertIn("the old file is saved as progress.broken-", self.errors)
            self.assertEqual(Progress(self.copies_dir).entry(NAME), {"hints": 1})
        self.assertEqual(Progress(self.copies_dir).entry("half_a_save"), {"hints": 2})
        self.assertEqual(len(list(self.copies_dir.glob("progress.broken-*"))), 5)

    def test_a_progress_file_of_a_newer_desk_is_left_alone(self):
        self.copies_dir.mkdir()
        path = self.copies_dir / "progress.json"
        path.write_text('{"version": 2, "drills": {"half_a_save": {"solved": "x"}}}')
        for words in (["list"], ["hint", NAME], ["start", NAME]):
            self.assert_refused(*words, message="was written by a newer desk")
        self.assertEqual([one.name for one in self.copies_dir.iterdir()], ["progress.json"])
        self.assertIn('"version": 2', path.read_text())

    def test_unexpected_names_in_the_progress_file_do_no_harm(self):
        self.copies_dir.mkdir()
        path = self.copies_dir / "progress.json"
        odd = {"mystery-5": {"started": "x"}, "mystery-9": {"name": "mystery-5"}, "../web": {"hints": 1}, "a\ud800": {}}
        path.write_text(json.dumps({"version": 1, "drills": odd}))
        self.assertEqual([self.call("list"), self.call("hint", NAME), self.call("start", "next")], [0, 0, 0])
        self.assertEqual(self.call("reset", "--all", "--yes"), 0)
        self.assertEqual(len(list((self.copies_dir / plant.ASIDE).iterdir())), 1)

    def test_a_reset_by_a_path_moves_only_the_copy_of_that_name(self):
        self.call("start", NAME)
        elsewhere = self.copies_dir.parent / NAME
        elsewhere.mkdir()
        self.assertEqual(self.call("reset", f"{elsewhere}/", "--yes"), 0)
        self.assertTrue(elsewhere.exists())
        self.assertFalse((self.copies_dir / NAME).exists())
        self.assertEqual(self.state_of(), "new")

    def test_two_processes_at_once_lose_no_progress(self):
        many = "from drills.progress import Progress; import sys; from pathlib import Path\n"
        many += "for _ in range(50): Progress(Path(sys.argv[1])).record('approval_bypass', hints=1)"
        command = [sys.executable, "-c", many, str(self.copies_dir)]
        tools = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
        self.assertEqual([tool.wait(60) for tool in tools], [0, 0])
        self.assertEqual(Progress(self.copies_dir).entry(NAME)["hints"], 100)
        self.assertEqual(list(self.copies_dir.glob(".progress-*")), [])

    @unittest.skipIf(os.name == "nt", "Windows has no such limit")
    def test_a_full_disk_keeps_the_progress_that_was_there(self):
        Progress(self.copies_dir).record(NAME, hints=2)
        before = (self.copies_dir / "progress.json").read_bytes()
        full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10)); "
        status, output, errors = self.finish(self.tool("hint", NAME, before=full))
        self.assertEqual(status, 0)
        self.assertIn("Hint 3", output)
        self.assertIn("could not save this", errors)
        self.assertEqual((self.copies_dir / "progress.json").read_bytes(), before)
        self.assertEqual(list(self.copies_dir.glob(".progress-*")), [])


class FaultCommand(ToolTestCase):
    def test_the_fault_command_injects_into_the_copys_database_and_removes_all_faults(self):
        self.assert_refused("fault", "audit-write", message="start the copy's desk first")
        self.call("start", NAME)
        database = self.copies_dir / NAME / "support-desk.sqlite3"
        desk = DeskProcess(database, self.copies_dir / NAME)
        self.addCleanup(desk.stop)
        self.assertEqual(self.call("fault", "audit-write"), 0)
        self.assertEqual(desk.post("/tickets", {"title": "x", "description": "y"}).status, 500)
        self.assertEqual(self.call("fault", "--off", "--in", NAME), 0)
        self.assertIn("audit-write removed", self.output)
        self.assertEqual(desk.post("/tickets", {"title": "x", "description": "y"}).status, 201)

    @unittest.skipIf(os.name == "nt", "Windows cannot send Ctrl-C to one process alone")
    def test_a_broken_llm_runs_and_counts_requests_until_ctrl_c(self):
        tool = self.tool("fault", "broken-llm", "--port", "0", "--status", "503")
        output = "".join(iter(tool.stdout.readline, "\n"))
        settings = dict(re.findall("([A-Z_]+)=(\\S+)", "".join(iter(tool.stdout.readline, "\n"))))
        self.assertIn("broken-llm is running", output)
        desk = Desk(**settings)
        self.addCleanup(desk.stop)
        reply = desk.post("/tickets/classify", {"description": "x"}, {"Prefer": "handling=strict"})
        self.assertEqual(reply.status, 503)
        self.assertEqual(tool.stdout.readline(), "requests so far: 1\n")
        tool.send_signal(signal.SIGINT)
        status, output, errors = self.finish(tool)
        self.assertEqual((status, output.splitlines()[0], errors), (0, "stopped", ""))

    def test_the_log_of_a_drill_with_an_llm_has_the_commands_that_run_it(self):
        self.call("start", "bill_of_the_vendor")
        self.call("log", "bill_of_the_vendor")
        text = (self.copies_dir / "bill_of_the_vendor" / debug_log.NAME).read_text("utf-8")
        calls = re.findall("python3 -m drills (fault .+)\\)", text)
        self.assertEqual(calls, ["fault good-llm", "fault broken-llm"])
        self.assertIn(f"OPENAI_BASE_URL={LLM_URL} python3 app.py", text)

    def test_a_database_that_is_not_a_copys_is_refused(self):
        self.assert_refused("fault", "audit-write", "--db", str(ROOT / "README.md"), message="is not a desk's database")
        own = str(ROOT / "support-desk.sqlite3")
        self.assert_refused("fault", "audit-write", "--db", own, message="the desk's own database")


class Classroom(ToolTestCase):
    def test_exports_become_tables_and_broken_ones_are_named(self):
        self.call("start", NAME)
        self.call("hint", NAME)
        folder = self.copies_dir.parent
        self.call("export")
        (folder / "ann.json").write_text(self.output, encoding="utf-8")
        (folder / "bad.json").write_text('{"drills": {"x": 1}}')
        files = [str(folder / name) for name in ("ann.json", "bad.json", "missing.json")]
        self.assertEqual(self.call("class", *files), 1)
        self.assertRegex(self.output, r"\| ann +\| +1 \| +0 \| +0 \| +1 \| +\|")
        self.assertRegex(self.output, rf"\| {NAME} \| \* +\| +1 \| +0 \| +0 \| +1 \| +\|")
        self.assertEqual(self.errors.count("left out"), 2)
        self.assertEqual(self.call("class", files[0]), 0)
