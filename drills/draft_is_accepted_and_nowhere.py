"""The desk says that it has the request, but there is no draft, however often we press the button.

"On Monday the disk of the desk was full for a few minutes. Since then all is well, but some tickets get no draft any
more: the desk answers 201 with the text of a draft, and the ticket has none. Pressing again gives the same answer.
Other tickets are fine. After the restart at night all of them got their draft."
"""

from contextlib import contextmanager

STARS = 5
FAMILY = "taken but not there"
SECTION = "Idempotency"
FILE = "store.py"
CLEAN = """        for row in self._all(KEPT_RESPONSE, scope):
            return row if row["created_at"] > self._expiry() else None

    def keep_response(self, scope: tuple, fingerprint: str, status: int, location: str | None, body: bytes) -> None:
        \"\"\"Keep a response in the same transaction as its change: both are saved, or neither.\"\"\"
        columns = (*scope, fingerprint, status, location, body, self.clock())
"""
PLANTED = """        for row in self._recent_responses(scope) or self._all(KEPT_RESPONSE, scope):
            return row if row["created_at"] > self._expiry() else None

    def _recent_responses(self, scope: tuple) -> list:
        \"\"\"The kept responses of this scope that are in memory: a retry that comes soon needs no SQL.\"\"\"
        self._recent = getattr(self, "_recent", {})
        if len(self._recent) > 1000:
            self._recent.clear()
        return self._recent.setdefault(scope, [])

    def keep_response(self, scope: tuple, fingerprint: str, status: int, location: str | None, body: bytes) -> None:
        \"\"\"Keep a response in the same transaction as its change: both are saved, or neither.\"\"\"
        columns = (*scope, fingerprint, status, location, body, self.clock())
        names = ("caller", "method", "path", "key", "fingerprint", "status", "location", "body", "created_at")
        self._recent_responses(scope)[:] = [dict(zip(names, columns))]
"""
HINTS = (
    "Make a write fail: `python3 -m drills fault key-write`, then POST a draft with an Idempotency-Key, then "
    "`python3 -m drills fault --off` and the same request again. Read the headers of the second response.",
    "The second response is a replay, although nothing has ever succeeded. Look for its row in idempotency_keys: there "
    "is none. And a restart helps. Where can the desk have this response from?",
    "Follow one request through Handler.do_POST in web/handler.py and Store.savepoint in store.py. Which changes does "
    "ROLLBACK TO undo? Which change of this request is not in the database?",
    "Store.keep_response in store.py writes to two places. A write can fail in the statement, in the savepoint or in "
    "the COMMIT at the end of the turn: read Store.commit. Who tells the second place?",
)
EXPLANATION = """
To save a statement, the newest responses were also kept in memory. They were put there inside the transaction, before
anybody knew whether it would succeed. When the write of the key failed, or the COMMIT at the end of the turn, SQLite
took back the draft, its event and its key. But a rollback knows only the database: the response stayed in memory, and
each retry got a success that never happened (the dual write problem). The careful client, who uses a key and tries
again, never succeeds. The same happens with a search index, a queue of messages or an e-mail: whatever is not in the
transaction must be changed after the commit, or be undone on each path on which the commit does not come. The savepoint
of one request is only the first of these paths. Here the best fix is to have no second copy: the look-up takes
microseconds. Test such a cache with a failure in the statement, and with one in the commit.
"""
PROVENANCE = (
    "CWE-1250: Improper Preservation of Consistency Between Independent Representations of Shared State",
    "ardanlabs/service#653: a cache was written before the commit, and kept the rows of a transaction that failed",
    "stellar/stellar-core#690: after a rollback the cache had entries of the transaction that was rolled back",
)

DEBTS = "CREATE TABLE lab_debts (owed INTEGER REFERENCES tickets (id) DEFERRABLE INITIALLY DEFERRED)"
OWE = "CREATE TRIGGER lab_fault_debt AFTER INSERT ON audit_events BEGIN INSERT INTO lab_debts VALUES (-1); END"
NEW = {"title": "Login broken", "description": "Cannot get in"}


@contextmanager
def no_commit(desk):
    """In this block every statement succeeds, and every commit of a change fails."""
    desk.rows(OWE)
    yield
    desk.rows("DROP TRIGGER lab_fault_debt")


def check(lab):
    desk = lab.desk(CLASSIFIER="off")
    desk.rows(DEBTS)
    who = {"X-User-Id": lab.word(), "X-User-Role": "agent"}
    faults = {
        "while drafts cannot be written": lambda: desk.fault("draft-write"),
        "while keys cannot be written": lambda: desk.fault("key-write"),
        "while nothing can be committed": lambda: no_commit(desk),
    }
    for when, fault in faults.items():
        yield from draft(desk, lab, {**who, "Idempotency-Key": lab.word()}, when, fault)
    for when, fault in list(faults.items())[1:]:
        yield from others(desk, lab, {**who, "Idempotency-Key": lab.word()}, when, fault)
    yield from suggestions(desk, {**who, "Idempotency-Key": lab.word()})


def draft(desk, lab, key, when, fault):
    path, broken = f"/tickets/{desk.new_ticket()['id']}/draft", lab.one_of(500, 503)
    before = desk.count("drafts")
    with fault():
        for time in ("first", "second"):
            yield f"{when}, a draft is refused the {time} time", broken, desk.post(path, {}, key).status
    yield f"{when}, no draft is stored", 0, desk.count("drafts") - before
    again = desk.post(path, {}, key)
    yield f"after it ({when}), the same request with the same key writes the draft", 201, again.status
    yield f"after it ({when}), there is one draft", 1, desk.count("drafts") - before
    retry = desk.post(path, {}, key)
    same = (retry.status, retry.body) == (again.status, again.body)
    yield f"after it ({when}), a retry gets the same response", True, same
    yield f"after it ({when}), there is still one draft", 1, desk.count("drafts") - before
    new = desk.post(path, {"body": lab.word()}, key).status
    yield f"after it ({when}), another text with this key is refused", 422, new


def others(desk, lab, key, when, fault):
    """Tickets, comments and changes have keys, too."""
    path, broken = f"/tickets/{desk.new_ticket()['id']}", lab.one_of(500, 503)
    requests = {
        "a new ticket": ("POST", "/tickets", NEW),
        "a comment": ("POST", f"{path}/comments", {"body": "Hello"}),
        "a change": ("PATCH", path, {"title": "Changed"}),
    }
    before = desk.count("audit_events")
    with fault():
        for name, request in requests.items():
            yield f"{when}, {name} is refused", broken, desk.request(*request, key).status
    yield f"{when}, there is no event of these three", 0, desk.count("audit_events") - before
    for name, request in requests.items():
        statuses = [desk.request(*request, key).status for _ in range(2)]
        yield f"after it ({when}), {name} and its retry succeed", True, statuses in ([200, 200], [201, 201])
    yield f"after it ({when}), there is one event of each", 3, desk.count("audit_events") - before


def suggestions(desk, key):
    for time in ("first", "second"):
        headers = {**key, "Prefer": "handling=strict"}
        reply = desk.post("/tickets/classify", {"description": "Cannot get in"}, headers)
        yield f"a suggestion without an LLM gets a 503 the {time} time", 503, reply.status
