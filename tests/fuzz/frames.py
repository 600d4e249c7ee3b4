"""WebSocket frames: web/websocket.py against a slow second reader, written from RFC 6455 and without state.

No exception but ProtocolError; the same messages and the same close code as the second reader, however the bytes are
cut; valid messages, in fragments and with control frames between them, come out as they were made.
"""

import struct

from tests.fuzz.fuzzer import BytesFuzzer, cuts, mutated
from web.websocket import MAX_MESSAGE, MessageReader, ProtocolError

TEXTS = ("", "a", "é", "€uro", "😀", "\U0010ffff", "\ufffe", "x" * 200, '{"_tag": "GetTickets"}')
SNIPPETS = (
    b"\x80", b"\x81\x80abcd", b"\x88\x80abcd", b"\x89\xfe\x00\x7eabcd", b"\x81\xfe\x00\x05abcd12345", b"\xc1\x80abcd",
    b"\x81\xff\x00\x00\x00\x00\x00\x00\x00\x05", b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff", b"\x83\x80abcd", b"\0",
    b"\x82\xff\x00\x00\x00\x00\x00\x20\x00\x00abcd", b"\x01\x80abcd", b"\x00\x80abcd", b"\xff",
    b"\x88\x82\0\0\0\0\x03\xed",
    b"\x88\x81\0\0\0\0x", b"\x88\x84\0\0\0\0\x03\xe8\xc3\x28", b"\x81\x82\0\0\0\0\xed\xa0",
    b"\x01\x81\0\0\0\0\xf0", b"\xe2", b"\x01\x82\0\0\0\0\xed\xa0",
)  # fmt: skip
CONTROL_PAYLOADS = {8: (b"", b"\x03\xe8", b"\x0b\xb8bye \xc3\xa9"), 9: (b"", b"ping" * 31), 10: (b"", b"x")}


def frame(random, opcode: int, payload: bytes, is_final: bool) -> bytes:
    size, mask = len(payload), random.randbytes(4)
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    if size < 126:
        length = bytes([0x80 | size])
    else:
        length = b"\xfe" + struct.pack(">H", size) if size < 65_536 else b"\xff" + struct.pack(">Q", size)
    return bytes([opcode | 0x80 * is_final]) + length + mask + masked


def second_reader(data: bytes):
    """(messages, close code of the error or None): reads the whole data at once, with positions in place of states."""
    at, messages, opened, so_far = 0, [], None, b""
    while at + 2 <= len(data):
        first, second = data[at], data[at + 1]
        is_final, opcode, size = bool(first & 0x80), first & 15, second & 0x7F
        is_control = opcode >= 8
        if first & 0x70 or opcode not in (0, 1, 2, 8, 9, 10) or not second & 0x80:
            return messages, 1002
        if is_control and (size > 125 or not is_final):
            return messages, 1002
        width = {126: 2, 127: 8}.get(size, 0)
        begin = at + 2 + width + 4
        if begin > len(data):
            break
        if width:
            size = int.from_bytes(data[at + 2 : at + 2 + width], "big")
            if size < {2: 126, 8: 65_536}[width] or size >> 63:
                return messages, 1002
        payload = data[begin : begin + size]
        payload = bytes(byte ^ data[begin - 4 + index % 4] for index, byte in enumerate(payload))
        is_whole = begin + size <= len(data)
        at = begin + size
        if is_control:
            if not is_whole:
                break
            if opcode == 8:
                return close(messages, payload)
            messages.append((opcode, payload, None))
            continue
        if (opcode == 0) == (opened is None):
            return messages, 1002
        opened = opened or opcode
        if len(so_far) + size > MAX_MESSAGE:
            return messages, 1009
        so_far += payload
        if opened == 1 and not is_text(so_far, is_final and is_whole):
            return messages, 1007
        if is_whole and is_final:
            messages.append((opened, so_far.decode() if opened == 1 else so_far, None))
            opened, so_far = None, b""
    return messages, None


def close(messages, payload):
    """Appends the message of a close frame. An error in it has a code of its own."""
    code = int.from_bytes(payload[:2], "big") if payload else 1005
    may_be_sent = code in (1000, 1001, 1002, 1003) or 1007 <= code <= 1014 or 3000 <= code <= 4999
    if payload and (len(payload) == 1 or not may_be_sent):
        return messages, 1002
    if not is_text(payload[2:], True):
        return messages, 1007
    return [*messages, (8, payload[2:].decode(), code)], None


def is_text(data: bytes, is_end: bool) -> bool:
    """Whether it is UTF-8, or can still become it."""
    try:
        data.decode()
    except UnicodeDecodeError as problem:
        return not is_end and problem.reason == "unexpected end of data"
    return True


def read(pieces):
    reader, messages = MessageReader(), []
    for piece in pieces:
        reader.receive(piece)
        try:
            while (message := reader.next_message()) is not None:
                messages.append((int(message.opcode), message.data, message.code))
        except ProtocolError as problem:
            return messages, problem.code
    return messages, None


class Frames(BytesFuzzer):
    def make(self, random):
        frames, expected = [], []
        for _ in range(random.randint(1, 4)):
            opcode = random.choice((1, 2))
            text = "é" * 33_000 if random.random() < 0.01 else random.choice(TEXTS)
            payload = text.encode() if opcode == 1 else random.randbytes(random.choice((0, 3, 125, 126, 4000)))
            count = random.randint(1, 4)
            borders = sorted(random.randint(0, len(payload)) for _ in range(count - 1))
            for index, (start, end) in enumerate(zip([0, *borders], [*borders, len(payload)])):
                frames.append(frame(random, opcode if index == 0 else 0, payload[start:end], index == count - 1))
                if random.random() < 0.3 and index < count - 1:
                    control = random.choice((9, 10))
                    inner = random.choice(CONTROL_PAYLOADS[control])
                    frames.append(frame(random, control, inner, True))
                    expected.append((control, inner, None))
            expected.append((opcode, text if opcode == 1 else payload, None))
        if random.random() < 0.2:
            reason = random.choice(CONTROL_PAYLOADS[8])
            frames.append(frame(random, 8, reason, True) + random.randbytes(3))
            expected.append((8, reason[2:].decode(), int.from_bytes(reason[:2], "big") if reason else 1005))
        if random.random() < 0.3:
            return b"".join(frames), expected
        frames.insert(random.randint(0, len(frames)), random.choice(SNIPPETS))
        data = b"".join(frames)
        return (mutated(random, data, SNIPPETS) if random.random() < 0.5 else data), None

    def check(self, case) -> None:
        data, expected = case
        wanted = second_reader(data)
        for pieces in cuts(data):
            found = read(pieces)
            assert found == wanted, f"not what the second reader reads: {found!r:.500} instead of {wanted!r:.500}"
        assert expected is None or wanted == (expected, None), f"not as made: {wanted!r:.500}"
