"""Servers of an LLM that never end their answer, in every part of it."""

from tests import test_llm
from tests.test_llm import drips

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def endless_100(handler):
    while not handler.server.release.is_set():
        handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 500)


class Slowness(test_llm.Slowness):
    ACTS = {
        "a dripping head": drips(test_llm.Slowness.HEAD[:30], b"a"),
        "dripping chunks": drips(CHUNKED, b"1\r\n \r\n"),
        "a dripping size of a chunk": drips(CHUNKED, b"0"),
        "endless 100": endless_100,
    }
