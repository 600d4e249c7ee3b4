"""A power cut in the middle of a reset or a restore: the database has all the old rows or all the new ones."""

import random
import tempfile
import threading
import unittest
from http.client import HTTPException
from pathlib import Path

from tests.desk import AGENT, Client, DeskProcess, run_tool

KILLS = 8
TICKETS = {"reset": 0, "snapshots/full/restore": 200}


class PowerCut(unittest.TestCase):
    def test_every_kill_leaves_a_sound_database_of_before_or_after(self):
        chance = random.Random(20)
        with tempfile.TemporaryDirectory() as folder:
            self.database = Path(folder, "desk.sqlite3")
            desk = self.start()
            for number in range(TICKETS["snapshots/full/restore"]):
                desk.new_ticket(title=f"Ticket {number}", description="Cannot get in. " * 200)
            self.assertEqual(desk.post("/debug/snapshots/full", {}, AGENT).status, 201)
            self.done, self.begun = "snapshots/full/restore", None
            for _ in range(KILLS):
                self.cut_the_power(desk, after=chance.uniform(0.02, 0.2))
                done = run_tool("--verify", SUPPORT_DESK_DB=str(self.database))
                self.assertEqual(done.returncode, 0, done.stdout)
                desk = self.start()
                left = desk.get("/tickets?limit=1").json["total"]
                self.assertIn(left, {TICKETS[what] for what in (self.done, self.begun)})
                self.done = next(what for what, count in TICKETS.items() if count == left)

    def start(self) -> DeskProcess:
        desk = DeskProcess(self.database, DEBUG="true")
        self.addCleanup(desk.stop)
        return desk

    def cut_the_power(self, desk, after):
        """Kill the desk after some seconds of resets and restores; self.begun is what was not acknowledged then."""
        client = threading.Thread(target=self.work, args=(desk.port,))
        client.start()
        client.join(after)
        desk.kill()
        client.join()

    def work(self, port):
        client = Client()
        client.port = port
        try:
            while True:
                self.begun = next(what for what in TICKETS if what != self.done)
                method = "POST" if self.begun == "reset" else "PUT"
                reply = client.request(method, f"/debug/{self.begun}", {}, AGENT)
                if reply.status == 200:
                    self.done = self.begun
        except (OSError, HTTPException):  # the desk is gone, as planned
            client.hang_up()


if __name__ == "__main__":
    unittest.main()
