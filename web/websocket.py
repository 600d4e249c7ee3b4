"""WebSocket by RFC 6455: handshake → response, bytes → messages, messages → frames. Pure: no I/O.

Only the server's side: frames from the client must be masked, frames to the client are not. There are no
extensions. If a client breaks a rule, the reader raises ProtocolError; the caller sends the close frame
for it and ends the connection (7.1.7). Numbers in brackets are sections of RFC 6455.
"""

import re
from base64 import b64encode
from codecs import getincrementaldecoder
from enum import IntEnum
from hashlib import sha1
from itertools import count
from typing import NamedTuple

from web.http1 import MAX_BODY, BadRequest, Request, Response

MAX_MESSAGE = MAX_BODY  # bytes, in one frame or in many
FRAMES_AT_ONCE = 64  # of one client, before other clients have their turn
MAX_CONTROL = 125  # bytes in the payload of a control frame (5.5)

VERSION = "13"
SUBPROTOCOL = "desk"
UPGRADE = {"upgrade": "websocket", "connection": "upgrade"}  # tokens that these headers must list, in any case
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # a constant of the protocol (1.3)
KEY = re.compile(r"[A-Za-z0-9+/]{22}==")  # 16 bytes in base64

FIN, RESERVED, MASKED = 0x80, 0x70, 0x80
EXTENDED = {126: (2, 126), 127: (8, 65_536)}  # 7-bit length: bytes of the extended length, and its minimum (5.2)


class Opcode(IntEnum):
    """The type of a frame (5.2); all other numbers are reserved."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


OPCODES = {opcode.value: opcode for opcode in Opcode}
CONTROL = {Opcode.CLOSE, Opcode.PING, Opcode.PONG}

GOING_AWAY, PROTOCOL_ERROR, NO_STATUS, INVALID_DATA, TOO_BIG = 1001, 1002, 1005, 1007, 1009
INTERNAL_ERROR, TRY_LATER = 1011, 1013
# Codes that a close frame may have: 7.4 and IANA's registry. 1004 to 1006 and 1015 are never sent.
CLOSE_CODES = {*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)}


class ProtocolError(Exception):
    """The client broke a rule: close the connection with this `code`, and str() as the reason."""

    def __init__(self, reason: str, code: int = PROTOCOL_ERROR):
        super().__init__(reason)
        self.code = code


class Message(NamedTuple):
    """A whole TEXT or BINARY message of the client, or one control frame.

    `data` is str for TEXT, the reason (str) for CLOSE, bytes for the others. Only CLOSE has a `code`:
    NO_STATUS if the frame had none.
    """

    opcode: Opcode
    data: str | bytes
    code: int | None = None


def accept(request: Request) -> Response:
    """The 101 response to an opening handshake (4.2). Raises BadRequest, 426 if it is no handshake of version 13."""
    is_upgrade = all(token in map(str.lower, _list_items(request, name)) for name, token in UPGRADE.items())
    if not is_upgrade or request.method != "GET" or request.version < (1, 1):
        raise _upgrade_required("this address speaks WebSocket: open it with a WebSocket client")
    if request.headers.get("sec-websocket-version") != VERSION:
        raise _upgrade_required(f"this server speaks version {VERSION} of WebSocket")
    key = request.headers.get("sec-websocket-key", "")
    if not KEY.fullmatch(key):
        raise BadRequest(400, "BAD_REQUEST", "Sec-WebSocket-Key must be 16 random bytes in base64")
    accept_key = b64encode(sha1((key + GUID).encode(), usedforsecurity=False).digest()).decode()
    headers = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept_key)]
    if SUBPROTOCOL in offered_protocols(request):
        headers.append(("Sec-WebSocket-Protocol", SUBPROTOCOL))
    return Response(101, headers=tuple(headers))


def offered_protocols(request: Request) -> list[str]:
    """The subprotocols that the client offers, the preferred one first; one may carry a bearer token."""
    return _list_items(request, "sec-websocket-protocol")


def _list_items(request, name):
    """The items of a list header (RFC 9110, 5.6.1)."""
    return [item.strip() for item in request.headers.get(name, "").split(",") if item.strip()]


def _upgrade_required(message):
    """426 with the headers it needs: Upgrade (RFC 9110, 15.5.22), Connection (7.8) and the version (4.4)."""
    headers = ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", VERSION)
    return BadRequest(426, "UPGRADE_REQUIRED", message, *headers)


class MessageReader:
    """Takes bytes, returns messages and control frames in the order in which they are complete.

    After a close frame or a ProtocolError there is no next message: later bytes are ignored (5.5.1).
    """

    def __init__(self):
        self._buffer, self._partial = bytearray(), None  # _partial: the message whose fragments are arriving
        self._messages = self._read_messages()  # a generator: yields None when it needs more bytes
        self.is_paused = False  # next_message() has returned None to let other clients have their turn

    @property
    def unread(self) -> int:
        """Bytes received that are not part of a returned message."""
        return len(self._buffer) + (len(self._partial.data) if self._partial else 0)

    def receive(self, data: bytes) -> None:
        self._buffer += data

    def close(self) -> None:
        """Read no more, and forget everything."""
        self._messages.close()
        self._buffer, self._partial = bytearray(), None

    def next_message(self) -> Message | None:
        """The next message, None when more bytes are needed or after a pause. Raises ProtocolError."""
        self.is_paused = False
        try:
            return next(self._messages, None)
        except UnicodeDecodeError:
            raise ProtocolError("text must be UTF-8", INVALID_DATA) from None

    def _read_messages(self):
        for number in count(1):
            if number % FRAMES_AT_ONCE == 0:
                self.is_paused = True
                yield None
            is_final, opcode, length, mask = yield from self._read_frame_head()
            if opcode in CONTROL:  # it may come between the fragments of a message (5.4)
                yield _control_message(opcode, unmask((yield from self._read(length, at_least=length)), mask))
                if opcode is Opcode.CLOSE:
                    return
                continue
            if (opcode is Opcode.CONTINUATION) != (self._partial is not None):
                raise ProtocolError("a fragmented message goes on with continuation frames, and nothing else does")
            self._partial = partial = self._partial or PartialMessage(opcode)
            if len(partial.data) + length > MAX_MESSAGE:
                raise ProtocolError(f"a message may have {MAX_MESSAGE} bytes", TOO_BIG)
            while length:  # decode bytes as they arrive: invalid text is an error before the message ends (8.1)
                data = yield from self._read(length, at_least=1)
                partial.add(unmask(data, mask))
                length -= len(data)
                offset = len(data) % 4
                mask = mask[offset:] + mask[:offset]
            if is_final:
                self._partial = None
                yield partial.finish()

    def _read_frame_head(self):
        """Returns whether the frame ends its message, its opcode, payload length in bytes, and masking key (5.2)."""
        while len(self._buffer) < 2:
            yield None
        first, second = self._buffer[:2]
        opcode, length = OPCODES.get(first & 0x0F), second & 0x7F
        if first & RESERVED or opcode is None:
            raise ProtocolError("the reserved bits must be 0, the opcode one that RFC 6455 defines")
        if not second & MASKED:
            raise ProtocolError("a client must mask its frames")
        if opcode in CONTROL and (length > MAX_CONTROL or not first & FIN):
            raise ProtocolError(f"a control frame has one part and at most {MAX_CONTROL} bytes")
        width, minimum = EXTENDED.get(length, (0, 0))
        rest = (yield from self._read(6 + width, at_least=6 + width))[2:]
        if width:
            length = int.from_bytes(rest[:width], "big")
            if not minimum <= length < 1 << 63:
                raise ProtocolError("a length must be written in the fewest bytes, its first bit 0")
        return bool(first & FIN), opcode, length, rest[width:]

    def _read(self, size, *, at_least):
        """Waits for `at_least` bytes, then takes up to `size` of them from the buffer."""
        while len(self._buffer) < at_least:
            yield None
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken


class PartialMessage:
    """A message that is not complete yet. A text raises UnicodeDecodeError at the first byte that is not UTF-8."""

    def __init__(self, opcode: Opcode):
        self.opcode, self.data = opcode, bytearray()
        self._decoder = getincrementaldecoder("utf-8")() if opcode is Opcode.TEXT else None

    def add(self, data: bytes) -> None:
        self.data += data
        if self._decoder:
            self._decoder.decode(data)
            incomplete, _ = self._decoder.getstate()
            if b"\xed\xa0" <= incomplete < b"\xee":  # a surrogate: Python would wait for its third byte
                incomplete.decode()

    def finish(self) -> Message:
        return Message(self.opcode, self.data.decode() if self._decoder else bytes(self.data))


def unmask(payload: bytes, mask: bytes) -> bytes:
    """XOR of the payload and the repeated mask (5.3), as two big integers: 20 times as fast as byte by byte."""
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(size, "little")


def _control_message(opcode, payload):
    """The message of a control frame. A close frame is empty, or has a code and perhaps a reason (5.5.1)."""
    if opcode is not Opcode.CLOSE:
        return Message(opcode, payload)
    if not payload:
        return Message(opcode, "", NO_STATUS)
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or code not in CLOSE_CODES:
        raise ProtocolError("a close frame starts with a code that may be sent")
    return Message(opcode, payload[2:].decode(), code)


def render(opcode: Opcode, data: str | bytes) -> bytes:
    """One whole message or control frame, not masked, as a server must send it (5.1); text is sent as UTF-8."""
    payload = data.encode() if isinstance(data, str) else data
    size, first = len(payload), FIN | opcode
    if size <= MAX_CONTROL:
        return bytes((first, size)) + payload
    if opcode in CONTROL:
        raise ValueError(f"a control frame holds at most {MAX_CONTROL} bytes")
    marker = 126 if size < 65_536 else 127
    return bytes((first, marker)) + size.to_bytes(EXTENDED[marker][0], "big") + payload


def render_close(code: int, reason: str = "") -> bytes:
    """A close frame; a long reason is cut. NO_STATUS makes an empty frame, to reply to an empty one."""
    if code == NO_STATUS:
        return render(Opcode.CLOSE, b"")
    if code not in CLOSE_CODES:
        raise ValueError(f"close code {code} must not be sent")
    short_reason = reason.encode()[: MAX_CONTROL - 2].decode(errors="ignore")  # drops a character that is cut in half
    return render(Opcode.CLOSE, code.to_bytes(2, "big") + short_reason.encode())
