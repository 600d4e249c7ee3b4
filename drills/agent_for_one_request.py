"""A customer approved a draft, although our gateway removes the role that a client sends.

"Our gateway checks the login, removes X-User-Id and X-User-Role from what the client sends, and writes its own. Its
record of that request has one role, customer. The desk says that an agent approved. And there is another thing since
that release: Åsa Öberg cannot send us anything, because her app writes her name into a header. She gets a 400."
"""

STARS = 4
FAMILY = ""
SECTION = "Authorization"
FILE = "web/http1.py"
CLEAN = r"""first, *lines = head.split("\r\n")"""
PLANTED = "first, *lines = head.splitlines()"
HINTS = (
    "Åsa's header first: `curl -H 'X-Name: Åsa' localhost:8080/health`. What does the desk complain about? Which bytes "
    "does UTF-8 make of Å?",
    "The desk complains about a header line that the client did not send. Which code decides where a line ends, and "
    "which characters end a line there?",
    "In Python, type 'a\\x85b'.splitlines(), and read the table of line boundaries in the documentation of "
    "str.splitlines. Then read the first line of parse_head in web/http1.py.",
)
EXPLANATION = """
str.splitlines() splits at more than CR LF: also at a lone CR or LF, at \\v, \\f, \\x1c to \\x1e, and at \\x85, the C1
control character "next line". In HTTP only CR LF ends a header line (RFC 9112, 2.2). The gateway saw one header with an
odd value; the desk saw two headers, and the second one was a role (header injection). Two programs that read the same
bytes in two ways are the root of all request smuggling. The second symptom comes from the same line: in UTF-8 the
letter Å is the bytes c3 85, so a name was cut in two. Split bytes of a protocol only where the protocol says so, and
refuse control characters in a value instead of guessing.
"""
PROVENANCE = (
    "CWE-444: Inconsistent Interpretation of HTTP Requests (HTTP Request/Response Smuggling)",
    "CWE-93: Improper Neutralization of CRLF Sequences",
    "OWASP API8:2023 Security Misconfiguration",
    "python/cpython #114782: a bare CR ends a header line in Python's own HTTP parser",
)
TICKET = b'{"title": "Login broken", "description": "Cannot get in"}'
SEPARATORS = {
    "a carriage return": "\r",
    "a line feed": "\n",
    "a vertical tab": "\v",
    "a form feed": "\f",
    "a file separator": "\x1c",
    "a group separator": "\x1d",
    "a record separator": "\x1e",
    "a next line": "\x85",
}


def check(lab):
    desk = lab.desk()
    desk.new_ticket()
    for _ in range(len(SEPARATORS)):
        desk.post("/tickets/1/draft", {"body": "We look into it."})
    by_gateway = {"X-User-Id": f"user-{lab.word()}", "X-User-Role": "customer"}
    name = f"X-{lab.word()}"
    for number, (what, separator) in enumerate(SEPARATORS.items(), 1):
        hidden = f"{lab.word()}{separator}X-User-Role: agent"
        status = exchange(desk, f"POST /drafts/{number}/approve", {**by_gateway, name: hidden})
        yield f"a role behind {what} in a header's value gives no right to approve", lab.one_of(400, 403), status
    boss = f"boss-{lab.word()}"
    for separator in SEPARATORS.values():
        headers = {**by_gateway, "Content-Type": "application/json", "Content-Length": str(len(TICKET))}
        headers[name] = f"{lab.word()}{separator}X-User-Id: {boss}"
        exchange(desk, "POST /tickets", headers, TICKET)
    owners = [owner for (owner,) in desk.rows("SELECT created_by FROM tickets") if boss in owner]
    yield "no ticket belongs to a user who is named behind such a character", [], owners
    yield "all drafts are still pending", len(SEPARATORS), desk.rows(
        "SELECT count(*) FROM drafts WHERE status = 'pending'"
    )[0][0]
    status = exchange(desk, "GET /health", {name: "one\r\n two"})
    yield "a header that goes on in a second line is refused", 400, status
    texts = {"Swedish": f"Åsa {lab.word()}", "Japanese": f"{lab.word()} 隅"}
    for language, text in texts.items():
        status = exchange(desk, "GET /health", {name: text.encode().decode("latin-1")})
        yield f"a header may have {language} letters", 200, status
    status = exchange(desk, "GET /health", {name: lab.word(), f"{name}-2": lab.word()})
    yield "a request may have more headers", 200, status
    status = exchange(desk, "POST /drafts/1/approve", {"X-User-Id": "agent-1", "X-User-Role": "agent"})
    yield "an agent may approve", 200, status
    status = exchange(desk, "GET /health, please", {})
    yield "a first line with more words is refused", 400, status


def exchange(desk, line, headers, body=b""):
    """The status of the response to a request that is sent exactly as it is here."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with desk.connect() as sock:
        sock.sendall(f"{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{head}\r\n".encode("latin-1") + body)
        answer = b"".join(iter(lambda: sock.recv(65536), b""))
    return int((answer.split() or [0, 0])[1])
