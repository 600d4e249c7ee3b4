"""The calls of `python3 -m drills`, as a learner types them."""

import json
import os
import random
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
from drills.__main__ import CALLS, main
from drills.judge import Exchange, Verdict
from drills.lab import LLM_URL, Deed
from drills.learner_test import judge_test
from drills.progress import Progress, state
from tests.desk import ROOT, Desk, DeskProcess, clean_environment
from tests.drills_proof import SOLUTIONS
from tests.test_docs import section, table
from tests.test_drills import Garden

NAME = "approval_bypass"


class Tool(Garden):
    def call(self, *words: str, typed: str = "") -> int:
        """Its exit status; what it printed is in self.said and self.errors."""
        with redirect_stdout(StringIO()) as said, redirect_stderr(StringIO()) as errors:
            with mock.patch("sys.stdin", StringIO(typed)):
                status = main(list(words), self.garden)
        self.said, self.errors = said.getvalue(), errors.getvalue()
        return status

    def assert_refused(self, *words: str, saying: str):
        self.assertEqual((self.call(*words), self.said), (2, ""))
        self.assertEqual(self.errors.count("\n"), 1, self.errors)
        self.assertIn(saying, self.errors)

    def mend(self, folder=None, name=NAME):
        drill = catalogue.load(name)
        path = (folder or self.garden / name) / drill.FILE
        path.write_text(path.read_text("utf-8").replace(drill.PLANTED, drill.CLEAN), encoding="utf-8")

    def state_of(self, name=NAME) -> str:
        return state(Progress(self.garden).entry(name))


class CommandLine(Tool):
    def test_what_is_unknown_is_one_line_with_what_is_valid(self):
        self.assert_refused("chek", saying="did you mean check? There are: list, start")
        self.assert_refused("hint", "aproval_bypass", saying="did you mean approval_bypass?")
        self.assert_refused("check", NAME, "--jason", saying="did you mean --json?")
        self.assert_refused("fault", "audit-wrote", saying="did you mean audit-write?")
        self.assert_refused("check", saying="type python3 -m drills check NAME")
        self.assert_refused("check", NAME, "--json=1", saying="takes no value")
        self.assert_refused("start", "random", "--seed", "x", saying="whole number")
        self.assert_refused("start", NAME, "--seed", "1", saying="--seed goes with")
        self.assert_refused("check", NAME, saying="is not planted; type python3 -m drills start")

    def test_help_names_every_call_and_flag(self):
        for words in (("--help",), ("check", "-h"), ("help",)):
            self.assertEqual(self.call(*words), 0)
            for name, call in CALLS.items():
                self.assertIn(f"drills {name} {call.usage}".rstrip(), self.said)
                for flag in call.flags:
                    self.assertIn(flag, call.usage)

    def test_every_call_ends_with_what_to_type_next(self):
        calls = (["list"], ["start", NAME], ["hint", NAME], ["log", NAME], ["fault", "--list"], ["fault", "--off"])
        for words in (*calls, ["reveal", NAME, "--give-up"], ["reset", NAME, "--yes"]):
            self.assertEqual(self.call(*words), 0, words)
            self.assertRegex(self.said.splitlines()[-1], "^next: python3 -m drills ")

    def test_a_terminal_without_the_characters_gets_their_numbers_and_no_colour(self):
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


class WalkThrough(Tool):
    """The README's five minutes, and its table of calls."""

    def test_the_table_has_every_call(self):
        written = re.findall(r"`(\w+)", " ".join(row[0] for row in table("Break it")))
        self.assertEqual(list(dict.fromkeys(written)), list(CALLS))

    def test_the_table_has_every_drill_as_it_is(self):
        there = []
        for drill in map(catalogue.load, catalogue.on_board()):
            there.append([drill.SECTION, "★" * drill.STARS, f"`{catalogue.name_of(drill)}`", catalogue.symptom(drill)])
        self.assertEqual(sorted(table("The drills")), sorted(there))

    def test_the_board_of_a_narrow_terminal_has_every_symptom_whole(self):
        long = "A symptom that is told in more words than there are columns in a row of a terminal"
        lines = board._fitted([("name", "symptom"), ("approval_bypass", long)], 60)
        self.assertEqual(lines[:2], ["name", "approval_bypass"])
        self.assertEqual(" ".join(line.strip() for line in lines[2:]), long)
        self.assertLessEqual(max(map(len, lines)), 60)

    def test_it_says_what_the_tool_says(self):
        name, text = "accept_empty_title", section("Five minutes with one of them")
        (self.garden.parent / "test_titles.py").write_text(re.search(r"```python\n(.*?)```", text, re.S)[1])
        self.call("start", name)
        heard = self.said
        self.call("check", name)
        heard += self.said
        self.call("log", name)
        self.mend(name=name)
        self.call("check", name)
        heard += self.said
        self.assertEqual(self.call("test", name, str(self.garden.parent / "test_titles.py")), 0)
        heard += self.said
        for block in re.findall(r"^```\n(\$ python3 -m drills.*?)```", text, re.S | re.M):
            for line in block.splitlines():
                if not line.startswith(("$", "…", "folder", "run it")):  # these two tell where this test's garden is
                    self.assertIn(line, heard.splitlines())


class Loop(Tool):
    def test_a_drill_goes_from_new_to_solved(self):
        self.assertEqual(self.state_of(), "new")
        self.call("start", NAME)
        self.assertIn("A customer received a reply", self.said)
        self.assertEqual(self.state_of(), "started")
        self.assertEqual(self.call("check", NAME), 1)
        self.assertEqual(self.said.splitlines()[-1], "NO")
        self.assertIn("✗ role 'user' may not approve: wanted 403, saw 200", self.said)
        self.assertEqual(self.state_of(), "reproduced")
        self.assertEqual(self.call("reveal", NAME), 1)
        self.mend()
        self.assertEqual(self.call("check", NAME), 0)
        self.assertEqual(self.said.splitlines()[-1], "OK")
        self.assertEqual(self.state_of(), "mended")
        self.assertEqual(self.call("test", NAME, str(SOLUTIONS / NAME / "regression.py")), 0)
        self.assertEqual(self.state_of(), "solved")
        self.assertEqual(self.call("reveal", NAME), 0)
        self.assertIn("CWE-862", self.said)
        self.assertIn('role="agent"', self.said)

    def test_a_mend_that_breaks_again_is_mended_no_more(self):
        progress = Progress(self.garden)
        progress.note(NAME, started="t", reproduced="t", verdict="OK")
        self.assertEqual(self.state_of(), "mended")
        progress.note(NAME, verdict="NO")
        self.assertEqual(self.state_of(), "reproduced")

    def test_check_in_json_names_each_test_with_status_and_message(self):
        self.call("start", NAME)
        self.assertEqual(self.call("check", NAME, "--json"), 1)
        facts = json.loads(self.said)
        self.assertEqual((facts["name"], facts["verdict"], facts["state"]), (NAME, "NO", "reproduced"))
        self.assertEqual({"name", "status", "message"}, set(facts["tests"][0]))
        self.assertEqual({test["status"] for test in facts["tests"]}, {"pass", "fail"})

    def test_hints_come_one_by_one_are_counted_and_stay(self):
        hints = catalogue.load(NAME).HINTS
        for number, text in enumerate(hints, 1):
            self.call("hint", NAME)
            self.assertIn(f"Hint {number} of {len(hints)}: {text}", self.said)
        self.call("hint", NAME)
        for text in hints:
            self.assertIn(text, self.said)
        self.assertEqual(Progress(self.garden).entry(NAME)["hints"], len(hints))

    def test_start_next_takes_the_easiest_new_one_and_random_can_be_repeated(self):
        self.call("start", "next")
        first = catalogue.on_board()[0]
        self.assertTrue((self.garden / first).exists())
        self.call("start", "random", "--seed", "4")
        chosen = {path.name for path in self.garden.iterdir() if path.is_dir()} - {first}
        for name in chosen:
            self.call("reset", name, "--yes")
        self.call("start", "random", "--seed", "4")
        self.assertIn(chosen.pop(), self.said)

    def test_a_copy_that_stands_is_told_of_also_when_the_desk_has_changed(self):
        self.call("start", NAME)
        label = self.garden / NAME / plant.LABEL
        label.write_text(label.read_text().replace(plant.fingerprint(), "another desk"))
        self.call("start", NAME)
        self.assertIn("The desk has changed since", self.said)
        self.assertIn(f"reset {NAME}", self.said)


class Mystery(Tool):
    def seed_of(self, name):
        return next(seed for seed in range(1000) if self.drawn(seed) == name)

    def drawn(self, seed):
        return random.Random(seed).choice(catalogue.names())

    def test_its_name_is_told_when_it_is_solved_and_not_before(self):
        seed = self.seed_of(NAME)
        label = f"mystery-{seed}"
        heard = []
        for words in (["start", "--mystery", f"--seed={seed}"], ["check", label], ["hint", label], ["log", label], []):
            self.call(*words)
            heard.append(self.said)
        board = heard.pop()
        self.assertNotIn(catalogue.symptom(catalogue.load(NAME)), "".join(heard))
        self.assertNotIn(NAME, "".join(heard) + Path(self.garden / "progress.json").read_text())
        self.assertRegex(board, rf"{label} +\? +reproduced")
        desk = DeskProcess(self.garden / "lab.sqlite3", self.garden / label)
        self.addCleanup(desk.stop)
        self.assertEqual(desk.get("/health").json["bug_mode"], label)
        self.mend(self.garden / label)
        self.call("test", label, str(SOLUTIONS / NAME / "regression.py"))
        self.assertNotIn(NAME, self.said)
        self.assertEqual(self.call("start", label), 0)
        self.assertIn("It stands since an earlier start", self.said)
        self.assertEqual(self.call("check", label), 0)
        self.assertIn(f"{label} is solved: it was {NAME}", self.said)
        self.call()
        self.assertRegex(self.said, rf"{NAME} +\* +solved")
        self.call("reset", label, "--yes")
        self.assertIn(f"next: python3 -m drills start --mystery --seed {seed}\n", self.said)
        self.call()
        self.assertNotIn(label, self.said)

    def test_without_a_seed_it_is_a_new_one_each_time(self):
        self.call("start", "--mystery")
        self.call("start", "--mystery")
        self.assertEqual(len(list(self.garden.glob("mystery-*"))), 2)


class Copies(Tool):
    """A copy as it may be found after somebody has worked in it."""

    def test_it_is_meant_by_the_path_of_its_folder_too(self):
        self.call("start", NAME)
        self.assertEqual(self.call("check", f"{self.garden / NAME}/"), 1)
        self.assertIn(f"{NAME}, in ", self.said)

    def test_one_that_does_not_start_says_in_which_line_and_how_to_see_it(self):
        self.call("start", NAME)
        path = self.garden / NAME / "store.py"
        path.write_text("this is no Python\n" + path.read_text("utf-8"), "utf-8")
        self.assertEqual(self.call("check", NAME), 1)
        self.assertIn("SyntaxError: invalid syntax (store.py, line 1)", self.said)
        self.assertRegex(self.said, "See whether your copy runs: .cd .* && python3 app.py")
        self.assertNotIn("of 0 promises", self.said)

    def test_one_with_several_bugs_is_not_judged(self):
        plant.plant("accept_empty_title,approval_bypass", self.garden)
        self.assert_refused("check", "accept_empty_title+approval_bypass", saying="drills are done one at a time")

    def test_a_folder_that_is_none_any_more_is_set_aside_by_a_reset(self):
        (self.garden / NAME).mkdir(parents=True)
        for call in ("start", "check", "log"):
            self.assert_refused(call, NAME, saying="it has no app.py")
        self.assertEqual([self.call("reset", NAME, "--yes"), self.call("start", NAME)], [0, 0])

    def test_a_mystery_whose_mark_is_gone_is_still_one(self):
        self.call("start", "--mystery", "--seed", "7")
        (self.garden / "mystery-7" / plant.MARK).unlink()
        self.assertEqual(self.call("check", "mystery-7"), 1)


class OwnTest(Tool):
    def judge(self, body: str, seconds: float = 30):
        """What is said of a test method with this body."""
        text = f"from tests.desk import *\nclass T(DeskTest):\n    def test_it(self):\n        {body}\n"
        return self.judge_file(text, seconds)

    def judge_file(self, text, seconds=30.0):
        path = self.garden.parent / "mine.py"
        path.write_text(text, encoding="utf-8")
        return judge_test(catalogue.load(NAME), path, seconds)

    def assert_halves(self, halves, *wanted):
        self.assertEqual([half.is_fine for half in halves], [fine for fine, _ in wanted], halves)
        for half, (_, words) in zip(halves, wanted):
            self.assertIn(words, half.why)

    def test_an_empty_file_and_one_that_skips_everything_test_nothing(self):
        self.assert_halves(self.judge_file("# later\n"), (False, "no test was run"))
        self.assert_halves(self.judge("self.skipTest('later')"), (False, "skipped"), (False, "skipped"))

    def test_always_true_does_not_see_the_bug_and_always_false_sees_one_everywhere(self):
        self.assert_halves(self.judge("pass"), (True, "1 test passes"), (False, "does not see the bug"))
        self.assert_halves(self.judge("self.fail('x')"), (False, "fails on the clean desk"), (True, "fails"))

    def test_an_error_is_no_failed_assertion(self):
        ask = "self.desk.post('/drafts/1/approve', {}, CUSTOMER).json['code']"
        make = "self.desk.new_ticket(); self.desk.post('/tickets/1/draft', {})"
        self.assert_halves(self.judge(f"{make}; {ask}"), (True, "passes"), (False, "KeyError: 'code'"))

    def test_what_cannot_be_loaded_or_ends_python_is_told(self):
        self.assert_halves(self.judge_file("import nowhere_to_be_found"), (False, "nowhere_to_be_found"), (False, ""))
        self.assert_halves(self.judge("this is no Python"), (False, "invalid syntax (line 4)"))
        self.assert_halves(self.judge("import os; os._exit(3)"), (False, "ended with status 3"))

    def test_one_that_hangs_is_ended(self):
        hangs = "import time\ntime.sleep(60)\n"
        self.assert_halves(self.judge_file(hangs, 0.5), (False, "did not end within 0.5 s"))

    def test_neither_half_can_be_told_by_its_bug_mode(self):
        halves = self.judge("self.assertIsNone(self.desk.get('/health').json['bug_mode'])")
        self.assert_halves(halves, (True, "passes"), (False, "does not see the bug"))

    def test_a_file_that_is_not_there_is_one_line(self):
        self.assert_refused("test", NAME, "no/such/file.py", saying="say which file")


class Log(Tool):
    def test_it_begins_with_the_requests_that_show_the_bug_and_their_ids(self):
        self.call("start", NAME)
        self.call("log", NAME)
        text = (self.garden / NAME / debug_log.NAME).read_text(encoding="utf-8")
        self.assertEqual(re.findall("^## (.*)$", text, re.M), list(debug_log.QUESTIONS))
        self.assertIn("http://localhost:8080/drafts/1/approve", text)
        ids = re.findall("request id `(.+)`", text)
        self.assertEqual(len(ids), 3)
        self.assertIn("POST /drafts/1/approve → 200", text)
        self.assertEqual(debug_log.empty_sections(self.garden / NAME), debug_log.TO_FILL)

    def test_it_says_what_was_done_between_the_requests(self):
        self.garden.mkdir()
        sent = [
            Deed("the desk", "DEBUG=true python3 app.py", apart=True),
            Exchange("GET", "/health", (), None, 200, "r-1"),
            Deed("writing fails:", call="fault audit-write --in {label}"),
            Deed("the WebSocket is closed"),
        ]
        log = "INFO  | r-2 x\nERROR | r-1 Traceback\n  File\nKeyError: 1\nINFO  | r-2 y"
        debug_log.begin(self.garden, "A symptom.", Verdict([], None, sent, log))
        text = (self.garden / debug_log.NAME).read_text(encoding="utf-8")
        self.assertIn("the desk, in a terminal of its own:\n\n```bash\nDEBUG=true python3 app.py\n```\n", text)
        lines = re.findall("```bash\n(.*?)```", text, re.S)[1].splitlines()
        self.assertEqual(lines[1], "# writing fails:")
        self.assertEqual(lines[2], f"(cd ../.. && python3 -m drills fault audit-write --in {self.garden.name})")
        self.assertEqual(lines[3], "# the WebSocket is closed")
        self.assertEqual(lines[5:], [f"(cd ../.. && python3 -m drills fault --off --in {self.garden.name})"])
        self.assertIn("```\nERROR | r-1 Traceback\n  File\nKeyError: 1\n```", text)

    def test_it_shows_the_bug_also_where_it_is_mended_already(self):
        self.call("start", NAME)
        self.mend()
        self.assertEqual(self.call("log", NAME), 0)
        text = (self.garden / NAME / debug_log.NAME).read_text(encoding="utf-8")
        self.assertIn("POST /drafts/1/approve → 200", text)

    def test_requests_of_one_connection_are_one_curl(self):
        sent = [
            Exchange(*facts)
            for facts in (
                ("GET", "/health", (), None, 200, "r-1"),
                ("GET", "/health", (), b"{}", 200, "r-2", False),
                ("PUT", "/tickets", (("X-User-Id", "ann"),), b"{}", 405, "r-3", True),
            )
        ]
        self.garden.mkdir()
        debug_log.begin(self.garden, "A symptom.", Verdict([], None, sent, ""))
        lines = re.findall("^curl .*$", (self.garden / debug_log.NAME).read_text(encoding="utf-8"), re.M)
        first, address = "curl -i http://localhost:8080/health", "http://localhost:8080"
        follows = f"--next -i -X PUT -H 'X-User-Id: ann' -d '{{}}' {address}/tickets"
        self.assertEqual(lines, [first, f"curl -i -X GET -d '{{}}' {address}/health {follows}"])

    def test_a_copy_that_does_not_run_is_no_broken_promise(self):
        self.call("start", NAME)
        (self.garden / NAME / "app.py").write_text("def (")
        self.assertEqual(self.call("check", NAME), 1)
        self.assertIn("SyntaxError", self.said)
        self.assertEqual(self.state_of(), "started")

    def test_what_a_learner_wrote_is_never_written_over_and_check_names_what_is_empty(self):
        self.call("start", NAME)
        path = self.garden / NAME / debug_log.NAME
        path.write_text("# Mine\n## Symptom\nA mail.\n## Expected\n<!-- later -->\n", encoding="utf-8")
        self.call("log", NAME)
        self.assertIn("nothing in it was changed", self.said)
        self.assertIn("A mail.", path.read_text(encoding="utf-8"))
        self.call("check", NAME)
        self.assertIn(f"Still empty in {debug_log.NAME}: Reproduction, Expected, Actual", self.said)


class Keeping(Tool):
    def test_reset_asks_once_sets_the_copy_aside_and_keeps_what_was_done(self):
        self.call("start", NAME)
        self.mend()
        self.call("hint", NAME)
        self.assertEqual(self.call("reset", NAME, typed="n\n"), 1)
        self.assertEqual(self.call("reset", NAME), 1)
        self.assertTrue((self.garden / NAME).exists())
        self.assertEqual(self.call("reset", NAME, typed="y\n"), 0)
        self.assertFalse((self.garden / NAME).exists())
        (aside,) = (self.garden / plant.ASIDE).iterdir()
        self.assertIn(catalogue.load(NAME).CLEAN, (aside / "app.py").read_text(encoding="utf-8"))
        entry = Progress(self.garden).entry(NAME)
        self.assertEqual((state(entry), entry["earlier"][0]["hints"]), ("new", 1))
        self.call("hint", NAME)
        self.assertIn("Hint 1 of", self.said)

    def test_reset_all_touches_copies_and_nothing_else(self):
        self.call("start", NAME)
        plant.plant("accept_empty_title,approval_bypass", self.garden)
        (self.garden / "notes.txt").write_text("mine")
        self.assert_refused("reset", saying="reset NAME, or python3 -m drills reset --all")
        self.assertEqual(self.call("reset", "--all", "--yes"), 0)
        self.assertEqual(len(list((self.garden / plant.ASIDE).iterdir())), 2)
        self.assertEqual((self.garden / "notes.txt").read_text(), "mine")
        self.assertEqual(self.call("reset", "--all", "--yes"), 0)
        self.assertIn("nothing to reset", self.said)

    def test_a_broken_progress_file_is_kept_with_a_message_once_something_is_noted(self):
        self.garden.mkdir()
        path = self.garden / "progress.json"
        broken = '{"version": 1, "drills": {"approval_bypass": {"hints": %s}, "half_a_save": {"hints": 2}}}'
        for text in ("{half", "[" * 9999, broken % 7.5, broken % -5, broken % "true"):
            path.write_text(text)
            self.assertEqual(self.call("list"), 0)
            self.assertIn("cannot be read", self.errors)
            self.assertEqual(path.read_text(), text)
            self.assertEqual(self.call("hint", NAME), 0)
            self.assertIn("the file as it was is kept: progress.broken-", self.errors)
            self.assertEqual(Progress(self.garden).entry(NAME), {"hints": 1})
        self.assertEqual(Progress(self.garden).entry("half_a_save"), {"hints": 2})
        self.assertEqual(len(list(self.garden.glob("progress.broken-*"))), 5)

    def test_a_progress_file_of_a_newer_desk_is_left_alone(self):
        self.garden.mkdir()
        path = self.garden / "progress.json"
        path.write_text('{"version": 2, "drills": {"half_a_save": {"solved": "x"}}}')
        for words in (["list"], ["hint", NAME], ["start", NAME]):
            self.assert_refused(*words, saying="was written by a newer desk")
        self.assertEqual([one.name for one in self.garden.iterdir()], ["progress.json"])
        self.assertIn('"version": 2', path.read_text())

    def test_names_that_no_desk_wrote_stop_nothing(self):
        self.garden.mkdir()
        path = self.garden / "progress.json"
        odd = {"mystery-5": {"started": "x"}, "mystery-9": {"name": "mystery-5"}, "../web": {"hints": 1}, "a\ud800": {}}
        path.write_text(json.dumps({"version": 1, "drills": odd}))
        self.assertEqual([self.call("list"), self.call("hint", NAME), self.call("start", "next")], [0, 0, 0])
        self.assertEqual(self.call("reset", "--all", "--yes"), 0)
        self.assertEqual(len(list((self.garden / plant.ASIDE).iterdir())), 1)

    def test_a_reset_by_a_path_means_the_copy_of_that_name_and_no_other_folder(self):
        self.call("start", NAME)
        elsewhere = self.garden.parent / NAME
        elsewhere.mkdir()
        self.assertEqual(self.call("reset", f"{elsewhere}/", "--yes"), 0)
        self.assertTrue(elsewhere.exists())
        self.assertFalse((self.garden / NAME).exists())
        self.assertEqual(self.state_of(), "new")

    def test_two_tools_at_once_lose_nothing(self):
        many = "from drills.progress import Progress; import sys; from pathlib import Path\n"
        many += "for _ in range(50): Progress(Path(sys.argv[1])).note('approval_bypass', hints=1)"
        command = [sys.executable, "-c", many, str(self.garden)]
        tools = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
        self.assertEqual([tool.wait(60) for tool in tools], [0, 0])
        self.assertEqual(Progress(self.garden).entry(NAME)["hints"], 100)
        self.assertEqual(list(self.garden.glob(".progress-*")), [])

    @unittest.skipIf(os.name == "nt", "Windows has no such limit")
    def test_a_full_disk_keeps_the_progress_that_was_there(self):
        Progress(self.garden).note(NAME, hints=2)
        before = (self.garden / "progress.json").read_bytes()
        full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10)); "
        status, output, errors = self.finish(self.tool("hint", NAME, before=full))
        self.assertEqual(status, 0)
        self.assertIn("Hint 3", output)
        self.assertIn("this was not noted", errors)
        self.assertEqual((self.garden / "progress.json").read_bytes(), before)
        self.assertEqual(list(self.garden.glob(".progress-*")), [])


class FaultCall(Tool):
    def test_it_arms_the_database_of_the_copy_and_takes_all_away(self):
        self.assert_refused("fault", "audit-write", saying="start the copy's desk first")
        self.call("start", NAME)
        database = self.garden / NAME / "support-desk.sqlite3"
        desk = DeskProcess(database, self.garden / NAME)
        self.addCleanup(desk.stop)
        self.assertEqual(self.call("fault", "audit-write"), 0)
        self.assertEqual(desk.post("/tickets", {"title": "x", "description": "y"}).status, 500)
        self.assertEqual(self.call("fault", "--off", "--in", NAME), 0)
        self.assertIn("audit-write taken away", self.said)
        self.assertEqual(desk.post("/tickets", {"title": "x", "description": "y"}).status, 201)

    @unittest.skipIf(os.name == "nt", "Windows cannot send Ctrl-C to one process alone")
    def test_an_llm_that_is_broken_serves_and_counts_until_ctrl_c(self):
        tool = self.tool("fault", "broken-llm", "--port", "0", "--status", "503")
        said = "".join(iter(tool.stdout.readline, "\n"))
        settings = dict(re.findall("([A-Z_]+)=(\\S+)", "".join(iter(tool.stdout.readline, "\n"))))
        self.assertIn("broken-llm is there", said)
        desk = Desk(**settings)
        self.addCleanup(desk.stop)
        reply = desk.post("/tickets/classify", {"description": "x"}, {"Prefer": "handling=strict"})
        self.assertEqual(reply.status, 503)
        self.assertEqual(tool.stdout.readline(), "calls so far: 1\n")
        tool.send_signal(signal.SIGINT)
        status, output, errors = self.finish(tool)
        self.assertEqual((status, output.splitlines()[0], errors), (0, "stopped", ""))

    def test_the_log_of_a_drill_with_an_llm_names_one_that_can_be_had(self):
        self.call("start", "bill_of_the_vendor")
        self.call("log", "bill_of_the_vendor")
        text = (self.garden / "bill_of_the_vendor" / debug_log.NAME).read_text("utf-8")
        calls = re.findall("python3 -m drills (fault .+)\\)", text)
        self.assertEqual(calls, ["fault good-llm", "fault broken-llm"])
        self.assertIn(f"OPENAI_BASE_URL={LLM_URL} python3 app.py", text)

    def test_what_is_no_database_of_a_lab_is_refused(self):
        self.assert_refused("fault", "audit-write", "--db", str(ROOT / "README.md"), saying="is no database of a desk")
        own = str(ROOT / "support-desk.sqlite3")
        self.assert_refused("fault", "audit-write", "--db", own, saying="the desk's own database")


class Classroom(Tool):
    def test_exports_become_one_table_and_broken_ones_are_named(self):
        self.call("start", NAME)
        self.call("hint", NAME)
        folder = self.garden.parent
        self.call("export")
        (folder / "ann.json").write_text(self.said, encoding="utf-8")
        (folder / "bad.json").write_text('{"drills": {"x": 1}}')
        files = [str(folder / name) for name in ("ann.json", "bad.json", "missing.json")]
        self.assertEqual(self.call("class", *files), 1)
        self.assertRegex(self.said, r"\| drill +\| ann +\|")
        self.assertRegex(self.said, rf"\| {NAME} +\| started, 1 hint \|")
        self.assertEqual(self.errors.count("left out"), 2)
        self.assertEqual(self.call("class", files[0]), 0)
