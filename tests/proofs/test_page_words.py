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
