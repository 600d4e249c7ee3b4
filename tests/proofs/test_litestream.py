"""Litestream copies the database of a running desk: what was acknowledged comes back, also as of an earlier instant."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from datetime import datetime, timezone
from pathlib import Path
from uuid import uuid4

from tests.desk import CUSTOMER, ROOT, TIMEOUT, Client, DeskProcess, run_tool
from tests.programs import needs

WRITERS = 4
WRITES = 200  # acknowledged before each crash
CRASHES = 3


def written(folder: str) -> str:
    """The configuration in web/README.md, with its two paths moved into a folder."""
    text = (ROOT / "web" / "README.md").read_text(encoding="utf-8")
    (config,) = re.findall(r"^```yaml\n(.*?)^```$", text, re.M | re.S)
    return config.replace("/var/lib/desk/", f"{folder}/").replace("/backup/", f"{folder}/backup/")


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class WatchedDesk(DeskProcess):
    """A desk that Litestream starts, and with which it ends: the command of web/README.md."""

    def __init__(self, database: Path, config: Path):
        self.config = config
        super().__init__(database)

    def command(self, arguments):
        return ["litestream", "replicate", "-config", self.config, "-exec", f"{sys.executable} app.py"]

    def crash(self) -> None:
        """Kill the desk, not Litestream."""
        children = [path.read_text().split() for path in Path(f"/proc/{self.process.pid}/task").glob("*/children")]
        ((child,),) = filter(None, children)
        os.kill(int(child), signal.SIGKILL)
        self.process.wait(TIMEOUT)


@needs("litestream")
class Replicas(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.folder = Path(place.name)
        self.database = self.folder / "desk.sqlite3"
        self.config = self.folder / "litestream.yml"
        self.config.write_text(written(place.name))
        self.restored = 0
        self.start_desk()

    def start_desk(self):
        self.desk = DeskProcess(self.database)
        self.addCleanup(self.desk.stop)

    def start_litestream(self):
        log = open(self.folder / "litestream.log", "a")
        self.addCleanup(log.close)
        self.litestream = subprocess.Popen(["litestream", "replicate", "-config", self.config], stdout=log, stderr=log)
        self.addCleanup(self.stop_litestream)

    def stop_litestream(self):
        """It copies what is still missing before it ends."""
        self.litestream.terminate()
        self.assertEqual(self.litestream.wait(TIMEOUT), 0)

    def restore(self, *options) -> Path | None:
        """A restored database in a new file; None if there is nothing to restore yet."""
        self.restored += 1
        path = self.folder / f"restored-{self.restored}.sqlite3"
        command = ["litestream", "restore", "-config", self.config, "-o", path, "-integrity-check", "full"]
        done = subprocess.run([*command, *options, self.database], capture_output=True, timeout=60)
        return path if done.returncode == 0 else None

    def titles(self, path) -> list[str]:
        reader = Client()
        reader.database = path
        return [title for (title,) in reader.rows("SELECT title FROM tickets ORDER BY title")]

    def create(self, *titles):
        for title in titles:
            self.assertEqual(self.desk.new_ticket(title=title)["title"], title)

    def assert_sound(self, path, titles):
        done = run_tool("--verify", SUPPORT_DESK_DB=str(path))
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.titles(path), sorted(titles))

    def wait_until_copied(self, titles):
        """Until a restored database has these tickets."""
        deadline = time.monotonic() + TIMEOUT
        while not (path := self.restore()) or self.titles(path) != sorted(titles):
            self.assertLess(time.monotonic(), deadline, f"not copied after {TIMEOUT} seconds: {titles}")

    @unittest.skipUnless(os.environ.get("LITESTREAM_CRASHES"), "on a busy machine Litestream 0.5.17 can stop to copy")
    def test_crashes_under_load_lose_nothing_that_was_acknowledged(self):
        self.desk.stop()
        acknowledged = set()
        for _ in range(CRASHES):
            self.crash(WatchedDesk(self.database, self.config), acknowledged)
        desk = WatchedDesk(self.database, self.config)
        self.addCleanup(desk.stop)
        acknowledged.add(desk.new_ticket(title="after the crashes")["title"])
        self.assertEqual(desk.stop(), 0)
        path = self.restore()
        self.assertLessEqual(acknowledged, set(self.titles(path)))
        self.assert_sound(path, self.titles(self.database))

    def crash(self, desk, acknowledged):
        """Kill the desk while it writes; adds the titles of the tickets that it has acknowledged."""
        self.addCleanup(desk.stop)
        goal, enough, refused = len(acknowledged) + WRITES, threading.Event(), []

        def write():
            client = Client()
            client.port = desk.port
            try:
                while True:
                    title = f"{goal} {uuid4()}"
                    reply = client.post("/tickets", {"title": title, "description": "Cannot get in"}, CUSTOMER)
                    acknowledged.add(title) if reply.status == 201 else refused.append(reply)
                    if len(acknowledged) >= goal:
                        enough.set()
            except Exception:  # the desk is gone, as planned
                client.hang_up()

        writers = [threading.Thread(target=write) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        self.assertTrue(enough.wait(60))
        desk.crash()
        for writer in writers:
            writer.join()
        self.assertEqual(refused, [])

    def test_a_desk_can_go_back_to_an_earlier_instant(self):
        self.start_litestream()
        self.create("first", "second")
        self.wait_until_copied(["first", "second"])
        instant = now()
        self.create("a mistake")
        self.stop_litestream()
        self.assert_sound(self.restore(), ["first", "second", "a mistake"])
        path = self.restore("-timestamp", instant)
        self.assert_sound(path, ["first", "second"])
        self.desk.stop()
        self.database = path
        self.start_desk()
        self.create("third")
        self.assertTrue(self.desk.get("/audit-events/verify").json["ok"])

    def test_what_was_written_without_litestream_is_copied_when_it_is_back(self):
        self.start_litestream()
        self.create("first")
        self.wait_until_copied(["first"])
        self.stop_litestream()
        self.create("alone")
        self.desk.stop()  # the write-ahead log moves into the database file
        self.start_desk()
        self.create("after a restart")
        self.start_litestream()
        self.create("last")
        everything = ["first", "alone", "after a restart", "last"]
        self.wait_until_copied(everything)
        self.stop_litestream()
        self.assert_sound(self.restore(), everything)


if __name__ == "__main__":
    unittest.main()
