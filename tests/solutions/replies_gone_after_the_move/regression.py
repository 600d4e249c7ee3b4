"""Would have caught replies_gone_after_the_move."""

from contextlib import closing

from store import Store
from tests.desk import AGENT, DeskTest


class Replay(DeskTest):
    def test_comments_are_what_their_events_say(self):
        self.desk.new_ticket()
        for internal in (True, False):
            self.desk.post("/tickets/1/comments", {"body": "Hello", "internal": internal}, AGENT)
        with closing(Store(str(self.desk.database), read_only=True)) as store:
            self.assertEqual([difference for _, difference in store.verify() if difference], [])
