"""A customer received a reply that no agent ever approved."""

STARS = 1
FILE = "app.py"
CLEAN = 'approve_draft, body=shapes.DRAFT, role="agent")'
PLANTED = "approve_draft, body=shapes.DRAFT)"
HINTS = (
    "Approve a draft with X-User-Role: user, then with no role at all. What does the audit log say about it?",
    "Every endpoint's gate is in one place. Which table decides who may call what?",
    "Compare the three rows of ROUTES that begin with /drafts/.",
)


def check(desk):
    desk.new_ticket()
    draft = desk.post("/tickets/1/draft", {}).json
    for roles in ("user", "customer", "", "Agent", "agents", "user,customer"):
        reply = desk.post("/drafts/1/approve", {}, {"X-User-Id": "user-1", "X-User-Role": roles})
        yield f"role {roles!r} may not approve", 403, reply.status
    yield "a caller without any role may not approve", 403, desk.post("/drafts/1/approve", {}).status
    ticket = desk.get("/tickets/1").json
    yield "the draft is still pending", "pending", ticket["drafts"][0]["status"]
    yield "nothing was posted to the customer", [], ticket["comments"]
    reply = desk.post("/drafts/1/approve", {}, {"X-User-Id": "agent-1", "X-User-Role": "user,agent"})
    yield "an agent may approve", 200, reply.status
    comments = [comment["body"] for comment in desk.get("/tickets/1").json["comments"]]
    yield "the approved reply is posted once", [draft["body"]], comments
