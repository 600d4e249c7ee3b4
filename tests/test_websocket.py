"""WebSocket by RFC 6455, without I/O: handshakes, frames whole and in parts, every rule a client can break."""

import struct
import unittest

from tests.listeners import masked
from web import websocket
from web.http1 import BadRequest, parse_head
from web.websocket import MAX_MESSAGE, Message, MessageReader, Opcode, ProtocolError, accept, render, render_close

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
HANDSHAKE = {
    "Host": "server.example.com",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}
MASK = bytes.fromhex("37fa213d")
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = Opcode
FIN, RSV1, RSV2, RSV3 = 0x80, 0x40, 0x20, 0x10


def request(line="GET /ws HTTP/1.1", **changes):
    """A request with the headers of an opening handshake; `changes` replaces some, or removes them with None."""
    fields = HANDSHAKE | {name.replace("_", "-"): value for name, value in changes.items()}
    return parse_head("\r\n".join([line, *(f"{name}: {value}" for name, value in fields.items() if value is not None)]))


def frame(opcode, payload=b"", *, first=None, length=None, mask=MASK):
    """A frame as a client sends it. A test may give it a wrong first byte or wrong bytes of length."""
    size = len(payload)
    if length is None and size > 125:
        length = struct.pack("!BH", 126, size) if size < 65_536 else struct.pack("!BQ", 127, size)
    length = length or bytes([size])
    head = bytes([FIN | opcode if first is None else first, 0x80 | length[0]]) + length[1:]
    return head + mask + masked(payload, mask)


def fragment(opcode, payload=b""):
    """A frame that does not end its message."""
    return frame(opcode, payload, first=opcode)


def close(code, reason=b""):
    return frame(CLOSE, code.to_bytes(2, "big") + reason)


def read(*chunks):
    """The messages in these chunks of a stream, and the close code of the error that ended it, if one did."""
    reader, messages = MessageReader(), []
    for chunk in chunks:
        reader.receive(chunk)
        try:
            while (message := reader.next_message()) or reader.is_paused:
                messages += [message] if message else []
        except ProtocolError as problem:
            return [*messages, problem.code]
    return messages


def single_bytes(stream):
    return [stream[index : index + 1] for index in range(len(stream))]


class Handshake(unittest.TestCase):
    def test_the_handshake_of_section_1_3_is_accepted(self):
        handshake = request(Origin="http://example.com", Sec_WebSocket_Protocol="chat, superchat")
        answer = accept(handshake)
        accept_key = ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        self.assertEqual(
            (answer.status, answer.headers), (101, (("Upgrade", "websocket"), ("Connection", "Upgrade"), accept_key))
        )

    def test_upgrade_and_connection_may_list_more_in_any_case(self):
        for changes in (
            {"Upgrade": "WebSocket"},
            {"Upgrade": "h2c, websocket"},
            {"Connection": "keep-alive, Upgrade"},
            {"Connection": "UPGRADE ,keep-alive"},
        ):
            self.assertEqual(accept(request(**changes)).status, 101, changes)

    def test_other_requests_get_426_with_the_headers_of_a_handshake(self):
        for line, changes in (
            ("GET /ws HTTP/1.1", {"Upgrade": None, "Connection": "keep-alive"}),
            ("GET /ws HTTP/1.1", {"Upgrade": None}),
            ("GET /ws HTTP/1.1", {"Upgrade": "h2c"}),
            ("GET /ws HTTP/1.1", {"Upgrade": "websockets"}),
            ("GET /ws HTTP/1.1", {"Connection": None}),
            ("GET /ws HTTP/1.1", {"Connection": "keep-alive"}),
            ("GET /ws HTTP/1.0", {}),
            ("POST /ws HTTP/1.1", {}),
            ("HEAD /ws HTTP/1.1", {}),
            ("GET /ws HTTP/1.1", {"Sec_WebSocket_Version": None}),
            ("GET /ws HTTP/1.1", {"Sec_WebSocket_Version": "8"}),
            ("GET /ws HTTP/1.1", {"Sec_WebSocket_Version": "13, 8"}),
            ("GET /ws HTTP/1.1", {"Sec_WebSocket_Version": "014"}),
        ):
            with self.subTest(line, **changes), self.assertRaises(BadRequest) as caught:
                accept(request(line, **changes))
            self.assertEqual(caught.exception.status, 426)
            self.assertLessEqual(
                {("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13")},
                set(caught.exception.headers),
            )

    def test_a_key_is_16_bytes_in_base64(self):
        for key in (
            None,
            "",
            "dGhlIHNhbXBsZSBub25jZQ",
            KEY[:-3] + "A=",
            "A" * 24,
            KEY + "=",
            f"{KEY}, {KEY}",
            "!" * 22,
        ):
            with self.subTest(key=key), self.assertRaises(BadRequest) as caught:
                accept(request(Sec_WebSocket_Key=key))
            self.assertEqual(caught.exception.status, 400)

    def test_only_the_subprotocol_desk_is_selected(self):
        for offered, selected in (
            (None, []),
            ("", []),
            ("chat", []),
            ("token.abc", []),
            ("Desk", []),
            ("desk", ["desk"]),
            ("desk, token.ey.Jh.bc", ["desk"]),
            ("token.ey.Jh.bc,desk", ["desk"]),
        ):
            headers = accept(request(Sec_WebSocket_Protocol=offered)).headers
            self.assertEqual([value for name, value in headers if name == "Sec-WebSocket-Protocol"], selected, offered)

    def test_the_offered_protocols_keep_their_case(self):
        handshake = request(Sec_WebSocket_Protocol="desk, token.eyJh.bC_-")
        self.assertEqual(websocket.offered_protocols(handshake), ["desk", "token.eyJh.bC_-"])
        self.assertEqual(websocket.offered_protocols(request()), [])

    def test_no_extension_is_negotiated(self):
        names = {name for name, _ in accept(request(Sec_WebSocket_Extensions="permessage-deflate")).headers}
        self.assertNotIn("Sec-WebSocket-Extensions", names)


class Reading(unittest.TestCase):
    def test_the_masked_frames_of_section_5_7_are_read(self):
        self.assertEqual(read(bytes.fromhex("818537fa213d7f9f4d5158")), [Message(TEXT, "Hello")])
        self.assertEqual(read(bytes.fromhex("8a8537fa213d7f9f4d5158")), [Message(PONG, b"Hello")])

    def test_messages_of_every_length_are_read(self):
        for size in (0, 1, 125, 126, 127, 65_535, 65_536, MAX_MESSAGE):
            data = bytes(range(256)) * (size // 256) + bytes(range(size % 256))
            self.assertEqual(read(frame(BINARY, data)), [Message(BINARY, data)], size)
            self.assertEqual(read(frame(TEXT, b"a" * size)), [Message(TEXT, "a" * size)], size)

    def test_a_ping_between_two_fragments_is_returned_before_the_message(self):
        stream = fragment(TEXT, b"Hel"), frame(PING, b"?"), frame(CONTINUATION, b"lo")
        self.assertEqual(read(*stream), [Message(PING, b"?"), Message(TEXT, "Hello")])

    def test_fragments_may_be_empty(self):
        self.assertEqual(read(fragment(TEXT), fragment(CONTINUATION), frame(CONTINUATION)), [Message(TEXT, "")])
        stream = fragment(BINARY), fragment(CONTINUATION, b"a"), frame(CONTINUATION)
        self.assertEqual(read(*stream), [Message(BINARY, b"a")])

    def test_a_character_may_be_split_over_fragments(self):
        stream = b"".join(fragment(CONTINUATION, data) for data in single_bytes("κόσμε €😀".encode()))
        self.assertEqual(read(fragment(TEXT) + stream + frame(CONTINUATION)), [Message(TEXT, "κόσμε €😀")])

    def test_any_mask_is_accepted(self):
        for mask in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\1"):
            self.assertEqual(read(frame(TEXT, b"Hello you", mask=mask)), [Message(TEXT, "Hello you")])

    def test_the_stream_may_be_split_anywhere(self):
        stream = (
            frame(TEXT, "Grüße".encode())
            + fragment(TEXT, "€".encode()[:2])
            + frame(PING, b"?")
            + fragment(CONTINUATION, "€😀".encode()[2:6])
            + frame(PONG)
            + frame(CONTINUATION, "😀!".encode()[3:])
            + frame(BINARY, bytes(200))
            + close(1000, "tschüß".encode())
        )
        whole = read(stream)
        self.assertEqual([message.opcode for message in whole], [TEXT, PING, PONG, TEXT, BINARY, CLOSE])
        self.assertEqual([message.data for message in whole if message.opcode == TEXT], ["Grüße", "€😀!"])
        for index in range(len(stream) + 1):
            self.assertEqual(read(stream[:index], stream[index:]), whole, index)
        self.assertEqual(read(*single_bytes(stream)), whole)

    def test_the_mask_goes_on_where_the_last_piece_has_ended(self):
        data = frame(TEXT, b"Hello you", mask=b"\1\2\3\4")
        for index in range(len(data) + 1):
            self.assertEqual(read(data[:index], data[index:]), [Message(TEXT, "Hello you")], index)

    def test_unread_counts_the_bytes_that_are_not_read_yet(self):
        reader = MessageReader()
        reader.receive(frame(PING) + frame(PING))
        reader.next_message()
        self.assertEqual(reader.unread, len(frame(PING)))


class Violations(unittest.TestCase):
    def test_each_framing_error_is_a_protocol_error(self):
        for rule, stream in {
            "an unmasked frame": render(TEXT, "Hello"),
            "an unmasked control frame": render(PING, b""),
            "reserved bit 1": frame(TEXT, b"a", first=FIN | RSV1 | TEXT),
            "reserved bit 2": frame(BINARY, b"a", first=FIN | RSV2 | BINARY),
            "reserved bit 3": frame(PING, b"a", first=FIN | RSV3 | PING),
            "a fragmented ping": fragment(PING),
            "a fragmented close": fragment(CLOSE),
            "a long ping": frame(PING, bytes(126)),
            "a long pong": frame(PONG, bytes(65_536)),
            "a continuation of nothing": frame(CONTINUATION, b"a"),
            "a first fragment that is a continuation": fragment(CONTINUATION, b"a"),
            "a text inside a text": fragment(TEXT, b"a") + frame(TEXT, b"b"),
            "a fragment of another message inside": fragment(BINARY, b"a") + fragment(TEXT, b"b"),
            "a short length in two bytes": frame(TEXT, b"a", length=struct.pack("!BH", 126, 1)),
            "125 in two bytes": frame(TEXT, b"a" * 125, length=struct.pack("!BH", 126, 125)),
            "a short length in eight bytes": frame(TEXT, b"a", length=struct.pack("!BQ", 127, 1)),
            "65,535 in eight bytes": frame(BINARY, bytes(65_535), length=struct.pack("!BQ", 127, 65_535)),
            "a length whose first bit is 1": frame(BINARY, b"", length=struct.pack("!BQ", 127, 1 << 63)),
            "a close frame of one byte": frame(CLOSE, b"\x03"),
        }.items():
            for chunks in ([stream], single_bytes(stream)):
                self.assertEqual(read(*chunks), [1002], rule)

    def test_reserved_opcodes_are_a_protocol_error(self):
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
            self.assertEqual(read(frame(opcode)), [1002], opcode)
            self.assertEqual(read(fragment(TEXT) + frame(opcode)), [1002], opcode)

    def test_a_bad_frame_head_is_refused_before_the_payload_arrives(self):
        for head in (frame(TEXT, b"a", first=0xC1)[:2], render(TEXT, "a")[:2], frame(PING, bytes(126))[:2]):
            self.assertEqual(read(head), [1002])
        self.assertEqual(read(frame(BINARY, b"", length=struct.pack("!BQ", 127, MAX_MESSAGE + 1))), [1009])

    def test_a_message_has_a_maximum_size_in_one_frame_or_many(self):
        half = fragment(BINARY, bytes(MAX_MESSAGE // 2))
        rest = fragment(CONTINUATION, bytes(MAX_MESSAGE // 2))
        self.assertEqual(read(half + rest + frame(CONTINUATION)), [Message(BINARY, bytes(MAX_MESSAGE))])
        self.assertEqual(read(half + rest + frame(CONTINUATION, b"a")), [1009])
        self.assertEqual(read(frame(TEXT, bytes(MAX_MESSAGE)) * 2), [Message(TEXT, "\0" * MAX_MESSAGE)] * 2)

    def test_text_that_is_not_utf8_is_refused_at_its_first_bad_byte(self):
        for good, bad in (
            (b"", b"\x80"),
            (b"Hello ", b"\xbf"),
            (b"", b"\xc0"),  # two bytes where one is enough
            (b"", b"\xc1"),
            (b"\xe0", b"\x9f"),  # three bytes where two are enough
            (b"\xed", b"\xa0"),  # a surrogate
            (b"\xed", b"\xbf"),
            (b"\xf0", b"\x8f"),
            (b"\xf4", b"\x90"),  # beyond U+10FFFF
            (b"", b"\xf5"),
            (b"", b"\xff"),
            (b"\xc3", b"a"),
            (b"\xe2\x82", b"\xc3"),
            (b"\xf0\x9f\x98", b"a"),
            ("κόσμε".encode() + b"\xed", b"\xa0"),
        ):
            head = frame(TEXT, bytes(100))[:6]  # 94 or more bytes have not arrived
            masked = frame(TEXT, good + bad)[6:]
            self.assertEqual(read(*single_bytes(head + masked[:-1])), [], good)
            self.assertEqual(read(*single_bytes(head + masked)), [1007], good + bad)
            self.assertEqual(read(head + masked), [1007], good + bad)
            self.assertEqual(read(fragment(TEXT, good)), [], good)
            self.assertEqual(read(fragment(TEXT, good) + fragment(CONTINUATION, bad)), [1007], good + bad)

    def test_a_text_that_ends_inside_a_character_is_refused(self):
        for text in (b"\xc3", b"\xe2\x82", b"\xed\x9f", b"\xf0\x9f\x98"):
            self.assertEqual(read(frame(TEXT, text)), [1007])
            self.assertEqual(read(fragment(TEXT, text) + frame(CONTINUATION)), [1007])

    def test_binary_data_may_be_anything(self):
        self.assertEqual(
            read(fragment(BINARY, b"\xff") + frame(CONTINUATION, b"\xed\xa0")), [(BINARY, b"\xff\xed\xa0", None)]
        )


class Closing(unittest.TestCase):
    def test_a_close_frame_is_read_with_its_code_and_reason(self):
        self.assertEqual(read(close(1000)), [Message(CLOSE, "", 1000)])
        self.assertEqual(read(close(1001, "tschüß".encode())), [Message(CLOSE, "tschüß", 1001)])
        self.assertEqual(read(close(4999, b"a" * 123)), [Message(CLOSE, "a" * 123, 4999)])

    def test_an_empty_close_frame_is_read_as_no_status(self):
        self.assertEqual(read(frame(CLOSE)), [Message(CLOSE, "", 1005)])

    def test_a_reason_that_is_not_utf8_is_refused(self):
        self.assertEqual(read(close(1000, b"\xff")), [1007])
        self.assertEqual(read(close(1000, "€".encode()[:2])), [1007])

    def test_bytes_after_a_close_frame_or_an_error_are_ignored(self):
        self.assertEqual(read(close(1000) + frame(TEXT, b"a"), frame(PING)), [Message(CLOSE, "", 1000)])
        self.assertEqual(read(fragment(TEXT, b"a") + close(1000) + frame(CONTINUATION)), [Message(CLOSE, "", 1000)])
        reader = MessageReader()
        reader.receive(frame(3) + frame(TEXT, b"a"))
        self.assertRaises(ProtocolError, reader.next_message)
        reader.receive(frame(TEXT, b"a"))
        self.assertIsNone(reader.next_message())

    def test_the_reason_of_an_error_fits_into_a_close_frame(self):
        for stream in (frame(3), render(TEXT, "a"), frame(PING, bytes(126)), frame(CONTINUATION), frame(TEXT, b"\xff")):
            reader = MessageReader()
            reader.receive(stream)
            with self.assertRaises(ProtocolError) as caught:
                reader.next_message()
            close_frame = render_close(caught.exception.code, str(caught.exception))
            self.assertEqual(close_frame[4:].decode(), str(caught.exception))


class Rendering(unittest.TestCase):
    def test_the_unmasked_frames_of_section_5_7_are_rendered(self):
        self.assertEqual(render(TEXT, "Hello"), bytes.fromhex("810548656c6c6f"))
        self.assertEqual(render(PING, b"Hello"), bytes.fromhex("890548656c6c6f"))
        self.assertEqual(render(BINARY, bytes(256)), bytes.fromhex("827e0100") + bytes(256))
        self.assertEqual(render(BINARY, bytes(65_536)), bytes.fromhex("827f0000000000010000") + bytes(65_536))

    def test_lengths_are_written_in_the_fewest_bytes(self):
        for size, head in ((0, "8200"), (125, "827d"), (126, "827e007e"), (65_535, "827effff")):
            self.assertEqual(render(BINARY, bytes(size)), bytes.fromhex(head) + bytes(size))

    def test_text_is_sent_as_utf8(self):
        self.assertEqual(render(TEXT, "€😀"), b"\x81\x07\xe2\x82\xac\xf0\x9f\x98\x80")

    def test_a_close_frame_is_rendered_with_code_and_reason(self):
        self.assertEqual(render_close(1001, "stopping"), b"\x88\x0a\x03\xe9stopping")
        self.assertEqual(render_close(1000), b"\x88\x02\x03\xe8")

    def test_an_empty_close_frame_is_answered_by_an_empty_one(self):
        (message,) = read(frame(CLOSE))
        self.assertEqual(render_close(message.code), b"\x88\x00")

    def test_a_long_reason_is_cut_between_two_characters(self):
        self.assertEqual(render_close(1000, "a" + "€" * 100), b"\x88\x7b\x03\xe8a" + "€".encode() * 40)
        self.assertEqual(len(render_close(1000, "a" * 200)), 2 + 125)

    def test_frames_that_no_server_may_send_are_refused(self):
        self.assertRaises(ValueError, render, PING, bytes(126))
        for code in (999, 1004, 1006, 1015, 2999, 5000):
            self.assertRaises(ValueError, render_close, code)
