"""The view of a ticket: its timeline, what it was before, the way of a draft, and the net that can be pressed."""

from tests.desk import AGENT, CUSTOMER
from tests.proofs.test_page import LockedTest, bearer, tearDownModule
from tests.proofs.test_page_layout import LayoutTest

__all__ = ["tearDownModule"]  # it stops the browsers; unittest looks for it here

SUPERVISOR = {"X-User-Id": "sofia", "X-User-Role": "supervisor"}
ENTRIES = """
const first = (text) => text.replace(/^Later:\\s*/, "").split("\\n")[0].trim();
return [...document.querySelectorAll(".timeline > li")].map((one) => first(one.innerText));
"""
BAR = "[data-transition=assign] rect:not(.reach)"


class TimelineTest(LayoutTest):
    def a_story(self):
        """Talk, a step, a note, a draft that is reworded and sent, an edit, a draft that is rejected."""
        self.desk.new_ticket(title="First words", priority="low")
        self.desk.post("/tickets/1/comments", {"body": "When?"}, CUSTOMER)
        self.desk.post("/tickets/1/transitions", {"transition": "assign"}, AGENT)
        self.desk.post("/tickets/1/comments", {"body": "Be careful", "internal": True}, AGENT)
        self.desk.post("/tickets/1/draft", {"body": "Soon"}, AGENT)
        self.desk.post("/drafts/1/approve", {"body": "Tomorrow"}, SUPERVISOR)
        self.desk.patch("/tickets/1", {"priority": "high", "title": "Second words"}, AGENT)
        self.desk.post("/tickets/1/draft", {"body": "Never"}, AGENT)
        self.desk.post("/drafts/2/reject", {}, SUPERVISOR)

    def entries(self, page):
        return page.run(ENTRIES)

    def until_entries(self, page, *starts):
        def fits():
            seen = self.entries(page)
            return len(seen) == len(starts) and all(one.startswith(start) for one, start in zip(seen, starts))

        page.until(fits, f"not {starts}")


class Order(TimelineTest):
    STORY = (
        "user-1 opened the ticket",
        "user-1 commented",
        "agent-1 assigned it",
        "agent-1 commented internal note",
        "agent-1 drafted a reply draft 1",
        "sofia reworded the draft draft 1",
        "sofia approved the draft, the reply is sent draft 1",
        "agent-1 edited it",
        "agent-1 drafted a reply draft 2",
        "sofia rejected the draft draft 2",
    )

    def test_talk_drafts_decisions_and_steps_stand_in_one_order(self):
        self.a_story()
        page = self.open("/tickets/1")
        page.wait(".timeline")
        self.until_entries(page, *self.STORY)
        self.assertEqual(page.text(".timeline .comment .user-text").split("\n"), ["When?", "Be careful", "Tomorrow"])
        page.wait("#live.live")
        self.desk.post("/tickets/1/transitions", {"transition": "start_work"}, AGENT)
        self.until_entries(page, *self.STORY, "agent-1 started work")
        self.assertLess(self.box(".timeline > li:last-child")["bottom"], self.box(".comment-form")["top"])

    def test_filters_show_a_part_and_stand_in_the_address(self):
        self.a_story()
        page = self.open("/tickets/1")
        page.click("[data-show=talk]")
        self.until_entries(page, "user-1 commented", "agent-1 commented", "sofia approved the draft")
        page.click("[data-show=drafts]")
        self.until_entries(page, *(self.STORY[number] for number in (4, 5, 6, 8, 9)))
        page.click("[data-show=changes]")
        self.until_entries(page, *(self.STORY[number] for number in (0, 2, 7)))
        self.assertTrue(page.url.endswith("/tickets/1?show=changes"), page.url)
        page.click(".timeline button", "Version 3")
        page.wait(".versions.past")
        self.assertTrue(page.url.endswith("/tickets/1?at=3&show=changes"), page.url)
        page.reload()
        page.wait(".versions.past", "Version 3 of 10")
        self.until_entries(page, *(self.STORY[number] for number in (0, 2, 7)))
        page.wait("[data-show=changes][aria-pressed=true]")
        page.click("[data-show='']")
        self.until_entries(page, *self.STORY)
        page.click("button", "Back to now")
        page.until(lambda: page.url.endswith("/tickets/1"), "the address is not the plain one")


class LookingBack(TimelineTest):
    TOPS = """const all = [...document.querySelectorAll(".timeline > li, .comment-form, .petri-net")];
        return all.map((one) => one.getBoundingClientRect().top)"""

    def test_the_future_is_greyed_in_its_place_and_nothing_jumps(self):
        self.a_story()
        page = self.sized(1280, 800, "/tickets/1")
        page.wait(".timeline .comment", "Tomorrow")
        before, count = page.run(self.TOPS), len(self.entries(page))
        page.press("[type=range]", "Home")
        page.wait(".versions.past", "Version 1 of 10")
        page.wait("h1", "First words")
        self.assertEqual(page.run(self.TOPS), before)
        self.assertEqual(page.run("return document.querySelectorAll('.timeline > .future').length"), count - 1)
        self.assertTrue(page.find(".timeline > .here[aria-current=step]", "opened the ticket"))
        colours = "return ['.here b', '.future b'].map((one) => getComputedStyle(document.querySelector(one)).color)"
        here, future = page.run(colours)
        self.assertNotEqual(here, future)
        self.assertTrue(page.run("return document.querySelector('.reply-box').inert"))
        page.click("button", "Back to now")
        page.until_gone(".future")
        self.assertEqual(page.run(self.TOPS), before)
        self.assertFalse(page.run("return document.querySelector('.reply-box').inert"))

    def test_what_differs_is_marked_in_the_facts_and_in_the_timeline(self):
        self.a_story()
        page = self.open("/tickets/1?at=2")
        page.wait(".versions.past", "Version 2 of 10")
        page.wait("h1 .changed-field", "First words")
        self.assertEqual(page.text(".facts-list .changed-field dd").split("\n"), ["Low now high", "nobody now agent-1"])
        marked = ["Workflow state: new → assigned", "Assignee: nobody → agent-1"]
        marked += ["Priority: low → high", "Title: First words → Second words"]
        seen = page.text(".timeline .future .changed-field").split("\n")
        self.assertEqual(sorted(seen), sorted(marked))
        page.wait(".workflow h2", "New, now Assigned")
        page.click(".timeline button", "Version 8")
        page.wait(".versions.past", "Version 8")
        self.assertEqual(page.text(".facts-list .changed-field dd").split("\n"), ["High was low"])
        self.assertFalse(page.find("h1 .changed-field"))
        page.click("button", "Back to now")
        page.until_gone(".changed-field")

    def test_no_shortcut_and_no_step_works_on_what_was(self):
        self.a_story()
        page = self.open("/tickets/1?at=2")
        page.wait(".versions.past")
        for key in ("1", "c", "e", "a"):
            page.press_on(page.ask("GET", "/element/active"), key)
        self.assertFalse(page.find(".editor, textarea:focus, .petri-net [role=button]"))
        self.assertEqual(self.desk.get("/tickets/1").json["state"], "assigned")

    def test_an_answer_for_a_version_that_was_left_meanwhile_is_dropped(self):
        self.a_story()
        page = self.open("/tickets/1?at=5")
        page.wait(".versions.past", "Version 5")
        page.run(HOLD_VERSION_1)
        page.press("[type=range]", "Home")
        page.until(lambda: page.run("return Boolean(window.goOn)"), "version 1 is not asked for")
        page.click("button", "Back to now")
        page.until_gone(".versions.past")
        page.run("return window.goOn()")
        self.assertFalse(page.find(".versions.past, .future"))
        page.wait("h1", "Second words")

    def test_the_net_names_the_step_that_led_to_a_version(self):
        self.desk.new_ticket()
        for step in ("assign", "start_work", "request_info", "customer_reply"):
            who = CUSTOMER if step == "customer_reply" else AGENT
            self.desk.post("/tickets/1/transitions", {"transition": step}, who)
        page = self.open("/tickets/1?at=4")
        page.wait(".petri-net[aria-label*='Last step: Request info']")
        page.run(WATCH_MOVES)
        page.click("[aria-label='Earlier version']")
        page.wait(".versions.past", "Version 3 of 5")
        page.wait(".petri-net[aria-label*='Last step: Start work']")
        self.assertEqual(page.run("return window.moves"), [], "the token moved along an arc that leads elsewhere")
        page.click("[aria-label='Later version']")
        page.wait(".petri-net[aria-label*='Last step: Request info']")
        page.click("[aria-label='Later version']")
        page.wait(".petri-net[aria-label*='Last step: Customer reply']")
        self.assertEqual(len(page.run("return window.moves")), 2)

    def test_the_slider_follows_the_keys_and_the_focus_stays_in_the_bar(self):
        self.a_story()
        page = self.open("/tickets/1?at=5")
        page.wait(".versions.past", "Version 5")
        page.run("document.querySelector('[type=range]').focus()")
        page.press_on(page.ask("GET", "/element/active"), "[")
        page.wait(".versions.past", "Version 4")
        self.assertEqual(page.value("[type=range]"), "4")
        for version, button in ((2, "Earlier version"), (9, "Later version")):
            self.open(f"/tickets/1?at={version}").wait(".versions.past", f"Version {version}")
            page.press(f"[aria-label='{button}']", "Enter")
            page.wait(f"[aria-label='{button}']:disabled")
            page.wait("[type=range]:focus")

    def test_the_focus_stays_on_the_ticket_when_an_edit_ends_while_looking_back(self):
        self.a_story()
        page = self.open("/tickets/1")
        page.click("button", "Edit")
        page.wait(".editor [name=title]:focus")
        page.press("[type=range]", "Home")
        page.wait(".versions.past", "Version 1 of")
        page.click(".editor button", "Cancel")
        page.until_gone(".editor")
        page.wait("h1:focus")

    def test_news_that_comes_while_somebody_looks_back_is_grey(self):
        self.a_story()
        page = self.open("/tickets/1?at=2")
        page.wait(".versions.past")
        page.wait("#live.live")
        self.desk.post("/tickets/1/comments", {"body": "Fresh"}, CUSTOMER)
        page.wait(".timeline > .future", "Fresh")
        page.wait("h1", "First words")


HOLD_VERSION_1 = """  // its answer waits until window.goOn() is called, which resolves when the page has it
const fetched = window.fetch;
window.fetch = async (path, request) => {
  const answer = await fetched(path, request);
  if (!path.endsWith("/at/1")) return answer;
  await new Promise((resolve) => {
    window.goOn = () => {
      resolve();
      return new Promise((done) => setTimeout(done, 100));
    };
  });
  return answer;
};
"""


class ReplyBox(TimelineTest):
    def test_a_reply_goes_from_a_suggestion_over_an_edit_to_an_approval(self):
        self.desk.new_ticket()
        page = self.open("/tickets/1")
        page.click(".reply-box button", "Suggest a reply")
        page.wait("[name=draft]:focus")
        page.wait(".waits", "waits for approval")
        page.type("[name=draft]", "Dear customer, it works again.")
        page.click(".draft button", "Save changes")
        page.wait(".timeline .drafts", "reworded the draft")
        page.reload()
        page.until(lambda: page.value("[name=draft]") == "Dear customer, it works again.", "not saved")
        page.click(".draft button", "Approve and send")
        page.wait(".timeline .comment", "Dear customer, it works again.")
        page.until_gone(".draft.pending")
        self.assertEqual(self.desk.get("/tickets/1").json["drafts"][0]["status"], "sent")

    def test_typed_words_wait_for_the_approval_of_somebody_else(self):
        self.desk.new_ticket()
        page = self.open("/tickets/1")
        page.click(".reply-box button", "Send for approval")
        page.wait(".comment-form .field-error", "blank")
        page.type("[name=body]", "We will call you.")
        page.click(".reply-box button", "Send for approval")
        page.wait(".draft.pending")
        self.assertEqual((page.value("[name=body]"), page.value("[name=draft]")), ("", "We will call you."))
        self.assertEqual(self.desk.count("comments"), 0)
        page.reload()
        page.wait("[name=body]")
        self.assertEqual(page.value("[name=body]"), "")
        self.act_as("sofia", "supervisor")
        page.click(".draft button", "Approve and send")
        page.wait(".timeline .comment", "We will call you.")
        self.assertEqual(self.desk.get("/tickets/1").json["comments"][0]["author"], "sofia")

    def test_an_internal_note_cannot_be_sent_for_approval(self):
        self.desk.new_ticket()
        page = self.open("/tickets/1")
        page.click("[name=internal]")
        page.wait("button:disabled", "Send for approval")
        page.click("[name=internal]")
        page.until_gone("button:disabled", "Send for approval")

    def test_a_draft_that_somebody_else_has_decided_says_so(self):
        self.desk.new_ticket()
        self.desk.post("/tickets/1/draft", {"body": "Mine"}, AGENT)
        page = self.open("/tickets/1")
        page.wait(".draft.pending")
        page.run(DECIDED_BEFORE)
        page.click(".draft button", "Approve and send")
        page.wait(".timeline .drafts", "rejected the draft")
        page.until_gone(".draft.pending")
        page.wait(".reply-box .outcome", "rejected by sofia")
        self.assertEqual(self.desk.count("comments"), 0)


DECIDED_BEFORE = """
const fetched = window.fetch;
window.fetch = async (path, request) => {
  if (!path.endsWith("/approve")) return fetched(path, request);
  window.fetch = fetched;
  await fetched("/drafts/1/reject", { method: "POST", headers: { "X-User-Id": "sofia", "X-User-Role": "agent" } });
  return fetched(path, request);
};
"""


class CustomerOfALockedDesk(LockedTest):
    def test_a_customer_sees_talk_and_steps_and_nothing_of_drafts_and_notes(self):
        carl, ann = bearer("carl@example.com", "customer"), bearer("ann@example.com", "agent")
        self.desk.post("/tickets", {"title": "Mine", "description": "x"}, carl)
        self.desk.post("/tickets/1/comments", {"body": "canary-note", "internal": True}, ann)
        self.desk.post("/tickets/1/draft", {"body": "canary-draft"}, ann)
        self.desk.post("/drafts/1/approve", {"body": "An answer"}, ann)
        self.desk.post("/tickets/1/draft", {"body": "canary-draft"}, ann)
        page = self.open("/tickets/1")
        self.log_in(page, "carl@example.com")
        page.wait(".timeline .comment", "An answer")
        said = page.run(ENTRIES)
        self.assertEqual(len(said), 2)
        self.assertTrue(said[1].startswith("ann@example.com replied"), said)
        self.assertNotIn("draft", page.text("main").lower())
        self.assertEqual(page.text(".conversation [data-show]").split("\n"), ["All", "Talk", "Changes"])
        self.assertFalse(page.find("button", "Suggest a reply") or page.find("[name=internal]"))
        self.assertNotIn("canary", page.run("return document.documentElement.outerHTML"))
        page.type("[name=body]", "Thank you")
        page.click(".comment-form button", "Comment")
        page.wait(".timeline .comment", "Thank you")


class Net(LayoutTest):
    def test_a_bar_is_pressed_with_the_mouse_and_with_the_keyboard(self):
        self.desk.new_ticket()
        page = self.open("/tickets/1")
        page.click(BAR)
        page.wait(".petri-net .here[data-place=assigned]")
        page.wait(".last[data-transition=assign]")
        page.wait(".steps:not(.ignores-clicks)")
        page.until(lambda: self.desk.get("/tickets/1").json["state"] == "assigned", "not assigned")
        bar = page.wait("[data-transition=start_work][role=button]")
        page.run("arguments[0].focus()", bar)
        self.assertEqual(page.ask("GET", f"/element/{list(bar.values())[0]}/computedlabel"), "Start work")
        page.press_on(page.ask("GET", "/element/active"), "Enter")
        page.wait(".petri-net .here[data-place=in_progress]")
        page.until(lambda: self.desk.get("/tickets/1").json["state"] == "in_progress", "no work")
        page.wait(".petri-net [role=button]:focus")
        page.wait(".petri-net[aria-label*='Last step: Start work']")
        self.assertFalse(page.find("[data-transition=assign].last"))

    def test_a_key_that_is_held_down_takes_one_step(self):
        bar = "[data-transition=assign][role=button]"
        for selector, key in ((".primary[data-step=assign]", "Enter"), (bar, "Enter"), (bar, " ")):
            with self.subTest(selector, key=key):
                ticket = self.desk.new_ticket()["id"]
                page = self.open(f"/tickets/{ticket}")
                page.run("arguments[0].focus()", page.wait(selector))
                page.hold(key)
                page.wait(".timeline", "assigned it")
                page.wait(".steps:not(.ignores-clicks)")
                page.wait(".workflow :focus")
                page.hold(key, again=True)
                page.let_go(key)
                self.assertEqual(page.text(".workflow h2"), "Workflow: Assigned")

    def test_a_bar_that_is_refused_says_why_beside_the_steps(self):
        self.desk.new_ticket()
        page = self.open("/tickets/1")
        page.wait("[data-transition=assign][role=button]")
        self.desk.post("/tickets/1/lock", {}, {"X-User-Id": "mei", "X-User-Role": "agent"})
        page.click(BAR)
        page.wait(".workflow .outcome", "Locked by mei")
        page.wait(".petri-net .here[data-place=new]")

    def test_bars_are_large_enough_for_a_finger(self):
        self.desk.new_ticket()
        self.sized(360, 700, "/tickets/1")
        bar = self.box("[data-transition=assign] .reach")
        self.assertGreaterEqual(min(bar["right"] - bar["left"], bar["bottom"] - bar["top"]), 24)

    def test_the_token_moves_along_its_arcs_except_for_those_who_want_no_motion(self):
        self.desk.new_ticket()
        page = self.open("/tickets/1")
        moves = "return window.moves.map(({ length, first }) => [length > 10, first])"
        page.wait(".primary[data-step=assign]")
        page.run(WATCH_MOVES)
        page.click(".primary[data-step=assign]")
        page.until(lambda: page.run(moves), "it does not move")
        (is_long, first), *others = page.run(moves)
        self.assertEqual((is_long, others), (True, []))
        self.assertRegex(first, r"translate\(0px, -4\d")  # it begins at the place above
        self.addCleanup(page.emulate)
        page.emulate(motion="reduce")
        page.click(".primary[data-step=start_work]")
        page.wait(".petri-net .here[data-place=in_progress]")
        self.assertEqual(len(page.run(moves)), 1)


WATCH_MOVES = """
window.moves = [];
const animate = Element.prototype.animate;
Element.prototype.animate = function (frames, given) {
  window.moves.push({ length: frames.length, first: frames[0].transform });
  return animate.call(this, frames, given);
};
"""
