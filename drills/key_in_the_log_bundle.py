"""A support engineer found the key of our LLM in a log bundle that a customer had sent around.

"The bundle was in a public ticket for two days. Line 4711 has our key in full. The key had just been changed at the
vendor and was refused for an hour; there is one such line for each try. Nobody can remember that we log keys."
"""

STARS = 2
FAMILY = ""
SECTION = "Edge and config"
FILE = "llm.py"
CLEAN = "raise Failed(f\"its server answered {response.status} {http.client.responses.get(response.status, '')}\")"
PLANTED = "raise Failed(f\"its server answered {response.status} {response.read(500).decode(errors='replace')}\")"
HINTS = (
    "Point OPENAI_BASE_URL at a server that refuses your key with 401, and that says in its answer which key it has "
    "refused (a dozen lines with Python's http.server). Ask for a suggestion and read the log.",
    "The desk never writes the key. Whose words are in the line of the log that has it?",
    "Which text does a Failed in llm.py carry? Look for one that is not the desk's own.",
)
EXPLANATION = """
The error of the vendor was put into the log word for word, to make it easier to see what is wrong. Vendors quote what
they were sent: "Incorrect API key provided: sk-…", or a piece of the ticket. Text from elsewhere is data, and nobody
knows what is in it; logs are copied, indexed and sent around by people who would never be shown a key. Log the
desk's own words and a number; where the other side's words are really needed, name the fields that may pass, and let a
test grep everything that leaves for a canary.
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
    yield "the requests are answered as ever", [201, 201, 400, 200], [reply.status for reply in answers]
    yield "the LLM was asked with the key, and has refused it", True, bool(llm.requests)
    desk.stop()
    log = desk.log()
    for name, canary in CANARIES.items():
        yield f"{name} is not in the log", 0, log.count(canary)
    told = b"".join(reply.body for reply in answers[1:]).decode()
    yield "none of them is in an answer", [], [name for name, canary in CANARIES.items() if canary in told]
    lines = [line for line in log.splitlines() if "POST /tickets" in line or "GET /health" in line]
    yield "each request has its line in the log", 4, len(lines)
    told_why = [line for line in log.splitlines() if "openai" in line and "401" in line]
    yield "the log tells why the LLM did not help", True, bool(told_why)
