"""After a refused request the next one of the same client fails, too; alone it works.

"Our gateway always tries PUT first. Your desk says 405, which is right, so it sends a PATCH as your manual says. That
PATCH gets 400: 'the first line must be: METHOD target HTTP/1.1'. I have sent the same two requests with curl twenty
times, and they work. With your last release the gateway had no problem."
"""

import re
from contextlib import closing

STARS = 4
FAMILY = ""
SECTION = "Validation and types"
FILE = "web/http1.py"
CLEAN = "if coding is not None or length is not None:"
PLANTED = 'if request.method in ("POST", "PATCH") and (coding is not None or length is not None):'
HINTS = (
    "What is different between a gateway that sends two requests and two curl commands? Try one curl with both: `curl "
    "-X PUT -d '{}' localhost:8080/tickets --next localhost:8080/health`.",
    "The second request is valid, but the desk complains about its first line. Which bytes does the desk take for "
    "that first line? Send longer and longer bodies with the PUT, and read the second response.",
    "A connection is one stream of bytes: the server must know where each request ends. Which code in web/http1.py "
    "takes the bytes of a body, and for which requests does it not? RFC 9112, 6.3 says when a request has a body.",
    "When does RequestReader._requests call _body? Read the condition before the call word by word.",
)
EXPLANATION = """
Only POST and PATCH have endpoints that read a body, so the parser took the body of these two only. But Content-Length
and Transfer-Encoding say whether a request has a body, not its method. The refused PUT was answered, its body stayed
in the buffer, and the desk parsed it as the next request. Clients that open a connection for each request never
notice. Clients with a connection pool fail "at random", whenever a request uses the same connection again. It is also
a security hole: a body that looks like a request is executed as one, and a proxy that checked only the outer request
does not see it (request smuggling). Find the end of a request first, by the rule of the protocol, then decide about
it. If you do not want the body, read it and drop it, or close this one connection with `Connection: close`.
"""
PROVENANCE = (
    "CWE-444: Inconsistent Interpretation of HTTP Requests (HTTP Request/Response Smuggling)",
    "OWASP API8:2023 Security Misconfiguration",
    "NanoHttpd/nanohttpd#217 and #356: a body that nobody reads becomes the start of the next request",
)

NEXT = ("GET", "/health", None, None)
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) [A-Z]")
GOODBYE = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
INSIDE = b"""POST /tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 35\r\n\r
{"title": "x", "description": "y" }"""


def request(method: str, path: str, body: bytes, is_chunked: bool) -> bytes:
    """The bytes of a request with a body of known length, or in chunks."""
    framing = "Transfer-Encoding: chunked" if is_chunked else f"Content-Length: {len(body)}"
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{framing}\r\n\r\n"
    return head.encode() + (b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if is_chunked else body)


def talk(desk, *parts: bytes) -> list:
    """The statuses that a client gets who sends these parts one after the other, until the desk closes the connection.

    A desk may close it after a refused request, so what follows may have no answer.
    """
    with closing(desk.connect(timeout=1.5)) as connection:
        received = b""
        try:
            for part in parts:
                connection.sendall(part)
                desk.get("/health")  # after this answer the desk has read the part
            while data := connection.recv(65536):
                received += data
        except TimeoutError:
            return [*STATUS.findall(received), "no answer"]
        except OSError:  # closed before everything was sent
            pass
    return [int(status) for status in STATUS.findall(received)]


def check(lab):
    desk = lab.desk()
    path = f"/tickets/{desk.new_ticket()['id']}"
    change, unknown = {"title": lab.word(lab.random.randint(3, 90))}, lab.word().upper()
    for name, method, where, status in (
        (f"PUT {path}", "PUT", path, 405),
        ("DELETE /tickets", "DELETE", "/tickets", 405),
        ("an unknown method", unknown, "/tickets", 405),
        ("PUT /nothing", "PUT", "/nothing", 404),
        ("POST /nothing", "POST", "/nothing", 404),
    ):
        refused, following = desk.on_one_connection((method, where, change, None), NEXT)
        yield f"{name} is refused", status, refused.status
        yield f"GET /health, the next request after {name} on the same connection, is answered", 200, following.status
    for method in ("GET", "HEAD", "OPTIONS"):
        answers = desk.on_one_connection((method, "/health", change, None), NEXT)
        status = 204 if method == "OPTIONS" else 200
        statuses = [answer.status for answer in answers]
        yield f"{method} with a body and the next request are answered", [status, 200], statuses
    answers = desk.on_one_connection(("PUT", path, change, None), ("PATCH", path, change, None), NEXT)
    statuses = [answer.status for answer in answers]
    yield f"a client whose PUT {path} is refused may go on with PATCH {path} and GET /health", [405, 200, 200], statuses
    yield f"that PATCH {path} has changed the title", True, desk.get(path).json["title"] == change["title"]
    answers = desk.on_one_connection(NEXT, ("DELETE", f"{path}/lock", {}, None), NEXT)
    statuses = [answer.status for answer in answers]
    yield f"GET /health, DELETE {path}/lock and GET /health on one connection are answered", [200] * 3, statuses
    yield from smuggling(desk, path, unknown)
    yield from pieces(desk, path)
    yield from keep_alive(desk, path)


def smuggling(desk, path, unknown):
    """A body that looks like a request is not executed."""
    kinds = {"PUT": "PUT", "DELETE": "DELETE", "GET": "GET", "OPTIONS": "OPTIONS", "an unknown method": unknown}
    for is_chunked, how in ((False, "with Content-Length"), (True, "in chunks")):
        for name, method in kinds.items():
            before = desk.count("tickets")
            statuses = talk(desk, request(method, path, INSIDE, is_chunked) + GOODBYE)
            made = desk.count("tickets") - before
            yield f"a body {how} of {name} that looks like a new ticket creates none", 0, made
            yield f"after this body {how} of {name} comes the answer to GET /health, or the end", True, (
                len(statuses) == 1 and statuses[0] in (200, 204, 405) or statuses[1:] == [200]
            )


def pieces(desk, path):
    """The body arrives later than the head, and the next request with its end."""
    whole = request("PUT", path, b'{"title": "' + b"x" * 3000 + b'"}', False)
    statuses = talk(desk, whole[:200], whole[200:900], whole[900:] + GOODBYE)
    yield "a refused PUT whose body arrives in pieces, and then GET /health, are answered", True, (
        statuses in ([405], [405, 200])
    )


def keep_alive(desk, path):
    """Connections stay open where a request is complete: that saves a round trip for each of them."""
    new = {"title": "x", "description": "y"}
    requests = [("POST", "/tickets", new, None)] * 2 + [("PATCH", path, new, None), NEXT]
    answers = desk.on_one_connection(*requests, ("GET", "/nothing", None, None), ("PUT", path, None, None), NEXT)
    statuses = [answer.status for answer in answers]
    expected = [201, 201, 200, 200, 404, 405, 200]
    yield "POST, POST, PATCH, GET, a refused GET, a PUT without a body, and GET are answered", expected, statuses
    closed = [answer.headers.get("Connection", "").lower() == "close" for answer in answers]
    yield "the connection stays open after each of them", [False] * 7, closed
