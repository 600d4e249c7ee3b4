"""A listener receives every event once, in order, after its commit: by server-sent events and by WebSocket."""

import json
import tempfile
import threading
import time
import unittest
from contextlib import closing, suppress
from pathlib import Path

import workflow
from store import Store
from tests.desk import AGENT, CUSTOMER, TIMEOUT, Desk, DeskTest
from tests.listeners import BINARY, CLOSE, PING, PONG, TEXT, EventReader, SocketClient, masked_frame
from tests.test_locked import CALLERS, LOCKED, forge
from web.live import PING_INTERVAL, EventStream, Live

BOB = {"X-User-Id": "bob", "X-User-Role": "agent"}
NEW = {"title": "Login broken", "description": "Cannot get in"}


def assert_stop_ends_the_stream(test, desk, reader):
    """A desk that stops ends the stream; once the client has closed its connection, the desk stops at once."""
    stopping = threading.Thread(target=desk.stop)
    stopping.start()
    test.assertIsNone(reader.next_event())
    reader.close()
    stopping.join(TIMEOUT)
    test.assertFalse(stopping.is_alive())


def new_database_path(test) -> Path:
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

    def receive(self, client, count) -> list[dict]:
        return [client.receive() for _ in range(count)]


class Streams(LiveTest):
    def test_an_event_comes_with_its_id_its_name_and_its_ticket(self):
        reader = self.listen()
        self.assertEqual(reader.response.headers["Content-Type"], "text/event-stream")
        ticket = self.desk.new_ticket()
        event = reader.next_event()
        self.assertEqual((event["id"], event["event"]), ("1", "Created"))
        self.assertEqual(event["data"].pop("ticket"), ticket)
        self.assertEqual(event["data"], self.desk.get("/audit-events").json["events"][0])

    def test_a_client_without_a_cursor_receives_only_new_events(self):
        self.desk.new_ticket()
        reader = self.listen()
        self.desk.patch("/tickets/1", {"title": "Other"}, AGENT)
        self.assertEqual(reader.next_event()["event"], "Edited")

    def test_a_client_that_reconnects_receives_the_events_it_missed(self):
        for _ in range(4):
            self.desk.new_ticket()
        self.assertEqual([self.listen(after=1).next_event()["id"], self.listen(after=0).next_event()["id"]], ["2", "1"])
        self.assertEqual(self.listen({"Last-Event-ID": "3"}, after=1).next_event()["id"], "4")
        self.assertEqual(self.listen({"Last-Event-ID": ""}, after=2).next_event()["id"], "3")

    def test_a_client_that_missed_more_events_than_others_receives_them_all(self):
        for _ in range(3):
            self.desk.new_ticket()
        there = self.listen()
        self.desk.new_ticket()
        self.assertEqual(there.next_event()["id"], "4")
        back = self.listen({"Last-Event-ID": "1"})
        self.assertEqual([back.next_event()["id"]], ["2"])

    def test_a_cursor_that_does_not_exist_is_refused(self):
        self.assert_refused(self.desk.get("/events?after=7"), 404, "NOT_FOUND")
        self.assert_refused(self.desk.get("/events", {"Last-Event-ID": "7"}), 404, "NOT_FOUND")
        self.assertEqual(self.open("/ws?after=7").status, 404)
        self.assert_refused(self.desk.get("/events?after=-1"), 400, "VALIDATION_ERROR")
        for given in ("x", "-1", "1.5", "9" * 30):
            self.assert_refused(self.desk.get("/events", {"Last-Event-ID": given}), 400, "VALIDATION_ERROR")

    def test_every_type_of_event_is_sent_in_order(self):
        reader = self.listen()
        self.desk.new_ticket()
        self.desk.post("/tickets/1/lock", {}, AGENT)
        self.desk.patch("/tickets/1", {"status": "resolved"}, AGENT)
        self.desk.post("/tickets/1/comments", {"body": "Done\nand dusted"}, CUSTOMER)
        self.desk.post("/tickets/1/draft", {}, AGENT)
        self.desk.post("/drafts/1/approve", {}, AGENT)
        self.desk.request("DELETE", "/tickets/1/lock", None, AGENT)
        events = self.desk.get("/audit-events").json["events"]
        received = [reader.next_event() for _ in events]
        self.assertEqual([event["event"] for event in received], [event["type"] for event in events])
        self.assertEqual([int(event["id"]) for event in received], list(range(1, len(events) + 1)))

    def test_a_refused_request_makes_no_event(self):
        reader = self.listen()
        self.desk.post("/tickets", {"title": ""})
        self.desk.new_ticket()
        self.desk.post("/api/close", {"aggregate_id": "1"}, AGENT)
        self.desk.new_ticket()
        self.assertEqual([reader.next_event()["event"] for _ in range(2)], ["Created", "Created"])

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

    def test_head_has_the_content_type_and_no_stream(self):
        reply = self.desk.request("HEAD", "/events")
        self.assertEqual((reply.status, reply.headers["Content-Type"]), (200, "text/event-stream"))
        self.assertEqual(self.desk.get("/health").status, 200)

    def test_the_connection_of_a_reader_that_leaves_is_closed_at_once(self):
        reader = self.listen()
        self.desk.new_ticket()
        reader.next_event()
        reader.close()
        connections = self.desk.server.handlers
        pause = threading.Event()
        for _ in range(TIMEOUT * 20):
            if len(connections) == 1:  # the test's own
                break
            pause.wait(0.05)
        self.assertEqual(len(connections), 1)

    def test_a_desk_that_stops_ends_the_stream(self):
        desk = Desk()
        reader = EventReader(desk.port)
        assert_stop_ends_the_stream(self, desk, reader)


class DurableEvents(unittest.TestCase):
    def test_no_event_is_sent_that_was_not_committed(self):
        def limit_file_size(store):
            pages = store.db.execute("PRAGMA page_count").fetchone()["page_count"]
            store.db.execute(f"PRAGMA max_page_count = {pages + 6}").fetchall()

        desk = Desk(on_open=limit_file_size)
        self.addCleanup(desk.stop)
        reader = EventReader(desk.port)
        statuses = [desk.post("/tickets", {**NEW, "description": "y" * 9000}).status for _ in range(8)]
        self.assertGreaterEqual(max(statuses), 500)
        received = [reader.next_event()["id"] for _ in range(desk.count("audit_events"))]
        self.assertEqual(received, [str(number) for number in range(1, statuses.count(201) + 1)])
        assert_stop_ends_the_stream(self, desk, reader)


class Sockets(LiveTest):
    def test_the_published_sequence_with_two_users(self):
        all_users, user = self.open(**BOB), self.open(**AGENT)
        everybody = (all_users, user)
        old = self.desk.new_ticket()
        for client in everybody:
            self.assertEqual(client.receive(), {"_tag": "TicketCreated", "ticket": old, "eventId": 1})

        user.send_command("GetTickets")
        self.assertEqual(user.receive(), {"_tag": "AllTickets", "tickets": [old]})

        user.send_command("LockTicket", ticketId=old["uuid"])
        for client in everybody:
            received = client.receive()
            lease = {"lockedBy": "agent-1", "expiresAt": received["expiresAt"]}
            self.assertEqual(received, {"_tag": "TicketLocked", "ticketId": old["uuid"], **lease, "eventId": 2})

        user.send_command("UpdateTicket", ticket={**old, "title": "Login works"})
        for client in everybody:
            received = client.receive()
            self.assertEqual((received["_tag"], received["eventId"]), ("TicketUpdated", 3))
            self.assertEqual((received["ticket"]["title"], received["ticket"]["id"]), ("Login works", old["id"]))

        user.send_command("CreateTicket", ticket=NEW)
        for client in everybody:
            received = client.receive()
            self.assertEqual((received["_tag"], received["eventId"]), ("TicketCreated", 4))
            self.assertEqual((received["ticket"]["title"], received["ticket"]["created_by"]), (NEW["title"], "agent-1"))

        user.send_command("UnlockTicket", ticketId=old["uuid"])
        for client in everybody:
            self.assertEqual(client.receive(), {"_tag": "TicketUnlocked", "ticketId": old["uuid"], "eventId": 5})

        user.send_command("GetTickets")
        received = user.receive()
        self.assertEqual((received["_tag"], [ticket["id"] for ticket in received["tickets"]]), ("AllTickets", [2, 1]))

    def test_http_changes_reach_sockets_and_socket_changes_reach_streams(self):
        client, reader = self.open(**AGENT), self.listen()
        self.desk.new_ticket()
        client.send_command("UpdateTicket", ticket={"id": 1, "status": "in_progress"})
        self.assertEqual([client.receive()["_tag"] for _ in range(3)], ["TicketCreated"] + ["TicketUpdated"] * 2)
        self.assertEqual([reader.next_event()["event"] for _ in range(3)], ["Created", "Assigned", "StartWorked"])

    def test_an_error_goes_only_to_its_sender_and_the_socket_stays_open(self):
        client, other = self.open(X_User_Id="user-1"), self.open(**BOB)
        self.desk.new_ticket()
        self.desk.post("/tickets/1/lock", {}, BOB)
        invalid = {
            "VALIDATION_ERROR": ("CreateTicket", {"ticket": {"title": " "}, "id": 17}, 17),
            "NOT_FOUND": ("LockTicket", {"ticketId": "99"}, "LockTicket"),
            "FORBIDDEN": ("UpdateTicket", {"ticket": {"id": 1, "status": "resolved"}, "id": "a"}, "a"),
            "LOCKED": ("UpdateTicket", {"ticket": {"id": 1, "title": "Mine"}}, "UpdateTicket"),
        }
        self.receive(client, 2)
        for code, (tag, fields, reply_to) in invalid.items():
            client.send_command(tag, **fields)
            received = client.receive()
            facts = received["_tag"], received["code"], received["replyTo"]
            self.assertEqual(facts, ("Error", code, reply_to), received)
            self.assertLessEqual({"message", "details"}, set(received))
        client.send_command("GetTickets")
        self.assertEqual(client.receive()["_tag"], "AllTickets")
        self.assertEqual([other.receive()["_tag"] for _ in range(2)], ["TicketCreated", "TicketLocked"])
        self.desk.new_ticket()
        self.assertEqual(other.receive()["_tag"], "TicketCreated")

    def test_a_created_ticket_is_open_and_has_no_assignee_whatever_a_message_says(self):
        client = self.open(X_User_Id="user-1")
        for fields, detail in (
            ({"status": "closed"}, {"status": ["a new ticket is open; PATCH it."]}),
            ({"assignee": "agent-1"}, {"assignee": ["a new ticket has no assignee; PATCH it."]}),
        ):
            client.send_command("CreateTicket", ticket={**NEW, **fields})
            received = client.receive()
            self.assertEqual((received["_tag"], received.get("details")), ("Error", detail))
        client.send_command("CreateTicket", ticket={**NEW, "status": "open", "assignee": None})
        received = client.receive()
        self.assertEqual((received["_tag"], received["ticket"]["id"]), ("TicketCreated", 1))

    def test_an_invalid_message_gets_an_error(self):
        client = self.open()
        for text in ("{", "[]", '"x"', "{}", '{"_tag": "Drop"}', '{"_tag": ["x"]}', '{"_tag": "CreateTicket"}'):
            client.send_frame(TEXT, text.encode())
            received = client.receive()
            self.assertEqual((received["_tag"], received["code"]), ("Error", "VALIDATION_ERROR"), text)
        for ticket in (None, [], {}, {"id": {}}, {"id": True, "title": "x"}, {"title": "x"}, {"id": 1.5}):
            client.send_command("UpdateTicket", ticket=ticket)
            self.assertEqual(client.receive()["details"].keys(), {"ticket"}, ticket)
        for key in (True, 7, {}, []):
            client.send_command("CreateTicket", ticket=NEW, idempotencyKey=key)
            self.assertEqual(client.receive()["details"].keys(), {"idempotencyKey"}, key)
        client.send_frame(BINARY, b"x")
        self.assertEqual(client.receive_frame()[1][:2], (1003).to_bytes(2, "big"))

    def test_a_command_that_changes_nothing_is_acknowledged_to_its_sender_only(self):
        client, other = self.open(**AGENT), self.open(**BOB)
        self.desk.new_ticket()
        for received in (client.receive(), other.receive()):
            self.assertEqual(received["_tag"], "TicketCreated")
        client.send_command("UpdateTicket", ticket={"id": 1, "title": "Login broken"})
        received = client.receive()
        self.assertEqual((received["_tag"], received["ticket"]["version"]), ("TicketUpdated", 1))
        self.assertNotIn("eventId", received)
        client.send_command("UnlockTicket", ticketId=1)
        self.assertEqual(client.receive()["_tag"], "TicketUnlocked")
        self.desk.new_ticket()
        self.assertEqual(other.receive()["eventId"], 2)

    def test_a_message_with_a_key_has_its_effect_once(self):
        client = self.open(**AGENT)
        for _ in range(2):
            client.send_command("CreateTicket", ticket=NEW, idempotencyKey="demo-1")
        first, second = self.receive(client, 2)
        self.assertEqual((first["ticket"], first["_tag"]), (second["ticket"], second["_tag"]))
        self.assertEqual(self.desk.count("tickets"), 1)

    def test_a_key_of_null_is_no_key(self):
        client = self.open(**AGENT)
        for _ in range(2):
            client.send_command("CreateTicket", ticket=NEW, idempotencyKey=None)
        self.assertEqual([received["ticket"]["id"] for received in self.receive(client, 2)], [1, 2])

    def test_a_lock_uses_its_ticket_id_and_ignores_other_fields(self):
        client = self.open(**AGENT)
        first, _ = self.desk.new_ticket(), self.desk.new_ticket()
        self.receive(client, 2)
        client.send_command("LockTicket", ticketId=1, ticket={"id": 2})
        self.assertEqual(client.receive()["ticketId"], first["uuid"])

    def test_a_socket_starts_after_the_event_in_its_query(self):
        for _ in range(3):
            self.desk.new_ticket()
        client = self.open("/ws?after=1")
        self.assertEqual([client.receive()["eventId"] for _ in range(2)], [2, 3])

    def test_a_browser_identifies_itself_in_the_query(self):
        client = self.open("/ws?user_id=eve&role=agent,supervisor")
        client.send_command("CreateTicket", ticket=NEW)
        self.assertEqual(client.receive()["ticket"]["created_by"], "eve")
        client.send_command("UpdateTicket", ticket={"id": 1, "status": "resolved"})
        self.assertEqual(client.receive()["_tag"], "TicketUpdated")
        self.assertEqual(self.open("/ws?user_id=a%20b").status, 400)
        self.assertEqual(self.open("/ws?name=eve").status, 400)

    def test_a_foreign_page_may_not_connect(self):
        self.assertEqual(self.open(Origin="https://evil.example").status, 403)
        self.assertEqual(self.open(Origin="null").status, 403)
        self.assertEqual(self.open(Origin=f"http://localhost:{self.desk.port}").status, 101)

    def test_a_request_without_a_handshake_is_426(self):
        for path in ("/ws", "/ws?after=0"):
            reply = self.desk.get(path)
            self.assert_refused(reply, 426, "UPGRADE_REQUIRED")
            self.assertEqual((reply.headers["Upgrade"], reply.headers["Sec-WebSocket-Version"]), ("websocket", "13"))
        self.assert_refused(self.desk.get("/ws/echo"), 404, "NOT_FOUND")

    def test_pings_are_answered_and_a_close_is_returned(self):
        client = self.open()
        client.send_frame(PING, b"there?")
        self.assertEqual(client.receive_frame(), (PONG, b"there?"))
        client.send_frame(CLOSE, (1000).to_bytes(2, "big"))
        self.assertEqual(client.receive_frame(), (CLOSE, (1000).to_bytes(2, "big")))
        with self.assertRaises(ConnectionError):
            client.receive_frame()

    def test_a_desk_that_stops_closes_with_1001(self):
        desk = Desk()
        client = SocketClient(desk.port)
        self.addCleanup(client.close)
        stopping = threading.Thread(target=desk.stop)
        stopping.start()
        self.assertEqual(client.receive_frame(), (CLOSE, (1001).to_bytes(2, "big")))
        client.close()
        stopping.join(TIMEOUT)
        self.assertFalse(stopping.is_alive())

    def test_messages_are_in_the_log_and_the_metrics_as_requests(self):
        client = self.open(**AGENT)
        client.send_command("CreateTicket", ticket=NEW)
        client.receive()
        self.assertIn('route="/tickets",status="201"', self.desk.get("/metrics").body.decode())
        self.assertIn("POST /tickets → 201", self.desk.log.getvalue())


class ListBeforeLaterEvents(unittest.TestCase):
    def test_a_list_is_sent_before_changes_made_while_it_was_read(self):
        has_read, release = threading.Event(), threading.Event()

        class SlowStore(Store):
            def tickets(self, filters):
                page = super().tickets(filters)
                if filters["limit"] == 1000:
                    has_read.set()
                    release.wait(TIMEOUT)
                return page

        desk = Desk(store=SlowStore)
        self.addCleanup(desk.stop)
        desk.new_ticket()
        sender, other = SocketClient(desk.port), SocketClient(desk.port)
        self.addCleanup(sender.close)
        self.addCleanup(other.close)
        sender.send_command("GetTickets")
        self.assertTrue(has_read.wait(TIMEOUT))
        desk.patch("/tickets/1", {"title": "Newer"}, AGENT)
        self.assertEqual(other.receive()["ticket"]["title"], "Newer")  # so it was published while the list was read
        release.set()
        self.assertEqual(sender.receive()["tickets"][0]["title"], "Login broken")
        self.assertEqual(sender.receive()["ticket"]["title"], "Newer")


class Locks(LiveTest):
    def test_a_locked_ticket_can_be_changed_by_its_holder_only(self):
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
        client.send_command("LockTicket", ticketId=1)
        self.assertEqual(client.receive()["_tag"], "TicketLocked")
        self.desk.post("/tickets/1/lock", {}, AGENT)
        self.assertEqual(client.receive()["_tag"], "TicketLocked")
        client.send_frame(CLOSE, b"")
        self.assertEqual(client.receive_frame()[0], CLOSE)
        self.desk.new_ticket()
        self.assertEqual([reader.next_event()["event"] for _ in range(3)], ["Locked", "Locked", "Created"])

    def test_a_lock_is_released_if_lock_and_close_come_in_one_packet(self):
        for last in (masked_frame(CLOSE, (1000).to_bytes(2, "big")), b"\xff\xff"):
            ticket = self.desk.new_ticket()
            client, reader = self.open(**AGENT), self.listen()
            lock = masked_frame(TEXT, json.dumps({"_tag": "LockTicket", "ticketId": ticket["id"]}).encode())
            nonsense = masked_frame(TEXT, b'{"_tag": "Nope"}')
            client.socket.sendall(nonsense + lock + last)
            self.assertEqual([reader.next_event()["event"] for _ in range(2)], ["Locked", "Unlocked"])
            self.assertEqual([client.receive_frame()[0] for _ in range(2)], [TEXT, CLOSE])
            with self.assertRaises(ConnectionError):
                client.receive_frame()

    def test_the_holder_can_renew_and_release_a_lock(self):
        self.desk.new_ticket()
        first = self.desk.post("/tickets/1/lock", {}, AGENT).json["lock_expires_at"]
        self.assertGreaterEqual(self.desk.post("/tickets/1/lock", {}, AGENT).json["lock_expires_at"], first)
        self.assertIsNone(self.desk.request("DELETE", "/tickets/1/lock", None, AGENT).json["locked_by"])
        version = self.desk.get("/tickets/1").json["version"]
        self.assertEqual(self.desk.request("DELETE", "/tickets/1/lock", None, AGENT).status, 200)
        self.assertEqual(self.desk.get("/tickets/1").json["version"], version)
        self.assertEqual(self.desk.patch("/tickets/1", {"title": "Other"}, BOB).status, 200)

    def test_a_socket_that_disconnects_releases_its_locks(self):
        self.desk.new_ticket()
        client, reader = self.open(**AGENT), self.listen()
        client.send_command("LockTicket", ticketId=1)
        self.assertEqual(reader.next_event()["event"], "Locked")
        client.close()
        event = reader.next_event()
        self.assertEqual((event["event"], event["data"]["actor"]), ("Unlocked", "agent-1"))
        self.assertEqual(self.desk.patch("/tickets/1", {"title": "Other"}, BOB).status, 200)

    def test_a_close_frame_releases_the_locks_of_the_socket(self):
        self.desk.new_ticket()
        client = self.open(**AGENT)
        client.send_command("LockTicket", ticketId=1)
        self.assertEqual(client.receive()["_tag"], "TicketLocked")
        client.send_frame(CLOSE, (1000).to_bytes(2, "big"))
        self.assertEqual(client.receive_frame()[0], CLOSE)
        self.assertIsNone(self.desk.get("/tickets/1").json["locked_by"])

    def test_a_lock_that_the_holder_renewed_on_another_socket_stays(self):
        self.desk.new_ticket()
        one, two = self.open(**AGENT), self.open(**AGENT)
        for client in (one, two):
            client.send_command("LockTicket", ticketId=1)
            self.assertEqual([each.receive()["_tag"] for each in (one, two)], ["TicketLocked"] * 2)
        one.send_frame(CLOSE, b"")
        self.assertEqual(self.wait_for_close(one), CLOSE)
        self.assertEqual(self.desk.patch("/tickets/1", {"title": "Other"}, BOB).status, 423)
        two.close()
        reader = self.listen(after=3)
        self.assertEqual(reader.next_event()["event"], "Unlocked")

    def test_others_can_change_a_ticket_once_its_lock_holder_has_disconnected(self):
        self.desk.new_ticket()
        client = self.open(**AGENT)
        client.send_command("LockTicket", ticketId=1)
        self.receive(client, 1)
        self.assertEqual(self.desk.patch("/tickets/1", {"title": "Other"}, BOB).status, 423)
        client.send_frame(CLOSE, b"")
        self.assertEqual(self.wait_for_close(client), CLOSE)
        self.assertEqual(self.desk.patch("/tickets/1", {"title": "Other"}, BOB).status, 200)

    def wait_for_close(self, client):
        opcode = None
        while opcode != CLOSE:
            opcode, _ = client.receive_frame()
        return opcode

    def test_an_expired_lock_is_released_by_the_desk(self):
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
        event = reader.next_event()
        self.assertEqual((event["event"], event["data"]["actor"]), ("Unlocked", "desk"))
        self.assertEqual(event["data"]["data"]["reason"], "expired")
        self.assertEqual(desk.patch("/tickets/1", {"title": "Other"}, BOB).status, 200)

    def test_expired_locks_are_released_after_a_restart(self):
        path = new_database_path(self)
        with closing(Store(str(path))) as store:
            store.clock = lambda: "2026-11-20T10:00:00.000Z"
            with store.savepoint():
                ticket = store.add_ticket(workflow.Caller("ann"), {**NEW, "category": "general", "priority": "low"})
                store.lock_ticket(workflow.Caller("ann"), ticket)
            store.commit()
        desk = Desk(SUPPORT_DESK_DB=str(path))
        self.addCleanup(desk.stop)
        reader = EventReader(desk.port, after=0)
        self.addCleanup(reader.close)
        self.assertEqual([reader.next_event()["event"] for _ in range(3)], ["Created", "Locked", "Unlocked"])
        self.assertIsNone(desk.get("/tickets/1").json["locked_by"])

    def test_an_expired_lock_can_be_replaced_at_once(self):
        with closing(Store(str(new_database_path(self)))) as store:
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

    def test_a_lock_does_not_outlast_a_clock_that_was_set_back(self):
        with closing(Store(str(new_database_path(self)))) as store:
            store.clock = lambda: "2026-11-20T18:00:00.000Z"
            with store.savepoint():
                ticket = store.add_ticket(workflow.Caller("ann"), {**NEW, "category": "general", "priority": "low"})
                store.lock_ticket(workflow.Caller("ann"), ticket)
            store.clock = lambda: "2026-11-20T10:00:00.000Z"
            store.end_leases()
            with suppress(workflow.Locked), store.savepoint():
                store.lock_ticket(workflow.Caller("bob"), store.ticket("1"))
            self.assertEqual(store.ticket("1")["locked_by"], "bob")


class EchoSocket(LiveTest):
    environ = {"DEBUG": "true"}

    def test_the_echo_socket_sends_each_message_back(self):
        client = self.open("/ws/echo")
        for opcode, payload in ((TEXT, "é".encode()), (BINARY, b"\x00\xff"), (TEXT, b""), (BINARY, b"x" * 70_000)):
            client.send_frame(opcode, payload)
            self.assertEqual(client.receive_frame(), (opcode, payload))
        client.send_frame(TEXT, b"\xff")
        self.assertEqual(client.receive_frame()[1][:2], (1007).to_bytes(2, "big"))


class LockedDesk(LiveTest):
    environ = LOCKED

    def test_a_customer_receives_events_of_own_tickets_without_internal_ones(self):
        alice, dan = self.listen(CALLERS["owner"]), self.listen(CALLERS["agent"])
        bob = self.open(**CALLERS["other"])
        self.desk.post("/tickets", NEW, CALLERS["owner"])
        self.desk.post("/tickets/1/comments", {"body": "Psst", "internal": True}, CALLERS["agent"])
        self.desk.post("/tickets/1/draft", {}, CALLERS["agent"])
        self.desk.post("/tickets", {**NEW, "title": "Bob's"}, CALLERS["other"])
        self.desk.post("/tickets/1/comments", {"body": "Hello"}, CALLERS["agent"])
        received = [alice.next_event() for _ in range(2)]
        self.assertEqual([event["event"] for event in received], ["Created", "Commented"])
        for event in received:
            self.assertEqual(event["data"].keys() & {"hash", "previous_hash"}, set())
        self.assertEqual(
            [dan.next_event()["event"] for _ in range(5)], ["Created", "Commented", "Drafted", "Created", "Commented"]
        )
        self.assertEqual(bob.receive()["ticket"]["title"], "Bob's")
        bob.send_command("GetTickets")
        self.assertEqual([ticket["id"] for ticket in bob.receive()["tickets"]], [2])
        for tag, facts in (("LockTicket", {"ticketId": 1}), ("UpdateTicket", {"ticket": {"id": 1, "title": "x"}})):
            bob.send_command(tag, **facts)
            self.assertEqual(bob.receive()["code"], "NOT_FOUND")

    def test_a_browser_sends_its_token_as_a_subprotocol(self):
        token = CALLERS["agent"]["Authorization"].removeprefix("Bearer ")
        client = self.open(Sec_WebSocket_Protocol=f"desk, token.{token}")
        self.assertIn("Sec-WebSocket-Protocol: desk\r\n", client.head)
        self.assertNotIn(token, client.head)
        client.send_command("CreateTicket", ticket=NEW)
        self.assertEqual(client.receive()["ticket"]["created_by"], "dan")

    def test_a_session_ends_when_its_token_expires(self):
        short = forge({"sub": "dan", "roles": ["agent"], "exp": time.time() + 1.5})
        reader = self.listen({"Authorization": f"Bearer {short}"})
        client = self.open(Authorization=f"Bearer {short}")
        opcode, payload = client.receive_frame()
        while opcode == PING:
            opcode, payload = client.receive_frame()
        self.assertEqual((opcode, payload), (CLOSE, (1008).to_bytes(2, "big")))
        self.assertIsNone(reader.next_event())

    def test_a_session_needs_a_token(self):
        self.assertEqual(self.open(**AGENT).status, 401)
        self.assertEqual(self.open("/ws?user_id=root&role=admin").status, 401)
        self.assertEqual(self.open("/ws/echo").status, 401)
        self.assert_refused(self.desk.get("/events"), 401, "UNAUTHORIZED")


class KeepAlive(LiveTest):
    def test_a_new_listener_is_sent_a_ping(self):
        with self.desk.connect() as sock:
            sock.sendall(b"GET /events HTTP/1.0\r\nHost: localhost\r\n\r\n")
            received = b""
            while not received.endswith(b"\r\n\r\nretry: 2000\n\n: ping\n\n"):
                received += sock.recv(1)

    def test_an_idle_listener_is_sent_a_ping(self):
        class FakeConnection:
            outbox = bytearray()

        connection = FakeConnection()
        request = type("Request", (), {"caller": workflow.Caller("ann"), "version": (1, 0)})
        with closing(Store(str(new_database_path(self)))) as store:
            connection.session = EventStream(request, 0, store)
            live = Live(None, None)
            live.add(connection)
            connection.session.last_sent = 100.0
            self.assertEqual(list(live.keep_alive(100 + PING_INTERVAL - 1, bool)), [])
            self.assertEqual(list(live.keep_alive(100 + PING_INTERVAL, bool)), [connection])
        self.assertEqual(connection.outbox, b": ping\n\n")
