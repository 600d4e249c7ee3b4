"""Would have caught audit_button_turns_for_ever."""

import threading
import unittest
from collections import deque

from web.handler import Job
from web.workers import WorkerPool


class Limit(unittest.TestCase):
    def test_a_pool_does_not_take_a_thousand_jobs(self):
        release, finished = threading.Event(), deque()
        pool = WorkerPool(1, finished, lambda: None)
        self.addCleanup(release.set)
        for _ in range(1000):
            pool.start(Job(None, None, release.wait, "audits"))
        self.assertGreater(len(finished), 100)
