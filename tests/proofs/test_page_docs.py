"""The API reference, as somebody in front of a real browser uses it: one page of the desk among the others."""

from tests.proofs.test_page import LOW_CONTRAST, tearDownModule
from tests.proofs.test_page_layout import SHIFT, LayoutTest

__all__ = ["tearDownModule"]  # it stops the browsers; unittest looks for it here

SIDE_BY_SIDE = """
const [request, answer] = document.querySelector("#get_tickets .inside-operation").children;
return answer.getBoundingClientRect().left >= request.getBoundingClientRect().right
  && answer.getBoundingClientRect().top === request.getBoundingClientRect().top;
"""


class Reference(LayoutTest):
    def reference(self, place="", width=1280, **looks):
        self.addCleanup(self.browser.emulate)
        self.browser.emulate(width=width, height=800, **looks)
        self.browser.open("about:blank")
        self.browser.open(f"http://127.0.0.1:{self.desk.port}/docs{place}")
        self.browser.wait("#operations summary")
        return self.browser

    def test_it_has_the_navigation_and_the_user_of_the_desk(self):
        page = self.open()
        self.act_as("sofia", "supervisor")
        page.click("nav a", "API")
        page.wait("h1", "API")
        page.wait("#user-menu summary", "sofia")
        page.click("#links a", "/drafts/{id}/approve")
        page.wait("#post_drafts_id_approve .code", "X-User-Id: sofia")
        self.act_as("amara", "agent")
        page.wait("#post_drafts_id_approve .code", "X-User-Id: amara")
        page.click("nav a", "Queue")
        page.wait("h1", "Queue")
        page.wait("#user-menu summary", "amara")

    def test_a_search_finds_operations_by_path_and_by_what_they_do(self):
        page = self.reference()
        page.type("#search", "newest first")
        page.wait("#found", " operations")
        self.assertIn("/tickets", page.text("#links li:not([hidden])"))
        self.assertNotIn("/health", page.text("#links li:not([hidden])"))
        page.type("#search", "lock delete")
        page.click("#links a", "/tickets/{id}/lock")
        page.wait("#delete_tickets_id_lock[open] .code", "-X DELETE")

    def test_request_and_answer_stand_side_by_side_and_the_command_is_readable(self):
        page = self.reference("#get_tickets")
        page.click("#get_tickets button", "Try")
        page.wait("#get_tickets .answer .fine", "200")
        self.assertTrue(page.run(SIDE_BY_SIDE))
        size = "return parseFloat(getComputedStyle(document.querySelector(arguments[0])).fontSize)"
        self.assertGreaterEqual(page.run(size, "#get_tickets .code"), 13)
        self.open()
        page.click("#request-log > summary")
        page.click("#request-log-list li summary", "/tickets/stats")
        page.wait("#request-log-list .curl")
        self.assertGreaterEqual(page.run(size, "#request-log-list .curl"), 13)

    def test_it_is_readable_by_day_and_night_and_on_a_phone_and_nothing_jumps(self):
        for looks in ({"width": 1280}, {"width": 800}, {"width": 360, "scheme": "dark"}):
            page = self.reference("#post_tickets", **looks)
            page.wait("#post_tickets .code")
            self.assertLess(page.run(SHIFT), 0.05, looks)
            self.assertEqual(page.run(LOW_CONTRAST), [], looks)
            self.assertLessEqual(page.run("return document.documentElement.scrollWidth - innerWidth"), 0, looks)
