"""One click, two tickets: after we moved the desk to a new file, retries created tickets and comments again.

"On Sunday at ten we stopped the desk, ran --rebuild, and started it with the new file; it said OK to every line. The
mobile app had been without network since nine, and sent everything once more with the same keys, as it should. Now
forty customers have their ticket twice. On the days before, the same retries never did any harm."
"""

from drills.lab import AGENT, CUSTOMER

STARS = 4
FAMILY = "duplicate tickets"
SECTION = "Backup and migration"
FILE = "store.py"
CLEAN = 'DERIVED = (*RECOUNTS, "search_pending", "search_words")'
PLANTED = 'DERIVED = (*RECOUNTS, "search_pending", "search_words", "idempotency_keys")'
HINTS = (
    "Create a ticket with an Idempotency-Key, stop the copy, run `python3 app.py --rebuild new.sqlite3`, and start it "
    "with SUPPORT_DESK_DB=new.sqlite3. Send the same request again.",
    "Where does the desk remember which keys it has seen? Count the rows of each table in the old file and in the new "
    "one: `sqlite3 FILE` or Python's module sqlite3 can do that.",
    "Read what --rebuild prints for each table: which tables are copied, and which are made from something else? "
    "Compare _copied_tables and DERIVED in store.py with what each table has.",
)
EXPLANATION = """
The new file was made from events, some tables were copied, and those that follow from the tickets were left to the
triggers. The table of idempotency keys, with the kept responses, looked like a cache, so somebody put it among the
tables that can be made again. But nothing else knows which keys were used: they are state, and a retry after the move
found no key. The check of the rebuild compared only what it had copied, so it saw no loss. In real systems it is the
Redis that nobody migrates, the table of seen webhooks, the session store. Before a migration, ask of each table what
happens when it is empty, and test the new system with a request that the old one had answered.
"""
PROVENANCE = (
    "CWE-665: Improper Initialization",
    "hyodotdev/openiap#241: a table of idempotency keys may be dropped only in stages, or webhooks count twice",
    "zenml-io/zenml#5215: without the keys that were seen, each retry of a webhook starts another run",
    "IETF draft-ietf-httpapi-idempotency-key-header: the server must store the keys as long as it promises",
)


def check(lab):
    old = lab.desk()
    new, body = {"title": "Login broken", "description": lab.word()}, {"body": lab.word()}
    customer, agent = ({**who, "X-User-Id": lab.word(), "Idempotency-Key": lab.word()} for who in (CUSTOMER, AGENT))
    number = old.post("/tickets", new, customer).json["id"]
    comments = f"/tickets/{number}/comments"
    before = [old.post("/tickets", new, customer), old.post(comments, body, agent)]
    old.kill()
    moved = lab.temp_dir / "moved.sqlite3"
    lab.run("--rebuild", str(moved), SUPPORT_DESK_DB=str(old.database))
    yield "--rebuild makes a new file", True, moved.exists()
    if not moved.exists():
        return
    desk = lab.desk(database=moved)
    after = [desk.post("/tickets", new, customer), desk.post(comments, body, agent)]
    yield "with the new file, a ticket whose key was used before gets the same answer as before", True, (
        after[0].body == before[0].body
    )
    seen = after[1].body == before[1].body
    yield "with the new file, a comment whose key was used before gets the same answer as before", True, seen
    replayed = [reply.headers.get("Idempotent-Replayed") for reply in after]
    yield "both of these answers say that they are replayed", ["true"] * 2, replayed
    yield "there is one ticket", 1, desk.get("/tickets").json["total"]
    yield "the ticket has one comment", 1, len(desk.get(f"/tickets/{number}").json["comments"])
    other = desk.post("/tickets", {**new, "title": "Another one"}, customer)
    yield "another text with a used key is refused", lab.one_of(409, 422), other.status
    fresh = desk.post("/tickets", new, {**customer, "Idempotency-Key": lab.word()})
    yield "the same text with a new key is a new ticket", (201, 2), (fresh.status, desk.get("/tickets").json["total"])
    table = [("idempotency_keys",)] * 3
    kept = desk.rows("SELECT 'idempotency_keys' FROM idempotency_keys")
    yield "the new file keeps the old keys and the new one", table, kept
