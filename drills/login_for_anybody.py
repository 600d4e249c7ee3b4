"""Anybody gets an admin token, although we have switched that off.

"The debug login is for our labs. The real desk has DEBUG=false, I have checked it three times. The tester sent one
POST, and now he is an admin. He has shown me the token."
"""

STARS = 1
FAMILY = ""
SECTION = "Edge and config"
FILE = "web/settings.py"
CLEAN = 'return text.lower() in ("true", "1", "yes", "on")'
PLANTED = "return bool(text)"
HINTS = (
    "Start the desk with DEBUG=false and POST /api/debug/login. Then start it without DEBUG. Then try DEBUG=no. In "
    "which of these cases do you get a token?",
    "An environment variable is text. Which code converts it to true or false?",
    'In Python, what is bool("false")? Read boolean() in web/settings.py.',
)
EXPLANATION = """
An environment variable is text, and in Python every text except the empty one is true (truthy), including "false", "0"
and "no". The code checked that the text is a known word, and then tested only whether it is empty. So the setting could
be read and shown, but not switched off. Read settings in one place, convert them to their real type, refuse everything
that is neither yes nor no, and test the off state: people rely on it, and nobody tries it.
"""
PROVENANCE = (
    "CWE-1188: Initialization of a Resource with an Insecure Default",
    "CWE-704: Incorrect Type Conversion or Cast",
    "CWE-489: Active Debug Code",
    "OWASP API8:2023 Security Misconfiguration",
    "phsmith/rundeck_exporter#101: DEBUG=False turned the debug mode on",
    "balena-io/balena-cli#1502: DEBUG=0 turned it on, too",
    "python/cpython#83348: argparse with type=bool takes the text False for true",
)


def check(lab):
    def answers(debug):
        """The status of the debug login and of another path that only a lab has; whose token the login gives."""
        desk, who = lab.desk(DEBUG=debug), lab.word()
        login = desk.post("/api/debug/login", {"login": who, "roles": ["admin"]})
        is_theirs = (login.json or {}).get("user", {}).get("id") == who
        return login.status, desk.get("/debug/clock").status, is_theirs

    done, answer = lab.in_parallel(lambda: lab.run(DEBUG="maybe"), lambda: answers("False"))
    yield "with DEBUG=False nobody gets a token, and no lab is open", (404, 404, False), answer
    yield "with DEBUG=no nobody gets a token, and no lab is open", (404, 404, False), answers("no")
    another = answers(lab.random.choice(("0", "off", "OFF")))
    yield "with another word for no nobody gets a token, and no lab is open", (404, 404, False), another
    yes = answers(lab.random.choice(("1", "on", "Yes")))
    yield "with a word for yes a lab gives anybody a token, and is open", (200, 200, True), yes
    yield "with DEBUG=maybe the desk does not start (exit status)", 2, done.status
    yield "with DEBUG=maybe it says why in one line", 1, done.errors.count("\n")
    yield "with DEBUG=maybe this line names DEBUG", True, "DEBUG" in done.errors
