"""Would have caught held_by_a_closed_tab."""

from tests.desk import AGENT, CUSTOMER, DeskTest
from tests.listeners import CLOSE, SocketClient


class ClosedTab(DeskTest):
    def test_a_lock_ends_with_the_socket_that_took_it(self):
        self.desk.new_ticket()
        client = SocketClient(self.desk.port, headers=AGENT)
        self.addCleanup(client.close)
        client.send_command("LockTicket", ticketId=1)
        self.assertEqual(client.receive()["_tag"], "TicketLocked")
        self.assertEqual(self.desk.patch("/tickets/1", {"title": "Mine"}, CUSTOMER).status, 423)
        client.send_frame(CLOSE, b"\x03\xe8")
        self.assertEqual(client.receive_frame()[0], CLOSE)
        self.assertEqual(self.desk.patch("/tickets/1", {"title": "Mine"}, CUSTOMER).status, 200)
