"""A customer received a reply that no agent ever approved: she read our internal notes.

"Our script adds a suggested answer to every new ticket, as an internal note, so that an agent reads it before
anything goes out. On Tuesday a customer wrote back to thank us for one. Nobody approved it, there is no draft of it,
and the script marks its notes as it always did: {"body": "Suggested: …", "internal": "true"}."
"""

STARS = 2
FAMILY = "sent without approval"
SECTION = "Validation and types"
FILE = "web/validation.py"
CLEAN = """        if not isinstance(value, bool):
            raise Fault("Must be true or false.")
        return value
"""
PLANTED = """        return value is True
"""
HINTS = (
    "As an agent, send the same note as the script. What does the response say about it? On a desk with "
    "SUPPORT_DESK_AUTH=tokens and DEBUG=true you can also be a customer, and look at what she sees.",
    'JSON has true, "true", 1 and "yes", and they are four different values. Which of them does the desk refuse?',
    "Every field has a rule, and every rule has a kind. Compare Rule._clean_boolean in web/validation.py with the "
    "functions beside it: what do they do with a value of the wrong type?",
)
EXPLANATION = """
Every value except `true` counted as false, including "true", 1 and "yes". That looks like the safe choice, because
false sounds like "no". But the parser does not know what a field means: for `internal`, false means "publish this".
The opposite shortcut, bool(value), is wrong, too: bool("false") is true in Python. Real systems get such values from
forms, spreadsheets, shell scripts and environment variables, where everything is text. Do not guess what a value of
the wrong type means: refuse it with 400 and the name of the field, so that the caller can correct it.
"""
PROVENANCE = (
    "CWE-1287: Improper Validation of Specified Type of Input",
    "CWE-704: Incorrect Type Conversion or Cast",
    "python/cpython#83348: bool of a text is true for every text but the empty one",
)


def check(lab):
    desk = lab.desk(SUPPORT_DESK_AUTH="tokens", DEBUG="true")
    customer, agent = desk.login("ann", "customer"), desk.login("dan", "agent")
    path = f"/tickets/{desk.new_ticket(customer)['id']}/comments"
    for mark in ("true", "false", "yes", "", 1, 0, [], {}):
        reply = desk.post(path, {"body": "Suggested: send her a voucher", "internal": mark}, agent)
        yield f"a comment with internal = {mark!r} is refused", 400, reply.status
    yield "the refused comments leave no row", 0, desk.count("comments")
    yield "the customer reads none of them", 0, len(desk.get(path, customer).json["comments"])
    path = f"/tickets/{desk.new_ticket(customer)['id']}/comments"
    for body, mark in (("Among us", {"internal": True}), ("For you", {"internal": False}), ("For you, too", {})):
        yield f"the comment {body!r} on another ticket is accepted", 201, desk.post(
            path, {"body": body, **mark}, agent
        ).status
    for who, expected in ((customer, ["For you", "For you, too"]), (agent, ["Among us", "For you", "For you, too"])):
        read = [comment["body"] for comment in desk.get(path, who).json["comments"]]
        yield f"{'the customer' if who is customer else 'an agent'} may read the right comments", expected, read
    yield "GET /tickets?mine=perhaps is refused", 400, desk.get("/tickets", agent, mine="perhaps").status
    yield "GET /tickets?mine=false is answered", 200, desk.get("/tickets", agent, mine="false").status
