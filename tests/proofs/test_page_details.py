"""Small things on the page that people meet all day."""

import json

from tests.desk import AGENT
from tests.proofs.test_page import tearDownModule
from tests.proofs.test_page_layout import LayoutTest

__all__ = ["tearDownModule"]  # it stops the browsers; unittest looks for it here


class ComingBack(LayoutTest):
    def test_back_from_a_ticket_leads_to_the_same_place_of_the_same_search(self):
        for number in range(25):
            self.desk.new_ticket(title=f"Number {number} of the search")
        page = self.sized(1280, 800, "/tickets")
        page.type("[name=search]", "search")
        page.wait(".total", "25 tickets")
        page.until(lambda: page.url.endswith("search=search"), "the address has no search")
        page.run("scrollTo(0, 700)")
        page.click(".ticket a", "Number 12")
        page.wait("h1", "Number 12")
        self.assertEqual(page.run("return scrollY"), 0)
        page.back()
        page.wait(".total", "25 tickets")
        self.assertEqual(page.value("[name=search]"), "search")
        page.until(lambda: page.run("return scrollY") == 700, "not where the reader was")


class Leaving(LayoutTest):
    def test_no_filter_and_no_slider_changes_the_address_of_the_next_view(self):
        self.desk.new_ticket()
        self.desk.patch("/tickets/1", {"title": "Second"}, AGENT)
        for path, selector, keys in (
            ("/tickets", "[name=search]", "Ste"),
            ("/audit", "[name=actor]", "Ste"),
            ("/tickets/1", "[type=range]", "Home"),
        ):
            with self.subTest(path):
                page = self.open(path)
                page.wait(selector)
                page.run(HOLD_TIMERS)
                page.press(selector, keys)
                page.run("location.hash = '#/tickets/new'")
                page.wait("[name=title]")
                page.run("window.goOn()")
                self.assertTrue(page.url.endswith("/#/tickets/new"), page.url)


HOLD_TIMERS = """  // what waits for the end of typing waits until window.goOn() is called
const [wait, drop, held] = [window.setTimeout, window.clearTimeout, new Map()];
window.setTimeout = (job, delay, ...values) => {
  if (![80, 250, 300].includes(delay)) return wait(job, delay, ...values);
  const id = wait(() => {}, delay);
  held.set(id, () => job(...values));
  return id;
};
window.clearTimeout = (id) => {
  held.delete(id);
  drop(id);
};
window.goOn = () => held.forEach((job) => job());
"""


class Names(LayoutTest):
    def test_the_link_to_the_queue_has_a_name_on_a_phone(self):
        page = self.sized(360, 700)
        link = page.wait(".brand")
        name = page.ask("GET", f"/element/{list(link.values())[0]}/computedlabel")
        self.assertEqual(name, "Support Desk")
        self.assertEqual(page.run("return document.documentElement.scrollWidth - innerWidth <= 0"), True)

    def test_status_and_workflow_state_are_told_apart(self):
        page = self.open()
        page.wait("select[name=state]")
        self.assertIn("Any workflow state", page.text("select[name=state]"))
        self.desk.new_ticket()
        self.open("/dashboard")
        page.wait("h2", "By workflow state")


class Notes(LayoutTest):
    def test_a_note_covers_no_field(self):
        self.desk.new_ticket()
        self.desk.new_ticket(title="x" * 200)
        page = self.sized(360, 700, "/tickets/1")
        page.wait("h1", "Login broken")
        page.wait("#live.live")
        for number in range(3):
            self.desk.patch("/tickets/1", {"title": f"Theirs {number}"}, {**AGENT, "X-User-Id": "mei"})
        page.wait(".note", "mei")
        self.assertGreaterEqual(self.box("#notes")["top"], self.box("#request-log")["top"])
        self.assertLessEqual(self.box("#notes")["right"], 360)


class Offline(LayoutTest):
    def test_the_page_is_not_live_while_the_desk_does_not_answer(self):
        page = self.open()
        page.wait("#live.live")
        page.run(
            """window.fetched = window.fetch; window.fetch = () => Promise.reject(new TypeError('lost'));
            location.hash = '#/dashboard'"""
        )
        page.wait("#offline")
        self.assertFalse(page.find("#live.live"))
        self.assertEqual(page.text("#live"), "Connecting…")
        page.run("window.fetch = window.fetched")
        page.until_gone("#offline")
        page.wait("#live.live", "Live")


class Chart(LayoutTest):
    def test_a_day_far_above_the_others_leaves_them_their_height_and_numbers_are_short(self):
        page = self.open("/nowhere")
        page.wait(".problem")
        page.run(STATS, json.dumps([12345, *range(20, 49)]))
        page.wait(".daily")
        bars = "return [...document.querySelectorAll('.day .filled')].map((bar) => bar.height.baseVal.value)"
        heights = page.run(bars)
        self.assertGreater(min(heights[1:]), 10)
        self.assertEqual(page.run("return document.querySelectorAll('.gap').length"), 1)
        self.assertIn("12K", page.text(".daily text"))
        self.assertIn("at most 12,345 on one day. A bar with a gap is cut", page.text("figcaption"))
        boxes = page.run("return [...document.querySelectorAll('.daily text')].map((one) => one.getBBox().y)")
        self.assertGreaterEqual(min(boxes), 0)


STATS = """
const days = (day) => `2026-01-${String(day + 1).padStart(2, "0")}`;
const daily = JSON.parse(arguments[0]).map((tickets, day) => ({ day: days(day), tickets }));
const none = { a: 1 };
const stats = { total_tickets: 9, open_tickets: 9, avg_tickets_per_day: 1, daily, category_breakdown: none,
  status_breakdown: none, priority_breakdown: none, state_breakdown: none };
const fetched = window.fetch;
window.fetch = async (path, request) => (path === "/tickets/stats" ? Response.json(stats) : fetched(path, request));
location.hash = "#/dashboard";
"""


class Weight(LayoutTest):
    def test_a_long_download_says_how_far_it_is_and_ends_with_a_file(self):
        self.desk.new_ticket()
        page = self.open()
        page.run(SLOW_CSV)
        page.click("a", "CSV")
        page.wait("a", "CSV: 3.0 MB so far")
        page.run("window.goOn()")
        page.until(lambda: page.text("a[download]") == "CSV", "it does not end")
        self.assertEqual(page.run("return window.saved"), [4_000_000])

    def test_the_request_log_keeps_only_the_beginning_of_a_long_answer(self):
        page = self.open()
        page.wait("#live.live")
        page.run(LONG_ANSWER)
        page._devtools("HeapProfiler.collectGarbage", {})
        self.assertLess(page._devtools("Runtime.getHeapUsage", {})["usedSize"], 15_000_000)


SLOW_CSV = """
window.saved = [];
const created = URL.createObjectURL;
URL.createObjectURL = (blob) => { window.saved.push(blob.size); return created(blob); };
const fetched = window.fetch;
window.fetch = async (path, request) => path.startsWith("/tickets.csv") ? new Response(new ReadableStream({
  async start(stream) {
    for (let part = 0; part < 3; part++) stream.enqueue(new Uint8Array(1e6));
    await new Promise((resolve) => (window.goOn = resolve));
    stream.enqueue(new Uint8Array(1e6));
    stream.close();
  } })) : fetched(path, request);
"""

LONG_ANSWER = """
const fetched = window.fetch;
window.fetch = async () => { window.fetch = fetched; return new Response("x".repeat(3e7)); };
return import("/static/api.js").then(({ get }) => get("/long")).then(() => null);
"""
