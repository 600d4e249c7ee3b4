"""Other fixes: (file, planted text, replacement)."""

# the desk's own messages are bytes before they are packed
OTHER = (
    (
        "web/live.py",
        "return render(Opcode.TEXT, _encode(facts))",
        "return render(Opcode.TEXT, _encode(facts).encode())",
    ),
)
# the length is right, the words are not
LAZY = (
    (
        "web/websocket.py",
        "payload = data.encode() if isinstance(data, str) else data",
        'payload = data.encode("ascii", "replace") if isinstance(data, str) else data',
    ),
)
SEEN_BY = "tests.test_websocket.Rendering.test_text_goes_out_as_utf8"
