"""Would have caught desk_freezes."""

import socket

from tests.test_llm import GOOD, LLMTest, says


class Meanwhile(LLMTest):
    def test_health_is_answered_while_the_llm_thinks(self):
        seen = []

        def asks_for_health(handler):
            with socket.create_connection(("127.0.0.1", self.desk.port), timeout=2) as sock:
                sock.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                try:
                    seen.append(sock.recv(12))
                except TimeoutError:
                    seen.append(b"no answer")
            says(GOOD)(handler)

        self.stub.act = asks_for_health
        self.assertEqual(self.classify().status, 200)
        self.assertEqual(seen, [b"HTTP/1.1 200"])
