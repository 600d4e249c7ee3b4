"""The queue in another order, and what happens meanwhile: nothing moves under the reader's eyes."""

from tests.desk import AGENT, CUSTOMER
from tests.proofs.test_page import tearDownModule
from tests.proofs.test_page_layout import LayoutTest

__all__ = ["tearDownModule"]  # it stops the browsers; unittest looks for it here


class Sorting(LayoutTest):
    def titles(self):
        return self.browser.text(".ticket .title").split("\n")

    def until_titles(self, *titles):
        self.browser.until(lambda: self.titles() == list(titles), f"the titles are not {titles}")

    def three_tickets(self):
        """Number 1 is the most urgent one, number 0 was changed last."""
        for number, priority in enumerate(("medium", "critical", "low")):
            self.desk.new_ticket(title=f"Number {number}", priority=priority)
        self.desk.post("/tickets/1/comments", {"body": "Hello"}, AGENT)

    def test_an_order_is_chosen_kept_in_the_address_and_goes_with_the_filters(self):
        self.three_tickets()
        page = self.open()
        self.until_titles("Number 2", "Number 1", "Number 0")
        page.choose("[name=sort]", "priority")
        self.until_titles("Number 1", "Number 0", "Number 2")
        self.assertTrue(page.url.endswith("#/tickets?sort=priority"), page.url)
        page.choose("[name=sort]", "updated_at")
        self.until_titles("Number 0", "Number 2", "Number 1")
        page.wait(".ticket .facts", "changed just now")
        page.type("[name=search]", "number")
        page.until(lambda: "sort=updated_at&search=number" in page.url, "the search is not in the address")
        page.choose("select[name=state]", "new")
        page.until(lambda: "sort=updated_at&search=number&state=new" in page.url, "the order is not in the address")
        self.assertIn("sort=updated_at", page.run("return document.querySelector('a[download]').href"))
        page.reload()
        self.until_titles("Number 0", "Number 2", "Number 1")
        self.assertEqual(page.value("[name=sort]"), "updated_at")
        self.assertFalse(page.find(".chip"))
        page.choose("[name=sort]", "")
        self.until_titles("Number 2", "Number 1", "Number 0")
        page.until_gone(".ticket .facts", "changed")

    def test_the_pages_of_an_order_lose_nothing_while_tickets_change(self):
        for number in range(30):
            self.desk.new_ticket(title=f"Number {number}")
        page = self.open("/tickets?sort=updated_at")
        page.wait(".total", "25 of 30 tickets")
        first = self.titles()
        for number in (1, 2, 30):
            self.desk.post(f"/tickets/{number}/comments", {"body": "Hello"}, AGENT)
        page.click(".foot a", "Next page")
        page.wait(".total", "5 of 30 tickets")
        self.until_titles(*(f"Number {number}" for number in (4, 3, 2, 1, 0)))
        self.assertEqual(len({*first, *self.titles()}), 30)
        page.click(".foot a", "First page")
        page.until(lambda: self.titles()[:3] == ["Number 29", "Number 1", "Number 0"], "not in the new order")

    def test_news_is_marked_and_moves_nothing_until_a_click(self):
        for path, number in (("/tickets", 3), ("/tickets?sort=updated_at", 1)):
            self.three_tickets()
            page = self.open(path)
            page.wait("#live.live")
            page.wait(".ticket .title", "Number 2")
            shown, top = self.titles(), self.box(".ticket .title")["top"]
            self.desk.new_ticket(title="Out of nowhere")
            page.wait(".news button", "Show 1 change")
            self.desk.patch(f"/tickets/{number}", {"priority": "high", "category": "billing"}, AGENT)
            page.wait(f".ticket.changed[data-id='{number}'] .badge", "High")
            self.assertEqual((self.titles(), self.box(".ticket .title")["top"]), (shown, top))
            page.click(".news button")
            page.wait(".ticket.changed .title", "Out of nowhere")
            page.until_gone(".news button")
            self.assertEqual(len(self.titles()), len(shown) + 1)

    def test_a_ticket_that_leaves_the_filters_stays_where_it_is_until_a_click(self):
        self.three_tickets()
        page = self.open("/tickets?status=open&sort=priority")
        page.wait("#live.live")
        self.until_titles("Number 1", "Number 0", "Number 2")
        self.desk.patch("/tickets/2", {"status": "in_progress"}, AGENT)
        page.wait(".ticket .badge", "In progress")
        page.click(".news button", "Show 1 change")
        self.until_titles("Number 0", "Number 2")

    def test_j_and_k_walk_in_the_order_that_is_shown(self):
        self.three_tickets()
        page = self.open("/tickets?sort=priority")
        self.until_titles("Number 1", "Number 0", "Number 2")
        for key, title in (("j", "Number 1"), ("j", "Number 0"), ("k", "Number 1")):
            page.press_on(page.ask("GET", "/element/active"), key)
            self.assertEqual(page.run("return document.activeElement.textContent"), title)

    def test_the_choice_fits_a_phone(self):
        self.three_tickets()
        page = self.sized(360, 800, "/tickets?sort=priority")
        self.until_titles("Number 1", "Number 0", "Number 2")
        choice = self.box("[name=sort]")
        self.assertGreaterEqual(choice["left"], 0)
        self.assertLessEqual(choice["right"], 360)
        self.assertLessEqual(page.run("return document.documentElement.scrollWidth"), 360)
        self.desk.new_ticket(title="Out of nowhere", priority="critical")
        pill = self.box(".news button")
        self.assertLessEqual(pill["right"], 360)
