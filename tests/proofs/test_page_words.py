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
        self.assertRegex(page.text(".workflow .outcome"), r"for another [56]\d s\. Try again when the lock has ended\.$")
        first = page.text(".workflow .outcome")
        page.until(lambda: page.text(".workflow .outcome") != first, "it does not count")
        place = "return [arguments[0].getBoundingClientRect().bottom, document.querySelector('#request-log')"
        bottom, bar = page.run(f"{place}.getBoundingClientRect().top, scrollY]", line)[:2]
        self.assertLess(bottom, bar)
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
