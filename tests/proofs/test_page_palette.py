"""The palette of the page: every command by its name, with the keyboard alone."""

from tests.proofs.test_page import LOW_CONTRAST, tearDownModule
from tests.proofs.test_page_layout import LayoutTest

__all__ = ["tearDownModule"]  # it stops the browsers; unittest looks for it here

CHOSEN = "[role=option][aria-selected=true]"


class Palette(LayoutTest):
    def key(self, key):
        """Press a key wherever the focus is."""
        self.browser.press_on(self.browser.ask("GET", "/element/active"), key)

    def open_palette(self, page, modifier="ctrlKey"):
        page.run(PRESS_K, modifier)
        page.wait(".palette [role=combobox]:focus")

    def command(self, page, words):
        self.open_palette(page)
        page.press(".palette input", words)
        self.key("Enter")
        page.until_gone("dialog")

    def commands(self, page):
        return page.text("[role=option]").split("\n")

    def test_its_module_is_loaded_only_when_it_is_asked_for(self):
        page = self.open()
        page.wait("#live.live")
        self.assertFalse(page.run(LOADED))
        self.open_palette(page, "metaKey")
        self.assertTrue(page.run(LOADED))
        self.key("Escape")
        page.until_gone("dialog")

    def test_typing_finds_arrows_choose_and_escape_gives_the_focus_back(self):
        page = self.open()
        page.wait("[name=search]")
        page.run("document.querySelector('[name=search]').focus()")
        self.open_palette(page)  # in a field, too
        first = page.text(CHOSEN)
        page.press(".palette input", "Down")
        self.assertNotEqual(page.text(CHOSEN), first)
        page.press(".palette input", "Up")
        page.press(".palette input", "Up")
        self.assertEqual(page.text(CHOSEN), self.commands(page)[-1])
        self.assertEqual(page.run(ACTIVE), page.run("return document.querySelector(arguments[0]).id", CHOSEN))
        page.press(".palette input", "go aud")
        self.assertEqual(self.commands(page), ["Go to Audit"])
        page.press(".palette input", "x")
        page.wait(".palette", "No command has these words")
        self.key("Enter")
        self.assertFalse(page.find("[role=option]"))
        self.key("Escape")
        page.until_gone("dialog")
        page.wait("[name=search]:focus")

    def test_a_ticket_is_opened_by_its_number_and_worked_on(self):
        self.desk.new_ticket(title="The first")
        page = self.open()
        page.wait(".ticket")
        self.command(page, "#1")
        page.wait("h1", "The first")
        self.command(page, "assign")
        page.wait(".petri-net .here[data-place=assigned]")
        page.until(lambda: self.desk.get("/tickets/1").json["state"] == "assigned", "not assigned")
        self.command(page, "write a comment")
        page.wait("[name=body]:focus")
        self.command(page, "edit the")
        page.wait(".editor [name=title]:focus")
        page.click(".editor button", "Cancel")
        self.command(page, "dashboard")
        page.wait("h1", "Dashboard")
        self.command(page, "new ticket")
        page.wait("h1", "New ticket")

    def test_another_user_and_another_theme_are_a_command(self):
        self.addCleanup(lambda: self.browser.run("localStorage.clear()"))
        page = self.open()
        page.wait("h1", "Queue")
        self.command(page, "supervisor")
        page.wait("#user-menu summary", "supervisor-1")
        self.command(page, "theme dark")
        self.assertEqual(page.run("return document.documentElement.dataset.theme"), "dark")
        self.assertEqual(page.value("#user-menu [name=theme]"), "dark")
        page.run("delete document.documentElement.dataset.theme")

    def test_the_help_lists_it_and_a_click_runs_a_command(self):
        page = self.open()
        page.wait("h1", "Queue")
        self.key("?")
        page.wait("dialog tr", "All commands")
        self.key("Escape")
        page.until_gone("dialog")
        self.open_palette(page)
        page.click("[role=option]", "Go to Audit")
        page.wait("h1", "Audit")

    def test_it_fits_a_phone_and_is_readable_by_day_and_night(self):
        self.desk.new_ticket()
        for looks in ({"width": 360, "height": 600}, {"scheme": "dark", "width": 1280, "height": 800}):
            page = self.sized(looks["width"], looks["height"], "/tickets/1")
            page.emulate(**looks)
            page.wait("[data-step=assign]")
            self.open_palette(page)
            box = self.box(".palette")
            self.assertGreaterEqual(box["left"], 0)
            self.assertLessEqual(box["right"], looks["width"])
            self.assertLessEqual(box["bottom"], looks["height"])
            self.assertEqual(page.run(LOW_CONTRAST), [])
            self.key("Escape")


PRESS_K = """
const key = { key: "k", bubbles: true, cancelable: true, [arguments[0]]: true };
(document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent("keydown", key));
"""
ACTIVE = "return document.activeElement.getAttribute('aria-activedescendant')"
LOADED = "return performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/palette.js'))"
