"""Another company's web page could read our tickets in the browsers of our agents.

"A researcher wrote to us. She has a page, https://evil.example. If one of us opens it while the desk runs on the same
machine, the page can read all tickets. She has not kept them. She says that the page cannot write, only read."
"""

STARS = 2
FAMILY = ""
SECTION = "Edge and config"
FILE = "web/handler.py"
CLEAN = 'if "origin" in request.headers and checks.is_trusted_origin(self.server.gate, request):'
PLANTED = 'if "origin" in request.headers:'
HINTS = (
    "curl -i http://localhost:8080/tickets -H 'Origin: https://evil.example': what does the response allow, and to "
    "whom?",
    "The desk answers every page. The browser decides, by a header of the response, whether a page may read it.",
    "Which code sets Access-Control-Allow-Origin? Read the end of Handler._render in web/handler.py, and compare it "
    "with check_origin in web/checks.py.",
)
EXPLANATION = """
The desk sent back any Origin that it was sent. With this header a server says "this page may read my response". People
write such code to make CORS errors disappear. Then the header allows every page, also an evil one. A desk on localhost
is not safer, because the visitor's browser runs on the same machine. Compare the whole Origin with a list of allowed
ones, never a part of it: https://desk.example.evil.example begins with an allowed one. A list of forbidden ones never
ends. Do not trust null. Test with origins that are not allowed.
"""
PROVENANCE = (
    "CWE-942: Permissive Cross-domain Policy with Untrusted Domains",
    "CWE-346: Origin Validation Error",
    "OWASP API8:2023 Security Misconfiguration",
    "siteboon/claudecodeui pull request #1119: a server for localhost allowed any Origin that it was sent",
)
ALLOW = "Access-Control-Allow-Origin"
NEW = {"title": "Login broken", "description": "Cannot get in"}


def foreign_origins(ours: str, other: str) -> dict:
    """Origins that are not `ours`, a host that the desk allows with https; `other` is a host of a stranger."""
    return {
        "a stranger": f"https://{other}",
        "a stranger with a port": f"http://{other}:8080",
        "null": "null",
        "a host that begins with localhost": f"http://localhost.{other}",
        "a host that ends with localhost": f"http://{other.partition('.')[0]}localhost",
        "a host that begins with 127.0.0.1": f"http://127.0.0.1.{other}",
        "a host that begins with the allowed one": f"https://{ours}.{other}",
        "a host that ends with the allowed one": f"https://{other.partition('.')[0]}{ours}",
        "a host below the allowed one": f"https://{other.partition('.')[0]}.{ours}",
        "an address with the allowed one in its path": f"https://{other}/https://{ours}",
        "the allowed host with http": f"http://{ours}",
        "the allowed host with another port": f"https://{ours}:8443",
    }


def check(lab):
    ours, other = f"{lab.word()}.example", f"{lab.word()}.example"
    second = f"http://{lab.word()}.example:{lab.random.randint(1024, 65535)}"
    desk = lab.desk(CORS_ORIGINS=f"https://{ours}, {second}")
    stranger, friend = {"Origin": f"https://{other}"}, {"Origin": f"https://{ours}"}
    number = desk.new_ticket()["id"]

    def may_read(origin, path="/tickets", method="GET", body=None, where=desk):
        response = where.request(method, path, body, {"Origin": origin})
        return response.headers.get(ALLOW) in (origin, "*")

    for who, origin in foreign_origins(ours, other).items():
        yield f"a page of {who} may not read /tickets", False, may_read(origin)
    for path in (f"/tickets/{number}", "/tickets.csv", "/api/tickets", "/health", "/nothing-is-here"):
        yield f"a page of a stranger may not read {path}", False, may_read(stranger["Origin"], path)
    for method in ("HEAD", "OPTIONS", "POST", "DELETE"):
        seen = may_read(stranger["Origin"], "/tickets", method)
        yield f"a page of a stranger may not read the response to {method} /tickets", False, seen
    streams = [desk.stream(headers=headers).headers.get(ALLOW) for headers in (stranger, friend)]
    yield "the event stream allows an allowed page, and no stranger", [None, friend["Origin"]], streams
    yield from allowed_pages(desk, may_read, (friend["Origin"], second))
    yield "a page of a stranger may not create a ticket", 403, desk.post("/tickets", NEW, stranger).status
    yield "a page of a stranger may not open a WebSocket", 403, desk.websocket(headers=stranger).status
    yield "a page of an allowed origin may create a ticket", 201, desk.post("/tickets", NEW, friend).status
    yield "a program, which sends no Origin, may create a ticket", 201, desk.post("/tickets", NEW).status
    plain = lab.desk()
    seen = [may_read(origin, where=plain) for origin in (friend["Origin"], "http://localhost:3000")]
    yield "without CORS_ORIGINS a page of localhost may read /tickets, and no other", [False, True], seen


def allowed_pages(desk, may_read, in_settings):
    """Every page that may read today may still read."""
    own = f"http://127.0.0.1:{desk.port}"
    pages = {"the first allowed origin": in_settings[0], "the second allowed origin": in_settings[1]}
    pages |= {"localhost": "http://localhost:3000", "localhost with https": "https://localhost", "the desk": own}
    for who, origin in pages.items():
        yield f"a page of {who} may read /tickets", True, may_read(origin)
    yield "a page of an allowed origin may read an error", True, may_read(in_settings[0], "/nothing-is-here")
    yield "a page of an allowed origin may ask with OPTIONS", True, may_read(in_settings[0], "/tickets", "OPTIONS")
