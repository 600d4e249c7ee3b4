"""Listeners that reconnect two hundred times, do not read, or read slowly: every event once, and nobody waits."""

import json
import random
import threading

from tests.desk import TIMEOUT
from tests.listeners import CLOSE, TEXT, EventReader, SocketClient
from tests.test_live import NEW, LiveTest


class Reconnecting(LiveTest):
    EVENTS = 2000

    def write_events(self):
        """EVENTS new tickets by pipelined requests, one connection after the other."""
        body = json.dumps(NEW).encode()
        head = "POST /tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        for _ in range(self.EVENTS // 50):
            answers = self.desk.raw(request * 50)
            self.assertEqual(answers.count(b"HTTP/1.1 201"), 50)

    def read_ids(self, chance, connect, next_id):
        """All ids that a listener receives that disconnects and reconnects 200 times."""
        received, client = [], connect(0)
        disconnects = set(chance.sample(range(1, self.EVENTS), 200))
        while len(received) < self.EVENTS:
            received.append(next_id(client))
            if len(received) in disconnects:
                client.close()
                client = connect(received[-1])
        client.close()
        return received

    def test_a_client_that_reconnects_200_times_receives_every_event_once_and_in_order(self):
        chance, received = random.Random(5), {}
        by_stream = lambda after: EventReader(self.desk.port, {"Last-Event-ID": str(after)})
        by_socket = lambda after: SocketClient(self.desk.port, f"/ws?after={after}")
        id_on_stream = lambda client: int(client.next_event()["id"])
        id_on_socket = lambda client: client.receive()["eventId"]
        readers = [
            lambda: received.update(stream=self.read_ids(chance, by_stream, id_on_stream)),
            lambda: received.update(socket=self.read_ids(chance, by_socket, id_on_socket)),
        ]
        threads = [threading.Thread(target=work) for work in (*readers, self.write_events)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(TIMEOUT * 2)
        everything = list(range(1, self.EVENTS + 1))
        self.assertEqual(received, {"stream": everything, "socket": everything})


class Backpressure(LiveTest):
    def test_a_client_that_does_not_read_is_closed_with_1013_and_others_receive_everything(self):
        stalled, reading = self.open(), self.open()
        for number in range(1, 81):
            self.fill(1)
            self.assertEqual(reading.receive()["eventId"], number)
        received, close_code = 0, None
        while close_code is None:
            opcode, payload = stalled.receive_frame()
            received += opcode == TEXT
            close_code = int.from_bytes(payload[:2], "big") if opcode == CLOSE else None
        self.assertEqual(close_code, 1013)
        self.assertLess(received, 80)

    def test_a_client_that_catches_up_slowly_is_not_closed(self):
        self.fill(40)  # more than the buffer of a socket holds
        reader = self.listen(after=0)
        self.desk.get("/health")
        self.assertEqual([int(reader.next_event()["id"]) for _ in range(40)], list(range(1, 41)))

    def test_many_clients_that_never_read_delay_nobody(self):
        self.fill(40)  # more history than the buffer of a socket holds
        stalled = [self.listen(after=0) for _ in range(8)]
        other = self.listen(after=39)
        self.assertEqual(other.next_event()["id"], "40")
        self.assertEqual(self.desk.post("/tickets", NEW).status, 201)
        self.assertEqual(other.next_event()["id"], "41")
        unread = sum(len(handler.outbox) for handler in list(self.desk.server.handlers))
        self.assertLess(unread, len(stalled) * 400_000)

    def fill(self, count):
        body = json.dumps({"title": "x", "description": "\U0001f600" * 19_000})
        for _ in range(count):
            self.desk.post("/tickets", body.encode(), {"Content-Type": "application/json"})
        self.desk.hang_up()
