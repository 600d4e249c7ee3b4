"""Other fixes: (file, planted text, replacement)."""

PAYLOAD = "payload = data.encode() if isinstance(data, str) else data"
SIZE = "size, first = len(data), FIN | opcode"

# the text becomes bytes first, and has no characters any more
OTHER = (("web/websocket.py", PAYLOAD, "data = payload = data.encode() if isinstance(data, str) else data"),)
# a letter beyond ASCII has two bytes; an emoji has four
LAZY = (
    (
        "web/websocket.py",
        SIZE,
        """size, first = len(data), FIN | opcode
    if isinstance(data, str):
        size += sum(not letter.isascii() for letter in data)""",
    ),
)
# the messages of the board are bytes; the echo is still text
INCOMPLETE = (
    (
        "web/live.py",
        "return render(Opcode.TEXT, encode(facts))",
        "return render(Opcode.TEXT, encode(facts).encode())",
    ),
)
# the same with escapes of JSON: the echo is not JSON of the desk
WRONG_ESCAPES = (
    ("web/live.py", "return render(Opcode.TEXT, encode(facts))", "return render(Opcode.TEXT, json.dumps(facts))"),
)
# the length is right, but the text is damaged
WRONG_REPLACE = (("web/websocket.py", PAYLOAD, PAYLOAD.replace("encode()", 'encode("ascii", "replace")')),)
# the right bytes are counted after the form of the length was chosen by the characters
WRONG_FORM = (
    (
        "web/websocket.py",
        "        return bytes((first, size)) + payload\n",
        "        return bytes((first, len(payload) & 127)) + payload\n",
    ),
    ("web/websocket.py", "size.to_bytes(EXTENDED[marker][0]", "len(payload).to_bytes(EXTENDED[marker][0]"),
)
# what is longer than its characters is not sent
SWITCHED_OFF = (
    (
        "web/websocket.py",
        SIZE,
        """size, first = len(data), FIN | opcode
    if len(payload) > size:
        return b\"\"""",
    ),
)
SEEN_BY = "tests.test_websocket.Rendering.test_text_is_sent_as_utf8"
# the test in SEEN_BY looks at one layer only: a fix in another one need not pass it
KEPT_BY = ""
