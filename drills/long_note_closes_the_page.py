"""From the train, saving a long ticket ends the live page; from the office the same text is saved.

"I write three paragraphs, press Save, and the page says that the connection was closed: text must be UTF-8. My text is
plain English. A short text can be saved, sometimes. In the office all of it works, also the very same ticket, so our IT
says that it is the network of the train."
"""

import json
import time

STARS = 4
FAMILY = ""
SECTION = "Realtime"
FILE = "web/websocket.py"
CLEAN = """                length -= len(data)
                offset = len(data) % 4
                mask = mask[offset:] + mask[:offset]
"""
PLANTED = """                length -= len(data)
"""
HINTS = (
    "Send one CreateTicket message to /ws in two pieces: all bytes of the frame but the last fifty, a pause, and the "
    "rest. Then cut at another place, and another. At which places does it work?",
    "A client masks each byte of a frame with one of four bytes of a key, in turn (RFC 6455, 5.3). What must a server "
    "know about the first piece to unmask the second one?",
    "Read the loop `while length` in MessageReader._read_messages, in web/websocket.py. With which byte of the mask "
    "does each piece begin?",
)
EXPLANATION = """
The bytes of a frame are unmasked as they arrive, with a key of four bytes that repeats. Each piece began with the first
byte of the key again. That is right only if the pieces before it had a multiple of four bytes. On a fast line a frame
arrives at once, in one piece; on a slow one it is cut anywhere (partial reads). TCP is a stream of bytes: how they are
cut into reads means nothing, and each parser must give the same result for every cut. Test a parser with every cut: the
whole, two pieces at each place, and one byte at a time.
"""
PROVENANCE = (
    "CWE-682: Incorrect Calculation",
    "RFC 6455, 5.3: how a client masks its frames",
    "boostorg/beast#1061: the mask is turned the wrong way after a first piece of 291 bytes",
    "pocoproject/poco#4838: an odd number of bytes in a read uses the wrong bytes of the mask",
    "ninenines/cowboy#552 and uNetworking/uWebSockets#1407: frames split across packets",
)
AGENT = {"X-User-Id": "agent-1", "X-User-Role": "agent"}


def frame(lab, message: dict, opcode: int = 0x81) -> bytes:
    """One masked frame with this message as JSON; its text is longer than 125 bytes and shorter than 64 KiB."""
    payload = json.dumps(message, ensure_ascii=False).encode()
    mask = bytes(lab.random.randrange(1, 256) for _ in range(4))
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return bytes([opcode, 0x80 | 126]) + len(payload).to_bytes(2, "big") + mask + masked


def check(lab):
    desk = lab.desk()

    def saved(name, *cuts):
        """Whether a ticket whose frame is cut at these places is saved as it was sent, and told to its sender."""
        title, text = lab.word(), f"{name} é {lab.word(6)} " + "day and night " * 20 + "x"
        data = frame(lab, {"_tag": "CreateTicket", "ticket": {"title": title, "description": text}})
        client = desk.websocket(headers=AGENT)
        start = 0
        for end in (*cuts, len(data)):
            client.send_bytes(data[start:end])
            start = end
            time.sleep(0.03)  # so that the desk reads this piece before the next one arrives
        told = client.until(lambda message: message.get("_tag") == "TicketCreated" or "closed" in message, 2) or {}
        client.close()
        rows = desk.rows("SELECT description FROM tickets WHERE title = ?", (title,))
        return told.get("ticket", {}).get("title") == title and rows == [(text,)]

    yield "a long ticket that arrives in one piece is saved", True, saved("whole")
    yield "a ticket is saved if the first piece ends inside the head of the frame", True, saved("head", 5)
    for rest in range(4):
        place = 8 + 4 * lab.random.randrange(5, 40) + rest
        name = f"in two pieces, the first one with {rest} bytes more than a multiple of four"
        yield f"a ticket is saved if it arrives {name}", True, saved(name, place)
    first, second = 8 + 4 * lab.random.randrange(5, 20) + 1, 8 + 4 * lab.random.randrange(25, 40) + 3
    yield "a ticket is saved if it arrives in three pieces", True, saved("three", first, second)
    cuts = (first, first + 1, first + 2)
    yield "a ticket is saved if it arrives in four pieces, two of them of one byte", True, saved("bytes", *cuts)
    client = desk.websocket(headers=AGENT)
    client.send_frame(1, b'{"_tag": "CreateTicket", "ticket": {"title": "\xff"}}')
    closed = client.until(lambda message: "closed" in message, 2)
    yield "a text that is not UTF-8 still closes the socket with 1007", {"closed": 1007}, closed
