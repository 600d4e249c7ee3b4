"""Would have caught wallboard_has_gaps."""

from tests.desk import DeskTest
from tests.listeners import EventReader


class Return(DeskTest):
    def listen(self, **headers):
        reader = EventReader(self.desk.port, {name.replace("_", "-"): text for name, text in headers.items()})
        self.addCleanup(reader.close)
        return reader

    def test_whoever_comes_back_hears_the_next_event_first(self):
        for _ in range(3):
            self.desk.new_ticket()
        other = self.listen()
        self.desk.new_ticket()
        self.assertEqual(other.next_event()["id"], "4")
        self.assertEqual(self.listen(Last_Event_ID="1").next_event()["id"], "2")
