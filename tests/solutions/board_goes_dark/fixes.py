"""Other fixes: (file, planted text, replacement)."""

# the text is encoded before the frame is built
OTHER = (
    (
        "web/live.py",
        "return render(Opcode.TEXT, encode(facts))",
        "return render(Opcode.TEXT, encode(facts).encode())",
    ),
)
# the length is right, but the text is damaged
LAZY = (
    (
        "web/websocket.py",
        "payload = data.encode() if isinstance(data, str) else data",
        'payload = data.encode("ascii", "replace") if isinstance(data, str) else data',
    ),
)
SEEN_BY = "tests.test_websocket.Rendering.test_text_is_sent_as_utf8"
