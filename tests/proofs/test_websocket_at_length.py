"""WebSocket messages in a hundred thousand pieces, and every code that a close frame can have."""

import unittest

from tests.test_websocket import BINARY, CLOSE, CONTINUATION, TEXT, close, fragment, frame, read, single_bytes
from web.websocket import Message


class Reading(unittest.TestCase):
    def test_many_small_chunks_or_fragments_make_one_message(self):
        stream = frame(TEXT, b"a" * 200_000)
        self.assertEqual(read(*single_bytes(stream)), [Message(TEXT, "a" * 200_000)])
        stream = fragment(BINARY) + fragment(CONTINUATION, b"a") * 100_000 + frame(CONTINUATION)
        self.assertEqual(read(stream), [Message(BINARY, b"a" * 100_000)])


class Closing(unittest.TestCase):
    def test_only_codes_that_may_be_sent_are_accepted(self):
        outcomes = {code: read(close(code)) for code in range(65_536)}
        accepted = {code for code, outcome in outcomes.items() if outcome == [Message(CLOSE, "", code)]}
        self.assertEqual(accepted, {1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)})
        self.assertTrue(all(outcomes[code] == [1002] for code in outcomes.keys() - accepted))
