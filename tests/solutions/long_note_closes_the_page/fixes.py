"""Other fixes: (file, planted text, replacement)."""

READ = "data = yield from self._read(length, at_least=1)"
ADD = """                partial.add(unmask(data, mask))
                length -= len(data)
"""

# takes each frame as a whole
OTHER = (("web/websocket.py", READ, "data = yield from self._read(length, at_least=length)"),)
# ignores what is not UTF-8
LAZY = (
    ("web/websocket.py", "            self._decoder.decode(data)\n", "            pass\n"),
    ("web/websocket.py", "self.data.decode() if self._decoder", 'self.data.decode(errors="ignore") if self._decoder'),
)
# turns the mask the wrong way: right for pieces with an even number of bytes
INCOMPLETE = (
    (
        "web/websocket.py",
        ADD,
        ADD + "                offset = len(data) % 4\n                mask = mask[-offset:] + mask[:-offset]\n",
    ),
)
# a frame must come in one piece
SWITCHED_OFF = (
    (
        "web/websocket.py",
        ADD,
        ADD + '                if length:\n                    raise ProtocolError("send it at once", TOO_BIG)\n',
    ),
)
# waits for four bytes at least, but takes as many as there are
WRONG_FOUR = (("web/websocket.py", READ, "data = yield from self._read(length, at_least=min(4, length))"),)
SEEN_BY = "tests.test_websocket.Reading.test_the_mask_goes_on_where_the_last_piece_has_ended"
