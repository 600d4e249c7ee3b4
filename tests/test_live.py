"""Who listens hears every event once, in order, after its commit: by server-sent events and by WebSocket."""

import json
import random
import tempfile
import threading
import time
import unittest
from contextlib import closing
from pathlib import Path

import workflow
from store import Store
from tests.desk import AGENT, CUSTOMER, PATIENCE, Desk, DeskProcess, DeskTest
from tests.listeners import BINARY, CLOSE, PING, PONG, TEXT, EventReader, SocketClient, frame
from tests.test_locked import CALLERS, LOCKED, forge
from web.live import PING_INTERVAL, EventStream, Live

BOB = {"X-User-Id": "bob", "X-User-Role": "agent"}
NEW = {"title": "Login broken", "description": "Cannot get in"}


def assert_hears_the_end(test, desk, reader):
    """A desk that stops ends the stream; the client hangs up, and so the desk has nothing to wait for."""
    stopping = threading.Thread(target=desk.stop)
    stopping.start()
    test.assertIsNone(reader.next())
    reader.close()
    stopping.join(PATIENCE)
    test.assertFalse(stopping.is_alive())


def a_place_for_a_database(test) -> Path:
    folder = tempfile.TemporaryDirectory()
    test.addCleanup(folder.cleanup)
    return Path(folder.name, "desk.sqlite3")


class LiveTest(DeskTest):
    def listen(self, headers=None, **query) -> EventReader:
        reader = EventReader(self.desk.port, headers, **query)
        self.addCleanup(reader.close)
        return reader

    def open(self, path="/ws", **headers) -> SocketClient:
        client = SocketClient(self.desk.port, path, {name.replace("_", "-"): text for name, text in headers.items()})
        self.addCleanup(client.close)
        return client

    def heard_by(self, client, count) -> list[dict]:
        return [client.hear() for _ in range(count)]


class Streams(LiveTest):
    def test_an_event_comes_with_its_id_its_name_and_its_ticket(self):
        reader = self.listen()
        self.assertEqual(reader.answer.headers["Content-Type"], "text/event-stream")
        ticket = self.desk.new_ticket()
        happened = reader.next()
        self.assertEqual((happened["id"], happened["event"]), ("1", "Created"))
        self.assertEqual(happened["data"].pop("ticket"), ticket)
        self.assertEqual(happened["data"], self.desk.get("/audit-events").json["events"][0])

    def test_whoever_says_nothing_hears_what_happens_from_now_on(self):
        self.desk.new_ticket()
        reader = self.listen()
        self.desk.patch("/tickets/1", {"title": "Other"}, AGENT)
        self.assertEqual(reader.next()["event"], "Edited")

    def test_whoever_comes_back_hears_what_happened_meanwhile(self):
        for _ in range(4):
            self.desk.new_ticket()
        self.assertEqual([self.listen(after=1).next()["id"], self.listen(after=0).next()["id"]], ["2", "1"])
        self.assertEqual(self.listen({"Last-Event-ID": "3"}, after=1).next()["id"], "4")
        self.assertEqual(self.listen({"Last-Event-ID": ""}, after=2).next()["id"], "3")

    def test_whoever_was_away_longer_than_the_others_hears_all_of_it_too(self):
        for _ in range(3):
            self.desk.new_ticket()
        there = self.listen()
        self.desk.new_ticket()
        self.assertEqual(there.next()["id"], "4")
        back = self.listen({"Last-Event-ID": "1"})
        self.assertEqual([back.next()["id"]], ["2"])

    def test_a_place_that_does_not_exist_is_refused(self):
        self.assert_refused(self.desk.get("/events?after=7"), 404, "NOT_FOUND")
        self.assert_refused(self.desk.get("/events", {"Last-Event-ID": "7"}), 404, "NOT_FOUND")
        self.assertEqual(self.open("/ws?after=7").status, 404)
        self.assert_refused(self.desk.get("/events?after=-1"), 400, "VALIDATION_ERROR")
        for given in ("x", "-1", "1.5", "9" * 30):
            self.assert_refused(self.desk.get("/events", {"Last-Event-ID": given}), 400, "VALIDATION_ERROR")

    def test_every_kind_of_event_is_told_in_order(self):
        reader = self.listen()
        self.desk.new_ticket()
        self.desk.post("/tickets/1/lock", {}, AGENT)
        self.desk.patch("/tickets/1", {"status": "resolved"}, AGENT)
        self.desk.post("/tickets/1/comments", {"body": "Done\nand dusted"}, CUSTOMER)
        self.desk.post("/tickets/1/draft", {}, AGENT)
        self.desk.post("/drafts/1/approve", {}, AGENT)
        self.desk.request("DELETE", "/tickets/1/lock", None, AGENT)
        events = self.desk.get("/audit-events").json["events"]
        heard = [reader.next() for _ in events]
        self.assertEqual([happened["event"] for happened in heard], [event["type"] for event in events])
        self.assertEqual([int(happened["id"]) for happened in heard], list(range(1, len(events) + 1)))

    def test_a_refused_request_is_no_event(self):
        reader = self.listen()
        self.desk.post("/tickets", {"title": ""})
        self.desk.new_ticket()
        self.desk.post("/api/close", {"aggregate_id": "1"}, AGENT)
        self.desk.new_ticket()
        self.assertEqual([reader.next()["event"] for _ in range(2)], ["Created", "Created"])

    def test_a_client_of_http_1_0_gets_the_same_without_chunks(self):
        with self.desk.connect() as sock:
            sock.sendall(b"GET /events HTTP/1.0\r\nHost: localhost\r\n\r\n")
            lines = sock.makefile("rb")
            head = b"".join(iter(lines.readline, b"\r\n"))
            self.assertIn(b"200 OK", head)
            self.assertNotIn(b"chunked", head)
            self.assertEqual(lines.readline(), b"retry: 2000\n")
            self.desk.new_ticket()
            self.assertEqual([lines.readline() for _ in range(3)][1:], [b"id: 1\n", b"event: Created\n"])
            lines.close()

    def test_head_tells_the_type_and_ends(self):
        reply = self.desk.request("HEAD", "/events")
        self.assertEqual((reply.status, reply.headers["Content-Type"]), (200, "text/event-stream"))
        self.assertEqual(self.desk.get("/health").status, 200)

    def test_a_reader_who_leaves_is_forgotten_at_once(self):
        reader = self.listen()
        self.desk.new_ticket()
        reader.next()
        reader.close()
        connections = self.desk.server.connections
        deadline = threading.Event()
        for _ in range(PATIENCE * 20):
            if len(connections) == 1:  # the test's own
                break
            deadline.wait(0.05)
        self.assertEqual(len(connections), 1)

    def test_a_desk_that_stops_ends_the_stream(self):
        desk = Desk()
        reader = EventReader(desk.port)
        assert_hears_the_end(self, desk, reader)


class Durable(unittest.TestCase):
    def test_nobody_hears_of_what_could_not_be_committed(self):
        def grow_no_more(store):
            pages = store.db.execute("PRAGMA page_count").fetchone()["page_count"]
            store.db.execute(f"PRAGMA max_page_count = {pages + 6}").fetchall()

        desk = Desk(on_open=grow_no_more)
        self.addCleanup(desk.stop)
        reader = EventReader(desk.port)
        statuses = [desk.post("/tickets", {**NEW, "description": "y" * 9000}).status for _ in range(8)]
        self.assertGreaterEqual(max(statuses), 500)
        heard = [reader.next()["id"] for _ in range(desk.count("audit_events"))]
        self.assertEqual(heard, [str(number) for number in range(1, statuses.count(201) + 1)])
        assert_hears_the_end(self, desk, reader)


class Sockets(LiveTest):
    def test_the_published_sequence_with_two_users(self):
        all_users, user = self.open(**BOB), self.open(**AGENT)
        everybody = (all_users, user)
        old = self.desk.new_ticket()
        for client in everybody:
            self.assertEqual(client.hear(), {"_tag": "TicketCreated", "ticket": old, "eventId": 1})

        user.say("GetTickets")
        self.assertEqual(user.hear(), {"_tag": "AllTickets", "tickets": [old]})

        user.say("LockTicket", ticketId=old["uuid"])
        for client in everybody:
            heard = client.hear()
            lease = {"lockedBy": "agent-1", "expiresAt": heard["expiresAt"]}
            self.assertEqual(heard, {"_tag": "TicketLocked", "ticketId": old["uuid"], **lease, "eventId": 2})

        user.say("UpdateTicket", ticket={**old, "title": "Login works"})
        for client in everybody:
            heard = client.hear()
            self.assertEqual((heard["_tag"], heard["eventId"]), ("TicketUpdated", 3))
            self.assertEqual((heard["ticket"]["title"], heard["ticket"]["id"]), ("Login works", old["id"]))

        user.say("CreateTicket", ticket=NEW)
        for client in everybody:
            heard = client.hear()
            self.assertEqual((heard["_tag"], heard["eventId"]), ("TicketCreated", 4))
            self.assertEqual((heard["ticket"]["title"], heard["ticket"]["created_by"]), (NEW["title"], "agent-1"))

        user.say("UnlockTicket", ticketId=old["uuid"])
        for client in everybody:
            self.assertEqual(client.hear(), {"_tag": "TicketUnlocked", "ticketId": old["uuid"], "eventId": 5})

        user.say("GetTicketList")
        heard = user.hear()
        self.assertEqual((heard["_tag"], [ticket["id"] for ticket in heard["tickets"]]), ("TicketList", [2, 1]))

    def test_a_change_by_http_is_heard_on_sockets_and_the_other_way_round(self):
        client, reader = self.open(**AGENT), self.listen()
        self.desk.new_ticket()
        client.say("UpdateTicket", ticket={"id": 1, "status": "in_progress"})
        self.assertEqual([client.hear()["_tag"] for _ in range(3)], ["TicketCreated"] + ["TicketUpdated"] * 2)
        self.assertEqual([reader.next()["event"] for _ in range(3)], ["Created", "Assigned", "StartWorked"])

    def test_an_error_goes_to_the_asker_alone_and_the_socket_stays_open(self):
        client, other = self.open(X_User_Id="user-1"), self.open(**BOB)
        self.desk.new_ticket()
        self.desk.post("/tickets/1/lock", {}, BOB)
        asked = {
            "VALIDATION_ERROR": ("CreateTicket", {"ticket": {"title": " "}, "id": 17}, 17),
            "NOT_FOUND": ("LockTicket", {"ticketId": "99"}, "LockTicket"),
            "FORBIDDEN": ("UpdateTicket", {"ticket": {"id": 1, "status": "resolved"}, "id": "a"}, "a"),
            "LOCKED": ("UpdateTicket", {"ticket": {"id": 1, "title": "Mine"}}, "UpdateTicket"),
        }
        self.heard_by(client, 2)
        for code, (tag, facts, reply_to) in asked.items():
            client.say(tag, **facts)
            heard = client.hear()
            self.assertEqual((heard["_tag"], heard["code"], heard["replyTo"]), ("Error", code, reply_to), heard)
            self.assertLessEqual({"message", "details"}, set(heard))
        client.say("GetTickets")
        self.assertEqual(client.hear()["_tag"], "AllTickets")
        self.assertEqual([other.hear()["_tag"] for _ in range(2)], ["TicketCreated", "TicketLocked"])
        self.desk.new_ticket()
        self.assertEqual(other.hear()["_tag"], "TicketCreated")

    def test_what_is_no_message_is_told_so(self):
        client = self.open()
        for text in ("{", "[]", '"x"', "{}", '{"_tag": "Drop"}', '{"_tag": ["x"]}', '{"_tag": "CreateTicket"}'):
            client.send(TEXT, text.encode())
            heard = client.hear()
            self.assertEqual((heard["_tag"], heard["code"]), ("Error", "VALIDATION_ERROR"), text)
        for ticket in (None, [], {}, {"id": {}}, {"id": True, "title": "x"}, {"title": "x"}, {"id": 1.5}):
            client.say("UpdateTicket", ticket=ticket)
            self.assertEqual(client.hear()["details"].keys(), {"ticket"}, ticket)
        for key in (True, 7, {}, []):
            client.say("CreateTicket", ticket=NEW, idempotencyKey=key)
            self.assertEqual(client.hear()["details"].keys(), {"idempotencyKey"}, key)
        client.send(BINARY, b"x")
        self.assertEqual(client.frame()[1][:2], (1003).to_bytes(2, "big"))

    def test_who_asks_for_a_change_that_changes_nothing_hears_so_alone(self):
        client, other = self.open(**AGENT), self.open(**BOB)
        self.desk.new_ticket()
        for heard in (client.hear(), other.hear()):
            self.assertEqual(heard["_tag"], "TicketCreated")
        client.say("UpdateTicket", ticket={"id": 1, "title": "Login broken"})
        heard = client.hear()
        self.assertEqual((heard["_tag"], heard["ticket"]["version"]), ("TicketUpdated", 1))
        self.assertNotIn("eventId", heard)
        client.say("UnlockTicket", ticketId=1)
        self.assertEqual(client.hear()["_tag"], "TicketUnlocked")
        self.desk.new_ticket()
        self.assertEqual(other.hear()["eventId"], 2)

    def test_a_message_with_a_key_has_its_effect_once(self):
        client = self.open(**AGENT)
        for _ in range(2):
            client.say("CreateTicket", ticket=NEW, idempotencyKey="demo-1")
        first, second = self.heard_by(client, 2)
        self.assertEqual((first["ticket"], first["_tag"]), (second["ticket"], second["_tag"]))
        self.assertEqual(self.desk.count("tickets"), 1)

    def test_no_key_is_no_key(self):
        client = self.open(**AGENT)
        for _ in range(2):
            client.say("CreateTicket", ticket=NEW, idempotencyKey=None)
        self.assertEqual([heard["ticket"]["id"] for heard in self.heard_by(client, 2)], [1, 2])

    def test_the_ticket_that_a_message_names_is_the_one_it_is_about(self):
        client = self.open(**AGENT)
        first, _ = self.desk.new_ticket(), self.desk.new_ticket()
        self.heard_by(client, 2)
        client.say("LockTicket", ticketId=1, ticket={"id": 2})
        self.assertEqual(client.hear()["ticketId"], first["uuid"])

    def test_a_socket_goes_on_behind_the_event_that_it_names(self):
        for _ in range(3):
            self.desk.new_ticket()
        client = self.open("/ws?after=1")
        self.assertEqual([client.hear()["eventId"] for _ in range(2)], [2, 3])

    def test_a_browser_says_who_it_is_in_the_address(self):
        client = self.open("/ws?user_id=eve&role=agent,supervisor")
        client.say("CreateTicket", ticket=NEW)
        self.assertEqual(client.hear()["ticket"]["created_by"], "eve")
        client.say("UpdateTicket", ticket={"id": 1, "status": "resolved"})
        self.assertEqual(client.hear()["_tag"], "TicketUpdated")
        self.assertEqual(self.open("/ws?user_id=a%20b").status, 400)
        self.assertEqual(self.open("/ws?name=eve").status, 400)

    def test_a_foreign_page_may_not_connect(self):
        self.assertEqual(self.open(Origin="https://evil.example").status, 403)
        self.assertEqual(self.open(Origin="null").status, 403)
        self.assertEqual(self.open(Origin=f"http://localhost:{self.desk.port}").status, 101)

    def test_what_is_no_handshake_is_426(self):
        for path in ("/ws", "/ws?after=0"):
            reply = self.desk.get(path)
            self.assert_refused(reply, 426, "UPGRADE_REQUIRED")
            self.assertEqual((reply.headers["Upgrade"], reply.headers["Sec-WebSocket-Version"]), ("websocket", "13"))
        self.assert_refused(self.desk.get("/ws/echo"), 404, "NOT_FOUND")

    def test_pings_are_answered_and_a_close_is_returned(self):
        client = self.open()
        client.send(PING, b"there?")
        self.assertEqual(client.frame(), (PONG, b"there?"))
        client.send(CLOSE, (1000).to_bytes(2, "big"))
        self.assertEqual(client.frame(), (CLOSE, (1000).to_bytes(2, "big")))
        with self.assertRaises(ConnectionError):
            client.frame()

    def test_a_desk_that_stops_says_1001(self):
        desk = Desk()
        client = SocketClient(desk.port)
        self.addCleanup(client.close)
        stopping = threading.Thread(target=desk.stop)
        stopping.start()
        self.assertEqual(client.frame(), (CLOSE, (1001).to_bytes(2, "big")))
        client.close()
        stopping.join(PATIENCE)
        self.assertFalse(stopping.is_alive())

    def test_messages_are_in_the_log_and_the_metrics_as_requests(self):
        client = self.open(**AGENT)
        client.say("CreateTicket", ticket=NEW)
        client.hear()
        self.assertIn('route="/tickets",status="201"', self.desk.get("/metrics").body.decode())
        self.assertIn("POST /tickets → 201", self.desk.log.getvalue())


class Overtaken(unittest.TestCase):
    def test_a_list_that_is_overtaken_by_a_change_is_told_before_it(self):
        has_read, release = threading.Event(), threading.Event()

        class Held(Store):
            def tickets(self, filters):
                page = super().tickets(filters)
                if filters["limit"] == 1000:
                    has_read.set()
                    release.wait(PATIENCE)
                return page

        desk = Desk(store=Held)
        self.addCleanup(desk.stop)
        desk.new_ticket()
        asker, other = SocketClient(desk.port), SocketClient(desk.port)
        self.addCleanup(asker.close)
        self.addCleanup(other.close)
        asker.say("GetTickets")
        self.assertTrue(has_read.wait(PATIENCE))
        desk.patch("/tickets/1", {"title": "Newer"}, AGENT)
        self.assertEqual(other.hear()["ticket"]["title"], "Newer")  # so it was published while the list was read
        release.set()
        self.assertEqual(asker.hear()["tickets"][0]["title"], "Login broken")
        self.assertEqual(asker.hear()["ticket"]["title"], "Newer")


class Locks(LiveTest):
    def test_while_somebody_is_at_work_others_cannot_change_the_ticket(self):
        self.desk.new_ticket()
        mine = self.desk.post("/tickets/1/lock", {}, AGENT)
        self.assertEqual((mine.status, mine.json["locked_by"], mine.headers["ETag"]), (200, "agent-1", '"2"'))
        for method, path, body in (
            ("PATCH", "/tickets/1", {"title": "Other"}),
            ("POST", "/tickets/1/transitions", {"transition": "assign"}),
            ("POST", "/api/assign", {"aggregate_id": "1"}),
            ("POST", "/tickets/1/lock", {}),
            ("DELETE", "/tickets/1/lock", None),
        ):
            reply = self.desk.request(method, path, body, BOB)
            self.assert_refused(reply, 423, "LOCKED")
            self.assertEqual(reply.json["locked_by"], "agent-1")
            self.assertEqual(reply.json["lock_expires_at"], mine.json["lock_expires_at"])
        self.assertEqual(self.desk.patch("/tickets/1", {"title": "Mine"}, AGENT).status, 200)
        self.assertEqual(self.desk.post("/tickets/1/comments", {"body": "Hi"}, BOB).status, 201)

    def test_a_lock_that_its_holder_renewed_by_http_outlives_the_socket(self):
        self.desk.new_ticket()
        client, reader = self.open(**AGENT), self.listen()
        client.say("LockTicket", ticketId=1)
        self.assertEqual(client.hear()["_tag"], "TicketLocked")
        self.desk.post("/tickets/1/lock", {}, AGENT)
        self.assertEqual(client.hear()["_tag"], "TicketLocked")
        client.send(CLOSE, b"")
        self.assertEqual(client.frame()[0], CLOSE)
        self.desk.new_ticket()
        self.assertEqual([reader.next()["event"] for _ in range(3)], ["Locked", "Locked", "Created"])

    def test_a_lock_that_is_taken_and_given_back_in_one_packet_is_given_back(self):
        for last in (frame(CLOSE, (1000).to_bytes(2, "big")), b"\xff\xff"):
            ticket = self.desk.new_ticket()
            client, reader = self.open(**AGENT), self.listen()
            lock = frame(TEXT, json.dumps({"_tag": "LockTicket", "ticketId": ticket["id"]}).encode())
            nonsense = frame(TEXT, b'{"_tag": "Nope"}')
            client.socket.sendall(nonsense + lock + last)
            self.assertEqual([reader.next()["event"] for _ in range(2)], ["Locked", "Unlocked"])
            self.assertEqual([client.frame()[0] for _ in range(2)], [TEXT, CLOSE])
            with self.assertRaises(ConnectionError):
                client.frame()

    def test_its_holder_may_renew_and_release_it(self):
        self.desk.new_ticket()
        first = self.desk.post("/tickets/1/lock", {}, AGENT).json["lock_expires_at"]
        self.assertGreaterEqual(self.desk.post("/tickets/1/lock", {}, AGENT).json["lock_expires_at"], first)
        self.assertIsNone(self.desk.request("DELETE", "/tickets/1/lock", None, AGENT).json["locked_by"])
        version = self.desk.get("/tickets/1").json["version"]
        self.assertEqual(self.desk.request("DELETE", "/tickets/1/lock", None, AGENT).status, 200)
        self.assertEqual(self.desk.get("/tickets/1").json["version"], version)
        self.assertEqual(self.desk.patch("/tickets/1", {"title": "Other"}, BOB).status, 200)

    def test_a_closing_socket_releases_what_it_locked(self):
        self.desk.new_ticket()
        client, reader = self.open(**AGENT), self.listen()
        client.say("LockTicket", ticketId=1)
        self.assertEqual(reader.next()["event"], "Locked")
        client.close()
        happened = reader.next()
        self.assertEqual((happened["event"], happened["data"]["actor"]), ("Unlocked", "agent-1"))
        self.assertEqual(self.desk.patch("/tickets/1", {"title": "Other"}, BOB).status, 200)

    def test_whoever_says_good_bye_leaves_no_lock_behind(self):
        self.desk.new_ticket()
        client = self.open(**AGENT)
        client.say("LockTicket", ticketId=1)
        self.assertEqual(client.hear()["_tag"], "TicketLocked")
        client.send(CLOSE, (1000).to_bytes(2, "big"))
        self.assertEqual(client.frame()[0], CLOSE)
        self.assertIsNone(self.desk.get("/tickets/1").json["locked_by"])

    def test_a_lock_that_another_socket_of_its_holder_renewed_stays(self):
        self.desk.new_ticket()
        one, two = self.open(**AGENT), self.open(**AGENT)
        for client in (one, two):
            client.say("LockTicket", ticketId=1)
            self.assertEqual([each.hear()["_tag"] for each in (one, two)], ["TicketLocked"] * 2)
        one.send(CLOSE, b"")
        self.assertEqual(self.heard_by_close(one), CLOSE)
        self.assertEqual(self.desk.patch("/tickets/1", {"title": "Other"}, BOB).status, 423)
        two.close()
        reader = self.listen(after=3)
        self.assertEqual(reader.next()["event"], "Unlocked")

    def test_a_ticket_is_free_again_as_soon_as_its_holder_has_hung_up(self):
        self.desk.new_ticket()
        client = self.open(**AGENT)
        client.say("LockTicket", ticketId=1)
        self.heard_by(client, 1)
        self.assertEqual(self.desk.patch("/tickets/1", {"title": "Other"}, BOB).status, 423)
        client.send(CLOSE, b"")
        self.assertEqual(self.heard_by_close(client), CLOSE)
        self.assertEqual(self.desk.patch("/tickets/1", {"title": "Other"}, BOB).status, 200)

    def heard_by_close(self, client):
        opcode = None
        while opcode != CLOSE:
            opcode, _ = client.frame()
        return opcode

    def test_a_lease_that_is_over_is_released_by_the_desk(self):
        desk = Desk(on_open=lambda store: setattr(store, "clock", lambda: now[0]))
        now = ["2026-11-20T10:00:00.000Z"]
        self.addCleanup(desk.stop)
        desk.new_ticket()
        desk.post("/tickets/1/lock", {}, AGENT)
        reader = EventReader(desk.port)
        self.addCleanup(reader.close)
        now[0] = "2026-11-20T10:00:59.999Z"
        self.assertEqual(desk.patch("/tickets/1", {"title": "Other"}, BOB).status, 423)
        now[0] = "2026-11-20T10:01:00.000Z"
        happened = reader.next()
        self.assertEqual((happened["event"], happened["data"]["actor"]), ("Unlocked", "desk"))
        self.assertEqual(happened["data"]["data"]["reason"], "expired")
        self.assertEqual(desk.patch("/tickets/1", {"title": "Other"}, BOB).status, 200)

    def test_over_leases_are_released_after_a_restart_too(self):
        path = a_place_for_a_database(self)
        with closing(Store(str(path))) as store:
            store.clock = lambda: "2026-11-20T10:00:00.000Z"
            with store.savepoint():
                ticket = store.add_ticket(workflow.Caller("ann"), {**NEW, "category": "general", "priority": "low"})
                store.lock_ticket(workflow.Caller("ann"), ticket)
            store.commit()
        desk = DeskProcess(path)
        self.addCleanup(desk.stop)
        reader = EventReader(desk.port, after=0)
        self.addCleanup(reader.close)
        self.assertEqual([reader.next()["event"] for _ in range(3)], ["Created", "Locked", "Unlocked"])
        self.assertIsNone(desk.get("/tickets/1").json["locked_by"])

    def test_an_over_lease_gives_way_to_the_next_one_at_once(self):
        with closing(Store(str(a_place_for_a_database(self)))) as store:
            now = ["2026-11-20T10:00:00.000Z"]
            store.clock = lambda: now[0]
            with store.savepoint():
                ticket = store.add_ticket(workflow.Caller("ann"), {**NEW, "category": "general", "priority": "low"})
                store.lock_ticket(workflow.Caller("ann"), ticket)
                now[0] = workflow.later(now[0], 60)
                ticket = store.lock_ticket(workflow.Caller("bob"), store.ticket("1"))
            events = store.events({"limit": 10})["events"]
        self.assertEqual(ticket["locked_by"], "bob")
        self.assertEqual([event["type"] for event in events], ["Created", "Locked", "Unlocked", "Locked"])


class EchoOfADesk(LiveTest):
    environ = {"DEBUG": "true"}

    def test_it_says_what_it_hears(self):
        client = self.open("/ws/echo")
        for opcode, payload in ((TEXT, "é".encode()), (BINARY, b"\x00\xff"), (TEXT, b""), (BINARY, b"x" * 70_000)):
            client.send(opcode, payload)
            self.assertEqual(client.frame(), (opcode, payload))
        client.send(TEXT, b"\xff")
        self.assertEqual(client.frame()[1][:2], (1007).to_bytes(2, "big"))


class LockedDesk(LiveTest):
    environ = LOCKED

    def test_a_customer_hears_of_own_tickets_and_not_what_staff_say(self):
        alice, dan = self.listen(CALLERS["owner"]), self.listen(CALLERS["agent"])
        bob = self.open(**CALLERS["other"])
        self.desk.post("/tickets", NEW, CALLERS["owner"])
        self.desk.post("/tickets/1/comments", {"body": "Psst", "internal": True}, CALLERS["agent"])
        self.desk.post("/tickets/1/draft", {}, CALLERS["agent"])
        self.desk.post("/tickets", {**NEW, "title": "Bob's"}, CALLERS["other"])
        self.desk.post("/tickets/1/comments", {"body": "Hello"}, CALLERS["agent"])
        heard = [alice.next() for _ in range(2)]
        self.assertEqual([happened["event"] for happened in heard], ["Created", "Commented"])
        for happened in heard:
            self.assertEqual(happened["data"].keys() & {"hash", "previous_hash"}, set())
        self.assertEqual(
            [dan.next()["event"] for _ in range(5)], ["Created", "Commented", "Drafted", "Created", "Commented"]
        )
        self.assertEqual(bob.hear()["ticket"]["title"], "Bob's")
        bob.say("GetTickets")
        self.assertEqual([ticket["id"] for ticket in bob.hear()["tickets"]], [2])
        for tag, facts in (("LockTicket", {"ticketId": 1}), ("UpdateTicket", {"ticket": {"id": 1, "title": "x"}})):
            bob.say(tag, **facts)
            self.assertEqual(bob.hear()["code"], "NOT_FOUND")

    def test_a_browser_brings_its_token_as_a_subprotocol(self):
        token = CALLERS["agent"]["Authorization"].removeprefix("Bearer ")
        client = self.open(Sec_WebSocket_Protocol=f"desk, token.{token}")
        self.assertIn("Sec-WebSocket-Protocol: desk\r\n", client.head)
        self.assertNotIn(token, client.head)
        client.say("CreateTicket", ticket=NEW)
        self.assertEqual(client.hear()["ticket"]["created_by"], "dan")

    def test_nobody_listens_longer_than_the_token_lasts(self):
        short = forge({"sub": "dan", "roles": ["agent"], "exp": time.time() + 1.5})
        reader = self.listen({"Authorization": f"Bearer {short}"})
        client = self.open(Authorization=f"Bearer {short}")
        opcode, payload = client.frame()
        while opcode == PING:
            opcode, payload = client.frame()
        self.assertEqual((opcode, payload), (CLOSE, (1008).to_bytes(2, "big")))
        self.assertIsNone(reader.next())

    def test_nobody_listens_without_a_token(self):
        self.assertEqual(self.open(**AGENT).status, 401)
        self.assertEqual(self.open("/ws?user_id=root&role=admin").status, 401)
        self.assertEqual(self.open("/ws/echo").status, 401)
        self.assert_refused(self.desk.get("/events"), 401, "UNAUTHORIZED")


class Reconnecting(LiveTest):
    EVENTS = 2000

    def write(self):
        """As many events by pipelined requests, one connection after the other."""
        body = json.dumps(NEW).encode()
        head = f"POST /tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        for _ in range(self.EVENTS // 50):
            answers = self.desk.raw((head.encode() + b"\r\n\r\n" + body) * 50)
            self.assertEqual(answers.count(b"HTTP/1.1 201"), 50)

    def read(self, chance, connect, next_id):
        """Every id that a listener hears who hangs up and comes back two hundred times."""
        heard, client = [], connect(0)
        hang_ups = set(chance.sample(range(1, self.EVENTS), 200))
        while len(heard) < self.EVENTS:
            heard.append(next_id(client))
            if len(heard) in hang_ups:
                client.close()
                client = connect(heard[-1])
        client.close()
        return heard

    def test_whoever_comes_back_two_hundred_times_has_heard_everything_once_and_in_order(self):
        chance, heard = random.Random(5), {}
        by_stream = lambda after: EventReader(self.desk.port, {"Last-Event-ID": str(after)})
        by_socket = lambda after: SocketClient(self.desk.port, f"/ws?after={after}")
        readers = [
            lambda: heard.update(stream=self.read(chance, by_stream, lambda client: int(client.next()["id"]))),
            lambda: heard.update(socket=self.read(chance, by_socket, lambda client: client.hear()["eventId"])),
        ]
        threads = [threading.Thread(target=work) for work in (*readers, self.write)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE * 2)
        everything = list(range(1, self.EVENTS + 1))
        self.assertEqual(heard, {"stream": everything, "socket": everything})


class SlowReaders(LiveTest):
    def test_who_does_not_read_is_dropped_with_1013_and_the_others_hear_everything(self):
        lazy, keen = self.open(), self.open()
        for number in range(1, 81):
            self.fill(1)
            self.assertEqual(keen.hear()["eventId"], number)
        heard, closing_code = 0, None
        while closing_code is None:
            opcode, payload = lazy.frame()
            heard += opcode == TEXT
            closing_code = int.from_bytes(payload[:2], "big") if opcode == CLOSE else None
        self.assertEqual(closing_code, 1013)
        self.assertLess(heard, 80)

    def test_who_catches_up_slowly_is_waited_for(self):
        self.fill(40)  # more than a socket takes
        reader = self.listen(after=0)
        self.desk.get("/health")
        self.assertEqual([int(reader.next()["id"]) for _ in range(40)], list(range(1, 41)))

    def test_many_who_never_read_change_nothing_for_requests(self):
        self.fill(40)  # of history for each of them more than a socket takes
        deaf = [self.listen(after=0) for _ in range(8)]
        other = self.listen(after=39)
        self.assertEqual(other.next()["id"], "40")
        self.assertEqual(self.desk.post("/tickets", NEW).status, 201)
        self.assertEqual(other.next()["id"], "41")
        unread = sum(len(connection.outbox) for connection in list(self.desk.server.connections))
        self.assertLess(unread, len(deaf) * 400_000)

    def fill(self, count):
        body = json.dumps({"title": "x", "description": "\U0001f600" * 19_000})
        for _ in range(count):
            self.desk.post("/tickets", body.encode(), {"Content-Type": "application/json"})
        self.desk.hang_up()


class Silence(LiveTest):
    def test_a_listener_is_shown_that_the_desk_lives(self):
        with self.desk.connect() as sock:
            sock.sendall(b"GET /events HTTP/1.0\r\nHost: localhost\r\n\r\n")
            heard = b""
            while not heard.endswith(b"\r\n\r\nretry: 2000\n\n: ping\n\n"):
                heard += sock.recv(1)

    def test_an_idle_listener_is_shown_that_the_desk_lives(self):
        class Line:
            outbox = bytearray()

        line = Line()
        request = type("Request", (), {"caller": workflow.Caller("ann"), "version": (1, 0)})
        with closing(Store(str(a_place_for_a_database(self)))) as store:
            line.session = EventStream(request, 0, store)
            live = Live(None)
            live.add(line)
            line.session.last_sent = 100.0
            self.assertEqual(list(live.keep_alive(100 + PING_INTERVAL - 1)), [])
            self.assertEqual(list(live.keep_alive(100 + PING_INTERVAL)), [line])
        self.assertEqual(line.outbox, b": ping\n\n")
