"""When the LLM is slow the desk hangs: nobody can search, and nobody can export.

"Another bad afternoon of the vendor, and a strange one: tickets could be created and answered as always. But search,
history and export did not respond, for everybody, while four of us waited for a draft. The health check was green."
"""

from concurrent.futures import ThreadPoolExecutor

from drills.lab import Step

STARS = 4
FAMILY = "whole desk hangs"
SECTION = "Dependencies and errors"
FILE = "web/routes.py"
CLEAN = 'if "body" in request.fields else llm_worker(request)'
PLANTED = 'if "body" in request.fields else worker(request)'
HINTS = (
    "Give the desk an LLM that accepts requests and never answers: `python3 -m drills fault slow-llm` runs one, in a "
    "second terminal, and prints how to start a desk with it. Ask for four drafts at once, and meanwhile for GET "
    "/tickets?search=login. Then for three.",
    "What do search, history and export have in common? How many threads has each WorkerPool of "
    "web/workers.py, and which pools are there?",
    "There are several worker pools. The column `runs_on` of the route table in app.py names a function of "
    "web/routes.py, which says what goes to which pool. Compare that of a draft with that of a suggestion.",
)
EXPLANATION = """
Slow work runs in a worker pool of a few threads, and there are several pools: one for the desk's own work, one for
requests to other machines, one for passwords. The draft was sent to the wrong pool. Four drafts that wait for a vendor
are four threads that do nothing, and every search waits behind them (thread pool exhaustion). Nothing is overloaded, no
error is logged, and /health, which needs no worker thread, is green. A pool that serves two kinds of work is blocked by
the slower kind. Give each dependency a pool of its own (the bulkhead pattern), and test with as many slow requests as
the pool has threads.
"""
PROVENANCE = (
    "CWE-410: Insufficient Resource Pool",
    "CWE-400: Uncontrolled Resource Consumption",
    "OWASP API4:2023 Unrestricted Resource Consumption",
    "dotCMS/core#22522: calls of slow servers took all threads, and the site stopped",
    "the bulkhead pattern: M. Nygard, Release It!",
)

MORE = 62  # drafts after the first four: a larger pool for all slow work has the same bug, only later
ASK_FOR_MORE = f"""for n in $(seq {MORE}); do
  curl -s http://localhost:8080/tickets/1/draft -H "X-User-Id: user-$n" -H 'Content-Type: application/json' -d '{{}}' &
done"""


def check(lab):
    llm = lab.llm(content="Dear customer, which browser is it?", hangs=True)
    desk = lab.desk(LLM_TIMEOUT="60", **llm.environ)
    word = lab.word()
    number = desk.new_ticket(title=f"Login {word}")["id"]
    with ThreadPoolExecutor(4) as others:
        drafts = [others.submit(desk.post, f"/tickets/{number}/draft", {}) for _ in range(4)]
        yield "the LLM is asked for four drafts", [True] * 4, [llm.wait_for_request(1.5) for _ in drafts]
        yield "meanwhile GET /health is answered", 200, desk.get("/health", timeout=1).status
        found, history, export, checked = in_the_meantime(lab, desk, word, number)
        yield "meanwhile a search finds the ticket", 1, found.json["total"] if found.json else found.status
        yield "meanwhile the history of the ticket is shown", 200, history.status
        yield "meanwhile an export has the ticket", True, word.encode() in export.body
        yield "meanwhile the audit log can be verified", 200, checked.status
        login = {"email": f"{word}@desk.example", "password": "correct horse battery"}
        refused = desk.post("/user/login", login, timeout=2)
        yield "meanwhile a login with a wrong password is refused", 401, refused.status
        sockets = ask_for_more(lab, desk, number)
        found, *_ = in_the_meantime(lab, desk, word[1:], number)  # another text: the desk may keep a response
        yield f"with {MORE} drafts more a search finds the ticket, too", 1, found.json["total"] if found.json else 0
        llm.release()
        answered = {draft.result().status for draft in drafts} | {int(sock.recv(12)[-3:] or 0) for sock in sockets}
    yield "all drafts come when the LLM answers", {201}, answered
    sources = desk.rows("SELECT source, count(*) FROM drafts GROUP BY source")
    yield "all are written by the LLM", [("openai", 4 + MORE)], sources


def in_the_meantime(lab, desk, word, number):
    """The responses to a search, a history, an export and a check of the audit log, all within one second."""
    return lab.in_parallel(
        lambda: desk.get("/tickets", timeout=1, search=word),
        lambda: desk.get(f"/tickets/{number}/events", timeout=1),
        lambda: desk.get("/tickets.csv", timeout=1),
        lambda: desk.get("/audit-events/verify", timeout=1),
    )


def ask_for_more(lab, desk, number):
    """Sockets that have asked for MORE drafts, each as another user: one user may not ask so often."""
    lab.recorded.append(Step(f"{MORE} drafts more", ASK_FOR_MORE, in_background=True))
    sockets = [lab.close_at_end(desk.connect()) for _ in range(MORE)]
    for position, sock in enumerate(sockets):
        head = f"POST /tickets/{number}/draft HTTP/1.1\r\nHost: localhost\r\nX-User-Id: user-{position}\r\n"
        sock.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}".encode())
    for _ in range(3):  # when the desk has answered these, it has read the drafts
        desk.get("/health")
    return sockets
