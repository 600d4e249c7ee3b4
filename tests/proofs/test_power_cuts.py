"""What a power cut leaves on the disk: the database file and its write-ahead log (WAL), as they are at one instant.

SIGSTOP stops all threads of a busy desk, so that both files can be copied as they are at one instant. A second kind of
image loses or damages what lies behind the last acknowledged commit in the log: no fsync has promised that part.
"""

import random
import signal
import struct
import tempfile
import threading
import unittest
from contextlib import closing
from pathlib import Path

from store import Store
from tests.child_desk import CAN_FORK, WHY_NOT, ChildDesk, verify
from tests.desk import TIMEOUT, Client

IMAGES, TORN = 24, 36
WRITERS = 4
WAL_HEADER, FRAME_HEADER, PAGE = 32, 24, 4096  # bytes


def end_of_commits(log: bytes) -> int:
    """Where the last commit ends in a write-ahead log: behind the last frame of this generation with a database size.

    (https://www.sqlite.org/fileformat.html#the_write_ahead_log: a new generation has other salts.)
    """
    end, salts = WAL_HEADER, log[16:24]
    for start in range(WAL_HEADER, len(log) - FRAME_HEADER - PAGE + 1, FRAME_HEADER + PAGE):
        pages_after_commit = struct.unpack_from(">I", log, start + 4)[0]
        if log[start + 8 : start + 16] != salts:
            break
        if pages_after_commit:
            end = start + FRAME_HEADER + PAGE
    return end


class Load:
    """Clients that create tickets, each with a key of its own; `acknowledged` has {key: id of its ticket}."""

    def __init__(self, port: int):
        self.acknowledged, self._changed, self._stopped = {}, threading.Condition(), False
        self._threads = [threading.Thread(target=self._write, args=(port, number)) for number in range(WRITERS)]
        for thread in self._threads:
            thread.start()

    def _write(self, port, number):
        client, count = Client(), 0
        client.port = port
        while not self._stopped:
            key = f"key-{number}-{count}"
            new = {"title": key, "description": "Cannot get in. " * (1 + count % 300)}
            reply = client.post("/tickets", new, {"X-User-Id": f"user-{number}", "Idempotency-Key": key})
            with self._changed:
                self.acknowledged[key] = reply.json["id"]
                self._changed.notify_all()
            count += 1
        client.hang_up()

    def wait_for(self, more: int) -> None:
        """Wait until so many more writes are acknowledged."""
        with self._changed:
            goal = len(self.acknowledged) + more
            if not self._changed.wait_for(lambda: len(self.acknowledged) >= goal, TIMEOUT):
                raise AssertionError("the desk does not answer any more")

    def stop(self) -> None:
        self._stopped = True
        for thread in self._threads:
            thread.join()


class Image:
    """Both files at one instant, and the writes that were acknowledged by then."""

    def __init__(self, desk, load):
        desk.pause()
        self.acknowledged = dict(load.acknowledged)
        self.database, self.log = desk.database.read_bytes(), Path(f"{desk.database}-wal").read_bytes()
        desk.send_signal(signal.SIGCONT)
        self.end = end_of_commits(self.log)


@unittest.skipUnless(CAN_FORK, WHY_NOT)
class PowerCuts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder, self.chance, self.number = Path(folder.name), random.Random(13), 0

    def start(self, pages_of_log: int) -> tuple[ChildDesk, Load]:
        """A desk that does a checkpoint when its log has so many pages, under load."""
        at = f"PRAGMA wal_autocheckpoint = {pages_of_log}"
        desk = ChildDesk(self.folder / "desk.sqlite3", on_open=lambda store: store.db.execute(at).fetchall())
        self.addCleanup(desk.stop)
        load = Load(desk.port)
        self.addCleanup(load.stop)
        return desk, load

    def images(self, desk, load, count: int) -> list[Image]:
        images, pause = [], threading.Event()
        for _ in range(count):
            load.wait_for(self.chance.randrange(1, 12))
            pause.wait(self.chance.uniform(0, 0.005))  # so that the stop comes at any point of a turn
            images.append(Image(desk, load))
        return images

    def assert_has(self, acknowledged: dict, database: bytes, log: bytes):
        """A desk that finds these two files has every acknowledged write, and nothing else in part."""
        self.number += 1
        path = self.folder / f"image-{self.number}.sqlite3"
        path.write_bytes(database)
        Path(f"{path}-wal").write_bytes(log)
        with closing(Store(str(path))) as store:
            rows = store.db.execute("SELECT id, title FROM tickets ORDER BY id").fetchall()
            kept = store.db.execute("SELECT key FROM idempotency_keys").fetchall()
        found = {row["title"]: row["id"] for row in rows}
        self.assertEqual({key: found.get(key) for key in acknowledged}, acknowledged)
        self.assertEqual({row["key"] for row in kept}, set(found))
        self.assertEqual(len(rows), len(found), "a write is there twice")
        self.assertEqual(verify(path), [])
        path.unlink()

    def test_an_image_of_any_instant_has_every_write_that_was_acknowledged(self):
        desk, load = self.start(pages_of_log=60)
        generations = set()
        for number, image in enumerate(self.images(desk, load, IMAGES)):
            generations.add(image.log[16:24])
            with self.subTest(number, acknowledged=len(image.acknowledged)):
                self.assert_has(image.acknowledged, image.database, image.log)
        self.assertGreater(len(generations), 2, "the log began again under the load")

    def test_whatever_becomes_of_the_log_behind_an_acknowledged_commit_that_commit_stays(self):
        desk, load = self.start(pages_of_log=1_000_000)
        images = self.images(desk, load, TORN // 4 + 1)
        for before, after in zip(images, images[1:]):
            self.assertEqual((before.database, before.log[16:24]), (after.database, after.log[16:24]), "no checkpoint")
            self.assertLess(before.end, after.end)
            cut = self.chance.randrange(before.end, after.end)
            noise = self.chance.randbytes(len(after.log) - cut)
            flipped = bytearray(after.log)
            flipped[cut] ^= 1 << self.chance.randrange(8)
            for name, log in (
                ("nothing is left", before.log[: before.end]),
                ("a part is left", after.log[:cut]),
                ("noise", after.log[:cut] + noise),
                ("one bit is another", bytes(flipped)),
            ):
                with self.subTest(name, acknowledged=len(before.acknowledged), cut=cut - before.end):
                    self.assert_has(before.acknowledged, after.database, log)
