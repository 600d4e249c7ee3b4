"""Whoever waits for a draft or a suggestion while we restart the desk gets a broken connection.

"We restart with systemd every night at two, and it is always quick: a tenth of a second. It says in web/handler.py that
every open request gets its response first. But the night shift in Sydney complains: 'connection closed' instead of the
draft that the LLM was writing. Requests that need no time have never failed, however many there are."
"""

import threading
import time
from contextlib import closing

STARS = 3
FAMILY = ""
SECTION = "Dependencies and errors"
FILE = "web/server.py"
CLEAN = "if not (handler.responses_due or handler.outbox or is_partial or handler in self._ready):"
PLANTED = "if not (handler.outbox or is_partial or handler in self._ready):"
HINTS = (
    "Give the desk an LLM that is slow (`python3 -m drills fault slow-llm`), ask for a draft, and press Ctrl-C in the "
    "desk's terminal. What does curl say, and what should it say?",
    "A desk that stops closes the connections with nothing in progress. How does it know that nothing is in progress? "
    "In which state is a connection whose request is at a worker thread?",
    "Read _close_if_idle in web/server.py, and its docstring. Which of the attributes of a handler counts requests "
    "whose response is still missing? The desk calls the same method when a client has closed its side.",
)
EXPLANATION = """
A connection was called idle if nothing was left to send and nothing half received. While a worker thread is at work for
it, both are true: the request was read, and the response does not exist yet. So the connections that had waited longest
were closed first. Fast requests never showed it, as their response is made in the same turn. Idle means: no response is
due. Servers of many kinds had this mistake in their graceful shutdown. Test a stop with a request that is slow on
purpose, and with a client that has closed its own side and only waits.
"""
PROVENANCE = (
    "CWE-404: Improper Resource Shutdown or Release",
    "nodejs/node#43890: closeIdleConnections() closed connections that waited for their response",
    "oven-sh/bun#37889: which connection is idle was judged from the wrong side",
)
HEAD = (
    "POST /tickets/{}/draft HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    "Content-Length: 2\r\n"
)


def read_to_its_end(sock) -> bytes:
    try:
        return b"".join(iter(lambda: sock.recv(65536), b""))
    except OSError:
        return b"nothing more"


def draft_in_bytes(number, name) -> bytes:
    return (HEAD.format(number) + f"X-User-Id: {name}\r\nX-User-Role: agent\r\n\r\n{{}}").encode()


def check(lab):
    text = lab.word()
    llm = lab.llm(content=text, hangs=True)
    desk = lab.desk(LLM_TIMEOUT="30", **llm.environ)
    number, answers = desk.new_ticket()["id"], {}
    desk.new_ticket(description="x" * 20_000)

    def ask(name, *request):
        answers[name] = desk.request(*request, timeout=6)

    threads = [
        threading.Thread(target=ask, args=("draft", "POST", f"/tickets/{number}/draft", {}, {"X-User-Id": lab.word()})),
        threading.Thread(target=ask, args=("suggestion", "POST", "/tickets/classify", {"description": "Hello"})),
    ]
    for thread in threads:
        thread.start()
    idle = desk.connect(6)
    with closing(desk.connect(6)) as leaves, closing(idle):
        leaves.sendall(draft_in_bytes(number, lab.word()))
        leaves.shutdown(1)  # SHUT_WR: the client closes its side, as some scripts do, and waits
        yield "the LLM is asked three times", [True] * 3, [llm.wait_for_request(3) for _ in range(3)]
        desk.ask_to_stop()
        yield "a connection without a request is closed at once when the desk stops", b"", read_to_its_end(idle)
        llm.release()
        for thread in threads:
            thread.join(8)
        half_closed = read_to_its_end(leaves)
    draft, suggestion = answers["draft"], answers["suggestion"]
    yield "whoever waits for a draft gets it while the desk stops", 201, draft.status
    yield "this draft is by the LLM", text, (draft.json or {}).get("body")
    yield "whoever waits for a suggestion gets an answer", 200, suggestion.status
    first = half_closed.partition(b"\r\n")[0].decode("latin-1")
    yield "a client that has closed its own side gets its draft, too", "HTTP/1.1 201 Created", first
    ends = time.monotonic() + 3
    while desk.process.poll() is None and time.monotonic() < ends:
        time.sleep(0.02)
    yield "then the desk ends, as it was asked to", 0, desk.process.poll()
    yield "both drafts are in the database of the desk", 2, desk.count("drafts")
