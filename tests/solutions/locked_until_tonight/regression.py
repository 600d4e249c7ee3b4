"""Would have caught locked_until_tonight."""

import time

from tests.desk import AGENT, Desk, DeskTest

BOB = {"X-User-Id": "bob", "X-User-Role": "agent"}


class Clock(DeskTest):
    def test_a_lock_of_a_wrong_clock_ends_soon_after_the_clock_is_right(self):
        desk = Desk(DEBUG="true")
        self.addCleanup(desk.stop)
        desk.new_ticket()
        desk.request("PUT", "/debug/clock", {"advance": "3h"})
        desk.post("/tickets/1/lock", {}, AGENT)
        desk.request("DELETE", "/debug/clock")
        ends = time.monotonic() + 3
        while (status := desk.patch("/tickets/1", {"title": "Mine"}, BOB).status) == 423 and time.monotonic() < ends:
            pass
        self.assertEqual(status, 200)
