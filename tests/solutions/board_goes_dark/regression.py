"""Would have caught board_goes_dark."""

from tests.desk import DeskTest
from tests.listeners import SocketClient


class Board(DeskTest):
    def test_a_message_on_the_socket_is_whole_in_every_language(self):
        board = SocketClient(self.desk.port)
        self.addCleanup(board.close)
        for title in ("plain", "Zażółć 👍"):
            self.desk.new_ticket(title=title)
            _, message = board.receive_frame()
            self.assertIn(title.encode(), message)
            self.assertEqual(message[-1:], b"}", message)
