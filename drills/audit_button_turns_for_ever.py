"""Since a script checks the audit log all day, nobody else gets an answer from that check.

"Our auditors have a button that checks the log; it took a second. Then somebody wrote a script that asks for the check
some hundred times, and again when there is no answer. Now the button turns for half an hour, also long after the script
has ended, and the memory of the desk grows. The desk has never told the script that it is too much."
"""

STARS = 3
FAMILY = ""
SECTION = "Cache, queries, resources"
FILE = "web/workers.py"
CLEAN = "self._jobs, self._finished, self._wake, self._is_costly = queue.Queue(QUEUE), finished, wake, is_costly"
PLANTED = "self._jobs, self._finished, self._wake, self._is_costly = queue.Queue(), finished, wake, is_costly"
HINTS = (
    "Fill the copy with `--demo`, and send GET /audit-events/verify three hundred times at once: a shell loop with "
    "curl and & does it. How many of them are refused, and how many wait?",
    "This check runs on a worker thread, one after the other. Where do the others wait, and how many may wait there?",
    "Read WorkerPool in web/workers.py: when is queue.Full raised? Which constant of that file is not used?",
)
EXPLANATION = """
The queue in front of the worker threads had no limit (an unbounded queue). A queue that is filled faster than it is
emptied grows without end, and so do its memory and the waiting time. Each answer comes too late for whoever asked, the
client has hung up and asks once more, and the desk does work that nobody waits for. A limit turns this into an honest
answer: 503 with Retry-After, at once (load shedding), and those who are in the queue get theirs in time. Each queue
needs a limit: that of a thread pool (many libraries have none unless you ask), of a message broker, of accepted
connections. Choose it by the time that somebody is ready to wait, and test with one more than fits.
"""
PROVENANCE = (
    "CWE-770: Allocation of Resources Without Limits or Throttling",
    "CWE-400: Uncontrolled Resource Consumption",
    "OWASP API4:2023 Unrestricted Resource Consumption",
    "reactor/reactor#110: unbounded queues of a thread pool end with an OutOfMemoryError",
    "xbony2/Nuclear-Control#67: the queue of an executor grows to millions of elements",
    "eremetic-framework/eremetic#63: a full queue is answered with 503",
)
MANY, MOST_WAITING = 260, 200
CHECK = b"GET /audit-events/verify HTTP/1.1\r\nHost: localhost\r\n\r\n"
COMMENT = (
    "POST /tickets/{}/comments HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    "Content-Length: {}\r\n\r\n"
)


def fill(desk, number, body, times):
    """Add a comment many times, on one connection without waiting: so the desk needs few commits."""
    with desk.connect() as sock:
        sock.sendall((COMMENT.format(number, len(body)) + body).encode() * times)
        answered = 0
        while answered < times and (data := sock.recv(65536)):
            answered += data.count(b"HTTP/1.1 ")


def heads(sockets) -> list[bytes]:
    """The first bytes that have arrived on each of these connections by now."""
    found = []
    for sock in sockets:
        sock.setblocking(False)
        try:
            found.append(sock.recv(4096))
        except BlockingIOError:
            found.append(b"")
    return found


def check(lab):
    desk = lab.desk()
    number, body = desk.new_ticket()["id"], '{"body": "%s"}' % (lab.word() * 100)
    fill(desk, number, body, 180)  # so that a check takes some milliseconds
    yield "the check of the log finds nothing wrong", True, desk.get("/audit-events/verify").json["ok"]
    sockets = [lab.close_at_end(desk.connect()) for _ in range(MANY)]
    for sock in sockets:
        sock.sendall(CHECK)
    for _ in range(3):  # the desk reads connections in the order in which they came: then it has read all of these
        desk.get("/health")
    arrived = heads(sockets)
    refused = [head for head in arrived if head.startswith(b"HTTP/1.1 503")]
    yield "of many checks at the same time some are refused at once, with 503", True, bool(refused)
    yield "at least two hundred of them wait, or are answered", True, len(refused) <= MANY - MOST_WAITING
    yield "each refusal says when to ask again", True, all(b"\r\nRetry-After: " in head for head in refused)
    yield "meanwhile a list is shown", 200, desk.get("/tickets").status
    yield "meanwhile a search finds the ticket", 1, desk.get("/tickets", search="login").json["total"]
    checked = b""
    sockets[0].settimeout(5)
    try:
        checked = arrived[0] or sockets[0].recv(4096)
    except OSError:
        pass
    yield "who asked first gets an answer", b"HTTP/1.1 200 OK", checked[:15]
