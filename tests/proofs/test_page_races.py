"""What people do on a ticket while a request runs, or somebody else works on it: no words are lost or sent unseen."""

from tests.desk import AGENT, CUSTOMER
from tests.proofs.test_page import PageTest, tearDownModule

__all__ = ["tearDownModule"]  # it stops the browsers; unittest looks for it here

MEI = {"X-User-Id": "mei", "X-User-Role": "agent"}

HOLD = """  // the first answer of this kind waits until window.goOn() is called, which resolves when the page has it
const [method, part] = arguments;
const fetched = window.fetch;
window.goOn = null;
window.fetch = async (path, request) => {
  if ((request.method ?? "GET") !== method || !path.includes(part)) return fetched(path, request);
  window.fetch = fetched;
  const answer = await fetched(path, request);
  await new Promise((resolve) => {
    window.goOn = () => {
      resolve();
      return new Promise((done) => setTimeout(done, 100));
    };
  });
  return answer;
};
"""
REWORDED_BEFORE = """  // mei saves other words just before our approval arrives
const fetched = window.fetch;
window.fetch = async (path, request) => {
  if (!path.endsWith("/approve")) return fetched(path, request);
  window.fetch = fetched;
  const headers = { "Content-Type": "application/json", "X-User-Id": "mei", "X-User-Role": "agent" };
  await fetched("/drafts/1", { method: "PATCH", headers, body: JSON.stringify({ body: "BAD words" }) });
  return fetched(path, request);
};
"""
BACK_THREE_TIMES = """
for (const key of "[[[") document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
"""
LATER_THEN_TALK = """
document.querySelector(".versions [aria-label='Later version']").click();
document.querySelector("[data-show=talk]").click();
"""


class RaceTest(PageTest):
    def open_ticket(self, *drafts):
        self.desk.new_ticket(title="Zero")
        for body in drafts:
            self.desk.post("/tickets/1/draft", {"body": body}, MEI)
        page = self.open("/tickets/1")
        page.wait("h1", "Zero")
        page.wait("#live.live")
        return page

    def held(self, page):
        """The desk has answered, and the page does not know it yet."""
        page.until(lambda: page.run("return Boolean(window.goOn)"), "nothing is asked for")

    def go_on(self, page):
        page.run("return window.goOn()")

    def kept(self, page):
        return page.run("return Object.keys(sessionStorage).filter((key) => key.includes('words')).sort()")

    def focused(self, page):
        return page.run("return document.activeElement.ariaLabel ?? document.activeElement.name")


class Comments(RaceTest):
    def test_the_words_after_an_internal_note_stay_internal(self):
        page = self.open_ticket()
        page.click("[name=internal]")
        page.type("[name=body]", "note one")
        page.click("button", "Comment")
        page.wait(".comment.internal", "note one")
        page.press("[name=body]", "secret two")
        page.reload()
        page.until(lambda: page.value("[name=body]") == "secret two", "the words are lost")
        page.wait("[name=internal]:checked")

    def test_a_comment_that_was_sent_does_not_come_back(self):
        page = self.open_ticket()
        page.type("[name=body]", "Only once")
        page.run(HOLD, "POST", "/comments")
        page.click("button", "Comment")
        self.held(page)
        page.run("location.hash = '#/tickets'")
        page.wait(".ticket")
        self.go_on(page)
        page.back()
        page.wait(".comment", "Only once")
        self.assertEqual(page.value("[name=body]"), "")

    def test_words_that_are_typed_while_a_comment_is_sent_stay(self):
        page = self.open_ticket()
        page.type("[name=body]", "first")
        page.run(HOLD, "POST", "/comments")
        page.click("button", "Comment")
        self.held(page)
        page.press("[name=body]", " and more")
        self.go_on(page)
        page.wait(".comment", "first")
        self.assertEqual(page.value("[name=body]"), "first and more")
        self.assertEqual(self.kept(page), ["support-desk-words comment 1"])


class Drafts(RaceTest):
    def test_an_approval_sends_the_words_that_were_seen(self):
        page = self.open_ticket("Good words")
        page.run(REWORDED_BEFORE)
        page.click("button", "Approve and send")
        page.wait(".comment", "Good words")
        self.assertEqual([one["body"] for one in self.desk.get("/tickets/1").json["comments"]], ["Good words"])

    def test_what_others_do_is_shown_while_a_request_runs(self):
        page = self.open_ticket("Good words")
        page.run(HOLD, "POST", "/draft")
        page.click("button", "Suggest a reply")
        self.held(page)
        self.desk.patch("/drafts/1", {"body": "Other words"}, MEI)
        page.wait(".note", "mei")
        page.until(lambda: page.value("[name=draft]") == "Other words", "not shown")
        self.go_on(page)

    def test_a_draft_that_others_reword_while_somebody_types_in_it_says_so(self):
        page = self.open_ticket("Good words")
        page.type("[name=draft]", "Mine")
        self.desk.patch("/drafts/1", {"body": "Theirs"}, MEI)
        page.wait(".draft .outcome", "Saving or sending your words replaces theirs: Theirs")
        self.assertEqual(page.value("[name=draft]"), "Mine")
        page.reload()
        page.wait(".draft .outcome", "your words from before")
        self.assertEqual(page.value("[name=draft]"), "Mine")

    def test_saving_a_draft_is_no_change_by_somebody_else_and_forgets_the_words_though_the_view_is_left(self):
        page = self.open_ticket("Good words")
        page.type("[name=draft]", "Mine ")
        page.run(HOLD, "PATCH", "/drafts/1")
        page.click("button", "Save changes")
        self.held(page)
        page.press("[name=draft]", "more")
        self.go_on(page)
        page.wait(".timeline .drafts", "reworded the draft")
        self.assertEqual((page.text(".draft .outcome"), page.value("[name=draft]")), ("", "Mine more"))
        page.press("[name=draft]", "!")
        page.run(HOLD, "PATCH", "/drafts/1")
        page.click("button", "Save changes")
        self.held(page)
        page.run("location.hash = '#/tickets'")
        page.wait(".ticket")
        self.go_on(page)
        self.assertEqual(self.kept(page), [])

    def test_words_in_a_draft_that_somebody_else_decides_go_to_the_comment(self):
        page = self.open_ticket("Good words")
        page.type("[name=body]", "Half a comment")
        page.type("[name=draft]", "Mine")
        self.desk.post("/drafts/1/reject", {}, MEI)
        page.wait(".comment-form .outcome", "Somebody else has decided draft 1 meanwhile")
        page.until_gone(".draft.pending")
        self.assertEqual(page.value("[name=body]"), "Half a comment\n\nMine")
        self.assertEqual(self.kept(page), ["support-desk-words comment 1"])
        self.assertTrue(page.run("return document.activeElement.matches('.reply-box')"))

    def test_newer_drafts_do_not_push_out_the_one_that_somebody_types_in(self):
        page = self.open_ticket(*"12345")
        page.type(".draft:first-child [name=draft]", "Mine")
        self.desk.post("/tickets/1/draft", {"body": "6"}, MEI)
        self.desk.post("/tickets/1/draft", {"body": "7"}, MEI)
        page.wait("[aria-label='Draft 7']")
        self.assertEqual((page.value("[name=draft]"), self.focused(page)), ("Mine", "Draft 1"))
        page.until_gone("[aria-label='Draft 2']")

    def test_a_suggestion_that_comes_late_leaves_the_focus_where_somebody_types(self):
        page = self.open_ticket()
        page.run(HOLD, "POST", "/draft")
        page.click("button", "Suggest a reply")
        self.held(page)
        page.press("[name=body]", "Half")
        self.go_on(page)
        page.wait("[aria-label='Draft 1']")
        self.assertEqual(self.focused(page), "body")

    def test_the_focus_goes_to_ones_own_suggestion(self):
        page = self.open_ticket()
        page.run(HOLD, "POST", "/draft")
        page.click("button", "Suggest a reply")
        self.held(page)
        self.desk.post("/tickets/1/draft", {"body": "Theirs"}, MEI)
        self.go_on(page)
        page.wait("[aria-label='Draft 2']")
        page.wait("[aria-label='Draft 1']:focus")


class Edits(RaceTest):
    def test_an_edit_that_was_saved_does_not_come_back(self):
        page = self.open_ticket()
        page.click("button", "Edit")
        page.type(".editor [name=title]", "One")
        page.run(HOLD, "PATCH", "/tickets/1")
        page.click(".editor button", "Save")
        self.held(page)
        page.run("location.hash = '#/tickets'")
        page.wait(".ticket")
        self.go_on(page)
        self.assertEqual(self.kept(page), [])

    def test_a_slow_older_reading_changes_nothing(self):
        page = self.open_ticket()
        page.run(HOLD, "GET", "/events?from=")
        self.desk.patch("/tickets/1", {"title": "One"}, MEI)
        self.held(page)
        self.desk.patch("/tickets/1", {"title": "Two"}, MEI)
        page.wait("h1", "Two")
        self.go_on(page)
        self.assertIn("Two", page.text("h1"))
        page.wait(".versions", "Version 3 of 3")


class Versions(RaceTest):
    def open_story(self, path):
        self.desk.new_ticket(title="Zero")
        for number in range(2, 6):
            self.desk.post("/tickets/1/comments", {"body": f"Number {number}"}, CUSTOMER if number % 2 else AGENT)
        page = self.open(path)
        page.wait(".versions", " of 5")
        return page

    def test_an_address_without_a_version_shows_now(self):
        page = self.open_story("/tickets/1?at=2")
        page.wait(".versions.past", "Version 2 of 5")
        page.run("location.hash = '#/tickets/1'")
        page.until_gone(".versions.past")
        page.wait(".versions", "Version 5 of 5")

    def test_each_key_goes_back_one_version_however_slow_the_desk_is(self):
        page = self.open_story("/tickets/1")
        page.run(HOLD, "GET", "/at/4")
        page.run(BACK_THREE_TIMES)
        page.wait(".versions.past", "Version 2 of 5")
        self.assertTrue(page.url.endswith("/tickets/1?at=2"), page.url)
        self.go_on(page)
        page.wait(".versions.past", "Version 2 of 5")

    def test_a_filter_keeps_the_version_that_was_just_asked_for(self):
        page = self.open_story("/tickets/1?at=2")
        page.wait(".versions.past", "Version 2 of 5")
        page.run(LATER_THEN_TALK)
        page.wait(".versions.past", "Version 3 of 5")
        self.assertTrue(page.url.endswith("/tickets/1?at=3&show=talk"), page.url)
