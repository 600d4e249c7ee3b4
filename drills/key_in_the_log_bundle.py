"""A support engineer found our LLM key in a log bundle that a customer had sent around.

"The bundle was in a public ticket for two days. Line 4711 has our whole key. We had just changed the key at the
vendor, who refused it for an hour; there is one such line for each attempt. Nobody can remember that we log keys."
"""

STARS = 2
FAMILY = ""
SECTION = "Edge and config"
FILE = "llm.py"
CLEAN = "raise Failed(f\"its server answered {response.status} {http.client.responses.get(response.status, '')}\")"
PLANTED = "raise Failed(f\"its server answered {response.status} {response.read(500).decode(errors='replace')}\")"
HINTS = (
    "Point OPENAI_BASE_URL at a server that refuses your key with 401 and repeats the key in its response (a dozen "
    "lines with Python's http.server). Ask for a suggestion and read the log.",
    "The desk never writes the key into the log. Who wrote the text of the log line that has it?",
    "Which texts do the Failed errors in llm.py contain? Look for a text that does not come from the desk.",
)
EXPLANATION = """
The vendor's error text was copied into the log, to make debugging easier. Vendors repeat what they were sent:
"Incorrect API key provided: sk-…", or a piece of the ticket. Text from another system is data, and nobody knows what
is in it. Logs are copied, indexed and sent to people who must not see a key. Log your own words and the status. If
you need the vendor's words, list the fields that may be logged, and let a test search all output for a marker text (a
canary).
"""
PROVENANCE = (
    "CWE-532: Insertion of Sensitive Information into Log File",
    "CWE-209: Generation of Error Message Containing Sensitive Information",
    "Twitter, May 2018: passwords in an internal log",
)
CANARIES = {
    "the key of the LLM": "canary-llm-4b1c",
    "a bearer token": "canary-token-8d2e",
    "an Idempotency-Key": "canary-idem-17fa",
    "what a customer wrote": "canary-words-93c0",
}


def check(lab):
    key, token, idempotency_key, words = CANARIES.values()
    llm = lab.llm(status=401, content=f"Incorrect API key provided: {key}. You asked about: {words}")
    desk = lab.desk(**{**llm.environ, "OPENAI_API_KEY": key})
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": idempotency_key}
    answers = [
        desk.post("/tickets", {"title": "Login broken", "description": words}, headers),
        desk.post("/tickets/1/draft", {}, headers),
        desk.post("/tickets/classify", b'{"description": ', {**headers, "Content-Type": "application/json"}),
        desk.get("/health", headers),
    ]
    yield "the requests are answered as usual", [201, 201, 400, 200], [reply.status for reply in answers]
    yield "the LLM got a request with the key, and refused it", True, bool(llm.requests)
    desk.stop()
    log = desk.log()
    for name, canary in CANARIES.items():
        yield f"{name} is not in the log", 0, log.count(canary)
    bodies = b"".join(reply.body for reply in answers[1:]).decode()
    yield "none of them is in a response", [], [name for name, canary in CANARIES.items() if canary in bodies]
    lines = [line for line in log.splitlines() if "POST /tickets" in line or "GET /health" in line]
    yield "each request has its line in the log", 4, len(lines)
    reasons = [line for line in log.splitlines() if "openai" in line and "401" in line]
    yield "the log says why the LLM failed", True, bool(reasons)
