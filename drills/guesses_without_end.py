"""Somebody tried four thousand passwords of one account in an hour, and our limit is ten in a minute.

"The limit works: I have tried it myself, and after ten wrong passwords I had to wait. All four thousand came over one
connection, from one machine. In the log they are one after the other, each with 401, none with 429. Then there is one
with 200."
"""

from functools import partial

STARS = 2
FAMILY = ""
SECTION = "Authorization"
FILE = "web/handler.py"
CLEAN = "request.started, request.client = time.monotonic(), self.client_address[0]"
PLANTED = """given = request.headers.get("x-forwarded-for", self.client_address[0])  # a desk behind a proxy
        request.started, request.client = time.monotonic(), given.partition(",")[0].strip()"""
HINTS = (
    "Send eleven logins with a wrong password: the last one is refused with 429. Then send eleven more, each with "
    "another value in a header that could say where a request comes from. Which header changes the answer?",
    "The limit counts failures per address and account. How does the desk find out the address of a client?",
    "Handler.take in web/handler.py sets request.client. Who writes X-Forwarded-For if there is no proxy?",
)
EXPLANATION = """
The address came from X-Forwarded-For, a header that a proxy writes. But a client can write it, too, and then each
request seemed to come from another address: the rate limit counted one failure for each of four thousand addresses (a
spoofed address). The code was meant for a desk behind a proxy and worked there in each test. Never take from a request
what only a proxy may say, unless the connection itself comes from a proxy that you know, and then read the last entry,
which that proxy has added, not the first. Where you know no proxy, the address of the connection is the only one that
cannot be forged.
"""
PROVENANCE = (
    "CWE-307: Improper Restriction of Excessive Authentication Attempts",
    "CWE-348: Use of Less Trusted Source",
    "OWASP API2:2023 Broken Authentication",
    "ZhuLinsen/daily_stock_analysis #842: X-Forwarded-For gets around the limit of logins",
    "oryx-labs/oryxos #189: the same, by a filter of the framework",
)
FORGED = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Client-IP")
LIMIT = 10


def check(lab):
    database = lab.temp_dir / "accounts.sqlite3"
    ann, password = f"{lab.word()}@{lab.word()}.example", f"{lab.word()} {lab.word()}"
    done = lab.run("--add-user", ann, "--password-stdin", typed=f"{password}\n", SUPPORT_DESK_DB=str(database))
    yield "a user is added (exit status)", 0, done.status
    desk = lab.desk(database=database)

    def address():
        return ".".join(str(lab.random.randint(1, 250)) for _ in range(4))

    def log_in(user, typed, *names):
        forged = {name: f"for={address()}" if name == "Forwarded" else address() for name in names}
        if lab.random.random() < 0.5 and "X-Forwarded-For" in forged:
            forged["X-Forwarded-For"] += f", {address()}"
        return desk.post("/user/login", {"email": user, "password": typed}, forged)

    yield "the right password opens the desk", 200, log_in(ann, password).status
    guesses = lab.in_parallel(*[partial(log_in, ann, lab.word(), *FORGED)] * LIMIT)
    yield "ten wrong passwords of one account are wrong", [401] * LIMIT, [reply.status for reply in guesses]
    for names in (FORGED[:1], FORGED[1:]):
        refused = log_in(ann, lab.word(), *names)
        yield f"the next one has to wait, whatever {', '.join(names)} says", 429, refused.status
    yield "the client is told how many seconds", True, refused.headers.get("Retry-After", "").isdigit()
    yield "the right password has to wait, too", 429, log_in(ann, password, *FORGED).status
    other = log_in(f"{lab.word()}@{lab.word()}.example", password)
    yield "another user at the same address may try", 401, other.status
