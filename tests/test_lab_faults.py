"""Faults on demand: what the header X-Lab of a request does to it, to nothing else, and with DEBUG=true only."""

import http.client
import json
import re
import socket
from contextlib import closing

from tests.desk import AGENT, CUSTOMER, Desk, DeskTest
from tests.listeners import EventReader, SocketClient
from tests.test_docs import curl_commands, run_curl, section
from tests.test_event_loop import HANDSHAKE, Followed, reset
from web.faults import FaultHandler, parse
from web.handler import READING, SENDING, STREAMING, WAITING

NEW = {"title": "Login broken", "description": "Cannot get in"}
KEY = {**CUSTOMER, "Idempotency-Key": "once"}
LATER = "delay=60000"  # later than a test lasts


def asking(method: str, path: str, lab: str = "", body=None) -> bytes:
    """The bytes of a request with this X-Lab."""
    data = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "X-User-Id: user-1", "X-User-Role: admin"]
    lines += ["Content-Type: application/json", f"Content-Length: {len(data)}", *([f"X-Lab: {lab}"] if lab else [])]
    return "\r\n".join([*lines, "", ""]).encode() + data


def statuses(data: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) ", data)]


class LabTest(DeskTest):
    environ = {"DEBUG": "true"}

    def create(self, lab, headers=CUSTOMER):
        return self.desk.post("/tickets", NEW, {**headers, "X-Lab": lab})

    def assert_no_answer(self, ask):
        with self.assertRaises(http.client.RemoteDisconnected):
            ask()

    def open(self, data: bytes) -> socket.socket:
        """A connection that sends this, and that the desk has heard."""
        sock = self.desk.connect()
        self.addCleanup(sock.close)
        sock.sendall(data)
        return sock

    def open_delayed(self, *others: bytes) -> socket.socket:
        """A connection whose answer to a create is late. The desk has handled the create already."""
        sock = self.open(asking("POST", "/tickets", LATER, NEW) + b"".join(others))
        while not self.desk.get("/tickets").json["tickets"]:
            pass
        return sock

    def assert_silent(self, sock):
        sock.setblocking(False)
        with self.assertRaises(BlockingIOError):
            sock.recv(1)
        sock.setblocking(True)


class Delays(LabTest):
    def test_a_delayed_request_is_handled_at_once_and_delays_nobody_else(self):
        slow = self.open_delayed()
        self.assertEqual(self.desk.new_ticket()["id"], 2)
        self.assertEqual(self.desk.count("tickets"), 2)
        self.assert_silent(slow)

    def test_a_delayed_answer_leaves_by_itself(self):
        reply = self.create("delay=30")
        self.assertEqual((reply.status, reply.json["id"]), (201, 1))
        self.desk.get("/health")  # by now the log is written
        waited = re.search(r"POST /tickets → 201 \((\d+)ms\)", self.desk.log.getvalue())
        self.assertGreaterEqual(int(waited[1]), 30)

    def test_requests_after_a_delayed_one_wait_their_turn(self):
        slow = self.open_delayed(asking("POST", "/tickets", "", NEW))
        self.desk.get("/health")
        self.assertEqual(self.desk.count("tickets"), 1)
        self.assert_silent(slow)
        requests = [asking("POST", "/tickets", lab, NEW) for lab in ("", "delay=20", "", "delay=1", "delay=1")]
        answers = self.desk.raw(b"".join(requests))
        self.assertEqual(statuses(answers), [201] * 5)
        self.assertEqual([int(number) for number in re.findall(rb'{"id":(\d+)', answers)], [2, 3, 4, 5, 6])

    def test_slow_reads_streams_and_errors_are_delayed_like_all_others(self):
        self.desk.new_ticket()
        for path in ("/tickets?search=login", "/tickets.csv", "/tickets/99", "/", "/tickets?limit=x"):
            with self.subTest(path):
                late, usual = self.desk.get(path, {"X-Lab": "delay=5"}), self.desk.get(path)
                self.assertEqual((late.status, len(late.body)), (usual.status, len(usual.body)))
        self.assertEqual(self.desk.request("HEAD", "/tickets.csv", headers={"X-Lab": "delay=5"}).status, 200)

    def test_a_client_that_hangs_up_meanwhile_leaves_nothing(self):
        for leave in (socket.socket.close, reset):
            leave(self.open_delayed())
        while len(self.desk.server._delayed) > 1:  # who only closes may still read
            self.desk.get("/health")
        self.assertEqual(self.desk.new_ticket()["title"], "Login broken")

    def test_a_desk_that_stops_sends_delayed_answers_at_once(self):
        slow, event_stream, web_socket = (
            self.open_delayed(),
            self.open(asking("GET", "/events", LATER)),
            self.open(HANDSHAKE.replace(b"Host:", b"X-Lab: delay=60000\r\nHost:")),
        )
        while len(self.desk.server._delayed) < 3:
            self.desk.get("/health")
        self.desk.hang_up()
        self.desk.server.shutdown()
        for sock, status in ((slow, 201), (event_stream, 503), (web_socket, 503)):
            answer = b"".join(iter(lambda: sock.recv(65536), b""))
            self.assertEqual(statuses(answer), [status])
            sock.close()


class Answers(LabTest):
    def test_an_asked_status_is_an_error_and_nothing_is_done(self):
        for status in (400, 404, 429, 500, 503, 511):
            with self.subTest(status):
                reply = self.create(f"status={status}", {**CUSTOMER, "X-Request-Id": "mine"})
                self.assert_refused(reply, status, "LAB_FAULT")
                self.assertIn("X-Lab", reply.json["message"])
                self.assertEqual(reply.json["request_id"], "mine")
                self.assertEqual(reply.headers["Retry-After"], "1" if status in (429, 503) else None)
        self.assertEqual(self.desk.count("tickets"), 0)

    def test_a_dropped_request_is_not_done_and_a_retry_does_it_once(self):
        self.assert_no_answer(lambda: self.create("drop", KEY))
        self.assertEqual(self.desk.count("tickets"), 0)
        reply = self.desk.post("/tickets", NEW, KEY)
        self.assertEqual((reply.status, reply.headers["Idempotent-Replayed"]), (201, None))
        self.assertEqual(self.desk.count("tickets"), 1)

    def test_after_a_lost_answer_a_retry_with_the_same_key_changes_nothing(self):
        self.assert_no_answer(lambda: self.create("lose-answer", KEY))
        self.assertEqual(self.desk.count("tickets"), 1)
        reply = self.desk.post("/tickets", NEW, KEY)
        self.assertIn("POST /tickets → 201", self.desk.log.getvalue())
        self.assertEqual((reply.status, reply.headers["Idempotent-Replayed"]), (201, "true"))
        self.assertEqual(self.desk.count("tickets"), 1)

    def test_answers_before_a_lost_one_arrive_and_later_requests_are_not_handled(self):
        for lab, made in (("drop", 1), ("lose-answer", 2), ("delay=5, drop", 1), ("lose-answer,delay=5", 2)):
            with self.subTest(lab):
                before = self.desk.count("tickets")
                answers = self.desk.raw(b"".join(asking("POST", "/tickets", x, NEW) for x in ("", lab, "")))
                self.assertEqual(statuses(answers), [201])
                self.assertEqual(self.desk.count("tickets"), before + made)

    def test_lost_answers_of_slow_reads_and_streams_close_the_connection(self):
        self.desk.new_ticket()
        for path in ("/tickets?search=login", "/tickets.csv", "/events", "/tickets/99"):
            with self.subTest(path):
                self.assertEqual(self.desk.raw(asking("GET", path, "lose-answer")), b"")


class BrokenWrites(LabTest):
    def test_a_failed_event_undoes_the_whole_request_and_the_next_one_works(self):
        self.desk.new_ticket()
        before = self.desk.dump()
        self.assert_refused(self.create("fail=audit", KEY), 503, "UNAVAILABLE")
        self.assertEqual(self.desk.dump(), before)
        reply = self.desk.post("/tickets", NEW, KEY)
        self.assertEqual((reply.status, reply.headers["Idempotent-Replayed"]), (201, None))
        self.assertEqual(self.desk.count("audit_events"), 2)

    def test_a_failed_comment_leaves_the_ticket_as_it_was(self):
        ticket = self.desk.new_ticket()
        path, before = f"/tickets/{ticket['id']}/comments", self.desk.dump()
        reply = self.desk.post(path, {"body": "Hello"}, {**AGENT, "X-Lab": "fail=comment"})
        self.assert_refused(reply, 503, "UNAVAILABLE")
        self.assertEqual(self.desk.dump(), before)
        self.assertEqual(self.desk.post(path, {"body": "Hello"}, AGENT).status, 201)

    def test_a_failed_commit_is_for_one_request_of_its_turn_alone(self):
        requests = [asking("POST", "/tickets", lab, NEW) for lab in ("", "fail=commit", "", "fail=commit", "")]
        answers = self.desk.raw(b"".join(requests))
        self.assertEqual(statuses(answers), [201, 503, 201, 503, 201])
        self.assertEqual(self.desk.count("tickets"), 3)
        self.assertEqual(self.desk.get("/audit-events/verify").json["events"], 3)
        self.assertTrue(self.desk.get("/audit-events/verify").json["ok"])

    def test_a_failed_commit_after_slow_work_keeps_nothing_either(self):
        ticket = self.desk.new_ticket()
        path = f"/tickets/{ticket['id']}/draft"
        reply = self.desk.post(path, {}, {**AGENT, "X-Lab": "fail=commit"})
        self.assert_refused(reply, 503, "UNAVAILABLE")
        self.assertEqual(self.desk.count("drafts"), 0)
        self.assertEqual(self.desk.post(path, {}, AGENT).status, 201)

    def test_a_listener_hears_nothing_of_what_was_not_saved(self):
        with closing(EventReader(self.desk.port, AGENT)) as reader:
            self.create("fail=commit")
            self.create("fail=audit")
            self.desk.new_ticket(title="Saved")
            self.assertEqual(reader.next_event()["data"]["ticket"]["title"], "Saved")

    def test_a_request_that_makes_no_such_write_is_not_affected(self):
        self.assertEqual(self.create("fail=comment").status, 201)
        for write in ("commit", "audit", "comment"):
            self.assertEqual(self.desk.get("/tickets", {"X-Lab": f"fail={write}"}).status, 200)

    def test_faults_can_be_combined(self):
        self.assert_refused(self.create("fail=audit, delay=5"), 503, "UNAVAILABLE")
        self.assert_no_answer(lambda: self.create("fail=commit,lose-answer"))
        self.assertEqual(self.desk.count("tickets"), 0)


class Handshakes(LabTest):
    def test_a_late_handshake_is_a_handshake(self):
        with closing(SocketClient(self.desk.port, headers={**AGENT, "X-Lab": "delay=5"})) as client:
            self.assertEqual(client.status, 101)
            client.send_command("CreateTicket", ticket=NEW)
            self.assertEqual(client.receive()["_tag"], "TicketCreated")
        with closing(EventReader(self.desk.port, {**AGENT, "X-Lab": "delay=5"}, after=0)) as reader:
            self.assertEqual(reader.next_event()["event"], "Created")

    def test_a_handshake_can_fail_or_be_lost(self):
        with closing(SocketClient(self.desk.port, headers={**AGENT, "X-Lab": "status=503"})) as client:
            self.assertEqual(client.status, 503)
        for lab in (b"drop", b"lose-answer", b"delay=5,lose-answer"):
            self.assertEqual(self.desk.raw(HANDSHAKE.replace(b"Host:", b"X-Lab: " + lab + b"\r\nHost:")), b"")
            self.assertEqual(self.desk.raw(asking("GET", "/events", lab.decode())), b"")


class Header(LabTest):
    def test_a_value_that_is_not_known_is_refused_with_those_that_are(self):
        for value in "|delay|delay=|delay=-1|delay=60001|delay=1e3|delay=1,delay=2|status=200|status=499|status=5\
|drop=1|lose|fail|fail=disk|fail=audit,fail=audit|drop,|DROP|drop;delay=1".split("|"):
            with self.subTest(value):
                reply = self.create(value)
                self.assert_refused(reply, 400, "VALIDATION_ERROR")
                for known in ("delay=", "status=", "drop", "lose-answer", "fail=commit", "fail=audit", "fail=comment"):
                    self.assertIn(known, reply.json["message"])
        self.assertEqual(self.desk.count("tickets"), 0)

    def test_the_limits_of_a_delay_are_known(self):
        for value, seconds in (("delay=0", 0), ("delay=60000", 60), ("delay=59999", 59.999), ("delay=0007", 0.007)):
            self.assertEqual((parse(value).delay, parse(value).problem), (seconds, ""))

    def test_two_lines_of_the_header_are_one_list(self):
        create = asking("POST", "/tickets", "delay=1", NEW).replace(b"X-Lab", b"X-Lab: status=404\r\nX-Lab")
        self.assertEqual(statuses(self.desk.raw(create)), [404])

    def test_paths_under_debug_ignore_it(self):
        for path in ("/debug", "/debug/nothing"):
            self.assert_refused(self.desk.get(path, {"X-Lab": "status=503"}), 404, "NOT_FOUND")

    def test_a_page_may_send_it_and_the_reference_names_it(self):
        origin = {"Origin": "http://localhost:5173", "Access-Control-Request-Method": "POST"}
        allowed = self.desk.request("OPTIONS", "/tickets", headers=origin).headers["Access-Control-Allow-Headers"]
        self.assertIn("X-Lab", allowed)
        api = self.desk.get("/openapi.json").json
        self.assertIn({"$ref": "#/components/parameters/Lab"}, api["paths"]["/tickets"]["post"]["parameters"])
        pattern = api["components"]["parameters"]["Lab"]["schema"]["pattern"]
        for value in ("drop", "delay=2000, status=503", "fail=commit,lose-answer"):
            self.assertRegex(value, pattern)

    def test_without_debug_it_is_any_header(self):
        desk = Desk()
        self.addCleanup(desk.stop)
        for value in ("drop", "status=503", "nonsense", "fail=audit", "fail=commit", LATER):
            self.assertEqual(desk.post("/tickets", NEW, {**CUSTOMER, "X-Lab": value}).status, 201)
        self.assertNotIn("X-Lab", desk.get("/openapi.json").body.decode())


class FollowedInTheLab(Followed, FaultHandler):
    changes = set()


class States(LabTest):
    def test_a_connection_changes_its_state_only_as_the_table_says(self):
        FollowedInTheLab.changes.clear()
        self.desk.server.RequestHandlerClass = FollowedInTheLab
        for path in ("/tickets", "/tickets?search=login", "/tickets.csv", "/events", "/tickets/99"):
            for lab in ("", "delay=5", "lose-answer", "drop", "delay=5,lose-answer", "status=503,delay=5"):
                if path != "/events" or "l" in lab.replace("delay", ""):
                    self.desk.raw(asking("GET", path, lab) * 2)
        for lab in ("delay=5", "fail=commit,delay=5", "fail=commit"):
            self.desk.raw(asking("POST", "/tickets", lab, NEW) * 3)
        with self.open(HANDSHAKE.replace(b"Host:", b"X-Lab: delay=5\r\nHost:")) as sock:
            sock.recv(1)
        self.desk.stop()
        states = {state.name: state for state in (*READING.values(), WAITING, STREAMING, SENDING)}
        for before, after in FollowedInTheLab.changes:
            self.assertIn(after, states[before].then.split() if before in states else ["closed"], f"{before} → {after}")
        self.assertLessEqual({"waiting", "streaming", "live"}, {after for _, after in FollowedInTheLab.changes})


class Exercises(LabTest):
    def test_every_command_of_the_exercises_does_what_they_say(self):
        heard = []
        for words in curl_commands(section("Exercises with faults")):
            try:
                heard.append(run_curl(self.desk, [word.replace("delay=10000", "delay=10") for word in words]).status)
            except http.client.RemoteDisconnected:
                heard.append(None)
        self.assertEqual(heard, [201, 200, 503, 200, None, 200, None, 200, 201, 503, 200, 200, 503, 200, 503, 201])
        made = [ticket["title"] for ticket in self.desk.get("/tickets").json["tickets"]]
        self.assertEqual(made, ["Not saved", "Lost", "Slow"])
