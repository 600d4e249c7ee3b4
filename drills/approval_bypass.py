"""A customer received a reply that no agent ever approved.

"A draft of the machine went out to a customer on Tuesday. Nobody in my team approved it, but the draft says that it
was sent. I want to know who pressed the button, and why there was a button to press."
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
The route that approves a draft did not require a role. The routes for editing and rejecting still did, so the page
looked right, and a quick manual test of those was refused. In real systems this happens where an endpoint is open
unless somebody remembers to protect it: a merge, a rename or a new route drops one argument, and no request fails
because of it. Deny by default. Test the whole table of roles and endpoints, including roles that do not exist.
"""
PROVENANCE = (
    "CWE-862: Missing Authorization",
    "CWE-285: Improper Authorization",
    "OWASP API5:2023 Broken Function Level Authorization",
    "the published lab mode approval_bypass",
)


def check(lab):
    desk = lab.desk()
    desk.new_ticket()
    written = desk.post("/tickets/1/draft", {}).status
    yield "a draft is written", 201, written
    for roles in ("user", "customer", "", "Agent", "agents", "user,customer"):
        reply = desk.post("/drafts/1/approve", {}, {"X-User-Id": "user-1", "X-User-Role": roles})
        yield f"role {roles!r} may not approve", 403, reply.status
    yield "a caller without any role may not approve", 403, desk.post("/drafts/1/approve", {}).status
    yield "the draft is still pending, and has no approver", [("pending", None)], desk.rows(
        "SELECT status, decided_by FROM drafts"
    )
    yield "nothing was posted to the customer", 0, desk.count("comments")
    reply = desk.post("/drafts/1/approve", {}, {"X-User-Id": "agent-1", "X-User-Role": "user,agent"})
    yield "an agent may approve", 200, reply.status
    sent = desk.rows("SELECT comments.body = drafts.body, decided_by FROM comments JOIN drafts USING (ticket_id)")
    yield "the approved reply is posted once, word for word", [True], [bool(is_same) for is_same, _ in sent]
    yield "the draft names agent-1 as its approver", ["agent-1"], [who for _, who in sent]
