"""The log: bounded lines, a bounded queue for a reader that is slow, and no secrets."""

import io
import json
import os
import unittest
from contextlib import redirect_stderr

import app
from tests.desk import DeskTest
from tests.test_event_loop import HANDSHAKE
from tests.listeners import masked_frame
from web.http1 import Request
from web.log import LONGEST, MOST_WAITING, Log
from web.websocket import Opcode

LONG = "x" * 500_000


class Lines(unittest.TestCase):
    def test_no_field_of_a_line_is_long(self):
        for as_json in (False, True):
            stream = io.StringIO()
            log = Log(stream, as_json)
            log.request(Request(LONG, f"/{LONG}", path=f"/{LONG}", id="1"), 404, 1)
            log.trouble(Request("GET", "/", id="1"), f"{LONG} the end of the report")
            log.flush()
            request, trouble = stream.getvalue().splitlines()
            self.assertLess(len(request), 3 * LONGEST)
            self.assertLess(len(trouble), 20_000)
            self.assertIn("the end of the report", trouble)

    def test_a_log_that_nobody_reads_keeps_few_bytes_and_counts_what_it_drops(self):
        reader, writer = os.pipe()
        with os.fdopen(reader, "rb") as reading, os.fdopen(writer, "w") as writing:
            log = Log(writing)
            for number in range(3000):
                log.trouble(Request("GET", "/", id=f"{number}"), LONG)
                log.flush()
            self.assertLessEqual(sum(map(len, log._lines)), MOST_WAITING)
            os.set_blocking(reader, False)
            received = b""
            while b"log lines were dropped: nobody read them" not in received:
                received += reading.read() or b""
                log.flush()


class Ids(DeskTest):
    def test_an_id_on_the_websocket_is_no_longer_than_in_http(self):
        for fields in (
            {"_tag": "LockTicket", "ticketId": LONG},
            {"_tag": "UpdateTicket", "ticket": {"id": LONG}},
            {"_tag": "LockTicket", "ticketId": int("9" * 300)},
            {"_tag": "LockTicket", "ticketId": 1, "id": LONG},
            {"_tag": "LockTicket", "ticketId": 1, "id": [LONG]},
        ):
            sock = self.desk.connect()
            sock.sendall(HANDSHAKE + masked_frame(Opcode.TEXT, json.dumps(fields).encode()))
            sock.sendall(masked_frame(Opcode.CLOSE, b""))
            received = b"".join(iter(lambda: sock.recv(65536), b""))
            sock.close()
            self.assertIn(b'"_tag":"Error"', received)
            self.assertLess(len(received), 2000)
        self.assertLess(len(self.desk.log.getvalue()), 5000)


class Options(unittest.TestCase):
    def test_a_mistyped_option_is_named_without_its_value(self):
        for arguments in (("--secrt", "canary"), ("--secrt=canary",), ("canary",)):
            errors = io.StringIO()
            with self.subTest(arguments), redirect_stderr(errors), self.assertRaises(SystemExit) as ended:
                app.main(arguments, {})
            self.assertEqual(ended.exception.code, 2)
            self.assertNotIn("canary", errors.getvalue())


if __name__ == "__main__":
    unittest.main()
