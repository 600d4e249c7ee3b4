"""Light or dark, large for a projector, dense rows: chosen once, kept by the browser, on every page of the desk."""

from tests.proofs.test_page import LOW_CONTRAST, VIEWS, tearDownModule
from tests.proofs.test_page_layout import LayoutTest

__all__ = ["tearDownModule"]  # it stops the browsers; unittest looks for it here

GROUND = "return getComputedStyle(document.body).backgroundColor"
TOO_WIDE = "return document.documentElement.scrollWidth - innerWidth"


class Looks(LayoutTest):
    def setUp(self):
        super().setUp()
        self.addCleanup(lambda: self.browser.run("localStorage.clear()"))

    def choose(self, page, name, value):
        page.run("document.querySelector('#user-menu').open = true")
        page.choose(f"#user-menu [name={name}]", value)

    def test_dark_and_light_go_before_the_system_and_last(self):
        page = self.open()
        page.wait("#user-menu summary")
        day = page.run(GROUND)
        self.choose(page, "theme", "dark")
        night = page.run(GROUND)
        self.assertNotEqual(day, night)
        page.reload()
        page.wait("h1", "Queue")
        self.assertEqual(page.run(GROUND), night)
        page.open(f"http://127.0.0.1:{self.desk.port}/docs")
        page.wait("h1", "API")
        self.assertEqual(page.run(GROUND), night)
        self.addCleanup(page.emulate)
        page.emulate(scheme="dark")
        self.choose(page, "theme", "light")
        self.assertEqual(page.run(GROUND), day)
        self.choose(page, "theme", "system")
        self.assertEqual(page.run(GROUND), night)

    def test_for_a_projector_everything_is_larger_and_nothing_is_cut_off(self):
        self.desk.new_ticket()
        page = self.sized(1280, 800)
        page.wait("h1", "Queue")
        small = page.run("return document.querySelector('h1').getBoundingClientRect().height")
        self.choose(page, "size", "projector")
        self.assertGreater(page.run("return document.querySelector('h1').getBoundingClientRect().height"), 1.3 * small)
        for path in VIEWS:
            page.run("location.hash = arguments[0]", f"#{path}")
            page.wait("main h1, main .problem")
            self.assertLessEqual(page.run(TOO_WIDE), 0, path)
            self.assertEqual(page.run(LOW_CONTRAST), [], path)

    def test_dense_rows_are_remembered(self):
        for number in range(3):
            self.desk.new_ticket(title=f"Number {number}")
        page = self.sized(1280, 800)
        height = "return document.querySelector('.ticket').getBoundingClientRect().height"
        page.wait(".ticket")
        high = page.run(height)
        page.click("button", "Dense rows")
        low = page.run(height)
        self.assertLess(low, 0.7 * high)
        page.reload()
        page.wait("[aria-pressed=true]", "Dense rows")
        self.assertEqual(page.run(height), low)
        page.click("button", "Dense rows")
        self.assertEqual(page.run(height), high)

    def test_what_the_browser_keeps_may_be_broken(self):
        for broken in ("{", "7", '{"theme": {}}'):
            page = self.open()
            page.run("localStorage.setItem('support-desk-looks', arguments[0])", broken)
            page.reload()
            page.wait("h1", "Queue")
