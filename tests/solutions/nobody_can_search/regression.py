"""Would have caught nobody_can_search."""

from concurrent.futures import ThreadPoolExecutor

from tests.desk import TIMEOUT, Client
from tests.test_llm import LLMTest, hangs


class Lanes(LLMTest):
    def draft(self, _):
        client = Client()
        client.port = self.desk.port
        try:
            return client.post("/tickets/1/draft", {}).status
        finally:
            client.hang_up()

    def test_a_search_is_answered_while_four_drafts_are_written(self):
        self.desk.new_ticket()
        self.stub.act = hangs
        with ThreadPoolExecutor(4) as others:
            drafts = others.map(self.draft, range(4))
            for _ in range(4):
                self.assertTrue(self.stub.arrived.acquire(timeout=TIMEOUT))
            with self.desk.connect() as sock:
                sock.settimeout(2)
                sock.sendall(b"GET /tickets?search=login HTTP/1.1\r\nHost: localhost\r\n\r\n")
                try:
                    found = sock.recv(12)
                except TimeoutError:
                    found = b"no answer"
            self.stub.release.set()
            self.assertEqual(found, b"HTTP/1.1 200")
            self.assertEqual(list(drafts), [201] * 4)
