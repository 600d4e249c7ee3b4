"""Would have caught long_note_closes_the_page."""

import unittest

from web.websocket import MessageReader


class Cuts(unittest.TestCase):
    def test_a_frame_may_be_cut_anywhere(self):
        mask, text = b"\x01\x02\x03\x04", b"Hello, this is a text"
        data = bytes([0x81, 0x80 | len(text)]) + mask + bytes(byte ^ mask[n % 4] for n, byte in enumerate(text))
        for cut in range(1, len(data)):
            reader = MessageReader()
            reader.receive(data[:cut])
            self.assertIsNone(reader.next_message())
            reader.receive(data[cut:])
            self.assertEqual(reader.next_message().data, text.decode(), f"cut at {cut}")
