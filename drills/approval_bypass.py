"""A customer received a reply that no agent ever approved.

"A draft of the machine went out to a customer on Tuesday. Nobody in my team approved it, but the draft says that it
was sent. I want to know who approved it, and why the desk let them."
"""

STARS = 1
FAMILY = "sent without approval"
SECTION = "Authorization"
FILE = "app.py"
CLEAN = 'approve_draft, body=bodies.DRAFT, role="agent")'
PLANTED = "approve_draft, body=bodies.DRAFT)"
HINTS = (
    "Approve a draft with X-User-Role: user, then without any role. What does the audit log say about it?",
    "The required role of every endpoint is in one table. Which table is it?",
    "Compare the three rows of ROUTES that begin with /drafts/.",
)
EXPLANATION = """
The route that approves a draft did not require a role (missing function level authorization). The routes for editing
and rejecting still did, so the page looked right, and a quick manual test of those was refused. In real systems this
happens where an endpoint is open unless somebody remembers to protect it: a merge, a rename or a new route drops one
argument, and no request fails because of it. Deny by default. Test the whole table of roles and endpoints, including
roles that do not exist.
"""
PROVENANCE = (
    "CWE-862: Missing Authorization",
    "CWE-285: Improper Authorization",
    "OWASP API5:2023 Broken Function Level Authorization",
    "Abilityai/trinity#204: the endpoints that approve and reject checked nothing, so anybody could approve",
    "the published lab mode approval_bypass",
)

WITHOUT_POWER = ("user", "customer", "", "Agent", "agents", "user,customer")
CUSTOMER = {"X-User-Id": "user-1", "X-User-Role": "customer"}


def check(lab):
    desk, agent, made_up = lab.desk(), lab.word(), lab.word()
    desk.new_ticket()
    written = desk.post("/tickets/1/draft", {}).status
    yield "a draft is written", 201, written
    for roles in WITHOUT_POWER:
        reply = desk.post("/drafts/1/approve", {}, {**CUSTOMER, "X-User-Role": roles})
        yield f"role {roles!r} may not approve", 403, reply.status
    for what, roles in (("a role that nobody knows", made_up), ("two such roles", f"{made_up},{lab.word()}")):
        reply = desk.post("/drafts/1/approve", {}, {"X-User-Id": agent, "X-User-Role": roles})
        yield f"{what} may not approve", 403, reply.status
    forged = {"X-User-Id": agent, "X-User-Role": "agent", "Authorization": f"Bearer {made_up}"}
    reply = desk.post("/drafts/1/approve", {}, forged)
    yield "a caller whose token is not valid may not approve", lab.one_of(401, 403), reply.status
    yield "a caller without any role may not approve", 403, desk.post("/drafts/1/approve", {}).status
    reply = desk.post("/drafts/1/approve", {"body": "My own text"}, CUSTOMER)
    yield "a customer may not approve with a text of the customer's own", 403, reply.status
    yield "a customer may not edit it", 403, desk.patch("/drafts/1", {"body": "My own text"}, CUSTOMER).status
    yield "a customer may not reject it", 403, desk.post("/drafts/1/reject", {}, CUSTOMER).status
    yield "the draft is still pending, and has no approver", [("pending", None)], desk.rows(
        "SELECT status, decided_by FROM drafts"
    )
    yield "nothing was posted to the customer", 0, desk.count("comments")
    reply = desk.post("/drafts/1/approve", {}, {"X-User-Id": agent, "X-User-Role": "user,agent"})
    yield "an agent may approve", 200, reply.status
    sent = desk.rows("SELECT comments.body = drafts.body, decided_by FROM comments JOIN drafts USING (ticket_id)")
    yield "the approved reply is posted once, word for word", [True], [bool(is_same) for is_same, _ in sent]
    yield "the draft names this agent as its approver", True, [who for _, who in sent] == [agent]
    for number, role in enumerate(("supervisor", "admin"), 2):
        desk.post("/tickets/1/draft", {})
        reply = desk.post(f"/drafts/{number}/approve", {}, {"X-User-Id": agent, "X-User-Role": role})
        yield f"role {role!r} may approve, too", 200, reply.status
    yield "each approval is in the history", 3, len(desk.rows("SELECT 1 FROM audit_events WHERE type = 'Approved'"))
    locked = lab.desk(SUPPORT_DESK_AUTH="tokens", DEBUG="true")
    customer, staff = locked.login("ann", "customer"), locked.login("sue", "agent")
    locked.new_ticket(customer)
    locked.post("/tickets/1/draft", {}, staff)
    yield "with tokens, the owner of the ticket may not approve", 403, locked.post(
        "/drafts/1/approve", {}, customer
    ).status
    yield "with tokens, an agent may approve", 200, locked.post("/drafts/1/approve", {}, staff).status
