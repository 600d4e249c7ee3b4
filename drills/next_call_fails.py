"""After a refused request the next one of the same client fails, too; alone it works.

"Our gateway tries PUT first, because it knows nothing else. Your desk says 405, fine, so it sends a PATCH as your
manual says, and that gets 400: 'the first line must be: METHOD target HTTP/1.1'. I have typed the same two requests
with curl twenty times, and they work. With the last release the gateway had no problem either."
"""

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
    "consumes the bytes of a body, and for which requests does it not? RFC 9112, 6.3 does not mention the method.",
    "When does RequestReader._requests call _body? Read the condition before the call word by word.",
)
EXPLANATION = """
Only POST and PATCH have endpoints that read a body, so the parser consumed a body for these two only. But
Content-Length and Transfer-Encoding say whether a request has a body, not its method. The refused PUT was answered,
its body stayed in the buffer, and the desk parsed it as the next request. Clients that open a connection for each
request never notice. Clients with a connection pool fail "at random", whenever a request reuses the connection. It is
also a security hole: a body that looks like a request is executed as one, and a proxy that checked only the outer
request does not see it (request smuggling). Find the end of a request first, by the rule of the protocol, then decide
about it. If you do not want the body, read it and discard it, or close the connection with `Connection: close`.
"""
PROVENANCE = (
    "CWE-444: Inconsistent Interpretation of HTTP Requests (HTTP Request/Response Smuggling)",
    "OWASP API8:2023 Security Misconfiguration",
    "python's http.server with HTTP/1.1: an answer given before the body is read makes the next request a 400",
)

CHANGE = {"title": "Changed"}
NEXT = ("GET", "/health", None, None)
INSIDE = b"""POST /tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 35\r\n\r
{"title": "x", "description": "y" }"""


def check(lab):
    desk = lab.desk()
    path = f"/tickets/{desk.new_ticket()['id']}"
    for method, where, status in (
        ("PUT", path, 405),
        ("DELETE", "/tickets", 405),
        ("BREW", "/tickets", 405),
        ("PUT", "/nothing", 404),
        ("POST", "/nothing", 404),
    ):
        refused, following = desk.on_one_connection((method, where, CHANGE, None), NEXT)
        yield f"{method} {where} is refused", status, refused.status
        next_one = f"GET /health, the next request on the same connection as {method} {where}, is answered"
        yield next_one, 200, following.status
    answers = desk.on_one_connection(("PUT", path, CHANGE, None), ("PATCH", path, CHANGE, None), NEXT)
    one, following, last = (answer.status for answer in answers)
    yield f"a client whose PUT {path} is refused may go on with PATCH {path}", (405, 200), (one, following)
    yield "GET /health after these two, on the same connection, is answered", 200, last
    yield f"that PATCH {path} has changed the title", "Changed", desk.get(path).json["title"]
    answers = desk.on_one_connection(("GET", "/health", CHANGE, None), ("DELETE", f"{path}/lock", {}, None), NEXT)
    statuses = [answer.status for answer in answers]
    yield f"GET /health, DELETE {path}/lock and GET /health on one connection are answered", [200] * 3, statuses
    before = desk.count("tickets")
    desk.on_one_connection(("PUT", path, INSIDE, None), NEXT)
    made = desk.count("tickets") - before
    yield f"a refused PUT {path} and a GET /health create no ticket", 0, made
    new = {"title": "x", "description": "y"}
    answers = desk.on_one_connection(*[("POST", "/tickets", new, None)] * 2, ("PUT", path, None, None), NEXT)
    statuses = [answer.status for answer in answers]
    yield "POST, POST, a refused PUT and a GET on one connection are answered", [201, 201, 405, 200], statuses
