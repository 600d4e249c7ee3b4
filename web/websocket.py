"""WebSocket on paper: handshake → answer, bytes → messages, messages → frames, by RFC 6455. Pure.

The server's side only: what arrives must be masked, what leaves is not. No extension is ever
negotiated. Where a client breaks a rule the reader raises ProtocolError; its caller sends the close
frame for it and ends the connection (7.1.7). Numbers in brackets are sections of RFC 6455.
"""

import re
from base64 import b64encode
from codecs import getincrementaldecoder
from enum import IntEnum
from hashlib import sha1
from typing import NamedTuple

from web.http1 import MAX_BODY, BadRequest, Request, Response

MAX_MESSAGE = MAX_BODY  # bytes, however many frames they come in
MAX_CONTROL = 125  # bytes in the payload of a control frame (5.5)

VERSION = "13"
SUBPROTOCOL = "desk"
UPGRADE = {"upgrade": "websocket", "connection": "upgrade"}  # what these headers must list, in any case
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # the same in every handshake of the world (1.3)
KEY = re.compile(r"[A-Za-z0-9+/]{22}==")  # 16 bytes in base64

FIN, RESERVED, MASKED = 0x80, 0x70, 0x80
EXTENDED = {126: (2, 126), 127: (8, 65_536)}  # 7-bit length: the bytes of the real one, and its least value (5.2)


class Opcode(IntEnum):
    """What a frame is (5.2); all other numbers are reserved."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


OPCODES = {opcode.value: opcode for opcode in Opcode}
CONTROL = {Opcode.CLOSE, Opcode.PING, Opcode.PONG}

GOING_AWAY, PROTOCOL_ERROR, NO_STATUS, INVALID_DATA, TOO_BIG, TRY_LATER = 1001, 1002, 1005, 1007, 1009, 1013
# What a close frame may say: 7.4 and IANA's registry. 1004 to 1006 and 1015 never travel.
CLOSE_CODES = {*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)}


class ProtocolError(Exception):
    """The client broke a rule; close with this `code`, and str() as the reason."""

    def __init__(self, reason: str, code: int = PROTOCOL_ERROR):
        super().__init__(reason)
        self.code = code


class Message(NamedTuple):
    """What the client said: a whole TEXT or BINARY message, or one control frame.

    `data` is str for TEXT, the reason (str) for CLOSE, bytes for the others. `code` is CLOSE's alone,
    NO_STATUS where the frame had none.
    """

    opcode: Opcode
    data: str | bytes
    code: int | None = None


def accept(request: Request) -> Response:
    """The 101 to an opening handshake (4.2). Raises BadRequest: 426 where it is none, or of another version than 13."""
    is_upgrade = all(token in map(str.lower, _elements(request, name)) for name, token in UPGRADE.items())
    if not is_upgrade or request.method != "GET" or request.version < (1, 1):
        raise _upgrade_required("this address speaks WebSocket: open it with a WebSocket client")
    if request.headers.get("sec-websocket-version") != VERSION:
        raise _upgrade_required(f"this server speaks version {VERSION} of WebSocket")
    key = request.headers.get("sec-websocket-key", "")
    if not KEY.fullmatch(key):
        raise BadRequest(400, "BAD_REQUEST", "Sec-WebSocket-Key must be 16 random bytes in base64")
    proof = b64encode(sha1((key + GUID).encode(), usedforsecurity=False).digest()).decode()
    headers = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", proof)]
    if SUBPROTOCOL in offered_protocols(request):
        headers.append(("Sec-WebSocket-Protocol", SUBPROTOCOL))
    return Response(101, headers=tuple(headers))


def offered_protocols(request: Request) -> list[str]:
    """The subprotocols that the client offers, its favourite first; a token may be one of them."""
    return _elements(request, "sec-websocket-protocol")


def _elements(request, name):
    """The elements of a list header (RFC 9110, 5.6.1)."""
    return [element.strip() for element in request.headers.get(name, "").split(",") if element.strip()]


def _upgrade_required(message):
    """426 names the protocol (RFC 9110, 15.5.22), which Connection must name too (7.8), and the version (4.4)."""
    headers = ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", VERSION)
    return BadRequest(426, "UPGRADE_REQUIRED", message, *headers)


class MessageReader:
    """Collects bytes and hands out messages and control frames, in the order in which they end.

    After a close frame or a ProtocolError nothing counts (5.5.1): there is no next message.
    """

    def __init__(self):
        self._buffer = bytearray()
        self._steps = self._messages()

    @property
    def unread(self) -> int:
        """Bytes received and not looked at yet."""
        return len(self._buffer)

    def receive(self, data: bytes) -> None:
        self._buffer += data

    def next_message(self) -> Message | None:
        """The next message, None when more bytes are needed, ProtocolError when they break a rule."""
        try:
            return next(self._steps, None)
        except UnicodeDecodeError:
            raise ProtocolError("text must be UTF-8", INVALID_DATA) from None

    def _messages(self):
        draft, opcode = None, None  # draft: the message whose fragments are under way
        while opcode is not Opcode.CLOSE:
            is_final, opcode, length, mask = yield from self._head()
            if opcode in CONTROL:  # also between the fragments of a message (5.4)
                yield _control(opcode, unmask((yield from self._up_to(length, at_least=length)), mask))
                continue
            if (opcode is Opcode.CONTINUATION) != (draft is not None):
                raise ProtocolError("a fragmented message goes on with continuation frames, and nothing else does")
            draft = draft or Draft(opcode)
            if len(draft.data) + length > MAX_MESSAGE:
                raise ProtocolError(f"a message may have {MAX_MESSAGE} bytes", TOO_BIG)
            while length:  # as it comes, so that what cannot be text is refused before its end (8.1)
                piece = yield from self._up_to(length, at_least=1)
                draft.add(unmask(piece, mask))
                length -= len(piece)
                turn = len(piece) % 4
                mask = mask[turn:] + mask[:turn]
            if is_final:
                yield draft.finish()
                draft = None

    def _head(self):
        """Whether a frame ends its message, its opcode, its payload's length in bytes, and its masking key (5.2)."""
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
        width, least = EXTENDED.get(length, (0, 0))
        rest = (yield from self._up_to(6 + width, at_least=6 + width))[2:]
        if width:
            length = int.from_bytes(rest[:width], "big")
            if not least <= length < 1 << 63:
                raise ProtocolError("a length must be written in the fewest bytes, its first bit 0")
        return bool(first & FIN), opcode, length, rest[width:]

    def _up_to(self, size, *, at_least):
        while len(self._buffer) < at_least:
            yield None
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken


class Draft:
    """A message that is not complete yet; a text is UTF-8 as far as it goes, or UnicodeDecodeError."""

    def __init__(self, opcode: Opcode):
        self.opcode, self.data = opcode, bytearray()
        self._decoder = getincrementaldecoder("utf-8")() if opcode is Opcode.TEXT else None

    def add(self, piece: bytes) -> None:
        self.data += piece
        if self._decoder:
            self._decoder.decode(piece)
            begun, _ = self._decoder.getstate()
            if b"\xed\xa0" <= begun < b"\xee":  # a surrogate, for whose third byte Python would wait
                begun.decode()

    def finish(self) -> Message:
        return Message(self.opcode, self.data.decode() if self._decoder else bytes(self.data))


def unmask(payload: bytes, mask: bytes) -> bytes:
    """Each byte XORed with its byte of the repeated mask (5.3), as two big integers: 20 times as fast as one by one."""
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(size, "little")


def _control(opcode, payload):
    """The message of a control frame; a close frame holds nothing, or a code and perhaps a reason (5.5.1)."""
    if opcode is not Opcode.CLOSE:
        return Message(opcode, payload)
    if not payload:
        return Message(opcode, "", NO_STATUS)
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or code not in CLOSE_CODES:
        raise ProtocolError("a close frame starts with a code that may be sent")
    return Message(opcode, payload[2:].decode(), code)


def render(opcode: Opcode, data: str | bytes) -> bytes:
    """One whole message or control frame, unmasked as a server's must be (5.1); text goes out as UTF-8."""
    payload = data.encode() if isinstance(data, str) else data
    size, first = len(payload), FIN | opcode
    if size <= MAX_CONTROL:
        return bytes((first, size)) + payload
    if opcode in CONTROL:
        raise ValueError(f"a control frame holds {MAX_CONTROL} bytes")
    marker = 126 if size < 65_536 else 127
    return bytes((first, marker)) + size.to_bytes(EXTENDED[marker][0], "big") + payload


def render_close(code: int, reason: str = "") -> bytes:
    """A close frame, its reason cut to what fits. NO_STATUS makes an empty one, as an answer to an empty one."""
    if code == NO_STATUS:
        return render(Opcode.CLOSE, b"")
    if code not in CLOSE_CODES:
        raise ValueError(f"close code {code} never travels")
    fitting = reason.encode()[: MAX_CONTROL - 2].decode(errors="ignore")  # no character is cut in half
    return render(Opcode.CLOSE, code.to_bytes(2, "big") + fitting.encode())
