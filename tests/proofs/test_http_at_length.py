"""Requests that are cut at every byte, and JSON of every depth."""

from tests import test_errors_and_headers, test_http
from tests.test_http import TICKET, WireTest, ask, chunked, chunks, create


class Cuts(test_http.Cuts):
    STEP = 1


class Pieces(WireTest):
    def test_requests_may_arrive_byte_by_byte(self):
        wire = self.wire()
        for byte in create() + chunked(chunks(TICKET)) + ask():
            wire.send(bytes([byte]))
            self.until_read()
        self.assertEqual([wire.answer().status for _ in range(3)], [201, 201, 200])


class DeepBodies(test_errors_and_headers.DeepBodies):
    DEPTHS = (*range(10, 200, 10), *range(850, 1020), 2000, 5000, 10_000, 50_000)
