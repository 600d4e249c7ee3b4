"""A support engineer found our LLM key in a log bundle that a customer had sent around.

"The bundle was in a public ticket for two days. Line 4711 has our whole key. We had just changed the key at the vendor,
and the vendor refused it for an hour. There is one such line for each attempt. Nobody here has written code that logs
keys."
"""

import re

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
"Incorrect API key provided: sk-…", or a piece of the ticket. Text from another system is data, and nobody knows what is
in it. The words after the number of the status are such text, too. To remove the key from it is not enough, because the
vendor may repeat half of it, or the customer's words. Logs are copied, indexed and sent to people who must not see a
key. Log your own words and the number of the status, and let a test search all output for a marker text (a canary).
"""
PROVENANCE = (
    "CWE-532: Insertion of Sensitive Information into Log File",
    "CWE-209: Generation of Error Message Containing Sensitive Information",
    "IQSS/dataverse#4954: the server repeats a refused API key in its response, and many clients log that response",
    "Twitter, 3 May 2018: passwords in an internal log",
)
STATUSES = (401, 403, 429, 500)  # four failures: one more, and the circuit breaker opens
AS_PAGE = (403, 500)  # these come as a plain text that begins with a part of the key, the others as JSON


def check(lab):
    key, words = f"sk-{lab.word(12)}-{lab.word(12)}", lab.word(16)
    canaries = {"the key of the LLM": key, "the first half of the key": key[:15], "what a customer wrote": words}
    canaries |= {"a bearer token": lab.word(20), "an Idempotency-Key": lab.word(20)}
    llm = lab.llm(status=401, content=f"Incorrect API key provided: {key} ({key[:15]}…). You asked about: {words}")
    llm.change(phrase=f"Not authorised with {key}")
    for form in ("text", "json"):
        desk = lab.desk(**{**llm.environ, "OPENAI_API_KEY": key, "LOG_FORMAT": form})
        yield from bundle(desk, llm, canaries, f"in a log as {form}, ")


def bundle(desk, llm, canaries, where):
    """What a log bundle shows after requests during which the LLM refuses the key."""
    words = canaries["what a customer wrote"]
    token = {"Authorization": f"Bearer {canaries['a bearer token']}"}
    headers = {**token, "Idempotency-Key": canaries["an Idempotency-Key"]}
    llm.change(status=401, page="")
    answers = [
        desk.post("/tickets", {"title": "Login broken", "description": words}, headers),
        desk.post("/tickets/1/draft", {}, headers),
        desk.post("/tickets/classify", b'{"description": ', {**headers, "Content-Type": "application/json"}),
        desk.get("/health", headers),
    ]
    asked = len(llm.requests)
    for status in STATUSES:
        page = f"{canaries['the first half of the key']}… may not ask about {words}" if status in AS_PAGE else ""
        llm.change(status=status, page=page)
        answers.append(desk.post("/tickets/classify", {"description": words}, token))
    statuses = [answer.status for answer in answers]
    yield f"{where}the requests are answered as usual", [201, 201, 400, 200, 200, 200, 200, 200], statuses
    yield f"{where}each call of the LLM was made", len(STATUSES), len(llm.requests) - asked
    desk.stop()
    log = desk.log()
    for name, canary in canaries.items():
        yield f"{where}{name} is not there", 0, log.count(canary)
    bodies = b"".join(answer.body for answer in answers[1:]).decode()  # the first is the customer's own ticket
    yield f"{where}none of them is in a response", [], [name for name, canary in canaries.items() if canary in bodies]
    stored = canaries["the key of the LLM"].encode() in desk.database.read_bytes()
    yield f"{where}the key is not in the database either", False, stored
    lines = [line for line in log.splitlines() if "INFO" in line or "WARN" in line]
    yield f"{where}each request has its line", len(answers), len(lines)
    reasons = [line.partition("openai")[2] for line in log.splitlines()]
    for status in STATUSES:
        told = any(re.search(rf"\b{status}\b", reason) for reason in reasons)
        yield f"{where}one reads that the server of the LLM answered {status}", True, told
