"""A lab at length: many clients beside resets and snapshots, and a long export."""

import socket
from contextlib import closing

from store import Store
from tests import test_lab_state
from tests.desk import AGENT, TIMEOUT, Desk
from tests.test_lab_state import STORED_NEW, StateTest
from workflow import Caller


class Crowd(test_lab_state.Crowd):
    CLIENTS, ROUNDS = 8, 3


class Demo(StateTest):
    def test_the_demo_fills_the_desk_up_to_the_time_of_its_clock(self):
        self.desk.new_ticket(title="Not of the demo")
        self.do("PUT", "clock", {"at": "2031-02-03T12:00:00Z"})
        rows = self.do("POST", "reset", {"demo": True})
        self.assertEqual(rows["tickets"], self.desk.get("/tickets/stats").json["total_tickets"])
        self.assertGreater(rows["tickets"], 50)
        self.assertNotIn("Not of the demo", str(self.rows_of("tickets")))
        self.wait_for_the_index()
        self.assertEqual(self.found("Recieve"), ["Typo on the settings page"])
        self.verify()
        days = [day["day"] for day in self.desk.get("/tickets/stats").json["daily"] if day["tickets"]]
        self.assertTrue(days[0] > "2031-01-01" and days[-1] <= "2031-02-03", days)
        self.assertTrue(self.desk.new_ticket()["created_at"].startswith("2031-02-03T12"))
        self.assertEqual(self.do("POST", "reset", {"demo": False})["tickets"], 0)


class Export(StateTest):
    def test_an_export_in_progress_breaks_off(self):
        def fill(store):
            with store.savepoint():
                for _ in range(400):
                    store.add_ticket(Caller("ann"), {**STORED_NEW, "description": "x" * 20_000})
            store.commit()

        class Unindexed(Store):
            index_module = "none"

        desk = Desk(on_open=fill, store=Unindexed, **self.environ)
        self.addCleanup(desk.stop)
        with closing(socket.socket()) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(TIMEOUT)
            client.connect(("127.0.0.1", desk.port))
            client.sendall(b"GET /tickets.csv HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertIn(b"200 OK", client.recv(4096))
            self.assertEqual(desk.post("/debug/reset", {}, AGENT).status, 200)
            end = b""
            try:
                for data in iter(lambda: client.recv(1 << 20), b""):
                    end = (end + data)[-5:]
            except ConnectionResetError:
                pass
        self.assertNotEqual(end, b"0\r\n\r\n")
        desk.get("/health")  # the log of the turn before is written by now
        self.assertIn("during this export", desk.log.getvalue())
