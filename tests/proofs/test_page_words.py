"""What people type on the page: it overwrites nothing that they have not touched, and it is not lost."""

from tests.proofs.test_page import CONCURRENT_CHANGE, PageTest, tearDownModule

__all__ = ["tearDownModule"]  # it stops the browsers; unittest looks for it here


class Editing(PageTest):
    def test_a_field_that_was_not_touched_is_never_sent(self):
        """Somebody else has changed two fields meanwhile. My title may go over theirs; their priority stays."""
        self.desk.new_ticket(title="Before", priority="high")
        page = self.open("/tickets/1")
        page.wait("h1", "Before")
        page.run(CONCURRENT_CHANGE, "/tickets/1", {"title": "Theirs", "priority": "low"})
        page.click("button", "Edit")
        page.type(".editor [name=title]", "Mine")
        page.click(".editor button", "Save")
        page.wait(".editor .outcome", "Save again to change title; the rest stays as they left it.")
        self.assertEqual((page.value(".editor [name=title]"), page.value(".editor [name=priority]")), ("Mine", "low"))
        page.click(".editor button", "Save")
        page.until(lambda: self.desk.get("/tickets/1").json["title"] == "Mine", "not saved")
        self.assertEqual(self.changes(), {"title": "Mine"})
        self.assertEqual(self.desk.get("/tickets/1").json["priority"], "low")

    def changes(self):
        events = self.desk.get("/tickets/1/events").json["events"]
        return [event["data"]["changes"] for event in events if event["type"] == "Edited"][-1]

    def test_line_ends_that_the_form_cannot_show_are_no_change(self):
        self.desk.new_ticket(description="one\r\ntwo")
        page = self.open("/tickets/1")
        page.click("button", "Edit")
        page.type(".editor [name=title]", "Mine")
        page.click(".editor button", "Save")
        page.until(lambda: self.desk.get("/tickets/1").json["title"] == "Mine", "not saved")
        self.assertEqual(self.desk.get("/tickets/1").json["description"], "one\r\ntwo")


class Refusals(PageTest):
    """What a refusal says is for people, and stands where it is seen without scrolling."""

    MEI = {"X-User-Id": "mei", "X-User-Role": "agent"}

    def test_a_refused_step_says_who_has_the_ticket_and_for_how_long(self):
        self.desk.new_ticket()
        self.addCleanup(self.browser.emulate)
        self.browser.emulate(width=1280, height=800)
        page = self.open("/tickets/1")
        page.wait(".primary[data-step=assign]")
        self.desk.post("/tickets/1/lock", {}, self.MEI)
        page.click(".primary[data-step=assign]")
        line = page.wait(".workflow .outcome", "Locked by mei for another")
        first = page.text(".workflow .outcome")
        self.assertRegex(first, r"for another [56]\d s\. Try again when the lock has ended\.$")
        page.until(lambda: page.text(".workflow .outcome") != first, "it does not count")
        bar = page.find("#request-log")
        script = "return arguments[1].getBoundingClientRect().top - arguments[0].getBoundingClientRect().bottom"
        self.assertGreater(page.run(script, line, bar), 0)
        self.assertEqual(page.run("return scrollY"), 0)

    def test_a_refused_edit_says_so_beside_its_button_and_the_view_stays(self):
        self.desk.new_ticket()
        self.desk.post("/tickets/1/lock", {}, self.MEI)
        page = self.open("/tickets/1")
        page.type("[name=body]", "Half a comment")
        page.click("button", "Edit")
        page.wait(".outcome", "Locked by mei for another")
        self.assertFalse(page.find(".problem"))
        self.assertEqual(page.value("[name=body]"), "Half a comment")

    def test_a_missing_role_is_told_in_plain_words(self):
        self.desk.new_ticket()
        self.desk.post("/tickets/1/draft", {}, self.MEI)
        page = self.open("/tickets/1")
        self.act_as("user-1", "customer")
        page.click("button", "Approve and send")
        page.wait(".draft .outcome", "This needs the role agent; you are customer. Change who you are")


class Keeping(PageTest):
    """Words are kept for their ticket and form until they are sent or thrown away."""

    def test_a_comment_outlives_another_user_another_view_and_a_reload(self):
        self.desk.new_ticket()
        self.desk.new_ticket()
        page = self.open("/tickets/1")
        page.type("[name=body]", "Half a comment")
        page.click("[name=internal]")
        self.act_as("agent-2", "agent")
        self.until_typed(page, "Half a comment")
        page.click("nav a", "Queue")
        page.wait(".ticket")
        page.run("location.hash = '#/tickets/2'")
        page.wait("h1", "#2")
        self.assertEqual(page.value("[name=body]"), "")
        page.back()
        page.wait("h1", "Queue")
        page.back()
        self.until_typed(page, "Half a comment")
        page.reload()
        self.until_typed(page, "Half a comment")
        self.assertIn("14 / 20,000", page.text(".comment-form .counter"))
        page.wait("[name=internal]:checked")
        page.click("button", "Comment")
        page.wait(".comment.internal", "Half a comment")
        page.reload()
        page.wait(".comment")
        self.assertEqual(page.value("[name=body]"), "")

    def until_typed(self, page, words, selector="[name=body]"):
        page.until(lambda: page.value(selector) == words, f"{words} is lost")

    def test_an_edit_that_was_left_comes_back_with_a_word_of_caution_and_ends_with_cancel(self):
        self.desk.new_ticket(title="Before", priority="low")
        page = self.open("/tickets/1")
        page.click("button", "Edit")
        page.type(".editor [name=title]", "Half a title")
        page.click("nav a", "Queue")
        page.wait(".ticket")
        self.desk.patch("/tickets/1", {"priority": "high"}, {"X-User-Id": "mei", "X-User-Role": "agent"})
        page.back()
        page.click("button", "Edit")
        page.wait(".editor .outcome", "your words from before")
        self.assertEqual(page.value(".editor [name=title]"), "Half a title")
        self.assertEqual(page.value(".editor [name=priority]"), "high")
        page.click(".editor button", "Cancel")
        page.click("button", "Edit")
        page.wait(".editor")
        self.assertEqual(page.value(".editor [name=title]"), "Before")

    def test_a_new_ticket_and_a_draft_outlive_a_reload(self):
        self.desk.new_ticket()
        page = self.open("/tickets/new")
        page.type("[name=title]", "Half a ticket")
        page.choose("[name=priority]", "low")
        page.reload()
        self.until_typed(page, "Half a ticket", "[name=title]")
        self.assertEqual(page.value("[name=priority]"), "low")
        self.desk.post("/tickets/1/draft", {"body": "The desk's"}, {"X-User-Id": "mei", "X-User-Role": "agent"})
        self.open("/tickets/1")
        page.type("[name=draft]", "Mine")
        page.reload()
        self.until_typed(page, "Mine", "[name=draft]")
        page.click("button", "Reject")
        page.wait(".timeline .drafts", "rejected the draft")
        self.assertNotIn("Mine", page.run("return JSON.stringify(sessionStorage)"))

    def test_what_the_tab_cannot_read_is_not_there(self):
        self.desk.new_ticket()
        page = self.open()
        names = ("identity", "notice", "request-log", "words comment 1")
        for broken in ("{", "7", '"x"', '{"user": 7}', "[]", "null"):
            for name in names:
                page.run("sessionStorage.setItem(arguments[0], arguments[1])", f"support-desk-{name}", broken)
            self.open("/tickets/1")
            page.wait("h1", "#1")
            page.wait("#user-menu", "agent-1")
