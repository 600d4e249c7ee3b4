"""A power cut in the middle of the work: nothing that was acknowledged is lost, nothing is there twice."""

import random
import tempfile
import threading
import unittest
from pathlib import Path

from tests.desk import Client, DeskProcess, run_tool

KILLS = 6
WRITERS = 4


class PowerCut(unittest.TestCase):
    def test_every_acknowledged_write_survives_every_kill_and_every_key_makes_one_row(self):
        chance = random.Random(20)
        with tempfile.TemporaryDirectory() as folder:
            self.database = Path(folder, "desk.sqlite3")
            self.acknowledged, self.tried = {}, []
            for _ in range(KILLS):
                self.cut_the_power(DeskProcess(self.database), after=chance.randrange(1, 120))
            desk = DeskProcess(self.database)
            self.addCleanup(desk.stop)
            self.assert_every_retry_is_one_row(desk)
            self.assertTrue(desk.get("/audit-events/verify").json["ok"])
            desk.stop()
            done = run_tool("--verify", SUPPORT_DESK_DB=str(self.database))
            self.assertEqual(done.returncode, 0, done.stdout)

    def cut_the_power(self, desk, after):
        """Kill the desk once `after` writes are acknowledged, while more are on their way."""
        self.addCleanup(desk.stop)
        enough = threading.Event()
        goal = len(self.acknowledged) + after
        writers = [threading.Thread(target=self.write, args=(desk.port, goal, enough)) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        self.assertTrue(enough.wait(30))
        desk.kill()
        for writer in writers:
            writer.join()

    def write(self, port, goal, enough):
        client = Client()
        client.port = port
        try:
            while True:
                key = f"key-{len(self.tried)}-{threading.get_ident()}"
                self.tried.append(key)
                reply = self.send(client, key)
                self.acknowledged[key] = reply.body
                if len(self.acknowledged) >= goal:
                    enough.set()
        except Exception:  # the desk is gone, as planned
            client.hang_up()

    def send(self, client, key):
        new = {"title": f"Ticket for {key}", "description": "Cannot get in"}
        return client.post("/tickets", new, {"X-User-Id": "user-1", "Idempotency-Key": key})

    def assert_every_retry_is_one_row(self, desk):
        for key in self.tried:
            reply = self.send(desk, key)
            self.assertEqual(reply.status, 201)
            if key in self.acknowledged:
                self.assertEqual(reply.body, self.acknowledged[key])
                self.assertEqual(reply.headers["Idempotent-Replayed"], "true")
        rows = desk.rows("SELECT title, count(*) FROM tickets GROUP BY title")
        self.assertEqual(sorted(rows), sorted((f"Ticket for {key}", 1) for key in self.tried))
