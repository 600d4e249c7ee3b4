"""The board in the browser, as somebody in front of a real browser uses it."""

import json

from drills import catalogue
from drills.progress import Progress, state
from tests.browser import Browser, needs_browser
from tests.proofs.test_board_server import NAME, BoardTest
from tests.proofs.test_page import LOW_CONTRAST, browser_number, tearDownModule
from tests.proofs.test_page_requests import FOCUSED, TOO_WIDE

__all__ = ["tearDownModule"]  # it stops the browsers; unittest looks for it here

EXERCISE = "urgent_priority"
CANARY = "<img src=x onerror=\"document.title='owned'\">"
TEST = """from tests.desk import DeskTest


class Titles(DeskTest):
    def test_a_ticket_without_a_title_is_refused(self):
        reply = self.desk.post("/tickets", {"title": "", "description": "x"})
        self.assertEqual(reply.status, 400)
"""
REQUESTS_LINK = "return document.querySelector('a[href$=\"#/requests\"]')?.href"
CLIPBOARD = "navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve() }"
NAMELESS = """
return [...document.querySelectorAll("button, a, input, select, textarea")]
  .filter((node) => !(node.textContent.trim() || node.ariaLabel || node.closest("label")))
  .map((node) => node.outerHTML);
"""
LONG = 120  # seconds for what runs many desks


@needs_browser
class BoardPageTest(BoardTest):
    @property
    def browser(self) -> Browser:
        return browser_number(0)

    def open(self, path="/drills"):
        page = self.browser
        page.open("about:blank")
        page.open(f"{self.server.address}#{path}")
        return page

    def open_started(self, path=f"/drills/{NAME}"):
        """The view of a drill whose copy is there."""
        self.post("/api/start", name=path.rpartition("/")[2])
        page = self.open(path)
        page.wait("h2", "Check")
        return page

    def wait_long(self, page, selector, text):
        for _ in range(LONG // 10):
            try:
                return page.wait(selector, text)
            except AssertionError as problem:
                last = problem
        raise last

    def fix(self):
        drill = catalogue.load(NAME)
        path = self.copies_dir / NAME / drill.FILE
        path.write_text(path.read_text("utf-8").replace(drill.PLANTED, drill.CLEAN), encoding="utf-8")

    def state_of(self, label=NAME):
        return state(Progress(self.copies_dir).entry(label))

    def press(self, page, key):
        page.press_on(page.ask("GET", "/element/active"), key)


class TheBoard(BoardPageTest):
    def test_it_has_every_drill_and_filters_stay_in_the_address(self):
        page = self.open()
        page.wait(".title", NAME)
        count = "return document.querySelectorAll('.drill-list .ticket').length"
        self.assertEqual(page.run(count), len(catalogue.names()))
        page.choose("[name=stars]", "5")
        page.choose("[name=section]", "Idempotency")
        page.until(lambda: page.run(count) == 1, "the filters do not work")
        page.reload()
        page.wait(".title", "draft_is_accepted_and_nowhere")
        self.assertEqual(page.run(count), 1)
        page.choose("[name=state]", "solved")
        page.wait(".empty", "No drill fits")

    def test_the_next_drill_is_started_with_the_keyboard(self):
        page = self.open()
        page.wait(".title", NAME)
        for _ in range(20):
            self.press(page, "Tab")
            if page.run("return document.activeElement.textContent") == "Start the next one":
                break
        self.press(page, "Enter")
        page.wait("h2", "Check")
        self.assertTrue(page.url.endswith(f"#/drills/{NAME}"), page.url)
        self.assertEqual(self.state_of(), "started")

    def test_a_command_can_be_copied(self):
        page = self.open(f"/drills/{NAME}")
        page.wait("button", "Start this drill")
        page.run(CLIPBOARD)
        page.click(".card:has(h2) .command button")
        page.until(lambda: page.run("return window.copied") == f"python3 -m drills start {NAME}", "nothing was copied")

    def test_a_mystery_does_not_say_its_name(self):
        page = self.open()
        page.type("[name=seed]", "7")
        page.wait(".mystery code", "start random --mystery --stars 1-3 --seed 7")
        page.click("button", "Start a mystery")
        label = page.wait("h1", "mystery-") and page.text("h1")
        found = catalogue.names()
        page.click("button", "Hint 1")
        page.wait(".hints li")
        shown = page.url + page.run("return document.documentElement.outerHTML + document.title")
        self.assertEqual([name for name in found if name in shown], [])
        page.click("button", "Give up")
        page.click("button", "Yes, give up")
        page.wait(".explanation h2", "The bug: ")
        name = page.text(".explanation h2").removeprefix("The bug: ")
        self.assertIn(name, found)
        page.wait(".head p", f"It was {name}.")
        page.click("a", "All drills")
        page.wait(".drill-list .badge", "gave up")
        self.assertIn(label, page.text(".drill-list"))


class OneDrill(BoardPageTest):
    def test_a_check_shows_each_expectation_and_a_fix_makes_them_green(self):
        page = self.open_started()
        page.click("summary", "Only the drill's own check")
        page.click("button", "Quick check")
        page.wait(".results .is-fail", "a ticket titled '' is refused: expected 400, got 201")
        page.wait(".result", "NO 2 of 8 expectations are met.")
        page.wait(".badge", "reproduced")
        self.fix()
        page.click("button", "Quick check")
        page.wait(".result", "OK 8 of 8 expectations are met. Your copy is identical to the clean desk.")
        self.assertEqual(page.run("return document.querySelectorAll('.results .is-pass').length"), 8)
        self.assertEqual((self.state_of(), page.text(".head .badge")), ("fixed", "fixed"))

    def test_a_check_can_be_stopped(self):
        page = self.open_started()
        page.click("button", "Check")
        page.click("button", "Stop")
        page.until_gone(".running")
        page.until(lambda: not self.get(f"/api/drills/{NAME}")["is_busy"], "the check goes on")

    def test_hints_come_one_by_one(self):
        page = self.open_started()
        hints = catalogue.load(NAME).HINTS
        for number, hint in enumerate(hints, 1):
            page.click("button", f"Hint {number} of {len(hints)}")
            page.until(lambda: page.run("return document.querySelectorAll('.hints li').length") == number, "no hint")
            self.assertIn(hint[:40], page.text(".hints"))
        page.wait(".card", "You have all the hints.")
        self.assertEqual(Progress(self.copies_dir).entry(NAME)["hints"], len(hints))

    def test_a_copy_runs_and_shows_its_log_and_its_requests(self):
        page = self.open_started()
        page.click("button", "Start the copy")
        page.wait(".copy-log", "Ctrl-C stops")
        link = page.run(REQUESTS_LINK)
        page.open(link)
        page.wait("h1", "Requests")
        page.wait("tr .path", "/health")
        page.back()
        page.wait(".copy-log", "/health")
        page.click("button", "Start again")
        page.until(lambda: page.run(REQUESTS_LINK) not in (None, link), "it has not started again")
        page.click("button", "Stop")
        page.wait(".copy-log", "ended with status 0")
        page.wait("button", "Start the copy")

    def test_a_test_written_in_the_page_is_judged_and_saved(self):
        page = self.open_started()
        page.type("[name=test]", TEST)
        page.click("button", "Judge this test")
        self.wait_long(page, ".result", "OK Accepted: this test detects the bug.")
        self.assertIn("fails on the planted desk", page.text(".results"))
        self.assertEqual((self.copies_dir / NAME / "my-test.py").read_text("utf-8"), TEST)
        page.reload()
        page.until(lambda: page.value("[name=test]") == TEST, "the test is not shown again")

    def test_the_debugging_log_is_a_form(self):
        page = self.open_started()
        page.click("button", "Create the log")
        self.wait_long(page, ".log .label", "Root cause")
        page.type("textarea[name='Root cause']", f"A limit of 0. {CANARY}")
        page.click("button", "Save")
        path = self.copies_dir / NAME / "debugging-log.md"
        page.until(lambda: f"## Root cause\n\nA limit of 0. {CANARY}\n" in path.read_text("utf-8"), "it is not saved")
        page.wait(".log p", "Still empty: Expected, Actual, Failing boundary, Fix, Verification, Prevention")
        page.click(".log summary", "Evidence")
        page.wait(".log pre", "POST /tickets")
        page.reload()
        page.until(lambda: CANARY in (page.value("textarea[name='Root cause']") or ""), "it is not shown again")

    def test_giving_up_and_reset_ask_once(self):
        page = self.open_started()
        page.click("button", "Give up and reveal")
        page.wait(".asked p", "The board will say “gave up” beside it.")
        page.click("button", "No, keep it")
        self.assertEqual(page.run("return document.activeElement.textContent"), "Give up and reveal")
        self.assertNotIn("revealed", Progress(self.copies_dir).entry(NAME))
        page.click("button", "Give up and reveal")
        page.click("button", "Yes, give up")
        page.wait(".diff-cell.removed", "BETWEEN 0 AND 200")
        page.wait(".diff-cell.added", "BETWEEN 1 AND 200")
        page.wait(".head .badge", "gave up")
        page.click("button", "Reset")
        page.wait(".asked p", "set-aside, not deleted")
        page.click("button", "Yes, reset")
        page.wait("button", "Start this drill")
        self.assertEqual((self.state_of(), (self.copies_dir / NAME).exists()), ("new", False))

    def test_what_files_say_is_text_and_not_html(self):
        self.post("/api/start", name=NAME)
        (self.copies_dir / NAME / "my-test.py").write_text(CANARY, encoding="utf-8")
        log = f"# Debugging log\n\n## Symptom\n\n{CANARY}\n\n## Fix\n\n{CANARY}\n"
        (self.copies_dir / NAME / "debugging-log.md").write_text(log, encoding="utf-8")
        (self.copies_dir / NAME / "app.py").write_text(f"print({CANARY!r})", encoding="utf-8")
        progress = json.loads((self.copies_dir / "progress.json").read_text("utf-8"))
        progress["drills"][CANARY] = {}
        (self.copies_dir / "progress.json").write_text(json.dumps(progress), encoding="utf-8")
        page = self.open(f"/drills/{NAME}")
        page.wait("#problems", "<img")
        page.click("button", "Start the copy")
        page.wait(".copy-log", "<img src=x")
        page.click(".log summary", "Symptom")
        page.wait(".log pre", "<img")
        self.assertEqual((page.value("[name=test]"), page.value("[name=Fix]")), (CANARY, CANARY))
        self.assertEqual(page.run("return document.querySelectorAll('main img').length"), 0)
        self.assertNotIn("owned", page.run("return document.title"))
        self.assertEqual(page.console_errors(), [])


class Exercises(BoardPageTest):
    def test_the_path_leads_to_an_exercise_whose_tests_say_what_is_missing(self):
        page = self.open("/exercises")
        page.wait("[aria-current=step] .title", EXERCISE)
        page.click(".title", EXERCISE)
        page.wait("h3", "What is promised")
        page.click("button", "Start this exercise")
        page.click("button", "Check")
        self.wait_long(page, ".result", "NO 2 of 9 tests pass.")
        page.wait(".results .is-fail", "look for the list of priorities in schema.sql")
        page.click("button", "Give up")
        page.click("button", "Yes, give up")
        page.wait(".explanation h3", "Another good design")
        page.wait(".results .is-fail", ": as above")
        page.click("a", "All exercises")
        page.wait(".path .badge", "started, gave up")
        page.wait(".path .facts", "2/9 tests pass")


class Looks(BoardPageTest):
    def test_every_view_is_readable_by_day_and_night_and_on_a_phone(self):
        """Contrast of at least 4.5 to 1 (WCAG 2.2 AA) for every text, nothing wider than the window, no complaints."""
        self.post("/api/start", name=NAME)
        self.post(f"/api/drills/{NAME}/hint")
        self.post(f"/api/drills/{NAME}/run")
        page = self.open()
        page.wait(".title", NAME)
        page.console_errors()
        self.addCleanup(page.emulate)
        views = ("/drills", "/exercises", f"/drills/{NAME}", "/drills/half_a_save", f"/exercises/{EXERCISE}", "/x")
        for looks in ({"width": 360}, {"width": 800}, {"scheme": "dark", "width": 1200}):
            page.emulate(**looks)
            for path in views:
                with self.subTest(f"{path} {looks}"):
                    page.run("location.hash = arguments[0]", f"#{path}")
                    name = path.rpartition("/")[2]
                    page.wait("main h1", {"drills": "Drills", "exercises": "Exercises", "x": "That"}.get(name, name))
                    if name == NAME:
                        page.click("button", "Show the explanation" if page.find("button", "Show the") else "Give up")
                        if page.find("button", "Yes, give up"):
                            page.click("button", "Yes, give up")
                        page.wait(".explanation h2")
                    self.assertEqual(page.run(LOW_CONTRAST), [])
                    self.assertLessEqual(page.run(TOO_WIDE), 0)
        self.assertEqual(page.console_errors(), [])

    def test_the_focus_is_seen_and_every_button_has_a_name(self):
        page = self.open_started()
        self.assertEqual(page.run(NAMELESS), [])
        for _ in range(12):
            self.press(page, "Tab")
            outline = page.run("return getComputedStyle(document.activeElement).outlineStyle")
            self.assertEqual(outline, "solid", page.run(FOCUSED))

    def test_a_board_that_has_ended_is_said(self):
        page = self.open(f"/drills/{NAME}")
        page.wait("button", "Start this drill")
        page.run("window.fetch = () => Promise.reject(new TypeError('no'))")
        page.click("button", "Start this drill")
        page.wait("#offline", "python3 -m drills serve")
        page.wait(".outcome", "The board does not answer.")
