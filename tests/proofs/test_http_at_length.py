"""Requests that are cut at every byte, and JSON of every depth."""

from tests import test_errors_and_headers, test_http
from tests.test_http import TICKET, WireTest, ask, chunked, chunks, create
from web import server


class Cuts(test_http.Cuts):
    STEP = 1


class Pieces(WireTest):
    def test_requests_may_arrive_byte_by_byte(self):
        wire = self.wire()
        for byte in create() + chunked(chunks(TICKET)) + ask():
            wire.send(bytes([byte]))
            self.until_read()
        self.assertEqual([wire.answer().status for _ in range(3)], [201, 201, 200])


class Unread(WireTest):
    def test_a_client_that_does_not_read_cannot_fill_the_desks_memory(self):
        self.desk.new_ticket(description="long " * 3000)
        wire = self.wire()
        wire.send(ask("GET /tickets HTTP/1.1") * 1000)
        for _ in range(60):
            self.until_read()
        answer = len(self.desk.get("/tickets").body) + 1000
        unread = max(len(handler.outbox) for handler in self.desk.server.handlers)
        self.assertLess(unread, server.OUTBOX + server.REQUESTS_AT_ONCE * answer)
        self.assertEqual({wire.answer().status for _ in range(1000)}, {200})


class DeepBodies(test_errors_and_headers.DeepBodies):
    DEPTHS = (*range(10, 200, 10), *range(850, 1020), 2000, 5000, 10_000, 50_000)
