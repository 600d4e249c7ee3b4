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
Every value except `true` counted as false, including "true", 1 and "yes" (a silent type coercion). That looks like the
safe choice, because false sounds like "no". But the parser does not know what a field means: for `internal`, false
means "publish this". The opposite shortcut, bool(value), is wrong, too: bool("false") is true in Python. Real systems
get such values from forms, spreadsheets, shell scripts and environment variables, where everything is text. Do not
guess what a value of the wrong type means: refuse it with 400 and the name of the field, so that the caller can correct
it.
"""
PROVENANCE = (
    "CWE-1287: Improper Validation of Specified Type of Input",
    "CWE-704: Incorrect Type Conversion or Cast",
    "Wikia/app#2349: the text 'false' in a request to the API was taken as true",
    "python/cpython#83348: argparse with type=bool takes the text False as true",
)
WRONG = ("true", "false", "yes", "", 1, 0, [], {})
COMMENTS = (("Among us", {"internal": True}), ("For you", {"internal": False}), ("For you, too", {}))


def check(lab):
    desk = lab.desk(SUPPORT_DESK_AUTH="tokens", DEBUG="true")
    customer, agent, admin = desk.login("ann", "customer"), desk.login("dan", "agent"), desk.login("root", "admin")
    path = f"/tickets/{desk.new_ticket(customer)['id']}/comments"
    drawn = {"a word": lab.word(), "a number": lab.random.randint(2, 10**6), "a fraction": lab.random.random()}
    marks = {f"internal = {mark!r}": mark for mark in WRONG}
    marks |= {f"{name} for internal": value for name, value in drawn.items()}
    for shown, mark in {**marks, "a list of a word for internal": [lab.word()]}.items():
        reply = desk.post(path, {"body": "Suggested: send her a voucher", "internal": mark}, agent)
        yield f"a comment with {shown} is refused", 400, reply.status
    yield "the refused comments leave no row", 0, desk.count("comments")
    yield "the customer reads none of them", 0, len(desk.get(path, customer).json["comments"])
    path = f"/tickets/{desk.new_ticket(customer)['id']}/comments"
    for body, mark in COMMENTS:
        reply = desk.post(path, {"body": body, **mark}, agent)
        yield f"the comment {body!r} on another ticket is accepted", 201, reply.status
    for who, expected in ((customer, ["For you", "For you, too"]), (agent, [body for body, _ in COMMENTS])):
        read = [comment["body"] for comment in desk.get(path, who).json["comments"]]
        yield f"{'the customer' if who is customer else 'an agent'} may read the right comments", expected, read
    yield from check_other_fields(desk, agent, admin, drawn)


def check_other_fields(desk, agent, admin, drawn):
    """The other fields that are true or false."""
    for address in ("/tickets", "/api/tickets"):
        yield f"GET {address}?mine= with a word is refused", 400, desk.get(address, agent, mine=drawn["a word"]).status
        found = {word: desk.get(address, agent, mine=word).json for word in ("true", "false")}
        numbers = [len(page if isinstance(page, list) else page["tickets"]) for page in found.values()]
        yield f"GET {address} has as many tickets as it should with mine=true and mine=false", [0, 2], numbers
    for shown, value in drawn.items():
        reply = desk.post("/debug/reset", {"demo": value}, admin)
        yield f"POST /debug/reset with {shown} for demo is refused", 400, reply.status
    yield "the refused resets delete no ticket", 2, desk.count("tickets")
