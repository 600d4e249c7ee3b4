"""Our script closed forty tickets without one error, and twelve of them are still open.

"It calls /api/close for each ticket, and stops at the first status that is not 200; it did not stop. I ran it again,
with the same result. In the log there are forty lines with 200. On the page twelve of the tickets are as they were,
some of them are new, some wait for an answer, and one is locked by a colleague."
"""

STARS = 1
FAMILY = ""
SECTION = "Dependencies and errors"
FILE = "web/petri_net.py"
CLEAN = """    ticket = context.store.fire(request.caller, ticket, name, request.fields.get("data", {}))
"""
PLANTED = """    try:
        ticket = context.store.fire(request.caller, ticket, name, request.fields.get("data", {}))
    except (workflow.TransitionFailed, workflow.Locked) as problem:
        return reply(200, {"success": False, "error": str(problem), **as_aggregate(ticket)}, etag(ticket))
"""
HINTS = (
    "Create a ticket with POST /api/support-ticket, and close it at once with POST /api/close. Look at the status of "
    "the answer (`curl -i`), and at its body.",
    "Send the same transition to /tickets/1/transitions. Which status do you get there?",
    "Read fire_by_path in web/petri_net.py. What becomes of an error of Store.fire?",
)
EXPLANATION = """
The endpoint caught the error and answered 200, with "success": false in the body. A person who reads the body sees it.
Programs look at the status: the script, a retry in a library, the monitoring, a cache, and also this desk's own
Idempotency-Key, which keeps an answer of 2xx and gives it again even if the ticket could be closed meanwhile. An error
that has the status of a success is lost. Let the error go up to the one place that gives each error its status (here
web/responses.py): 409 for a wrong state, 423 for a lock. If a client wants more facts, put them into the body of that
answer.
"""
PROVENANCE = (
    "CWE-393: Return of Wrong Status Code",
    "RFC 9110, 15.3 and 15.5: 2xx says that the request has succeeded",
    "confidential-containers/guest-components #529: 200 OK with an error in the body",
    "keybase/keybase-issues #1745: API requests return 200 regardless of the actual result",
)
TRANSITIONS = {  # who may fire each
    "assign": "agent",
    "start_work": "agent",
    "escalate": "agent",
    "request_info": "agent",
    "customer_reply": "customer",
    "resolve": "agent",
    "close": "agent",
    "reopen": "customer",
}


def check(lab):
    desk = lab.desk()
    agent = {"X-User-Id": f"agent-{lab.word()}", "X-User-Role": "agent"}

    def new():
        return desk.post("/api/support-ticket", {"title": lab.word()}, agent).json["aggregate_id"]

    def fire(name, uuid, headers=agent):
        return desk.post(f"/api/{name}", {"aggregate_id": uuid}, headers)

    for name, role in TRANSITIONS.items():
        if name != "assign":
            refused = fire(name, new(), {**agent, "X-User-Role": role})
            yield f"/api/{name} of a new ticket is a conflict", 409, refused.status
            yield f"/api/{name} of a new ticket says no success", False, (refused.json or {}).get("success", False)
    uuid = new()
    for name in ("assign", "start_work", "resolve", "close"):
        done = fire(name, uuid)
        yield f"/api/{name} in its turn is done", (200, True), (done.status, done.json.get("success"))
    yield "the ticket is closed", "closed", desk.get(f"/tickets/{uuid}").json["status"]
    yield "to close it once more is a conflict", 409, fire("close", uuid).status
    yield from other_refusals(lab, desk, agent, new, fire)


def other_refusals(lab, desk, agent, new, fire):
    colleague = {"X-User-Id": f"agent-{lab.word()}", "X-User-Role": "agent"}
    uuid = new()
    yield "a ticket can be locked", 200, desk.post(f"/tickets/{uuid}/lock", {}, colleague).status
    yield "a ticket that a colleague has locked is locked", 423, fire("assign", uuid).status
    desk.request("DELETE", f"/tickets/{uuid}/lock", None, colleague)
    customer = {"X-User-Id": lab.word(), "X-User-Role": "customer"}
    yield "a customer may not assign", 403, fire("assign", uuid, customer).status
    keyed = {**agent, "Idempotency-Key": lab.word(16)}
    yield "a ticket cannot be started before it is assigned", 409, fire("start_work", uuid, keyed).status
    yield "then that ticket is assigned", 200, fire("assign", uuid).status
    again = fire("start_work", uuid, keyed)
    seen = (again.status, again.json.get("success"))
    yield "after the assign the same start, with the same key, is done", (200, True), seen
    yield "a ticket that does not exist is not found", 404, fire("assign", lab.word()).status
