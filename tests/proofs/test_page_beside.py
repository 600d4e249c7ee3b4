"""Two people side by side: the page in two frames of one window, each with a user of its own, and the scripts."""

import re
import unittest

from drills import catalogue
from tests.desk import AGENT, ROOT
from tests.proofs.test_page import ANN, CARL, LockedTest, PageTest, tearDownModule
from tests.proofs.test_page_layout import LayoutTest

__all__ = ["tearDownModule"]  # it stops the browsers; unittest looks for it here

SCRIPTS = (ROOT / "web/static/beside-scripts.js").read_text(encoding="utf-8")
SIDES = {"left": "agent-1", "right": "supervisor-1"}
STATUSES = """
document.querySelector("#request-log").open = true;
return [...document.querySelectorAll("#request-log-list > li")]
    .filter((row) => row.querySelector(".path").textContent.endsWith(arguments[0]))
    .map((row) => Number(row.querySelector(".status").textContent)).reverse()"""
OVERFLOW = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Scripts(unittest.TestCase):
    def test_each_drill_about_concurrency_has_a_script(self):
        named = set(re.findall(r'drill: "(\w+)"', SCRIPTS))
        drills = {name: catalogue.load(name) for name in catalogue.names()}
        self.assertLessEqual(named, set(drills))
        self.assertLessEqual({name for name in drills if drills[name].SECTION == "Concurrency"}, named)

    def test_each_script_has_five_steps(self):
        for script in SCRIPTS.split("    title: ")[1:]:
            self.assertEqual(len(re.findall(r"^      (left|right|both|press|ask)\(", script, re.M)), 5, script[:40])


class BesideTest(PageTest):
    def open_beside(self, fragment=""):
        page = self.browser
        page.open("about:blank")
        page.console_errors()  # those of the tests before
        page.open(f"http://127.0.0.1:{self.desk.port}/beside{fragment}")
        page.wait("#guide p, #guide li")
        return page

    def wait_in(self, side, selector, text=""):
        with self.browser.inside(side):
            self.browser.wait(selector, text)

    def click_in(self, side, selector, text=""):
        with self.browser.inside(side):
            self.browser.click(selector, text)

    def type_in(self, side, selector, text):
        with self.browser.inside(side):
            self.browser.type(selector, text)

    def begin(self, script):
        """Open a script and have it make its ticket; the ticket's number."""
        page = self.open_beside(f"#script={script}")
        page.click("#guide button", "Begin with a new ticket")
        title = page.run("return document.querySelector('#script').selectedOptions[0].textContent")
        for side in SIDES:
            self.wait_in(side, "h1", title)
            self.wait_in(side, "#live.live")
        return self.desk.get("/tickets?limit=1").json["tickets"][0]["id"]

    def next(self):
        self.browser.click("#guide button", "Next")

    def press(self, label):
        self.browser.click("#guide [aria-current] button", label)

    def statuses_in(self, side, path):
        """The statuses that a side has in its request log for what it sent to a path."""
        with self.browser.inside(side):
            return self.browser.run(STATUSES, path)


class TwoPeople(BesideTest):
    def test_one_click_on_a_ticket_shows_it_to_two_people_and_both_stay_live(self):
        self.desk.new_ticket(title="Seen by two")
        page = self.open("/tickets/1")
        page.click("main a", "Open side by side")
        for side, user in SIDES.items():
            self.wait_in(side, "h1", "Seen by two")
            self.wait_in(side, "#user-menu summary", user)
            self.wait_in(side, "#live.live")
            with page.inside(side):
                self.assertFalse(page.find("main a", "Open side by side"))
        self.type_in("left", "[name=body]", "From the left")
        self.click_in("left", "button", "Comment")
        self.wait_in("right", ".comment", "From the left")
        for number in range(3):
            self.desk.post("/tickets/1/comments", {"body": f"From elsewhere {number}"}, AGENT)
            for side in SIDES:
                self.wait_in(side, ".comment", f"From elsewhere {number}")

    def test_the_menu_leads_to_it_and_the_queue_is_on_both_sides(self):
        page = self.open()
        page.click("#user-menu summary")
        page.click("#user-menu a", "Two people side by side")
        for side in SIDES:
            self.wait_in(side, "h1", "Queue")
        self.assertEqual(page.console_errors(), [])

    def test_each_side_keeps_its_user_and_the_tab_has_its_own(self):
        page = self.open()
        self.act_as("user-7", "customer")
        self.open_beside()
        self.wait_in("right", "#user-menu summary", "supervisor-1")
        self.click_in("left", "#user-menu summary")
        self.click_in("left", "#user-menu button", "Act as admin-1")
        self.wait_in("left", "#user-menu summary", "admin-1")
        page.reload()
        self.wait_in("left", "#user-menu summary", "admin-1")
        self.wait_in("right", "#user-menu summary", "supervisor-1")
        page.click(".brand")
        page.wait("#user-menu summary", "user-7")

    def test_a_side_opens_the_reference_in_a_window_of_its_own(self):
        page = self.open_beside()
        self.wait_in("left", "#live.live")
        with page.inside("left"):
            self.assertEqual(page.run("return document.querySelector('a[href=\"/docs\"]').target"), "_blank")

    def test_the_keyboard_alone_leads_through_a_script(self):
        self.begin("one-step")
        page = self.browser
        active = "return document.activeElement.name"

        def key(letter):
            page.press_on(page.ask("GET", "/element/active"), letter)

        key("o")
        self.assertEqual(page.run(active), "left")
        with page.inside("left"):
            key("o")
        self.assertEqual(page.run(active), "right")
        with page.inside("right"):
            key("n")
        page.wait("#guide [aria-current]", "Both take the ticket")
        self.assertEqual(page.run(active), "right")
        page.run("document.querySelector('#guide .primary').focus()")
        key("n")
        page.wait("#guide [aria-current]", "was refused")
        page.wait("#guide .primary:focus", "Next")


    def test_a_double_click_makes_one_ticket_and_a_held_key_goes_one_step(self):
        page = self.open_beside("#script=lost-update")
        page.double_click("#guide button", "Begin with a new ticket", pause=100)
        self.wait_in("left", "h1", "A lost update")
        self.wait_in("right", "h1", "A lost update")
        self.assertEqual(self.desk.count("tickets"), 1)
        page.wait("#guide li:first-child[aria-current]")
        page.run("document.querySelector('#guide .primary').focus()")
        for key, step in (("n", 2), ("Enter", 3)):
            page.hold(key)
            page.hold(key, again=True)
            page.let_go(key)
            self.assertTrue(page.find(f"#guide li:nth-child({step})[aria-current]"), key)


class Narrow(LayoutTest):
    def test_the_sides_stand_one_above_the_other_and_nothing_is_cut_off(self):
        page = self.sized(360, 800)
        page.open(f"http://127.0.0.1:{self.desk.port}/beside#script=lost-update")
        page.wait("#guide li")
        page.click("#guide button", "Begin")
        with page.inside("left"):
            page.wait("h1", "A lost update")
        left, right = self.box("[data-side=left]"), self.box("[data-side=right]")
        self.assertGreaterEqual(right["top"], left["bottom"])
        self.assertEqual(page.run(OVERFLOW), 0)
        page.emulate(width=1280, height=800)
        self.assertEqual(self.box("[data-side=left]")["top"], self.box("[data-side=right]")["top"])
        self.assertLessEqual(self.box("[data-side=right]")["bottom"], 800)


class ScriptsInTheWindow(BesideTest):
    def test_a_lost_update_is_refused(self):
        number = self.begin("lost-update")
        self.click_in("left", "button", "Edit")
        self.type_in("left", ".editor [name=title]", "Mine")
        self.next()
        self.press("End the lock")
        self.browser.until(lambda: not self.desk.get(f"/tickets/{number}").json["locked_by"], "still locked")
        self.next()
        self.click_in("right", "button", "Edit")
        self.type_in("right", ".editor [name=title]", "Yours")
        self.click_in("right", "button", "Save")
        self.wait_in("right", "h1", "Yours")
        self.next()
        self.click_in("left", "button", "Save")
        self.wait_in("left", ".editor .outcome", "Somebody has changed the ticket")
        self.assertEqual(self.desk.get(f"/tickets/{number}").json["title"], "Yours")
        self.next()
        self.click_in("left", "button", "Save")
        self.wait_in("right", "h1", "Mine")
        self.next()
        self.browser.wait("#guide .primary", "Again with a new ticket")

    def test_a_lock_is_seen_and_given_back(self):
        self.begin("lock")
        self.click_in("left", "button", "Edit")
        self.wait_in("right", ".badge.lock", "agent-1 is editing")
        self.next()
        self.click_in("right", "button", "Edit")
        self.wait_in("right", ".outcome", "Locked by agent-1 for another")
        self.next()
        self.click_in("left", "nav a", "Queue")
        self.browser.until(lambda: not self.desk.rows("SELECT locked_by FROM tickets")[0][0], "still locked")
        self.next()
        self.click_in("right", "button", "Edit")
        self.wait_in("right", ".editor")
        self.next()
        self.click_in("right", "button", "Cancel")
        self.browser.until(lambda: not self.desk.rows("SELECT locked_by FROM tickets")[0][0], "still locked")

    def test_two_clicks_make_one_draft_and_two_wishes_two(self):
        self.begin("two-drafts")
        self.next()
        self.press("Press twice")
        self.wait_in("right", ".draft.pending")
        self.browser.until(lambda: len(self.statuses_in("left", "/draft")) == 2, "not both are answered")
        self.assertEqual(self.desk.count("drafts"), 1)
        self.next()
        self.next()
        self.press("Press both")
        self.browser.until(lambda: self.desk.count("drafts") == 3, "not three drafts")

    def test_a_comment_that_is_sent_twice_is_there_once(self):
        self.begin("sent-twice")
        self.type_in("left", "[name=body]", "Only once")
        self.next()
        self.next()
        self.press("Press twice")
        self.browser.until(lambda: self.statuses_in("left", "/comments") == [201, 201], "not both are answered")
        self.wait_in("right", ".comment", "Only once")
        self.assertEqual(self.desk.count("comments"), 1)

    def test_of_two_who_take_one_step_one_gets_412(self):
        self.begin("one-step")
        self.next()
        for wanted, state in enumerate(("assigned", "in_progress"), 1):
            self.press("Press both")
            self.browser.until(
                lambda: sum(len(self.statuses_in(side, "/transitions")) for side in SIDES) == 2 * wanted, "no answers"
            )
            last = sorted(self.statuses_in(side, "/transitions")[-1] for side in SIDES)
            self.assertEqual(last, [200, 412])
            for side in SIDES:
                self.wait_in(side, f".petri-net .here[data-place={state}]")
            self.next()
            self.next()
        self.assertEqual(self.desk.count("audit_events"), 3)

    def test_of_two_approvals_one_is_refused_in_sight(self):
        self.begin("two-approvals")
        for side in SIDES:
            self.wait_in(side, ".draft.pending")
        self.next()
        self.press("Press both")
        self.browser.until(
            lambda: sorted(self.statuses_in("left", "/approve") + self.statuses_in("right", "/approve")) == [200, 409],
            "not one of the two is refused",
        )
        told = [self.told(side) for side in SIDES]
        self.assertEqual(len([text for text in told if "was sent by" in text]), 1, told)
        self.assertEqual(self.desk.count("comments"), 1)

    def told(self, side):
        with self.browser.inside(side):
            self.browser.wait(".timeline .drafts, .timeline .talk", "approved the draft")
            return self.browser.text(".conversation .outcome")

    def test_what_one_writes_the_other_one_reads(self):
        self.begin("read-your-writes")
        self.click_in("left", "button", "Resolve")
        self.wait_in("right", ".petri-net .here[data-place=resolved]")
        self.next()
        self.click_in("right", "nav a", "Queue")
        self.wait_in("right", ".ticket .badge", "Resolved")
        self.next()
        self.click_in("left", "[data-step=close]")
        self.wait_in("right", ".ticket .badge", "Closed")

    def test_a_button_that_is_not_there_is_told(self):
        self.begin("two-approvals")
        self.click_in("left", "nav a", "Queue")
        self.next()
        self.press("Press both")
        self.browser.wait("#guide .outcome", "There is no button “Approve and send” on the left side now.")


class Locked(LockedTest, BesideTest):
    def test_each_side_logs_in_for_itself_and_out_alone(self):
        page = self.open_beside("#script=one-step")
        page.click("#guide button", "Begin")
        page.wait("#guide .outcome", "Log in on both sides first")
        for side, user in (("left", ANN), ("right", CARL)):
            with page.inside(side):
                self.log_in(page, user)
                page.wait("#user-menu summary", user)
                page.wait("#live.live")
        page.click("#guide button", "Begin")
        self.wait_in("left", "h1", "One step, two people")
        self.assertEqual(self.desk.rows("SELECT created_by FROM tickets"), [(ANN,)])
        self.wait_in("right", ".problem")  # a customer sees own tickets alone
        with page.inside("left"):
            self.log_out(page)
            page.wait("h1", "Log in")
        self.wait_in("right", "#user-menu summary", CARL)
        kept = page.run("return JSON.stringify({...sessionStorage})")
        self.assertNotIn(ANN, kept)
        self.assertIn(CARL, kept)
        page.open(f"http://127.0.0.1:{self.desk.port}/")
        page.wait("h1", "Log in")
