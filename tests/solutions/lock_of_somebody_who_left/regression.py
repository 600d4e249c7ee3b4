"""Would have caught lock_of_somebody_who_left."""

from tests.desk import AGENT, DeskTest
from tests.listeners import CLOSE, SocketClient


class Leaving(DeskTest):
    def test_a_page_that_is_closed_holds_nothing(self):
        self.desk.new_ticket()
        page = SocketClient(self.desk.port, headers=AGENT)
        self.addCleanup(page.close)
        page.say("LockTicket", ticketId=1)
        self.assertEqual(page.hear()["_tag"], "TicketLocked")
        page.send(CLOSE, (1000).to_bytes(2, "big"))
        self.assertEqual(page.frame()[0], CLOSE)
        self.assertIsNone(self.desk.get("/tickets/1").json["locked_by"])
