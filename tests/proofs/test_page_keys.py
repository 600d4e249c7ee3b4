"""The page by its shortcuts, and one click to be somebody else."""

from tests.desk import AGENT
from tests.proofs.test_page import PageTest, tearDownModule

__all__ = ["tearDownModule"]  # it stops the browsers; unittest looks for it here


class Shortcuts(PageTest):
    def key(self, key):
        """Press a key wherever the focus is."""
        self.browser.press_on(self.browser.ask("GET", "/element/active"), key)

    def test_a_ticket_is_found_opened_and_worked_on(self):
        for number in range(3):
            self.desk.new_ticket(title=f"Number {number}")
        page = self.open()
        page.wait(".ticket")
        for key, title in (("j", "Number 2"), ("j", "Number 1"), ("k", "Number 2"), ("j", "Number 1")):
            self.key(key)
            self.assertEqual(page.run("return document.activeElement.textContent"), title)
        self.key("Enter")
        page.wait("h1", "Number 1")
        self.key("1")
        page.wait(".petri-net .here[data-place=assigned]")
        page.wait(".versions", "Version 2 of 2")
        self.key("[")
        page.wait(".versions.past", "Version 1 of 2")
        self.key("]")
        page.until_gone(".versions.past")
        self.key("e")
        page.wait(".editor [name=title]:focus")
        page.click(".editor button", "Cancel")
        page.until_gone(".editor")
        self.key("c")
        page.wait("[name=body]:focus")

    def test_they_are_off_in_a_field_and_with_ctrl(self):
        self.desk.new_ticket()
        page = self.open("/tickets/1")
        page.type("[name=body]", "e1?[")
        self.assertEqual(page.value("[name=body]"), "e1?[")
        self.assertFalse(page.find(".editor") or page.find("dialog"))
        self.assertEqual(self.desk.get("/tickets/1").json["state"], "new")
        page.run(CTRL_E)
        self.assertFalse(page.find(".editor"))

    def test_a_question_mark_lists_those_of_the_view(self):
        self.desk.new_ticket()
        page = self.open()
        page.wait(".ticket")
        self.key("?")
        page.wait("dialog tr", "Search")
        page.wait("dialog tr", "Next ticket")
        self.key("Escape")
        page.until_gone("dialog")
        self.key("/")
        page.wait("[name=search]:focus")
        for _ in range(2):
            self.desk.post("/tickets/1/draft", {}, AGENT)
        self.open("/tickets/1")
        page.wait(".draft.pending")
        page.click("#keys")
        page.wait("dialog tr", "Edit the ticket")
        self.assertEqual(page.text("dialog").count("Go to the draft"), 1)
        self.assertNotIn("Search", page.text("dialog"))
        titles = page.run("return [...document.querySelectorAll('main [aria-keyshortcuts]')].map((one) => one.title)")
        self.assertTrue(titles and all(title.endswith(")") for title in titles), titles)


class Presets(PageTest):
    def test_a_missing_role_is_a_click_away_where_it_is_missed(self):
        self.desk.new_ticket()
        for step in ("assign", "start_work", "escalate"):
            self.desk.post("/tickets/1/transitions", {"transition": step}, AGENT)
        page = self.open("/tickets/1")
        page.type("[name=body]", "Half a comment")
        page.click(".step button", "Act as supervisor-1")
        page.wait("#user-menu summary", "supervisor-1")
        page.click(".primary[data-step=resolve_escalated]")
        page.wait(".petri-net .here[data-place=resolved]")
        self.assertEqual(page.value("[name=body]"), "Half a comment")
        self.act_as("user-1", "customer")
        self.desk.post("/tickets/1/draft", {}, AGENT)
        page.click("button", "Approve and send")
        page.click(".draft .outcome button", "Act as agent-1")
        page.wait("#user-menu summary", "agent-1")


CTRL_E = """
document.activeElement.blur();
document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "e", ctrlKey: true, bubbles: true }));
"""
