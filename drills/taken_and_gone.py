"""A ticket was accepted, we have its number, and it does not exist.

"The disk of the desk was full for half an hour. In that time our shop sent eighty tickets, and got eighty times 201
with a number. None of them exists. If the desk had said no, we would have sent them again; that is what retries are
for."
"""

from contextlib import contextmanager

try:
    import resource
except ImportError:  # Windows
    resource = None

STARS = 4
FAMILY = ""
SECTION = "Dependencies and errors"
FILE = "web/server.py"
CLEAN = """        with self._stage("committing"):
            self._commit()
        with self._stage("sending"):
            self._send()
"""
PLANTED = """        with self._stage("sending"):
            self._send()
        with self._stage("committing"):
            self._commit()
"""
HINTS = (
    "Let every COMMIT fail: FailingCommit in tests/test_store.py shows how a trigger does that. Create a ticket, and "
    "look for it with GET /tickets. At which moment of a request does the desk learn that the ticket cannot be saved?",
    "The desk handles many requests in one turn of its event loop, and one COMMIT saves the changes of all of them. "
    "What has each client been told when that COMMIT fails? DeskServer._commit in web/server.py looks for the "
    "responses that it must turn into a 503: how many does it find?",
    "Read DeskServer.run_once in web/server.py from its docstring to its end: in which order do the stages of a turn "
    "run?",
)
EXPLANATION = """
The responses of a turn were sent before the COMMIT that saves its changes. On an ordinary day the client gets a 201 one
millisecond early, and nobody notices. But COMMIT is a statement that can fail: on a full disk, by a violated
constraint, by a lost connection. Then the database takes everything back, and the clients have their 201 already. The
code that turns the responses into a 503 was still there, but it ran too late and found none. An acknowledgement is a
promise that the data is durable, so it must come after the commit, never before (acknowledge after commit). Message
queues have the same bug when a consumer confirms a message before the work is done, and web frameworks when the commit
is part of the cleanup after the response. Test with a commit that fails, not only with a statement that fails.
"""
PROVENANCE = (
    "CWE-696: Incorrect Behavior Order",
    "CWE-393: Return of Wrong Status Code",
    "vstorm-co/agenticos#353: a write is answered before its transaction commits",
    "omnigres/omnigres pull request #778: the HTTP response was sent before the transaction was committed",
    "samyama-ai/samyama-graph#1274: a client is told that its write is committed, although it could not be saved",
)
DEBTS = "CREATE TABLE lab_debts (owed INTEGER REFERENCES tickets (id) DEFERRABLE INITIALLY DEFERRED)"
OWE = "CREATE TRIGGER lab_fault_debt AFTER INSERT ON audit_events BEGIN INSERT INTO lab_debts VALUES (-1); END"
STATE = """SELECT (SELECT group_concat(title || state || version) FROM tickets), (SELECT count(*) FROM comments),
    (SELECT count(*) FROM drafts), (SELECT count(*) FROM audit_events), (SELECT count(*) FROM idempotency_keys)"""
ROOM = 16 * 1024  # bytes: enough for the lines of the log, not for a change in the database


@contextmanager
def full_disk(desk):
    """No file of the desk may become larger than ROOM, so that its commits fail as on a full disk."""
    before = resource.prlimit(desk.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(desk.process.pid, resource.RLIMIT_FSIZE, (ROOM, before[1]))
    try:
        yield
    finally:
        resource.prlimit(desk.process.pid, resource.RLIMIT_FSIZE, before)


def writes(ticket, title):
    """One request of each kind: {its name: (method, path, body)}."""
    path, new = f"/tickets/{ticket}", {"title": title, "description": "Cannot get in"}
    return {
        "POST /tickets": ("POST", "/tickets", new),
        "POST /api/tickets": ("POST", "/api/tickets", new),
        "a comment": ("POST", f"{path}/comments", {"body": "Hello"}),
        "a change of the title": ("PATCH", path, {"title": title}),
        "an assign": ("POST", f"{path}/transitions", {"transition": "assign"}),
        "a draft": ("POST", f"{path}/draft", {"body": "We look into it."}),
    }


def check(lab):
    desk = lab.desk()
    number, title = desk.new_ticket(title="The first")["id"], lab.word()
    key = {"X-User-Id": lab.word(), "X-User-Role": "agent", "Idempotency-Key": lab.word()}
    desk.get("/tickets")  # a turn later: what the desk has taken is saved by now
    requests, before = writes(number, title), desk.rows(STATE)
    desk.rows(DEBTS)
    desk.rows(OWE)  # from now on every statement succeeds, and every commit fails
    yield from none_is_kept(lab, desk, requests, key, before, "while every commit fails")
    desk.rows("DROP TRIGGER lab_fault_debt")
    if hasattr(resource, "prlimit"):
        with full_disk(desk):
            yield from none_is_kept(lab, desk, requests, key, before, "while the disk is full")
    for name, request in requests.items():
        reply, again = desk.request(*request, key), desk.request(*request, key)
        yield f"when commits work again, {name} with the same key is accepted", lab.one_of(200, 201), reply.status
        yield f"a retry of {name} gets the same response, byte for byte", True, again.body == reply.body
    made = desk.rows("SELECT count(*) FROM tickets WHERE title = ?", (title,))
    yield "both new tickets exist once, and the first one has its new title", [(3,)], made
    yield "each of these requests has one event", len(requests), desk.count("audit_events") - before[0][3]


def none_is_kept(lab, desk, requests, key, before, when):
    """Each of the requests must fail, and leave nothing."""
    failed = lab.one_of(500, 503)
    for name, request in requests.items():
        yield f"{when}, {name} fails", failed, desk.request(*request, key).status
        yield f"{when}, GET /tickets shows one ticket after {name}", 1, desk.get("/tickets").json["total"]
    socket = desk.websocket(headers={name: key[name] for name in ("X-User-Id", "X-User-Role")})
    socket.send({"_tag": "CreateTicket", "ticket": requests["POST /tickets"][2]})
    yield f"{when}, CreateTicket on the WebSocket fails", "Error", (socket.next() or {}).get("_tag")
    yield f"{when}, nothing is stored", before, desk.rows(STATE)
