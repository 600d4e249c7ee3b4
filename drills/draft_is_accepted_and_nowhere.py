"""The desk says that it has the request, and the draft is nowhere, however often the button is pressed again.

"On Monday the disk of the desk was full for a few minutes. All is well since, but there are tickets for which my
agents get no draft any more: the page says 'accepted', there is no draft, and pressing again says 'accepted'. Other
tickets are fine. New tickets that failed in the same minutes went through when they were sent again."
"""

STARS = 5
FAMILY = "taken but not there"
SECTION = "Idempotency"
FILE = "web/door.py"
CLEAN = 'this Idempotency-Key is still at work; try again")\n'
PLANTED = CLEAN + """        self.desk.store.keep_answer(scope, fingerprint, 202, None, '{"status":"accepted"}\\n')
"""
HINTS = (
    "Make the disk fail on purpose: `python3 -m drills fault draft-write`, then POST a draft with an Idempotency-Key, "
    "then `python3 -m drills fault --off` and the same request again. Do it with a ticket and ticket-write, too.",
    "The second answer is a replay of something, though nothing has ever succeeded. What is in idempotency_keys "
    "between the two requests? And why is there nothing when a ticket fails?",
    "A ticket is made inside one savepoint: the row, its event and its key stay or go together. A draft waits for its "
    "writer in the slow lane, so its endpoint yields: how many savepoints, and how many commits, does that make?",
    "Door._steps in web/door.py keeps two answers under a key. The first of them is kept before the work, and it is "
    "committed when the endpoint yields.",
)
EXPLANATION = """
The key was written down before the work, as "accepted", so that a second request would meet it even after a
restart. For most endpoints that is harmless: work and key share one savepoint, a failure takes both back. But where
an endpoint yields to the slow lane, the beat commits what there is: the key is durable, the draft is not made yet.
When the second half then fails, nobody takes the key back, and every retry is told about a success that never was;
the careful client, who uses a key and tries again, is the one who never gets through. Keep the answer in the
transaction of the change and nowhere else; a claim on work in progress needs an owner, an end, and a way back.
"""
PROVENANCE = (
    "CWE-460: Improper Cleanup on Thrown Exception",
    "CWE-459: Incomplete Cleanup",
    'aks129/HealthClawGuardrails#182: 201 "created_count": 7, and not one row persisted',
    "draft-ietf-httpapi-idempotency-key-header: what to answer while the first request is in flight",
)

AGENT = {"X-User-Id": "agent-1", "X-User-Role": "agent"}
STRICT = {"Prefer": "handling=strict"}


def check(lab):
    desk = lab.desk(CLASSIFIER="off")
    key, broken = {**AGENT, "Idempotency-Key": "k-1"}, lab.one_of(500, 503)
    path = f"/tickets/{desk.new_ticket()['id']}/draft"
    with desk.fault("draft-write"):
        failed = desk.post(path, {}, key)
    yield "while drafts cannot be written, POST /tickets/1/draft says that it failed", broken, failed.status
    yield "this leaves no draft", 0, desk.count("drafts")
    again = desk.post(path, {}, key)
    yield "when drafts can be written, the same request with the same key writes it", 201, again.status
    yield "one draft is there", 1, desk.count("drafts")
    yield "the draft waits for an agent", "pending", (again.json or {}).get("status")
    retry = desk.post(path, {}, key)
    yield "sent once more it gets a 201", 201, retry.status
    yield "this answer is the one before it, byte for byte", True, retry.body == again.body
    yield "one draft is there still", 1, desk.count("drafts")
    for time in ("first", "second"):
        reply = desk.post("/tickets/classify", {"description": "Cannot get in"}, {**key, **STRICT})
        yield f"a suggestion that cannot be had is refused the {time} time", 503, reply.status
    new, before = {"title": "Login broken", "description": "Cannot get in"}, desk.count("tickets")
    with desk.fault("ticket-write"):
        yield "while tickets cannot be written, POST /tickets says that it failed", broken, desk.post(
            "/tickets", new, key
        ).status
    yield "when tickets can be written, the same request makes it", 201, desk.post("/tickets", new, key).status
    yield "it is there, once", 1, desk.count("tickets") - before
