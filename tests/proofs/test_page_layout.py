"""Where things stand on the page: nothing is cut off, nothing jumps, and what belongs together is seen together."""

from tests.proofs.test_page import PageTest, tearDownModule

__all__ = ["tearDownModule"]  # it stops the browsers; unittest looks for it here


class LayoutTest(PageTest):
    def sized(self, width, height, path="/tickets"):
        self.addCleanup(self.browser.emulate)
        self.browser.emulate(width=width, height=height)
        return self.open(path)

    def box(self, selector):
        """{left, top, right, bottom} of an element, within the window."""
        return self.browser.run("return arguments[0].getBoundingClientRect().toJSON()", self.browser.wait(selector))


class Header(LayoutTest):
    environ = {"DEBUG": "true"}  # one link more

    def test_the_user_menu_is_whole_at_every_width(self):
        page = self.sized(1280, 800)
        self.act_as("somebody-with-a-long-name", "supervisor")
        for width in (1280, 1000, 900, 820, 780, 745, 500, 360):
            page.emulate(width=width, height=800)
            page.run("document.querySelector('#user-menu').open = true")
            menu = self.box("#user-menu .popover")
            self.assertGreaterEqual(menu["left"], 0, width)
            self.assertLessEqual(menu["right"], width, width)
