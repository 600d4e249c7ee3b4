"""The page, as somebody in front of a real browser uses it."""

import json
import shlex
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import app
from tests.browser import Browser, Driver, needs_browser
from tests.desk import AGENT, CUSTOMER, DeskProcess, DeskTest, run_tool
from tests.test_locked import LOCKED, bearer
from web.identity import new_user

VIEWS = ("/tickets", "/tickets/new", "/tickets/1", "/tickets/1?at=1", "/dashboard", "/audit", "/nowhere", "/tickets/99")

ANN, CARL, PASSWORD = "ann@example.com", "carl@example.com", "correct horse"
USERS = ((ANN, "agent"), (CARL, "customer"))
CANARIES = tuple(f"canary-{place}" for place in "title description actor note draft search typed".split())

browsers: list[Browser] = []  # started when first needed, for all tests of this file


def tearDownModule():
    for browser in browsers:
        browser.quit()
    if browsers:
        browsers[0].driver.stop()
        browsers.clear()  # another module with tests of the page starts its own


def browser_number(number: int) -> Browser:
    while len(browsers) <= number:
        browsers.append(Browser(browsers[0].driver if browsers else Driver()))
    return browsers[number]


@needs_browser
class PageTest(DeskTest):
    """Each test has a desk of its own, on a port of its own: so the page knows nobody yet."""

    @property
    def browser(self) -> Browser:
        return browser_number(0)

    def open(self, path="/tickets", browser=None):
        """Open the page at a view of its own."""
        browser = browser or self.browser
        browser.open("about:blank")
        browser.open(f"http://127.0.0.1:{self.desk.port}/#{path}")
        return browser

    def act_as(self, user, role, browser=None):
        """Be somebody else, with the form in the corner."""
        browser = browser or self.browser
        browser.click("#user-menu summary")
        browser.type("#user-menu [name=user]", user)
        browser.choose("#user-menu [name=role]", role)
        browser.click("#user-menu button")
        browser.until(lambda: user in browser.text("#user-menu summary"), f"not {user} yet")


class Creating(PageTest):
    def test_the_suggestion_fills_what_the_user_has_not_chosen(self):
        page = self.open("/tickets/new")
        page.type("[name=title]", "Charged twice")
        page.choose("[name=priority]", "low")
        page.type("[name=description]", "Two payments for one invoice left my card, please refund. This is critical!")
        page.wait(".suggestion", "Suggested by rules")
        self.assertEqual((page.value("[name=category]"), page.value("[name=priority]")), ("billing", "low"))
        self.assertIn("Your choice of priority stays", page.text(".suggestion"))
        page.click("button", "Create ticket")
        page.wait("h1", "Charged twice")
        ticket = self.desk.get("/tickets/1").json
        self.assertEqual((ticket["category"], ticket["priority"], ticket["created_by"]), ("billing", "low", "agent-1"))

    def test_an_error_in_a_form_stands_beside_its_field(self):
        page = self.open("/tickets/new")
        page.type("[name=description]", "Only this")
        page.type("[name=title]", "x" * 201)
        self.assertIn("201 / 200", page.text(".counter.over"))
        page.click("button", "Create ticket")
        page.wait(".field:has([name=title]) .field-error", "no more than 200 characters")
        self.assertEqual(page.run("return document.activeElement.name"), "title")
        page.type("[name=title]", "Short")
        page.click("button", "Create ticket")
        page.wait("h1", "Short")

    def test_a_double_click_makes_one_ticket(self):
        page = self.open("/tickets/new")
        page.type("[name=title]", "Once")
        page.type("[name=description]", "Only once, please")
        page.double_click("button", "Create ticket")
        page.wait("h1", "Once")
        self.assertEqual(self.desk.get("/tickets").json["total"], 1)

    def test_a_form_that_is_sent_twice_makes_one_ticket(self):
        page = self.open("/tickets/new")
        page.type("[name=title]", "Once")
        page.type("[name=description]", "Only once, please")
        page.run("const form = document.querySelector('form.narrow'); form.requestSubmit(); form.requestSubmit()")
        page.wait("h1", "Once")
        page.click("#request-log > summary")
        page.wait("#request-log-list li", "replayed")
        self.assertEqual(self.desk.count("tickets"), 1)

    def test_from_the_queue_to_a_step_with_the_keyboard_alone(self):
        self.desk.new_ticket(title="By keyboard")
        page = self.open()
        page.wait(".ticket .title", "By keyboard")
        self.tab_to(page, ".ticket .title")
        page.wait("h1", "By keyboard")
        self.tab_to(page, ".primary[data-step=assign]")
        page.wait(".petri-net .here[data-place=assigned]")
        page.wait("button[data-step=start_work]:focus")
        page.until(lambda: self.desk.get("/tickets/1").json["assignee"] == "agent-1", "not assigned")

    def tab_to(self, page, selector):
        """Press Tab until the focus is there and can be seen, then Enter."""
        for _ in range(40):
            page.press_on(page.ask("GET", "/element/active"), "Tab")
            if page.run("return document.activeElement.matches(arguments[0])", f"{selector}:focus-visible"):
                return page.press_on(page.ask("GET", "/element/active"), "Enter")
        self.fail(f"Tab does not lead to {selector}")

    def test_everything_can_be_done_with_the_keyboard(self):
        page = self.open("/tickets/new")
        page.wait("[name=title]:focus")
        for keys in ("By keyboard", "Tab", "No mouse here", "Tab", "Tab", "Tab"):
            page.run("window.before = document.activeElement")
            focused = page.ask("GET", "/element/active")
            page.press_on(focused, keys)
        page.wait("button.primary:focus-visible", "Create ticket")
        page.press_on(page.ask("GET", "/element/active"), "Enter")
        page.wait("h1", "By keyboard")


class Queue(PageTest):
    def test_filters_and_search_survive_a_reload(self):
        for title, category in (("Login broken", "technical"), ("Login slow", "billing"), ("Invoice", "billing")):
            self.desk.new_ticket(title=title, category=category)
        page = self.open()
        page.wait(".total", "3 tickets")
        page.choose("select[name=category]", "billing")
        page.wait(".total", "2 tickets")
        page.type("[name=search]", "login")
        page.wait(".total", "1 ticket")
        self.assertTrue(page.url.endswith("#/tickets?category=billing&search=login"), page.url)
        page.reload()
        page.wait(".total", "1 ticket")
        self.assertEqual(page.text(".ticket .title"), "Login slow")
        self.assertEqual((page.value("[name=search]"), page.value("select[name=category]")), ("login", "billing"))
        self.assertIn("category=billing&search=login", page.run("return document.querySelector('a[download]').href"))

    def test_the_queue_counts_tickets_and_has_pages(self):
        for number in range(30):
            self.desk.new_ticket(title=f"Number {number}")
        page = self.open()
        page.wait(".total", "25 of 30 tickets")
        page.wait(".tabs a", "Open30")
        page.click("a", "Older")
        page.wait(".total", "5 of 30 tickets")
        last = [f"Number {number}" for number in (4, 3, 2, 1, 0)]
        page.until(lambda: page.text(".ticket .title").split("\n") == last, f"the last page does not show {last}")
        page.click("a", "Newest")
        page.wait(".ticket .title", "Number 29")

    def test_the_queue_can_show_what_is_assigned_to_me(self):
        self.desk.new_ticket(title="Mine")
        self.desk.new_ticket(title="Not mine")
        self.desk.post("/tickets/1/transitions", {"transition": "assign"}, AGENT)
        page = self.open()
        page.click("[name=mine]")
        page.wait(".total", "1 ticket")
        self.assertEqual(page.text(".ticket .title"), "Mine")

    def test_a_filter_that_only_an_address_can_set_is_shown_and_removed(self):
        self.desk.new_ticket(title="Theirs")
        self.desk.post("/tickets", {"title": "Other", "description": "x"}, {**AGENT, "X-User-Id": "user-2"})
        page = self.open("/tickets?created_by=user-2")
        page.wait(".total", "1 ticket")
        page.click(".chip", "Created by: user-2")
        page.wait(".total", "2 tickets")
        page.until_gone(".chip")
        self.open("/tickets?assignee=agent-1")
        page.wait("[name=mine]:checked")
        self.assertFalse(page.find(".chip"))

    def test_a_title_of_markup_is_shown_as_text(self):
        title = "<img src=x onerror=\"document.title='owned'\"> & <b>"
        self.desk.new_ticket(title=title, description=title)
        self.desk.post("/tickets/1/comments", {"body": title}, AGENT)
        page = self.open()
        page.wait(".ticket .title", title)
        for path, selector in (("/tickets/1", "h1"), ("/tickets/1", ".comment"), ("/audit", "td")):
            self.open(path)
            page.wait(selector, title if selector != "td" else "opened")
        self.assertNotIn("owned", page.run("return document.title"))
        self.assertEqual(page.run("return document.querySelectorAll('main img').length"), 0)

    def test_words_from_right_to_left_stand_so_and_turn_nothing_around_them(self):
        title, text = "تعذر تسجيل الدخول \u202e", "لا يمكنني الدخول"
        self.desk.new_ticket(title=title, description=text)
        self.desk.post("/tickets/1/comments", {"body": text}, AGENT)
        for path, selector in (("/tickets", ".ticket .title"), ("/tickets/1", "h1 bdi"), ("/tickets/1", "p.user-text")):
            page = self.open(path)
            page.wait(selector)
            script = "const style = getComputedStyle(arguments[0]); return [style.direction, style.unicodeBidi]"
            self.assertEqual(page.run(script, page.find(selector)), ["rtl", "isolate"], selector)
            self.assertEqual(page.run("return getComputedStyle(document.body).direction"), "ltr")

    def test_whoever_becomes_another_user_does_not_see_the_view_of_the_former_one(self):
        self.desk.new_ticket(title="Seen before")
        page = self.open()
        page.wait(".ticket .title", "Seen before")
        page.click("#user-menu summary")
        page.type("#user-menu [name=user]", "agent-2")
        script = "document.querySelector('#user-menu button').click(); return document.querySelector('main').innerText"
        self.assertEqual(page.run(script), "")
        page.wait(".ticket .title", "Seen before")

    def test_a_search_whose_total_is_a_lower_bound_says_so(self):
        page = self.open("/nowhere")
        page.run("""const fetched = window.fetch;
            window.fetch = async (path, request) => path.startsWith('/tickets?')
              ? Response.json({ tickets: [], total: 1000, total_is_exact: false, next: null }) : fetched(path, request);
            location.hash = '#/tickets?search=a'""")
        page.wait(".total", "1,000+ tickets")


class Ticket(PageTest):
    def test_the_whole_workflow_by_clicking(self):
        page = self.open("/tickets/new")
        self.act_as("user-1", "customer")
        page.type("[name=title]", "Round trip")
        page.type("[name=description]", "Through every place")
        page.click("button", "Create ticket")
        page.wait("#why-assign", "needs the role agent; you are customer")
        for user, role, steps in (
            ("agent-7", "agent", ("assign", "start_work", "request_info")),
            ("user-1", "customer", ("customer_reply",)),
            ("agent-7", "agent", ("escalate",)),
            ("sofia", "supervisor", ("resolve_escalated", "close")),
            ("user-1", "customer", ("reopen",)),
        ):
            self.act_as(user, role)
            for step in steps:
                page.click(f".steps > .step .primary[data-step={step}]")
                page.until(lambda: self.state_after(step), f"{step} has not happened")
        page.wait(".petri-net .here", "New")
        events = [event["type"] for event in self.desk.get("/tickets/1/events").json["events"]]
        self.assertEqual(events[1:4] + events[-1:], ["Assigned", "StartWorked", "RequestInfoed", "Reopened"])

    def state_after(self, step):
        """Whether the page shows the place that a step leads to, as the desk has it."""
        state = self.desk.get("/tickets/1").json["state"]
        net = self.desk.get("/api/schema").json["transitions"]
        target = next(transition["to"] for transition in net if transition["name"] == step)
        return state == target and self.browser.find(f".petri-net .here[data-place={target}]")

    def test_steps_that_cannot_be_taken_say_why(self):
        self.desk.new_ticket()
        page = self.open("/tickets/1")
        page.click("summary", "Other steps")
        page.wait("#why-close", "only when Resolved")
        page.click("[data-step=close]")
        self.assertEqual(self.desk.get("/tickets/1").json["state"], "new")

    def test_a_double_click_on_a_step_takes_one_step(self):
        """The next step's button stands where the pressed one stood."""
        self.desk.new_ticket()
        self.addCleanup(self.browser.emulate)
        self.browser.emulate(width=1280, height=1600)  # so that nothing scrolls meanwhile
        page = self.open("/tickets/1")
        page.double_click(".primary[data-step=assign]", pause=200)
        page.until(lambda: self.state_after("assign"), "assign has not happened")
        page.click(".primary[data-step=start_work]")
        page.until(lambda: self.state_after("start_work"), "start_work has not happened")
        events = [event["type"] for event in self.desk.get("/tickets/1/events").json["events"]]
        self.assertEqual(events, ["Created", "Assigned", "StartWorked"])

    def test_a_refused_step_goes_back_with_a_message(self):
        """Somebody else is quicker by a moment: the token has moved on the page, and moves back."""
        self.desk.new_ticket()
        page = self.open("/tickets/1")
        page.wait("[data-step=assign]")
        page.run(CONCURRENT_CHANGE, "/tickets/1", {"title": "Changed by somebody else"})
        page.click(".primary[data-step=assign]")
        page.wait(".workflow .outcome", "Somebody has changed the ticket meanwhile")
        page.wait(".petri-net .here[data-place=new]")
        page.wait("h1", "Changed by somebody else")
        self.assertEqual(self.desk.get("/tickets/1").json["state"], "new")

    def test_a_refused_edit_goes_back_and_keeps_the_words(self):
        self.desk.new_ticket(title="Before")
        page = self.open("/tickets/1")
        page.click("button", "Edit")
        page.type(".editor [name=title]", "x" * 201)
        page.click(".editor button", "Save")
        page.wait(".editor .field-error", "no more than 200 characters")
        page.wait("h1", "Before")
        page.type(".editor [name=title]", "After")
        page.choose(".editor [name=priority]", "critical")
        page.click(".editor button", "Save")
        page.until_gone(".editor")
        page.wait("h1", "After")
        page.until(lambda: self.desk.get("/tickets/1").json["title"] == "After", "not saved")
        self.assertEqual(self.desk.get("/tickets/1").json["priority"], "critical")

    def test_somebody_elses_edit_meanwhile_is_not_overwritten_unseen(self):
        """Whoever has no lock any more meets the other's change on saving, and decides."""
        self.desk.new_ticket(title="Before")
        page = self.open("/tickets/1")
        page.wait("h1", "Before")
        page.run(CONCURRENT_CHANGE, "/tickets/1", {"title": "Theirs", "priority": "low"})
        page.click("button", "Edit")
        page.type(".editor [name=title]", "Mine")
        page.click(".editor button", "Save")
        page.wait(".editor .outcome", "Somebody has changed the ticket meanwhile")
        page.wait("h1", "Theirs")
        self.assertEqual(page.value(".editor [name=title]"), "Mine")
        page.click(".editor button", "Save")
        page.wait("h1", "Mine")
        page.until(lambda: self.desk.get("/tickets/1").json["title"] == "Mine", "not saved")

    def test_a_draft_is_written_changed_and_approved(self):
        self.desk.new_ticket()
        page = self.open("/tickets/1")
        page.click("button", "Suggest a reply")
        page.type("[name=draft]", "Dear customer, it works again.")
        page.click("button", "Save changes")
        page.until(lambda: self.desk.get("/tickets/1").json["drafts"][0]["body"].startswith("Dear"), "not saved")
        page.click("button", "Approve and send")
        page.wait(".comment", "Dear customer, it works again.")
        page.until_gone(".draft.pending")
        self.assertEqual(self.desk.get("/tickets/1").json["drafts"][0]["status"], "sent")

    def test_a_draft_is_rejected(self):
        self.desk.new_ticket()
        self.desk.post("/tickets/1/draft", {}, AGENT)
        page = self.open("/tickets/1")
        page.click("button", "Reject")
        page.wait(".timeline .drafts", "rejected the draft")

    def test_a_customers_approval_is_refused_with_the_reason(self):
        self.desk.new_ticket()
        self.desk.post("/tickets/1/draft", {}, AGENT)
        page = self.open("/tickets/1")
        self.act_as("user-1", "customer")
        page.click("button", "Approve and send")
        page.wait(".draft .outcome", "needs the role agent")
        self.assertEqual(self.desk.get("/tickets/1").json["drafts"][0]["status"], "pending")

    def test_comments_and_internal_notes(self):
        self.desk.new_ticket()
        page = self.open("/tickets/1")
        page.click(".comment-form button", "Comment")
        page.wait(".comment-form .field-error", "may not be blank")
        page.type("[name=body]", "Between us")
        page.click("[name=internal]")
        page.click(".comment-form button", "Comment")
        page.wait(".comment.internal", "Between us")
        self.assertEqual(page.value("[name=body]"), "")

    def test_a_comment_whose_answer_was_lost_can_be_reworded(self):
        self.desk.new_ticket()
        page = self.open("/tickets/1")
        page.type("[name=body]", "First words")
        page.run(LOSE_AN_ANSWER)
        page.click(".comment-form button", "Comment")
        page.wait(".comment-form .outcome", "does not answer")
        page.click(".comment-form button", "Comment")
        page.until(lambda: page.value("[name=body]") == "", "the same words are not taken again")
        self.assertEqual(self.desk.count("comments"), 1)
        page.type("[name=body]", "Second words")
        page.run(LOSE_AN_ANSWER)
        page.click(".comment-form button", "Comment")
        page.wait(".comment-form .outcome", "does not answer")
        page.type("[name=body]", "Other words")
        page.click(".comment-form button", "Comment")
        page.wait(".comment", "Other words")

    def test_renewals_of_a_lock_are_not_told(self):
        self.desk.new_ticket()
        page = self.open("/tickets/1")
        page.wait("#live.live")
        for _ in range(3):
            self.desk.post("/tickets/1/lock", {}, {"X-User-Id": "agent-2", "X-User-Role": "agent"})
        page.wait(".versions", "Version 4 of 4: agent-2 went on editing")
        self.assertEqual(page.text(".timeline b").split("\n"), ["user-1", "agent-2"])
        self.assertEqual(page.text(".timeline .here button"), "Version 2")
        self.open("/tickets")
        page.wait("#live.live")
        page.wait(".lock", "agent-2 is editing")
        self.desk.post("/tickets/1/lock", {}, {"X-User-Id": "agent-2", "X-User-Role": "agent"})
        self.desk.new_ticket(title="After it")
        page.wait(".note", "After it")
        self.assertNotIn("agent-2", page.text(".note"))

    def test_a_long_history_is_read_to_its_end_and_shown_in_parts(self):
        self.desk.new_ticket()
        for number in range(1100):
            self.desk.post("/tickets/1/comments", {"body": f"Number {number}"}, AGENT)
        page = self.open("/tickets/1")
        page.wait(".versions", "Version 1101 of 1101: agent-1 commented")
        count = "return document.querySelectorAll('.timeline > li').length"
        self.assertEqual(page.run(count), 20)
        page.click(".conversation button", "Show older, 1,081 more")
        page.wait(".conversation button", "Show older, 981 more")
        self.assertEqual(page.run(count), 120)
        page.press("[type=range]", "Home")
        page.wait(".timeline .here button", "Version 1")

    def test_older_comments_and_drafts_are_shown_when_asked_for_and_stay(self):
        self.desk.new_ticket()
        for number in range(1, 206):
            self.desk.post("/tickets/1/comments", {"body": f"<b>Number {number}</b>"}, AGENT)
            if number > 103:
                self.desk.post("/tickets/1/draft", {"body": f"Draft {number}"}, AGENT)
        page = self.open("/tickets/1")
        count = "return document.querySelectorAll(arguments[0]).length"
        page.wait(".timeline .comment", "<b>Number 205</b>")
        page.click(".conversation button", "Talk")
        page.wait(".conversation > button", "Show older, 185 more")
        self.assertEqual(page.run(count, ".comment"), 20)
        page.click(".conversation > button", "Show older")
        page.wait(".conversation > button", "Show older, 85 more")
        self.assertIn("<b>Number 86</b>", page.text(".comment"))
        self.desk.post("/tickets/1/comments", {"body": "Live"}, CUSTOMER)
        page.wait(".comment", "Live")
        self.assertEqual(page.run(count, ".comment"), 121)
        page.press(".conversation > button", "Enter")
        page.until(lambda: page.run(count, ".comment") == 206, "not all comments")
        self.assertIn("<b>Number 1</b>", page.text(".comment"))
        self.assertEqual(page.run("return document.activeElement.className"), "timeline")
        for most in (5, 55, 102):
            page.until(lambda: page.run(count, ".draft.pending") == most, f"not {most} drafts yet")
            page.find("button", "Show older drafts") and page.click("button", "Show older drafts")
        self.desk.post("/drafts/1/reject", {}, AGENT)
        page.until(lambda: page.run(count, ".draft.pending") == 101, "the rejected draft still waits")
        page.click(".conversation button", "Drafts")
        page.wait(".timeline .drafts", "rejected the draft")

    def test_the_page_shows_a_ticket_as_it_was(self):
        self.desk.new_ticket(title="First words", priority="low")
        self.desk.patch("/tickets/1", {"title": "Second words", "priority": "critical"}, AGENT)
        self.desk.post("/tickets/1/comments", {"body": "Later"}, AGENT)
        self.desk.post("/tickets/1/transitions", {"transition": "assign"}, AGENT)
        page = self.open("/tickets/1")
        page.wait(".timeline .changes", "Priority: low → critical")
        page.press("[type=range]", "Home")
        page.wait("h1", "First words")
        page.wait(".petri-net .here[data-place=new]")
        page.wait(".past", "Version 1 of 4")
        self.assertTrue(page.url.endswith("?at=1"), page.url)
        self.assertNotIn("Later", page.text(".timeline > li:not(.future)"))
        page.reload()
        page.wait("h1", "First words")
        page.click(".timeline button", "Version 2")
        page.wait(".changed-field", "was low")
        page.click("button", "Back to now")
        page.wait(".comment", "Later")
        page.wait(".petri-net .here[data-place=assigned]")


LOSE_AN_ANSWER = """
const fetched = window.fetch;
window.fetch = async (path, request) => {
  const answer = await fetched(path, request);
  if (request.method !== "POST") return answer;
  window.fetch = fetched;
  throw new TypeError("the connection is lost");
};
"""

CONCURRENT_CHANGE = """  // changes the ticket just before the page's own change arrives; locks are out of order
const [path, body] = arguments;
const fetched = window.fetch;
window.fetch = async (asked, request) => {
  if (asked.endsWith("/lock")) return Response.json({}, { status: 404 });
  if ((request.method ?? "GET") === "GET") return fetched(asked, request);
  window.fetch = fetched;
  const headers = { "Content-Type": "application/json", "X-User-Id": "somebody", "X-User-Role": "agent" };
  await fetched(path, { method: "PATCH", headers, body: JSON.stringify(body) });
  return fetched(asked, request);
};
"""


class Overview(PageTest):
    def test_the_dashboard_counts(self):
        for priority in ("low", "high", "high"):
            self.desk.new_ticket(priority=priority)
        self.desk.patch("/tickets/1", {"status": "in_progress"}, AGENT)
        page = self.open("/dashboard")
        page.wait("[data-figure=total]", "3")
        self.assertEqual((page.text("[data-figure=open]"), page.text("[data-figure=average]")), ("2", "3.0"))
        self.assertEqual(page.text(".bars [data-value=high] .count"), "2")
        self.assertEqual(page.text(".daily text:not(.muted)"), "3")
        page.click(".bars [data-value=high] a")
        page.wait(".total", "2 tickets")

    def test_the_audit_log_is_filtered_and_verified(self):
        self.desk.new_ticket()
        self.desk.new_ticket()
        self.desk.post("/tickets/2/comments", {"body": "Hello"}, AGENT)
        page = self.open("/audit")
        page.wait(".foot", "3 events")
        page.choose("[name=type]", "Commented")
        page.wait(".foot", "1 event")
        page.click("button", "Verify")
        page.wait(".verdict", "The chain holds. 3 events")
        with self.desk.open_database() as database:
            database.execute("DROP TRIGGER audit_events_are_never_changed")
            database.execute("UPDATE audit_events SET actor = 'mallory' WHERE id = 2")
        database.close()
        page.click("button", "Verify")
        page.wait(".verdict .broken", "broken at event 2")
        page.wait(".verdict td", "mallory")

    def test_a_long_log_begins_with_the_newest_events_and_they_are_live(self):
        for number in range(120):
            self.desk.new_ticket(title=f"Number {number}")
        self.desk.post("/tickets/1/comments", {"body": "Hello"}, AGENT)
        page = self.open("/audit")
        page.wait("#live.live")
        self.until_events(page, range(121, 71, -1))
        self.desk.new_ticket()
        self.until_events(page, range(122, 72, -1))
        page.click(".foot a", "Older")
        self.until_events(page, range(72, 22, -1))
        page.click(".foot a", "Older")
        self.until_events(page, range(22, 0, -1))
        self.assertFalse(page.find(".foot a", "Older"))
        page.choose("[name=type]", "Commented")
        page.wait(".foot", "1 event,")
        self.until_events(page, [121])

    def event_numbers(self, page):
        return [int(number) for number in page.text(".card .events td.number").split()]

    def until_events(self, page, numbers):
        page.until(lambda: self.event_numbers(page) == list(numbers), f"the events are not {numbers}")

    def test_an_address_without_a_view_says_where_to_go(self):
        page = self.open("/Tickets")
        page.wait(".problem", "There is no view at /Tickets. Begin at the queue")
        self.open("/tickets/")
        page.wait("h1", "Queue")

    def test_the_curl_command_of_a_request_does_the_same(self):
        page = self.open("/tickets/new")
        title = """It's "$HOME" `id` \\ !! é"""
        page.type("[name=title]", title)
        page.type("[name=description]", "two\nlines")
        page.click("button", "Create ticket")
        page.wait("h1", "It's")
        page.click("#request-log > summary")
        page.click("#request-log-list li summary", "POST\n/tickets\n")
        page.wait("#request-log-list .curl")
        words = shlex.split(page.text("#request-log-list .curl"))
        self.assertEqual(words[:4], ["curl", "-i", "-X", "POST"])
        headers = dict(word.split(": ", 1) for flag, word in zip(words, words[1:]) if flag == "-H")
        body = words[words.index("-d") + 1]
        reply = self.desk.post(words[4].partition(str(self.desk.port))[2], body.encode(), headers)
        self.assertEqual(
            (reply.status, reply.headers["Idempotent-Replayed"], reply.json["title"]), (201, "true", title)
        )
        request_id = page.text("#request-log-list li:has(.curl) .request-id")
        self.assertEqual(request_id, self.desk.get("/tickets/1/events").json["events"][0]["request_id"])

    def test_every_view_is_readable_by_day_and_night_and_on_a_phone(self):
        """Contrast of at least 4.5 to 1 (WCAG 2.2 AA) for every text, nothing wider than the window, no complaints."""
        self.desk.new_ticket(title="A title with averyveryveryveryveryveryveryverylongwordinthemiddle")
        self.desk.patch("/tickets/1", {"priority": "critical", "title": "Other"}, AGENT)
        self.desk.post("/tickets/1/draft", {}, AGENT)
        self.desk.patch("/tickets/1", {"assignee": "y" * 64}, AGENT)
        self.desk.post("/tickets/1/lock", {}, {**AGENT, "X-User-Id": "z" * 64})
        page = self.open()
        page.console_errors()
        self.addCleanup(page.emulate)
        page.click("#request-log > summary")
        for looks in ({"width": 360}, {"width": 800}, {"scheme": "dark", "width": 1200}):
            page.emulate(**looks)
            for path in VIEWS:
                with self.subTest(f"{path} {looks}"):
                    page.run("location.hash = arguments[0]", f"#{path}")
                    page.wait("main h1, main .problem")
                    self.assertEqual(page.run(LOW_CONTRAST), [])
                    self.assertLessEqual(page.run("return document.documentElement.scrollWidth - innerWidth"), 0)
                    self.assertEqual(page.run(OVERFLOWING), [])
        serious = [message for message in page.console_errors() if "status of 404" not in message]
        self.assertEqual(serious, [])

    def test_an_error_in_one_view_leaves_the_others_working(self):
        self.desk.new_ticket()
        page = self.open("/tickets/99")
        page.wait(".problem", "No ticket 99")
        page.run("""const fetched = window.fetch;
            window.fetch = (path, request) => path === '/tickets/stats' && location.hash === '#/dashboard'
              ? Promise.resolve(Response.json({})) : fetched(path, request)""")
        page.click("nav a", "Dashboard")
        page.wait(".problem", "made a mistake")
        page.click("nav a", "Audit")
        page.wait(".foot", "1 event")


OVERFLOWING = """
return [...document.querySelectorAll(".facts > span, .badge")]
  .filter((node) => node.getBoundingClientRect().right > innerWidth).map((node) => node.innerText);
"""
LOW_CONTRAST = """
const found = [];
const luminance = (rgb) => rgb.map((part) => part / 255)
  .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
const parse = (text) => (text.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
const ground = (node) => {
  for (let above = node; above; above = above.parentElement) {
    const colour = parse(getComputedStyle(above).backgroundColor);
    if (colour.length === 3 || colour[3] > 0.5) return colour.slice(0, 3);
  }
  return [255, 255, 255];
};
for (const node of document.querySelectorAll("body *")) {
  const own = [...node.childNodes].filter((child) => child.nodeType === 3 && child.textContent.trim());
  if (!own.length || !node.checkVisibility() || !node.getClientRects().length) continue;
  const style = getComputedStyle(node);
  const text = luminance(parse(node instanceof SVGElement ? style.fill : style.color).slice(0, 3));
  const behind = luminance(ground(node));
  const contrast = (Math.max(text, behind) + 0.05) / (Math.min(text, behind) + 0.05);
  if (contrast < 4.5) found.push(`${node.tagName}.${node.className} ${own[0].textContent} ${contrast.toFixed(2)}`);
}
return found;
"""


class TwoBrowsers(PageTest):
    @property
    def other(self) -> Browser:
        return browser_number(1)

    def test_each_browser_sees_the_others_change_without_a_reload(self):
        self.desk.new_ticket(title="Seen by both")
        mine, other = self.open(), self.open(browser=self.other)
        for browser in (mine, other):
            browser.wait("#live.live")
        self.act_as("agent-2", "agent", other)
        other.click(".ticket a", "Seen by both")
        other.click(".primary[data-step=assign]")
        mine.wait(".ticket .badge", "Assigned")
        mine.wait(".note", "agent-2 assigned it: Seen by both")
        mine.click("a", "New ticket")
        mine.type("[name=title]", "Made over here")
        mine.type("[name=description]", "x")
        mine.click("button", "Create ticket")
        other.click("nav a", "Queue")
        other.wait(".ticket .title", "Made over here")

    def test_a_new_ticket_moves_into_the_queue_and_the_dashboard(self):
        mine, other = self.open(), self.open("/dashboard", self.other)
        mine.wait("#live.live")
        other.wait("#live.live")
        self.desk.new_ticket(title="Out of nowhere")
        mine.wait(".ticket.changed .title", "Out of nowhere")
        mine.wait(".tabs a", "Open1")
        other.until(lambda: other.text("[data-figure=total]") == "1", "the dashboard does not count it")

    def test_an_editor_is_seen_and_keeps_the_other_out(self):
        self.desk.new_ticket(title="Contested")
        mine, other = self.open("/tickets/1"), self.open(browser=self.other)
        self.act_as("agent-2", "agent", mine)
        mine.click("button", "Edit")
        other.wait(".ticket .lock", "agent-2 is editing")
        other.click(".ticket a", "Contested")
        other.click("button", "Edit")
        other.wait(".outcome", "Locked by agent-2 for another")
        mine.type(".editor [name=title]", "Settled")
        mine.click(".editor button", "Save")
        mine.until_gone(".editor")
        other.wait("h1", "Settled")
        other.until_gone(".lock")
        other.click("button", "Edit")
        other.wait(".editor")

    def test_our_own_renewals_of_the_lock_do_not_stand_in_the_way_of_saving(self):
        self.desk.new_ticket()
        page = self.open("/tickets/1")
        page.wait("button", "Edit")
        page.run(THREE_RENEWALS)
        page.click("button", "Edit")
        page.wait(".editor")
        count = "return performance.getEntriesByType('resource').filter((one) => one.name.endsWith('/lock')).length"
        page.until(lambda: page.run(count) == 4, "the lock was not renewed three times")
        self.assertEqual(self.desk.get("/tickets/1").json["version"], 5)
        page.type(".editor [name=title]", "Saved at once")
        page.click(".editor button", "Save")
        page.wait("h1", "Saved at once")
        page.until(lambda: self.desk.get("/tickets/1").json["title"] == "Saved at once", "not saved")
        page.until_gone(".editor")

    def test_leaving_the_page_gives_the_lock_back(self):
        self.desk.new_ticket()
        page = self.open("/tickets/1")
        page.click("button", "Edit")
        page.wait(".editor")
        self.assertEqual(self.desk.get("/tickets/1").json["locked_by"], "agent-1")
        page.open("about:blank")
        page.until(lambda: self.desk.get("/tickets/1").json["locked_by"] is None, "still locked")

    def slow_lock(self, page):
        """The ticket's view, where taking the lock takes a moment."""
        self.desk.new_ticket()
        self.open("/tickets/1", page)
        page.wait("button", "Edit")
        page.run(SLOW_LOCK)

    def lock_requests(self, page):
        return page.run("return window.locks")

    def test_a_double_click_on_edit_takes_one_lock(self):
        page = self.browser
        self.slow_lock(page)
        page.double_click("button", "Edit")
        page.wait(".editor")
        page.click(".editor button", "Cancel")
        page.wait("button:focus", "Edit")
        page.until(lambda: self.desk.get("/tickets/1").json["locked_by"] is None, "still locked")
        self.assertEqual(self.lock_requests(page), ["POST", "DELETE"])

    def test_a_lock_that_comes_after_the_view_was_left_is_given_back(self):
        page = self.browser
        self.slow_lock(page)
        page.click("button", "Edit")
        page.click("nav a", "Queue")
        page.until(lambda: self.lock_requests(page) == ["POST", "DELETE"], "the lock is not given back")
        page.until(lambda: self.desk.get("/tickets/1").json["locked_by"] is None, "still locked")

    def test_live_events_stand_in_the_request_log(self):
        page = self.open()
        page.wait("#live.live")
        page.click("#request-log > summary")
        self.desk.new_ticket()
        page.wait("#request-log-list li", "Created")


THREE_RENEWALS = """  // one after the other as soon as the form is there, not one every half a minute
const every = window.setInterval;
const thrice = async (renew) => {
  while (!document.querySelector(".editor")) await new Promise(requestAnimationFrame);
  for (const _ of [1, 2, 3]) await renew();
};
window.setInterval = (work, pause) => (pause < 30000 ? every(work, pause) : thrice(work));
"""

SLOW_LOCK = """
const fetched = window.fetch;
window.locks = [];
window.fetch = async (path, request) => {
  if (!path.endsWith("/lock")) return fetched(path, request);
  window.locks.push(request.method);
  await new Promise((resolve) => setTimeout(resolve, 300));
  return fetched(path, request);
};
"""


class BugMode(PageTest):
    def setUp(self):
        with tempfile.TemporaryDirectory() as folder:
            mark = Path(folder, "bug-mode.txt")
            mark.write_text("accept_empty_title", encoding="utf-8")
            with mock.patch.object(app, "BUG_MODE_MARK", mark):
                super().setUp()

    def test_a_desk_that_is_broken_on_purpose_says_so_on_every_view(self):
        for path in VIEWS:
            page = self.open(path)
            page.wait("#bug-mode", "Bug mode accept_empty_title: this desk is broken on purpose.")


class LockedTest(PageTest):
    environ = LOCKED

    def setUp(self):
        super().setUp()
        for words in USERS:
            self.desk.add_user(new_user(*words, PASSWORD))

    def log_in(self, page, email, password=PASSWORD):
        page.wait("h1", "Log in")
        page.type("main [name=email]", email)
        page.type("main [name=password]", password)
        page.click("main button", "Log in")
        page.wait("#user-menu summary", email)

    def log_out(self, page):
        page.click("#user-menu > summary")
        page.click("#user-menu button", "Log out")
        page.wait("h1", "Log in")

    def token(self, page) -> dict:
        return {"Authorization": f"Bearer {page.run(TOKEN)}"}


class LockedPage(LockedTest):
    def test_a_customer_edits_the_words_of_an_own_open_ticket(self):
        mine = bearer("carl@example.com", "customer")
        self.desk.post("/tickets", {"title": "Before", "description": "Mine"}, mine)
        page = self.open("/tickets/1")
        self.log_in(page, "carl@example.com")
        page.click("button", "Edit")
        page.type(".editor [name=title]", "After")
        self.assertFalse(page.find(".editor [name=priority], .editor [name=assignee]"))
        page.click(".editor button", "Save")
        page.wait("h1", "After")
        page.until(lambda: self.desk.get("/tickets/1", mine).json["title"] == "After", "not saved")
        page.until_gone(".problem")
        self.desk.post("/tickets/1/transitions", {"transition": "assign"}, bearer("dan", "agent"))
        self.desk.post("/tickets/1/transitions", {"transition": "start_work"}, bearer("dan", "agent"))
        page.until_gone("button", "Edit")

    def test_the_page_of_a_locked_desk_is_only_a_login(self):
        page = self.open()
        page.type("[name=email]", "ann@example.com")
        page.type("[name=password]", "wrong")
        page.click("main button", "Log in")
        page.wait("form .outcome", "is wrong")
        self.log_in(page, ANN)
        page.wait(".total", "0 tickets")
        page.reload()
        page.wait(".total", "0 tickets")
        page.click("#request-log > summary")
        page.click("#request-log-list li summary", "/tickets?limit=25")
        page.wait("#request-log-list .curl", '-H "Authorization: Bearer $TOKEN"')
        self.assertNotIn(page.run(TOKEN), page.run("return document.body.textContent"))
        self.log_out(page)


class Forgetting(LockedTest):
    """What an agent has seen and typed is gone from the tab when the agent is: the next user may be a customer."""

    def setUp(self):
        super().setUp()
        agent = bearer("canary-actor", "agent")
        ticket = {"title": "canary-title", "description": "canary-description"}
        self.assertEqual(self.desk.post("/tickets", ticket, agent).status, 201)
        self.desk.post("/tickets/1/comments", {"body": "canary-note", "internal": True}, agent)
        self.desk.post("/tickets/1/draft", {"body": "canary-draft"}, agent)

    def look_around(self):
        """As ann, see all the canaries in each place that shows them, and type one more."""
        page = self.open()
        self.log_in(page, ANN)
        page.wait(".ticket .title", "canary-title")
        page.type("[name=search]", "canary-search")
        page.wait(".total", "0 tickets")
        page.click("nav a", "Audit")
        page.wait("td", "canary-actor")
        page.run("location.hash = '#/tickets/1'")
        page.wait(".comment.internal", "canary-note")
        page.type("[name=body]", "canary-typed")
        page.click("#request-log > summary")
        page.click("#request-log-list li summary", "/tickets/1\n")
        page.wait("#request-log-list .answer", "canary-draft")
        self.assertEqual(set(self.canaries(page)), set(CANARIES))
        return page

    def canaries(self, page) -> list[str]:
        """Those that are anywhere in the tab."""
        everything = page.run(EVERYTHING)
        return [canary for canary in CANARIES if canary in everything]

    def assert_forgotten(self, page):
        page.wait("h1", "Log in")
        self.assertEqual(self.canaries(page), [])
        self.assertNotIn("ann", page.run("return JSON.stringify([{...sessionStorage}, {...localStorage}])"))

    def test_after_a_log_out_the_next_user_of_the_tab_finds_nothing(self):
        page = self.look_around()
        token = self.token(page)
        self.log_out(page)
        self.assert_forgotten(page)
        self.assertEqual(self.desk.get("/tickets", token).status, 401)
        self.log_in(page, CARL)
        page.wait(".total", "0 tickets")
        self.assertEqual(self.canaries(page), [])
        page.back()
        while page.url != "about:blank":
            page.until(lambda: page.url.endswith("/") and page.find("#user-menu summary", CARL), f"still at {page.url}")
            page.wait("main h1", "Queue")
            self.assertEqual(self.canaries(page), [])
            page.back()

    def test_a_log_out_that_the_desk_does_not_confirm_is_one_of_this_tab(self):
        for failure in ("throw new TypeError('no network')", "return Response.json({}, { status: 503 })"):
            page = self.look_around()
            page.run(ON_LOG_OUT % failure)
            self.log_out(page)
            self.assert_forgotten(page)
            page.wait("main", "in this tab alone")
            page.reload()
            page.wait("h1", "Log in")
            page.until_gone("main", "in this tab alone")

    def test_a_token_that_ends_elsewhere_takes_the_view_along(self):
        page = self.look_around()
        page.wait("#live.live")
        done = run_tool("--remove-user", ANN, SUPPORT_DESK_DB=str(self.desk.database))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.desk.get("/tickets", self.token(page)).status, 401)
        page.wait("main", "Your login has ended")
        self.assert_forgotten(page)

    def test_a_page_from_the_back_forward_cache_shows_nothing_of_a_former_user(self):
        page = self.look_around()
        page.run("sessionStorage.clear(); dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
        self.assert_forgotten(page)

    def test_a_draft_of_a_page_that_is_still_ones_own_survives_the_back_forward_cache(self):
        page = self.look_around()
        page.run("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
        self.assertEqual(page.value("[name=body]"), "canary-typed")


class ChangingThePassword(LockedTest):
    def change(self, page, old, new):
        if not page.find("#user-menu [name=new_password]"):
            page.click("#user-menu > summary")
            page.click("#user-menu summary", "Change password")
        page.type("#user-menu [name=password]", old)
        page.type("#user-menu [name=new_password]", new)
        page.click("#user-menu button", "Change password")

    def test_a_changed_password_gives_a_new_token_and_the_view_stays(self):
        self.desk.new_ticket()
        self.desk.post("/tickets", {"title": "Mine", "description": "x"}, bearer(ANN, "agent"))
        page = self.open("/tickets/1")
        self.log_in(page, ANN)
        page.type("[name=body]", "Half a comment")
        old = self.token(page)
        self.change(page, PASSWORD, "staple battery")
        page.wait(".note", "password is changed")
        page.until_gone("#user-menu [name=new_password]")
        for name in ("password", "new_password"):
            self.assertEqual(page.value(f"#user-menu [name={name}]"), "")
        new = self.token(page)
        self.assertEqual((self.desk.get("/tickets", old).status, self.desk.get("/tickets", new).status), (401, 200))
        self.assertEqual(page.value("[name=body]"), "Half a comment")
        page.until(lambda: self.streams(page) == [200, 200], "the stream is not open with the new token")
        page.wait("#live.live")
        page.click("button", "Comment")
        page.wait(".comment", "Half a comment")
        self.log_out(page)
        self.log_in(page, ANN, "staple battery")

    def streams(self, page) -> list:
        """What the desk has answered to those who asked for its events."""
        return [entry.get("status") for entry in json.loads(page.run(LOG)) if entry["path"] == "/events"]

    def test_a_refused_change_is_told_beside_the_field_and_the_user_stays(self):
        page = self.open()
        self.log_in(page, ANN)
        page.wait(".total")
        self.change(page, "wrong horse", "staple battery")
        page.wait("#user-menu .field:has([name=password]) .field-error", "is wrong")
        self.change(page, PASSWORD, "password")
        page.wait("#user-menu .field:has([name=new_password]) .field-error", "commonest")
        self.assertFalse(page.find("#user-menu .field:has([name=password]) .field-error"))
        page.press("#user-menu [name=new_password]", "Escape")
        page.until_gone("#user-menu [name=new_password]")
        page.wait("h1", "Queue")

    def test_no_password_and_no_token_stands_in_the_request_log(self):
        page = self.open()
        self.log_in(page, ANN)
        page.wait(".total")
        first = page.run(TOKEN)
        self.change(page, PASSWORD, "staple battery")
        page.wait(".note", "password is changed")
        page.press("#user-menu > summary", "Escape")
        page.click("#request-log > summary")
        for path in ("/user/login", "/user/password"):
            page.click("#request-log-list li summary", path)
        page.until(lambda: len(page.text("#request-log-list .curl").split("curl -i")) == 3, "not both commands")
        shown, kept = page.run("return document.body.textContent"), page.run(LOG)
        for secret in (PASSWORD, "staple battery", first, page.run(TOKEN)):
            self.assertNotIn(secret, shown)
            self.assertNotIn(secret, kept)
        body = """'{"password":"'"$PASSWORD"'","new_password":"'"$NEW_PASSWORD"'"}'"""
        self.assertIn(f"-d {body}", page.text("#request-log-list .curl"))

    def test_the_forms_tell_password_managers_what_they_want(self):
        page = self.open()
        self.log_in(page, ANN)
        page.wait(".total")
        hints = page.run("return [...document.querySelectorAll('#user-menu input')].map((one) => one.autocomplete)")
        self.assertEqual(hints, ["username", "current-password", "new-password"])

    def test_the_menu_is_readable_by_day_and_night_and_on_a_phone(self):
        page = self.open()
        self.addCleanup(page.emulate)
        self.log_in(page, ANN)
        page.wait(".total")
        page.click("#user-menu > summary")
        page.press("#user-menu details > summary", "Enter")
        page.wait("#user-menu [name=new_password]")
        for looks in ({"width": 360}, {"scheme": "dark", "width": 1200}):
            page.emulate(**looks)
            self.assertEqual(page.run(LOW_CONTRAST), [])
            self.assertLessEqual(page.run("return document.documentElement.scrollWidth - innerWidth"), 0)
            left = page.run("return document.querySelector('.popover').getBoundingClientRect().left")
            self.assertGreaterEqual(left, 0)


TOKEN = "return JSON.parse(sessionStorage.getItem('support-desk-identity')).token"
LOG = "return import('/static/request-log.js').then((log) => JSON.stringify(log.entries))"

EVERYTHING = """
const typed = [...document.querySelectorAll("input, textarea")].map((field) => field.value);
return import("/static/request-log.js").then(({ entries }) => JSON.stringify([
  document.documentElement.outerHTML, document.title, typed, location.href, history.state,
  { ...sessionStorage }, { ...localStorage }, entries,
]));
"""

ON_LOG_OUT = """
const fetched = window.fetch;
window.fetch = async (path, request) => {
  if (path !== "/user/logout") return fetched(path, request);
  %s;
};
"""


class ApiReference(PageTest):
    def reference(self, place=""):
        self.browser.open("about:blank")
        self.browser.open(f"http://127.0.0.1:{self.desk.port}/docs{place}")
        self.browser.wait("#operations summary")
        return self.browser

    def test_a_file_of_the_page_can_be_tried_at_once(self):
        page = self.reference("#get_static_name")
        page.click("#get_static_name button", "Try")
        page.wait("#get_static_name .answer .fine", "200")
        self.assertIn(f"curl -i 'http://127.0.0.1:{self.desk.port}/static/main.js'", page.text("#get_static_name pre"))

    def test_a_stream_has_a_curl_that_shows_it_and_a_websocket_has_none(self):
        page = self.reference("#get_events")
        self.assertIn("curl -N", page.text("#get_events pre"))
        page.click("summary", "/ws")
        page.wait("#get_ws", "This is a WebSocket")
        self.assertFalse(page.find("#get_ws pre", "curl") or page.find("#get_ws button"))

    def test_the_workflow_is_drawn_without_a_complaint(self):
        self.browser.console_errors()
        page = self.reference()
        page.wait(".petri-net [data-place=new].here")
        self.assertEqual(page.console_errors(), [])


class LockedReference(ApiReference):
    environ = LOCKED

    def test_the_workflow_is_drawn_without_a_complaint(self):
        self.browser.console_errors()
        page = self.reference()
        page.wait("#net", "enter one above")
        self.assertEqual(page.console_errors(), [])
        page.type("#token", bearer("dan", "agent")["Authorization"].removeprefix("Bearer "))
        page.wait(".petri-net [data-place=new].here")
        self.assertIn('-H "Authorization: Bearer $TOKEN"', self.curl_of("get_tickets"))

    def curl_of(self, operation):
        self.browser.run("location.hash = arguments[0]", operation)
        return self.browser.wait(f"#{operation} pre") and self.browser.text(f"#{operation} pre")


@needs_browser
class Restart(unittest.TestCase):
    def test_the_page_waits_for_a_desk_that_was_killed(self):
        with tempfile.TemporaryDirectory() as folder:
            database = Path(folder, "desk.sqlite3")
            desk = DeskProcess(database)
            self.addCleanup(lambda: desk.stop())
            desk.new_ticket(title="Before the crash")
            page = browser_number(0)
            page.open(f"http://127.0.0.1:{desk.port}/")
            page.wait(".ticket .title", "Before the crash")
            desk.kill()
            page.click(".tabs a", "Open")
            page.wait("#offline", "python3 app.py")
            desk = DeskProcess(database, PORT=str(desk.port))
            page.until_gone("#offline")
            page.wait(".ticket .title", "Before the crash")
            page.until_gone(".problem")
            desk.stop()

    def test_the_page_begins_anew_with_a_desk_that_has_another_database(self):
        with tempfile.TemporaryDirectory() as folder:
            desk = DeskProcess(Path(folder, "one.sqlite3"))
            self.addCleanup(lambda: desk.stop())
            for number in range(3):
                desk.new_ticket(title=f"Old {number}")
            page = browser_number(0)
            page.open(f"http://127.0.0.1:{desk.port}/")
            page.wait("#live", "Live")
            page.wait(".ticket .title", "Old 2")
            desk.kill()
            page.wait("#offline")
            desk = DeskProcess(Path(folder, "two.sqlite3"), PORT=str(desk.port))
            page.until_gone("#offline")
            page.until_gone(".ticket .title", "Old 2")
            desk.new_ticket(title="New")
            page.wait(".ticket .title", "New")
            desk.stop()
