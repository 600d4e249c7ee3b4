"""There are tickets in the queue that never passed our gateway, and it has no record of them.

"Every request passes the gateway, which checks it and writes it down. For ticket 4711 it has nothing. Each time there
is one odd request right before it, from the same address, which the gateway took for a single POST. When I send that
POST again through the gateway, there is one more ticket of that kind. With curl, without the gateway, there is none."
"""

import re

STARS = 4
FAMILY = ""
SECTION = "Edge and config"
FILE = "web/http1.py"
CLEAN = "    if not (length.isascii() and length.isdigit()):"
PLANTED = """    length = length.partition(",")[0]  # some proxies send this line twice
    if not (length.isascii() and length.isdigit()):"""
HINTS = (
    "The gateway and the desk see the same bytes, but the gateway sees one request and the desk two. What in a request "
    "says where its body ends? What if a request says that twice?",
    "Send raw bytes (Python's socket is enough): a POST with two Content-Length lines, first the small one, then one "
    "that is larger. Put a second POST into the body. How many answers come?",
    "web/http1.py joins header lines of the same name with a comma. What does _length do with \"5, 90\"? "
    "What does RFC 9112, 6.3 say about it?",
)
EXPLANATION = """
Two Content-Length lines arrive as one list, and the desk took the first item of it without comparing the others. The
gateway took the last one. So they did not agree where the request ended: what was a body to one of them was the next
request to the other, which nobody had checked (request smuggling). RFC 9110 allows a server to accept a repeated line
if all its values are the same; this code comes from there. If they differ, the message has no known end: refuse it with
400, and close the connection, because nobody can tell where the next request begins. Be strict in everything that says
how long a message is.
"""
PROVENANCE = (
    "CWE-444: Inconsistent Interpretation of HTTP Requests (HTTP Request/Response Smuggling)",
    "OWASP API8:2023 Security Misconfiguration",
    "tinyproxy/tinyproxy #609: two Content-Length lines with different values are passed on",
    "oven-sh/bun #28838: of two Content-Length lines only the first one was read",
)
HEAD = "POST /tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{}\r\n"


def check(lab):
    desk = lab.desk()

    def ticket(title):
        return b'{"title": "%b", "description": "Cannot get in"}' % title.encode()

    def send(lengths, body):
        """The statuses of all responses to one POST /tickets with these Content-Length lines."""
        lines = "".join(f"Content-Length: {length}\r\n" for length in lengths)
        with desk.connect() as sock:
            sock.sendall(HEAD.format(lines).encode() + body)
            sock.shutdown(1)
            answer = b"".join(iter(lambda: sock.recv(65536), b""))
        return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]

    def created(title):
        return desk.rows("SELECT count(*) FROM tickets WHERE title = ?", (title,))[0][0]

    outer, inner = lab.word(), lab.word()
    first, second = ticket(outer), ticket(inner)
    hidden = HEAD.format(f"Content-Length: {len(second)}\r\n").encode() + second
    short, whole = len(first), len(first + hidden)
    for name, lengths in {
        "two lines, the smaller length first": (short, whole),
        "two lines, the larger length first": (whole, short),
        "three lines, another length in the middle": (short, whole, short),
        "three lines, another length at the end": (short, short, whole),
        "one line with two lengths": (f"{short}, {whole}",),
        "a length and a word": (short, "many"),
        "a length and nothing": (short, ""),
    }.items():
        yield f"{name}: refused, and nothing behind it is a request", [400], send(lengths, first + hidden)
    yield "none of these requests has created a ticket", (0, 0), (created(outer), created(inner))
    same = send((short, short), first)
    yield "the same length twice is accepted or refused", lab.one_of([201], [400]), same
    titles = [lab.word() for _ in range(2)]
    new = [("POST", "/tickets", {"title": title, "description": "Cannot get in"}, None) for title in titles]
    answers = desk.on_one_connection(*new, ("GET", "/health", None, None))
    yield "two requests on one connection are answered", [201, 201, 200], [answer.status for answer in answers]
    kept = [answer.headers.get("Connection") for answer in answers]
    yield "their connection stays open", ["keep-alive"] * 3, kept
    yield "each of the two has created its ticket", [1, 1], [created(title) for title in titles]
    yield "a length that is no number is refused", [400], send(("+5",), first)
