"""Another company's web page could read our tickets in the browsers of our agents.

"A researcher has written to us. She has a page, https://evil.example. When one of us opens it while the desk runs on
the same machine, the page can read all tickets. She was kind enough not to keep them. It cannot write, she says, only
read."
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
    "Which code sets Access-Control-Allow-Origin? Read the end of Handler.render in web/handler.py, and compare it "
    "with check_origin in web/checks.py.",
)
EXPLANATION = """
The desk returned any Origin that it was sent. With this header a server says "this page may read my response". People
write such code to make CORS errors disappear, and then the header allows every page, also an evil one. A desk on
localhost is not safer, because the visitor's browser runs on the same machine. Compare the whole Origin with a list,
never a part of it; do not trust null; and test with a foreign origin.
"""
PROVENANCE = (
    "CWE-942: Permissive Cross-domain Policy with Untrusted Domains",
    "CWE-346: Origin Validation Error",
    "OWASP API8:2023 Security Misconfiguration",
)
FOREIGN_ORIGINS = (
    "https://evil.example",
    "null",
    "http://localhost.evil.example",
    "https://desk.example.evil.example",
    "https://evil.example/https://desk.example",
    "http://evil.example:8080",
)


def check(lab):
    desk = lab.desk(CORS_ORIGINS="https://desk.example")
    desk.new_ticket()

    def allowed(origin, path="/tickets", **query):
        found = desk.get(path, {"Origin": origin}, **query).headers.get("Access-Control-Allow-Origin")
        return found in (origin, "*")

    for origin in FOREIGN_ORIGINS:
        yield f"a page of {origin} may not read /tickets", False, allowed(origin)
    for path in ("/tickets/1", "/health", "/nothing-is-here"):
        yield f"a page of {FOREIGN_ORIGINS[0]} may not read {path}", False, allowed(FOREIGN_ORIGINS[0], path)
    allowed_origins = ("https://desk.example", "http://localhost:3000", f"http://127.0.0.1:{desk.port}")
    for who, origin in zip(("an allowed origin", "localhost", "the desk's own"), allowed_origins):
        yield f"a page of {who} may read /tickets", True, allowed(origin)
    new = {"title": "Login broken", "description": "Cannot get in"}
    foreign = {"Origin": FOREIGN_ORIGINS[0]}
    yield "a page of a foreign origin may not create a ticket", 403, desk.post("/tickets", new, foreign).status
    yield "a page of a foreign origin may not open a WebSocket", 403, desk.websocket(headers=foreign).status
    yield "a page of an allowed origin may create a ticket", 201, desk.post(
        "/tickets", new, {"Origin": "https://desk.example"}
    ).status
    yield "a program, which sends no Origin, may create a ticket", 201, desk.post("/tickets", new).status
