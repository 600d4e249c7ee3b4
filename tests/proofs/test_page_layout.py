"""Where things stand on the page: nothing is cut off, nothing jumps, and what belongs together is seen together."""

from tests.desk import AGENT
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


class Stability(LayoutTest):
    """The layout shift of web.dev, https://web.dev/articles/cls: less than 0.1 is good, and less than 0.05 is ours."""

    def test_nothing_jumps_while_a_view_is_opened(self):
        for number in range(30):
            self.desk.new_ticket(title=f"Number {number}", priority="critical" if number % 2 else "low")
        for path in ("/tickets", "/tickets/30", "/dashboard", "/audit", "/tickets/new"):
            for width in (1280, 780, 360):
                page = self.sized(width, 800, path)
                page.wait("main h1")
                page.wait("#live.live")
                self.assertLess(page.run(SHIFT), 0.05, (path, width))


SHIFT = """
let sum = 0;
const shifts = new PerformanceObserver((list) => list.getEntries().forEach(({ value }) => (sum += value)));
shifts.observe({ type: "layout-shift", buffered: true });
return new Promise((done) => setTimeout(() => done(sum), 100));
"""


class TicketLayout(LayoutTest):
    def test_moving_through_the_versions_shows_what_it_changes(self):
        """The slider stands above all that it changes, and stays in view."""
        self.desk.new_ticket(description="x\n" * 100)
        for title in ("Second", "Third"):
            self.desk.patch("/tickets/1", {"title": title}, AGENT)
        page = self.sized(1280, 800, "/tickets/1")
        self.assertLess(self.box(".versions")["bottom"], 250)
        page.click("[aria-label='Earlier version']")
        page.wait(".versions.past", "Version 2 of 3: agent-1 edited it")
        page.wait("h1", "Second")
        page.run("scrollTo(0, 1000)")
        self.assertLess(self.box(".versions")["bottom"], 100)
        page.click("[aria-label='Later version']")
        page.until_gone(".versions.past")
        page.wait("h1", "Third")

    def test_a_long_conversation_keeps_its_newest_comments_and_its_form_in_reach(self):
        self.desk.new_ticket()
        with self.desk.open_database() as database:
            rows = [(f"Number {number}", number) for number in range(2000)]
            database.executemany(INSERT_COMMENT, rows)
        database.close()
        page = self.sized(1280, 800, "/tickets/1")
        page.wait(".comment", "Number 1999")
        self.assertLess(page.run("return document.querySelectorAll('*').length"), 1000)
        self.assertLess(self.box("[name=body]")["top"], 2000)
        page.click("button", "Show older")
        page.wait(".comment", "Number 1881")
        count = "return document.querySelectorAll('.comment').length"
        self.assertEqual(page.run(count), 119)
        page.click("button", "Show older")
        page.wait(".comment", "Number 1781")
        self.assertEqual(page.run(count), 219)


INSERT_COMMENT = """INSERT INTO comments (ticket_id, author, body, internal, created_at)
    VALUES (1, 'agent-1', ?, 0, '2026-01-01T00:00:00.' || substr('000' || (? % 1000), -3) || 'Z')"""
