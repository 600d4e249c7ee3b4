"""The views of requests and their traces, as somebody in front of a real browser uses them."""

import json

from tests.desk import AGENT
from tests.proofs.test_page import ANN, CARL, LOW_CONTRAST, LockedTest, PageTest, tearDownModule
from tests.test_locked import LOCKED_LAB

__all__ = ["tearDownModule"]  # it stops the browsers; unittest looks for it here

CANARY = "<img src=x onerror=\"document.title='owned'\"> żółć"
TITLES = "return [...document.querySelectorAll('.room-head')].map((node) => node.textContent)"
ROOMS = ["Server", "Handler", "Checks", "Endpoints", "Store", "Workflow, LLM", "SQL"]
FOCUSED = "return document.activeElement.getAttribute('aria-label')"
TOO_WIDE = "return document.documentElement.scrollWidth - innerWidth"
PLACES = """  // of the caller, its callee and the statement: [left edge, top, height]
return arguments[0].map((name) => [...document.querySelectorAll(".step-bar")]
  .find((bar) => bar.querySelector(".name").textContent === name).getBoundingClientRect())
  .map(({ left, top, height }) => [left, top, height]);
"""


class TraceTest(PageTest):
    environ = {"DEBUG": "true"}

    def send(self, name: str, method="POST", path="/tickets", body=None, **headers: str) -> str:
        """A request of another client; `name` is its id. Without a body it is a new ticket."""
        if body is None and method == "POST":
            body = {"title": "Charged twice", "description": "Please refund it"}
        return self.desk.request(method, path, body, {**AGENT, "X-Request-Id": name, **headers})

    def open_trace(self, name, **looks):
        page = self.open(f"/requests/{name}")
        if looks:
            self.addCleanup(page.emulate)
            page.emulate(**looks)
        page.wait(".step-bar")
        return page

    def send_together(self):
        """The ids of two requests that shared one commit; whether they do is up to the network, so try again."""
        for attempt in range(200):
            socks = [self.desk.connect() for _ in range(2)]
            names = [f"both-{attempt}-{side}" for side in "ab"]
            for sock, name in zip(socks, names):
                sock.sendall(post(name))
            for sock in socks:
                sock.recv(65536)
                sock.close()
            row = self.desk.get("/debug/requests?method=POST&limit=1", AGENT).json["requests"][0]
            if row["shared_commit"]:
                return names
        self.fail("no two requests came in one turn")

    def press(self, page, key):
        page.press_on(page.ask("GET", "/element/active"), key)


def post(name: str) -> bytes:
    body = json.dumps({"title": name, "description": "One commit for two"}).encode()
    head = f"POST /tickets HTTP/1.1\r\nHost: localhost\r\nX-User-Id: ann\r\nX-Request-Id: {name}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class List(TraceTest):
    def test_a_request_of_another_client_comes_into_the_list(self):
        page = self.open("/requests")
        page.wait("tr .path", "/health")
        self.assertEqual(page.text("nav a[aria-current]"), "Requests")
        self.send("first", path="/tickets/7/comments", body={"body": "No such ticket"})
        page.wait("tr.changed .path", "/tickets/7/comments")
        page.wait("tr.changed .status.s4", "404")
        page.wait("tr.changed .caller", "agent-1 (agent)")
        self.assertNotIn("/static/", page.text(".requests"))
        page.click("label", "The page's own files")
        page.wait("tr .path", "/static/")

    def test_the_list_waits_for_a_request_in_progress(self):
        page = self.open("/requests")
        page.wait("tr .path", "/health")
        with self.desk.connect() as sock:
            sock.sendall(b"GET /tickets HTTP/1.1\r\nHost: localhost\r\nX-Lab: delay=60000\r\n\r\n")
            page.wait("tr:has(.status.waiting) .took", "…")
        self.assertEqual(page.text("tr:has(.status.waiting) .path"), "/tickets")

    def test_filters_stand_in_the_address(self):
        self.send("made")
        self.send("missing", "GET", "/tickets/99")
        page = self.open("/requests")
        page.wait("tr .path", "/tickets/99")
        page.type("[name=status]", "4xx")
        page.until(lambda: page.text("tbody .path") == "/tickets/99", "more than the 404")
        page.type("[name=status]", "201")
        page.choose("[name=method]", "POST")
        page.until(lambda: page.text("tbody .path") == "/tickets", "more than the 201")
        self.assertTrue(page.url.endswith("#/requests?status=201&method=POST"), page.url)
        page.type("[name=path]", "nowhere")
        page.wait(".empty", "No request fits these filters")

    def test_a_pause_stops_the_list_and_nothing_of_this_view_is_in_the_request_log(self):
        page = self.open("/requests")
        page.wait("tr .path", "/health")
        page.click("button", "Pause")
        self.send("unseen", "GET", "/tickets?search=unseen")
        page.click("button", "Go on")
        page.wait("tr .path", "/tickets?search=unseen")
        page.click("#request-log > summary")
        self.assertNotIn("/debug/", page.text("#request-log"))

    def test_a_request_in_the_request_log_leads_to_its_trace(self):
        self.desk.new_ticket(title="Looked at")
        page = self.open("/tickets/1")
        page.wait("h1", "Looked at")
        page.click("#request-log > summary")
        page.click("#request-log-list li:has(.path) .trace-link")
        page.wait(".step-bar .name", "handle_one_request")

    def test_text_is_text_everywhere(self):
        self.desk.post("/tickets", {"title": CANARY, "description": CANARY}, {**AGENT, "X-Request-Id": "canary"})
        self.desk.get("/tickets?search=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E", {**AGENT, "X-User-Id": "<b>who</b>"})
        page = self.open("/requests")
        page.wait("tr .caller", "<b>who</b>")
        page = self.open_trace("canary")
        for name, place in (("add_ticket", ".values"), ("INSERT tickets", ".values"), ("do_POST", ".lines")):
            page.click(".step-bar .name", name)
            page.wait(f".step-details {place}")
        self.open("/requests/canary?show=bodies")
        page.wait(".message", "onerror")
        self.open("/requests/canary?show=again")
        page.wait(".again", "onerror")
        self.assertEqual(page.run("return document.querySelectorAll('main img').length"), 0)
        self.assertNotIn("owned", page.run("return document.title"))


class Picture(TraceTest):
    def test_a_create_goes_through_the_rooms_down_to_the_sql_and_its_commit(self):
        self.send("made", **{"Idempotency-Key": "key-1"})
        page = self.open_trace("made")
        self.assertEqual(page.run(TITLES), ROOMS)
        caller, callee, sql = page.run(PLACES, ["create_ticket", "add_ticket", "INSERT tickets"])
        self.assertTrue(caller[0] < callee[0] < sql[0] and caller[1] < callee[1] < sql[1], (caller, callee, sql))
        self.assertGreater(caller[1] + caller[2], callee[1] + callee[2] - 1)  # the caller ends last
        self.assertIn("Commit: durable", page.text(".band"))
        self.assertRegex(page.text(".edge.in"), r"\d+ bytes in from 127.0.0.1")
        self.assertRegex(page.text(".edge.out"), r"\d+ bytes out")
        self.assertIn("key-1, new: the response is kept", page.text(".trace-facts"))
        self.assertRegex(page.text(".trace .hint"), r"\d+ (µs|ms|s) is \d+ pixels")
        self.assertTrue(page.text(".tick"))

    def test_a_step_shows_its_arguments_and_its_source(self):
        self.send("made")
        page = self.open_trace("made")
        page.click(".step-bar .name", "add_ticket")
        page.wait(".step-details .marked", "def add_ticket(self, caller: Caller")
        self.assertIn("Charged twice", page.text(".step-details .values"))
        self.assertIn("called by create_ticket", page.text(".step-details"))

    def test_a_statement_shows_its_values_its_rows_and_its_plan(self):
        self.send("made")
        self.send("read", "GET", "/tickets/1")
        page = self.open_trace("read")
        page.click(".step-bar .name", "SELECT tickets")
        page.wait(".step-details .statement", "\nFROM tickets\nWHERE id = ")
        page.wait(".step-details .values", "1")
        page.wait(".step-details", "1 row read")
        page.wait(".step-details .plan", "SEARCH tickets USING INTEGER PRIMARY KEY")

    def test_two_requests_of_one_commit_lead_to_each_other(self):
        one, other = self.send_together()
        page = self.open_trace(one)
        page.click(".band a", other)
        page.until(lambda: page.url.endswith(f"/requests/{other}"), "not there")
        page.wait(".band a", one)
        self.open("/requests")
        page.wait("tr .badge", "one commit with 1 other")

    def test_an_error_is_red_where_it_was_raised(self):
        self.send("made")
        self.send("refused", path="/tickets/1/transitions", body={"transition": "close"})
        page = self.open_trace("refused")
        page.click(".step-bar.failed .name", "TransitionFailed: cannot close")
        page.wait(".step-details .failed", "cannot close a ticket that is new")
        page.wait(".step-details .marked", "raise illegal_step")

    def test_a_commit_that_failed_is_marked(self):
        self.send("unsaved", **{"X-Lab": "fail=commit"})
        page = self.open_trace("unsaved")
        page.wait(".band.failed", "Commit: failed: disk I/O error")
        self.assertEqual(page.run("return document.querySelectorAll('.band.failed').length"), 1)
        page.wait(".step-bar.sql.failed .name", "COMMIT")
        page.wait(".trace-facts", "fail=commit")

    def test_the_work_of_another_thread_can_be_seen(self):
        self.send("made")
        self.send("drafted", path="/tickets/1/draft", body={})
        page = self.open_trace("drafted")
        page.wait(".step-bar.worker.away .name", "worker thread: LLM calls")
        page.wait(".step-bar.workflow.away .name", "write_by_template")
        page.wait(".step-bar.app:not(.away) .name", "add_draft")

    def test_repeated_calls_are_folded_until_asked_for(self):
        for _ in range(40):
            self.desk.new_ticket()
        self.send("verified", "GET", "/audit-events/verify")
        page = self.open_trace("verified")
        count = "return document.querySelectorAll('.step-bar').length"
        page.wait(".step-bar:has(.count) .name", "event_hash")
        repeats = page.run("return Number(document.querySelector('.step-bar .count').textContent.replace('×', ''))")
        folded = page.run(count)
        page.click("label", "Fold repeated calls")
        page.until(lambda: page.run(count) >= folded + repeats - 1, "still folded")
        page.until_gone(".step-bar .count")

    def test_the_keyboard_goes_from_step_to_step(self):
        self.send("made")
        page = self.open_trace("made")
        page.run("document.querySelector('.step-bar[tabindex=\"0\"]').focus()")
        self.assertRegex(page.run(FOCUSED), r"^handle_one_request in web/handler.py, .*, called by the event loop$")
        self.press(page, "Right")
        self.assertRegex(page.run(FOCUSED), "called by handle_one_request$")
        first = page.run(FOCUSED)
        self.press(page, "Down")
        self.assertNotEqual(page.run(FOCUSED), first)
        self.press(page, "Up")
        self.assertEqual(page.run(FOCUSED), first)
        self.press(page, "Left")
        self.assertRegex(page.run(FOCUSED), "^handle_one_request")
        self.press(page, "End")
        self.assertRegex(page.run(FOCUSED), "^(_send|publish)")
        self.press(page, "Enter")
        page.wait(".step-details.open h2")
        self.press(page, "Home")  # with open details they follow
        page.wait(".step-details.open h2", "handle_one_request")
        self.press(page, "Escape")
        page.wait(".step-details:not(.open) h2", "What a step did")
        self.assertRegex(page.run(FOCUSED), "^handle_one_request")
        self.assertEqual(page.run("return document.querySelectorAll('.step-bar[tabindex=\"0\"]').length"), 1)

    def test_on_a_phone_it_is_a_list(self):
        self.send("made")
        page = self.open_trace("made", width=360, height=740)
        page.wait(".as-list .step-bar .where", "store.py:")
        self.assertFalse(page.find(".room-head, label:has([name=as-list])"))
        self.assertLessEqual(page.run(TOO_WIDE), 0)
        page.click(".step-bar .name", "add_ticket")
        page.wait(".step-details.open .marked", "def add_ticket")
        page.click(".step-details button", "Close")
        page.until_gone(".step-details")

    def test_a_list_can_be_chosen_and_stays_chosen(self):
        self.send("made")
        page = self.open_trace("made")
        page.click("label", "As a list")
        page.wait(".as-list")
        page.reload()
        page.wait(".as-list .step-bar")
        page.click("label", "As a list")
        page.wait(".room-head", "SQL")

    def test_a_trace_shows_its_bodies_and_how_to_run_it_again(self):
        self.send("made", path="/user/login", body={"email": "a@example.com", "password": "canary-password"})
        page = self.open_trace("made")
        page.click(".tabs a", "Sent and answered")
        page.wait(".message", "a@example.com")
        page.wait(".message", "Answered")
        self.assertNotIn("canary-password", page.run("return document.body.textContent"))
        page.click(".tabs a", "Run it again")
        page.wait(".again", "curl -i")
        page.wait(".again", "http.client")
        page.wait(".again", "fetch(")
        page.click(".again button", "Copy")
        page.wait(".again button", "Copied")

    def test_a_trace_that_is_gone_says_why(self):
        page = self.open("/requests/gone-1")
        page.wait("main", "Only the last 200 requests are kept")
        self.open("/requests/gone-1/with/gone-2")
        page.wait("main", "Only the last 200 requests are kept")

    def test_every_view_of_traces_is_readable_by_day_and_night_and_on_a_phone(self):
        self.send("made")
        self.send("refused", path="/tickets/1/transitions", body={"transition": "close"})
        self.send("long", "GET", f"/{'long-path-' * 30}")
        page = self.open()
        page.console_errors()
        self.addCleanup(page.emulate)
        views = ("", "/made", "/refused", "/long", "/made?show=bodies", "/made?show=again", "/made/with/refused")
        for looks in ({"width": 360}, {"width": 900}, {"scheme": "dark", "width": 1280}):
            page.emulate(**looks)
            for view in views:
                with self.subTest(f"{view} {looks}"):
                    self.open(f"/requests{view}")
                    page.wait("tr .path, .step-bar, .message, .again, .cell")
                    if bar := page.find(".step-bar.failed, .step-bar.sql"):
                        page.run("arguments[0].click()", bar)
                        page.wait(".step-details.open")
                    self.assertEqual(page.run(LOW_CONTRAST), [])
                    self.assertLessEqual(page.run(TOO_WIDE), 0)
        self.assertEqual(page.console_errors(), [])


class Comparing(TraceTest):
    def test_two_requests_are_chosen_and_their_first_difference_is_marked(self):
        self.send("first")
        self.send("twice", path="/tickets/1/transitions", body={"transition": "assign"})
        self.send("third", path="/tickets/1/transitions", body={"transition": "close"})
        page = self.open("/requests")
        page.wait("button[aria-disabled=true]", "Compare")
        for name in ("twice", "third"):
            page.click(f"td input[value={name}]")
        page.click("button[aria-disabled=false]", "Compare")
        page.wait(".first-difference .mark", "The first difference")
        self.assertTrue(page.url.endswith("#/requests/twice/with/third"), page.url)
        self.assertEqual(page.run("return document.querySelectorAll('.first-difference').length"), 1)
        self.assertTrue(page.run(IN_SIGHT), "the first difference is not in sight")
        page.click(".fold summary", "equal steps")
        page.wait(".fold .equal")

    def test_two_requests_that_did_the_same_say_so(self):
        self.desk.get("/tickets/99")  # only the first request of a desk does a little more
        one, other = (self.desk.get("/tickets/99").headers["X-Request-Id"] for _ in range(2))
        page = self.open(f"/requests/{one}/with/{other}")
        page.wait(".verdict", "Both did the same steps")
        page.click(".fold summary", "equal steps")
        page.wait(".fold .cell", "get_ticket")
        self.assertFalse(page.find(".different, .first-difference"))

    def test_on_a_phone_they_stand_one_below_the_other(self):
        self.send("first")
        self.send("other", "GET", "/tickets/1")
        page = self.open("/requests/first/with/other")
        self.addCleanup(page.emulate)
        page.emulate(width=360, height=740)
        page.wait(".different .cell")
        left, right = page.run("return [...document.querySelector('.different').querySelectorAll('.cell')]"
                               ".map((cell) => cell.getBoundingClientRect().top)")
        self.assertLess(left, right)
        self.assertLessEqual(page.run(TOO_WIDE), 0)


IN_SIGHT = """
const { top, bottom } = document.querySelector(".first-difference").getBoundingClientRect();
return top >= 0 && bottom <= innerHeight;
"""


class MovedClock(TraceTest):
    def move(self, **how):
        self.assertEqual(self.desk.request("PUT", "/debug/clock", how, AGENT).status, 200)

    def test_a_moved_clock_is_told_in_every_view_and_times_follow_it(self):
        self.desk.new_ticket(title="Just made")
        page = self.open()
        page.wait(".ticket time", "just now")
        self.move(advance="25h")
        self.desk.new_ticket(title="Tomorrow")
        page.wait("#clock", "25 hours ahead")
        page.wait(".ticket:has(a[href='#/tickets/1']) time", "yesterday")
        page.wait(".ticket:has(a[href='#/tickets/2']) time", "just now")
        page.click("nav a", "Dashboard")
        page.wait("#clock", "25 hours ahead")
        page.click("#clock button", "Back to real time")
        page.until_gone("#clock")
        self.assertEqual(self.desk.get("/debug/clock", AGENT).json["offset_seconds"], 0)

    def test_a_lock_ends_by_the_clock_of_the_desk(self):
        self.desk.new_ticket()
        self.desk.post("/tickets/1/lock", {}, {**AGENT, "X-User-Id": "agent-2"})
        page = self.open()
        page.wait(".ticket .lock", "agent-2 is editing")
        self.move(advance="10m")
        self.desk.new_ticket(title="Ten minutes later")
        page.wait("#clock", "10 minutes ahead")
        page.until_gone(".ticket .lock")

    def test_the_view_of_requests_sees_it_by_itself_and_a_new_page_at_once(self):
        page = self.open("/requests")
        page.wait("tr .path", "/health")
        self.move(advance="-2d")
        page.wait("#clock", "2 days behind")
        page = self.open("/dashboard")
        page.wait("#clock", "2 days behind")


class WithoutDebug(PageTest):
    def test_there_is_no_link_and_the_view_says_what_is_needed(self):
        page = self.open("/requests")
        page.wait("main", "start it with DEBUG=true python3 app.py")
        self.assertFalse(page.find("#requests-link"))
        page.click("#request-log > summary")
        page.wait("#request-log-list li")
        self.assertFalse(page.find(".trace-link"))


class LockedTraces(LockedTest):
    environ = LOCKED_LAB

    def test_traces_are_for_the_staff(self):
        page = self.open("/requests")
        self.log_in(page, CARL)
        page.wait("main", "for the staff of this desk")
        self.assertFalse(page.find("#requests-link"))
        self.log_out(page)
        self.log_in(page, ANN)
        page.click("#requests-link")
        page.wait("tr .path", "/user/login")
